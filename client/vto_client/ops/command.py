"""The commands themselves."""

import sys
from collections import Counter
from typing import Annotated, Any, Final

import typer
from rich.console import Console

from vto_client import facts
from vto_client import stack as stacks
from vto_client.ops import render
from vto_client.ops.orders import Operator
from vto_client.problems import CommandError

NEEDS_A_PERSON: Final = 3
USAGE: Final = 2
MAX_RUNS = 200
"""Runs of one reconciliation: many hours, and a bound for one that would never end."""

ops = typer.Typer(no_args_is_help=True, help="Operate a stack: what needs a person, and the orders that repair it.")
engine = typer.Typer(no_args_is_help=True, help="Take an engine out of service, and put it back.")
ops.add_typer(engine, name="engine")

Stack = Annotated[str, typer.Option(help="Name of the stack.")]
Region = Annotated[str | None, typer.Option(help="AWS region; the configured one when left out.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do it without asking.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")]


@ops.command()
def status(*, stack: Stack = "vto", region: Region = None, as_json: AsJson = False) -> None:
    """Tell what needs a person, each with the command that helps.

    Exit code 0: nothing; 3: something does.
    """
    answer = _operator(stack, region).order("status")
    if as_json:
        _json(answer)
    else:
        render.status(answer, _console())
    if answer["needs"]:
        raise typer.Exit(NEEDS_A_PERSON)


@ops.command()
def redrive(
    queue: Annotated[str | None, typer.Argument(help=f"One of {', '.join(facts.QUEUES)}.")] = None,
    *,
    every: Annotated[bool, typer.Option("--all", help="All of them.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count.")] = False,
    stack: Stack = "vto",
    region: Region = None,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Do again what lies in dead-letter queues, after its cause is gone. Safe to repeat.

    Exit code 0: all of it was done; 3: something is left.
    """
    if every == (queue is not None):
        raise CommandError("name one queue, or --all", USAGE)
    if queue is not None and queue not in facts.QUEUES:
        raise CommandError(f"there is no dead-letter queue {queue}: use one of {', '.join(facts.QUEUES)}", USAGE)
    operator, queues = _operator(stack, region), facts.QUEUES if queue is None else (queue,)
    if not dry_run:
        _confirm(f"hand the dead letters of {', '.join(queues)} to the functions that failed on them", stack, yes=yes)
    answers: list[dict[str, Any]] = []
    try:
        for one in queues:
            answers.append(operator.order("redrive", queue=one, dry_run=dry_run))  # noqa: PERF401 - those of before count
    finally:
        if as_json:
            _json({"queues": answers})
        else:
            for answer in answers:
                render.redrive(answer, _console(), is_dry=dry_run)
    if not dry_run and any(one["failed"] or one["unreadable"] or not one["is_complete"] for one in answers):
        raise typer.Exit(NEEDS_A_PERSON)


@ops.command()
def rerun(
    jobs: Annotated[list[str], typer.Argument(help="Ids of failed jobs.")],
    *,
    stack: Stack = "vto",
    region: Region = None,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Run failed jobs again, each in an execution of its own; it may cost a call of the model each.

    Exit code 0: all of them; 3: some were refused.
    """
    operator = _operator(stack, region)
    _confirm(f"run {len(jobs)} failed job(s) again, which may cost a call of the model each", stack, yes=yes)
    answers: list[dict[str, Any]] = []
    try:
        for first in range(0, len(jobs), facts.MOST_JOBS):
            answers += operator.order("rerun", jobs=jobs[first : first + facts.MOST_JOBS])["jobs"]
    finally:  # what was run again is told also when a later order fails
        if as_json:
            _json({"jobs": answers})
        else:
            render.rerun(answers, _console())
    if any("error" in one for one in answers):
        raise typer.Exit(NEEDS_A_PERSON)


@ops.command()
def reconcile(
    *,
    whole: Annotated[
        bool, typer.Option("--whole", help="Hold all rows against S3, also if that was done today.")
    ] = False,
    stack: Stack = "vto",
    region: Region = None,
    as_json: AsJson = False,
) -> None:
    """Look now for uploads that nobody imported, and for rows whose pictures are gone; safe at any time."""
    operator = _operator(stack, region)
    added: Counter[str] = Counter({"objects": 0, "rows": 0, "reconciled": 0, "lost": 0, "failed": 0})
    try:
        for _ in range(MAX_RUNS):
            did = operator.reconcile(is_whole=whole)
            added.update({name: did[name] for name in added})
            if did["is_complete"]:
                break
    finally:
        if as_json:
            _json(dict(added))
        else:
            render.reconciled(added, _console())


@ops.command()
def sweep(*, stack: Stack = "vto", region: Region = None, as_json: AsJson = False) -> None:
    """Start or end overdue jobs now, as the stack does every minute; safe at any time."""
    did = _operator(stack, region).order("sweep")["sweep"]
    if as_json:
        _json(did)
    else:
        parts = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in did.items() if count)
        render.said(f"swept: {parts or 'nothing was overdue'}", _console())


