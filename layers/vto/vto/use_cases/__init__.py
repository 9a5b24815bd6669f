"""What the system does: one module for each step or verb, built from ports by ``vto.bootstrap``."""
