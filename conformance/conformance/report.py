"""Results as a table for people and as JSON for programs."""

from collections.abc import Iterator, Sequence
from typing import Any

from conformance.case import FAILED, NOT_OFFERED, OUTCOMES, PASSED, SKIPPED, Answered, Result

WIDE = max(len(outcome) for outcome in OUTCOMES)


def lines(results: Sequence[Result], calls: int, seconds: float, *, everything: bool = False) -> Iterator[str]:
    """The table: a line for each group, the failures with their reasons, a total.

    Args:
        results: Of all cases that were run.
        calls: Requests sent.
        seconds: Time that it took.
        everything: List every case.
    """
    width = max([len(result.case.group) for result in results] + [len("group")])
    yield "  ".join([f"{'group':{width}}", *(f"{outcome:>{WIDE}}" for outcome in OUTCOMES)])
    for group in dict.fromkeys(result.case.group for result in results):
        yield _row(group, [result for result in results if result.case.group == group], width)
    yield _row("all", results, width)
    listed = [result for result in results if everything or result.outcome == FAILED]
    if listed:
        yield ""
    for result in listed:
        lacks = f" (lacks {', '.join(result.limits)})" if result.limits else ""
        decided = " [decided here: AWS leaves it open]" if result.case.decided else ""
        yield f"{result.outcome:{WIDE}}  {result.case.name}{lacks}{decided}"
        if result.detail:
            yield f"{'':{WIDE}}  {result.detail}"
    for reason in dict.fromkeys(result.detail for result in results if result.outcome == SKIPPED):
        yield f"skipped: {reason}"
    lacking = sorted({one for result in results if result.outcome == NOT_OFFERED for one in result.limits})
    if lacking:
        yield f"not offered: {', '.join(lacking)}"
    yield from filter(None, [undrawn(results)])
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


def undrawn(results: Sequence[Result]) -> str:
    """Says so when cases that draw were run and not one was drawn as asked; otherwise empty.

    An engine that declares itself unable of everything breaks no rule, but it is none.
    """
    drawing = [result for result in results if isinstance(result.case.expected, Answered) and not result.case.fault]
    if not drawing or any(result.outcome in {PASSED, FAILED} for result in drawing):
        return ""
    return f"nothing was drawn: the engine does not offer one of the {len(drawing)} cases that draw"


def _row(group: str, results: Sequence[Result], width: int) -> str:
    counted = [sum(result.outcome == outcome for result in results) for outcome in OUTCOMES]
    return "  ".join([f"{group:{width}}", *(f"{count:{WIDE}}" for count in counted)])
