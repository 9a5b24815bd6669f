"""What all tests share: Hypothesis runs the same examples everywhere, so that a red run is red again elsewhere."""

from hypothesis import settings

settings.register_profile("vto", derandomize=True, database=None, deadline=None, max_examples=60)
settings.load_profile("vto")
