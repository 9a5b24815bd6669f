"""A package of the first layer."""

VALUE = 1
