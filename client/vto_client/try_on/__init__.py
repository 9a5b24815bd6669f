"""`vto try`: one try-on, planned or made and followed to its end."""
