"""`vto ops`: what the person on call does; the stack does the work, by the rules that it obeys itself."""
