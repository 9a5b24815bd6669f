"""A package of the second layer."""

VALUE = 2
