"""What virtual try-on is: pure rules and plain data, standard library only."""
