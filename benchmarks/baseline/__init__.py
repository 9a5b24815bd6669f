"""The published design in its obvious implementation, small and honest: what ours is compared with."""
