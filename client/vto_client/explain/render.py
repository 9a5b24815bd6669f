"""Writes a story for a person at three in the morning: the answer first, then the reasons."""

from collections.abc import Iterator
from datetime import datetime

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from vto_client.explain.history import Attempt, Execution, Visit
from vto_client.explain.parts import Cost, Error, Logs, Story, Told
from vto_client.text import count, duration

COLOURS = {
    "completed": "green",
    "refused": "yellow",
    "failed": "red",
    "running": "cyan",
    "waiting": "cyan",
    "created": "cyan",
    "gone": "yellow",
}
_UNKNOWN = "not known"
ROWS = 20
"""Of a longer execution as many states are shown from its beginning and from its end."""


def show(story: Story, console: Console) -> None:
    """Print a story.

    Args:
        story: What to tell.
        console: Where to; tables fold to its width.
    """
    console.print(Text(story.headline, style=f"bold {COLOURS[story.outcome]}"))
    console.print(_facts(_about(story)))
    for title, body in _sections(story):
        console.print(Text(f"\n{title}", style="bold"))
        console.print(Padding(body, (0, 0, 0, 2)))
    if story.next:
        console.print(Text("\nNext", style="bold"))
        for command in story.next:  # one line each, however long: it is to be copied
            console.print(f"  {command}", soft_wrap=True, markup=False, emoji=False)


def _sections(story: Story) -> Iterator[tuple[str, RenderableType]]:
    if story.error:
        yield "Error", _error(story.error)
    if story.adaptations:
        yield "Drawn otherwise than asked", _facts([(one["path"], one["change"]) for one in story.adaptations])
    if story.warnings:
        yield "Warnings", _facts([(one["path"] or one["code"], one["message"]) for one in story.warnings])
    if story.stages:
        yield "Stages", _stages(story)
    for execution in story.executions:
        yield _title(execution), _states(execution)
    if story.told:
        yield "Told", _facts(_told(story.told))
    if story.logs is not None:
        yield "Logs", _logs(story.logs)
    yield "Cost", _facts(_cost(story.cost))
    if story.gaps:
        yield "Not known", _gaps(story)


def _about(story: Story) -> Iterator[tuple[str, str]]:
    yield "job", f"{story.job_id} in stack {story.stack}"
    yield "when", f"{_day(story.created)}, {duration(story.seconds)} from request to {_until(story)}"
    if story.status:
        yield "status", story.status + (f", stage {story.stage}" if story.stage else "")
        yield "user", story.user or _UNKNOWN
        yield "product", story.product or _UNKNOWN
        yield "model", story.model or _UNKNOWN
        yield "parameters", story.parameters or _UNKNOWN
        yield "engine", _engine(story)
        if story.delivered_images is not None:
            yield (
                "pictures",
                f"{story.delivered_images} of {story.requested_images or story.delivered_images} asked for",
            )
        if story.notice:
            yield "notice", story.notice


def _engine(story: Story) -> str:
    """The engine that has the job, and those that it was given up with."""
    others = [one for one in story.engines if one.engine != story.engine]
    given_up = ", ".join(f"{one.engine} ({one.error or 'error not known'})" for one in others)
    return (story.engine or "none chosen yet") + (f", after {given_up}" if given_up else "")


def _error(error: Error) -> RenderableType:
    lines = [("code", error.code), ("the shopper reads", error.message or _UNKNOWN)]
    lines += [("details", detail) for detail in error.details]
    lines += [("raised", f"{error.name}: {error.cause}" if error.cause else error.name)] if error.name else []
    lines += [("runbook", error.runbook)]
    return _facts(lines)


def _stages(story: Story) -> Table:
    table = _table("stage", "since", ">took", ">share")
    for span in story.stages:
        took = duration(span.seconds) + (" so far" if span.is_open else "")
        _row(table, span.stage, _clock(span.started), took, f"{span.share:.0%}")
    return table


def _title(execution: Execution) -> str:
    took = duration(execution.seconds) + (" so far" if execution.status == "RUNNING" else "")
    known = "" if execution.is_complete else "; its history is not wholly known"
    return f"Execution {execution.name}: {execution.status}, {took}{known}"