@ops.command("say-bye")
def say_bye(
    *,
    reconnect_in: Annotated[
        int,
        typer.Option(help="Seconds that pages wait before they come back; as long again at random.", min=1, max=600),
    ] = 30,
    stack: Stack = "vto",
    region: Region = None,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Tell all live sockets, before a deployment that ends them, to come back a while later. Safe to repeat.

    Exit code 0: all were told; 3: some could not be reached, or not all were told.
    """
    operator = _operator(stack, region)
    _confirm(f"tell every page that is live to come back in {reconnect_in} seconds or more", stack, yes=yes)
    added: Counter[str] = Counter({"told": 0, "gone": 0, "failed": 0})
    is_complete = False
    try:
        for _ in range(MAX_RUNS):
            did = operator.order("say_bye", reconnect_in_seconds=reconnect_in)
            added.update({name: did[name] for name in added})
            is_complete = did["is_complete"]
            if is_complete:
                break
    finally:  # an order that is given again goes on where this one stopped
        if as_json:
            _json({**added, "is_complete": is_complete})
        else:
            render.said_bye(added, _console(), is_complete=is_complete)
    if added["failed"] or not is_complete:
        raise typer.Exit(NEEDS_A_PERSON)


@ops.command("stop-spending")
def stop_spending(
    *,
    reason: Annotated[str, typer.Option(help="Why; `vto ops status` tells it.")] = "",
    stack: Stack = "vto",
    region: Region = None,
    yes: Yes = False,
) -> None:
    """Let no further call be made that may cost money, until it is resumed."""
    operator = _operator(stack, region)
    _confirm("stop every call of a model", stack, yes=yes)
    spending = operator.order("stop_spending", reason=reason)["spending"]
    render.said(f"spending is stopped: {spending['reason']}", _console())


@ops.command("resume-spending")
def resume_spending(*, stack: Stack = "vto", region: Region = None, yes: Yes = False) -> None:
    """Let calls be made again."""
    operator = _operator(stack, region)
    _confirm("let models be called again", stack, yes=yes)
    changed = operator.order("resume_spending")["changed"]
    render.said("spending goes on" if changed else "spending was not stopped", _console())


@engine.command()
def pause(
    name: Annotated[str, typer.Argument(help="The engine's name.")],
    *,
    stack: Stack = "vto",
    region: Region = None,
    yes: Yes = False,
) -> None:
    """Let no job be drawn by an engine: they wait, or another draws."""
    operator = _operator(stack, region)
    _confirm(f"take the engine {name} out of service", stack, yes=yes)
    operator.order("pause_engine", engine=name)
    render.said(f"the engine {name} is paused", _console())


@engine.command()
def resume(
    name: Annotated[str, typer.Argument(help="The engine's name.")],
    *,
    stack: Stack = "vto",
    region: Region = None,
    yes: Yes = False,
) -> None:
    """Put an engine back into service."""
    operator = _operator(stack, region)
    _confirm(f"put the engine {name} back into service", stack, yes=yes)
    changed = operator.order("resume_engine", engine=name)["changed"]
    render.said(f"the engine {name} is {'back' if changed else 'in service already'}", _console())


def _operator(stack: str, region: str | None) -> Operator:
    clients, chosen = stacks.clients(region)
    return Operator(clients, stack, chosen)


def _confirm(what: str, stack: str, *, yes: bool) -> None:
    """Say what is about to be done, and ask."""
    sentence = f"This will, in the stack {stack}, {what}."
    if yes:
        return
    if not _is_terminal():
        raise CommandError(f"{sentence} Nobody can be asked here: add --yes", USAGE)
    typer.echo(sentence, err=True)
    typer.confirm("Go on?", abort=True, err=True)


def _is_terminal() -> bool:
    return sys.stdin.isatty()


def _console() -> Console:
    return Console(highlight=False, soft_wrap=True)


def _json(document: dict[str, Any]) -> None:
    _console().print_json(data=document, ensure_ascii=False)
