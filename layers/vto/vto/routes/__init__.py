"""The HTTP API's routes, one module for each thing that clients ask for: parse, call one use case, answer."""
