"""vto's command line: one package for each command, with what they share beside it.

It imports nothing of the layer, so that it can be installed by itself; the few facts of the layer that it needs stand
in `vto_client.facts`, and a contract test compares the two.
"""

__version__ = "0.1.0"
