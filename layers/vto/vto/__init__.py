"""The shared layer: what virtual try-on is (domain), what it does (use cases), how it reaches AWS (adapters)."""
