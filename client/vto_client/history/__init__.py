"""`vto history`: the caller's own try-ons."""