def _states(execution: Execution) -> Table:
    table = _table("state", "since", ">took", "what happened")
    left_out = len(execution.visits) - 2 * ROWS
    for index, visit in enumerate(execution.visits):
        if left_out > 0 and ROWS <= index < ROWS + left_out:  # a job that waited for its twin has hundreds
            if index == ROWS:
                _row(table, "…", "", "", f"{left_out} more; --json has them all")
            continue
        took = "so far" if visit.is_open else duration(visit.seconds)
        _row(table, visit.state, _clock(visit.entered), took, _what(visit))
    return table


def _what(visit: Visit) -> str:
    """Nothing worth a word, or all its attempts."""
    if not visit.attempts:
        return "waiting" if visit.is_open else ""
    if len(visit.attempts) == 1 and visit.attempts[0].outcome == "succeeded":
        return ""
    lines, before = [], None
    for number, attempt in enumerate(visit.attempts, 1):
        why = attempt.cause if attempt.cause != before else None  # the same words need not be read twice
        lines.append(_attempt(number, attempt, why))
        before = attempt.cause
    return "\n".join(lines)


def _attempt(number: int, attempt: Attempt, why: str | None) -> str:
    waited = f" after a pause of {duration(attempt.waited_seconds)}" if number > 1 else ""
    took = f" ({duration(attempt.seconds)})" if attempt.seconds is not None else ""
    words = [f"{number}. {attempt.outcome}{waited}{took}", attempt.error, why]
    return ": ".join(word for word in words if word)


def _told(told: Told) -> Iterator[tuple[str, str]]:
    yield "by the machine", told.by_machine or "not yet, or not known"
    if told.asked_over == "HTTP":
        yield "socket", "asked for over HTTP: no socket of its own"
    elif told.delivered is None:
        yield "socket", "what it was sent is not known"
    else:
        yield "socket", f"has version {told.delivered} of {told.version}"


def _logs(logs: Logs) -> RenderableType:
    cut = "; there are more than were read" if logs.is_cut else ""
    rest = Text(f"{count(logs.others, 'other line')} below WARNING{cut}", style="dim")
    if not logs.lines:
        return rest
    table = _table("at", "level", "function", "line")
    for line in logs.lines:
        _row(table, _clock(line.at), line.level, line.function, line.text)
    return Group(table, rest)


def _cost(cost: Cost) -> Iterator[tuple[str, str]]:
    billed = "" if not cost.model_calls else f", of which {cost.may_be_billed} may be billed"
    retries = count(cost.retries or 0, "retry")
    yield "model calls", _UNKNOWN if cost.model_calls is None else f"{cost.model_calls}{billed}"
    yield "state transitions", _UNKNOWN if cost.state_transitions is None else f"{cost.state_transitions}, {retries}"
    yield "functions run", _UNKNOWN if cost.functions_run is None else f"{cost.functions_run} by the state machine"
    yield "in USD", _UNKNOWN if cost.cost_usd is None else f"{cost.cost_usd:g}"
    for one in cost.ledger:
        what = f"call {one['call']}" if one["call"] else "the next call"
        yield what, f"{one['engine']}, {one['state']}, {one['usd']:g} USD on the budget of {one['day']}"


def _gaps(story: Story) -> RenderableType:
    return _facts((gap.what, gap.why + (f": {gap.remedy}" if gap.remedy else "")) for gap in story.gaps)


def _facts(lines: Iterator[tuple[str, str]] | list[tuple[str, str]]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in lines:
        _row(table, name, value)
    return table


def _row(table: Table, *cells: str) -> None:
    """Add a row as it is written: brackets in a message of a service are no markup, and must not end the command."""
    table.add_row(*map(Text, cells))


def _table(*columns: str) -> Table:
    """A table whose numbers (``>``) stand right and whose last column takes what is left."""
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1), header_style="dim")
    for name in columns:
        right = name.startswith(">")
        last = name == columns[-1]
        table.add_column(
            name.removeprefix(">"), justify="right" if right else "left", no_wrap=not last and right, overflow="fold"
        )
    return table


def _clock(at: datetime | None) -> str:
    return f"{at:%H:%M:%S}.{at.microsecond // 1000:03d}" if at else "?"


def _until(story: Story) -> str:
    return "now" if story.outcome in ("running", "waiting", "created") else "end"


def _day(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC" if at else "?"
