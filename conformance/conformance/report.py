"""Results as a table for people and as JSON for programs."""

from collections.abc import Iterator, Sequence
from typing import Any

from conformance.case import Result

OUTCOMES = ("passed", "failed", "skipped")


def lines(results: Sequence[Result], calls: int, seconds: float, *, everything: bool = False) -> Iterator[str]:
    """The table: a line for each group, the failures with their reasons, a total.

    Args:
        results: Of all cases that were run.
        calls: Requests sent.
        seconds: Time that it took.
        everything: List every case.
    """
    width = max([len(result.case.group) for result in results] + [len("group")])
    yield f"{'group':{width}}  passed  failed  skipped  lacking"
    for group in dict.fromkeys(result.case.group for result in results):
        yield _row(group, [result for result in results if result.case.group == group], width)
    yield _row("all", results, width)
    listed = [result for result in results if everything or result.outcome == "failed"]
    if listed:
        yield ""
    for result in listed:
        lacks = f" (lacks {', '.join(result.limits)})" if result.limits else ""
        decided = " [decided here: AWS leaves it open]" if result.case.decided else ""
        yield f"{result.outcome:8}{result.case.name}{lacks}{decided}"
        if result.detail:
            yield f"        {result.detail}"
    for reason in dict.fromkeys(result.detail for result in results if result.outcome == "skipped"):
        yield f"skipped: {reason}"
    yield f"{len(results)} cases, {calls} calls, {seconds:.1f} s"


def document(results: Sequence[Result], engine: str, calls: int, seconds: float) -> dict[str, Any]:
    """All of it for a program."""
    return {
        "engine": engine,
        "calls": calls,
        "seconds": round(seconds, 3),
        "counts": {outcome: sum(result.outcome == outcome for result in results) for outcome in OUTCOMES},
        "cases": [
            {
                "name": result.case.name,
                "group": result.case.group,
                "outcome": result.outcome,
                "detail": result.detail,
                "lacking": list(result.limits),
                "decided": result.case.decided,
                "seconds": round(result.seconds, 3),
            }
            for result in results
        ],
    }


def _row(group: str, results: Sequence[Result], width: int) -> str:
    passed, failed, skipped = (sum(result.outcome == outcome for result in results) for outcome in OUTCOMES)
    lacking = sum(bool(result.limits) for result in results)
    return f"{group:{width}}  {passed:6}  {failed:6}  {skipped:7}  {lacking:7}"
