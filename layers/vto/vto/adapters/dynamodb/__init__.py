"""The six tables as repositories, a module for each; every write that decides something is conditional."""
