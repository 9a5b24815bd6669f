"""`vto erase`: everything about the caller is erased, and the receipt for it."""
