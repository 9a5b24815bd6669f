"""`vto cost`: what try-ons cost, from what one job comes to, dated prices, and what nobody can count but the shop."""
