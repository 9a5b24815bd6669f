"""`vto catalogue`: what a shop sells, listed, and imported from a folder or a table."""
