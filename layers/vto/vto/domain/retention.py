"""How long what is kept; ``template.yaml`` makes it so, and tests compare the two."""

from typing import Any

ORIGINAL_DAYS = 1  # what is left of an upload that nobody imported; an imported one goes at once
NONCURRENT_DAYS = 1


def retention(days: float) -> dict[str, Any]:
    """The figures that a page shows with its policy, in days.

    Args:
        days: How long prepared pictures, results and try-ons are kept.

    Returns:
        ``uploaded_days`` (a photo is deleted as soon as it is imported; this is for what could not be),
        ``prepared_days``, ``results_days``, ``try_ons_days`` and ``old_versions_days``.
    """
    return {
        "uploaded_days": ORIGINAL_DAYS,
        "prepared_days": days,
        "results_days": days,
        "try_ons_days": days,
        "old_versions_days": NONCURRENT_DAYS,
    }
