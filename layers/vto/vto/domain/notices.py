"""Warnings: what a shopper or a client should know of a try-on that goes ahead all the same.

A plan has them before anything is made, a finished job has those of its request and of its result.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Notice:
    """One warning.

    Args:
        code: Its name in snake_case, for programs.
        message: What it means and what to do about it, for people.
        path: The field of the request that it is about; empty when it is about the result.
    """

    code: str
    message: str
    path: str = ""

    def public(self) -> Mapping[str, str]:
        """The warning as clients see it, and as it is stored."""
        return {"code": self.code, "message": self.message, "path": self.path}


def of_delivery(requested: int, delivered: int, *, is_filtered: bool) -> list[Notice]:
    """What to say of a result that has fewer pictures than were asked for.

    Args:
        requested: How many pictures were asked for.
        delivered: How many came.
        is_filtered: Whether the engine said that its content filter kept some back; which ones, it does not say.

    Source: https://docs.aws.amazon.com/nova/latest/userguide/image-gen-errors.html

    Example:
        >>> [one.code for one in of_delivery(3, 2, is_filtered=True)]
        ['some_results_blocked']
    """
    if delivered >= requested:
        return []
    came = "one picture" if delivered == 1 else f"{delivered} pictures"
    if is_filtered:
        said = (
            f"The content filter kept {requested - delivered} of {requested} pictures back; here is what came: {came}."
        )
        return [Notice("some_results_blocked", said)]
    return [Notice("fewer_results", f"{requested} pictures were asked for, and here is what there is: {came}.")]
