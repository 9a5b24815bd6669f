"""`vto explain`: one job's story from its row, its executions and the functions' logs.

`sources` reads AWS, `history` and `story` only think, `render` only writes, `command` joins them.
"""
