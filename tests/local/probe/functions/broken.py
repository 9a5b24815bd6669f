"""A module that cannot be imported: its package is in the developer's environment, not in the function's."""

import moto  # noqa: F401
