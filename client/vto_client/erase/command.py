"""The command itself: asks once more, asks the stack, and follows the erasure to its receipt."""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Final

import typer
from rich.console import Console

from vto_client.blocking import Vto
from vto_client.connect import USAGE, connected
from vto_client.documents import Erasure
from vto_client.errors import ApiError, LostError, TokenError
from vto_client.problems import CommandError
from vto_client.sign_in import AGAIN, NOT_SIGNED_IN

FAILED: Final = 1
UNKNOWN: Final = 5
PAUSE: Final = 15.0
"""Seconds between two looks at an erasure."""
QUESTION: Final = (
    "Erase all your photos, masks, try-ons and results in this shop? Nobody can bring them back. Your account stays."
)


@dataclass(frozen=True, slots=True)
class Clock:
    """Time, so that tests need not wait."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


def erase(
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask once more.")] = False,
    receipt: Annotated[str | None, typer.Option(help="Only look at an erasure of before.")] = None,
    wait: Annotated[float, typer.Option(min=0, metavar="SECONDS", help="How long to follow it; 0 for not at all.")] = (
        3600
    ),
    as_json: Annotated[bool, typer.Option("--json", help="Print the receipt as JSON.")] = False,
    stack: Annotated[str, typer.Option(help="Name of the stack.")] = "vto",
    region: Annotated[str | None, typer.Option(help="AWS region; the configured one when left out.")] = None,
) -> None:
    """Erase everything about yourself in a shop, and follow it to its receipt; it takes about half an hour.

    Signs in as `vto try` does. Exit codes: 0 erased (with --wait 0: accepted), 1 refused, 2 could not begin, 4 not
    signed in, 5 not known, or not done in time: look again with --receipt.
    """
    if receipt is None and not yes:
        _confirm()
    errors = Console(stderr=True, highlight=False, soft_wrap=True)
    with connected(stack, region) as vto:
        document = run(vto, receipt, wait, Clock(), lambda text: None if as_json else errors.print(text, markup=False))
    if as_json:
        Console(highlight=False).print_json(data=document)
    else:
        show(document, Console(highlight=False))
    raise typer.Exit(0 if document["state"] == "done" or (wait == 0 and receipt is None) else UNKNOWN)


def run(vto: Vto, receipt: str | None, wait: float, clock: Clock, tell: Callable[[str], object]) -> Erasure:
    """Ask for an erasure, or look at one, and follow it.

    Args:
        vto: The caller at a stack.
        receipt: An earlier erasure to look at; None to ask for one.
        wait: How long to follow it, in seconds.
        clock: The time.
        tell: Says a line to whoever waits.

    Returns:
        The erasure as it was last seen.

    Raises:
        CommandError: It was refused, or nobody knows whether it was accepted.
    """
    document = _asked(lambda: vto.erase() if receipt is None else vto.erasure(receipt))
    tell(f"… accepted; receipt {document['receipt']}")
    until = clock.now() + wait
    name = str(document["receipt"])
    while document["state"] != "done" and clock.now() + PAUSE <= until:
        clock.sleep(PAUSE)
        document = _asked(lambda: vto.erasure(name))
    return document


def show(document: Erasure, out: Console) -> None:
    """Print a receipt."""
    state = {"done": "✓ Erased", "erasing": "… Being erased"}.get(str(document["state"]), str(document["state"]))
    when = f" at {document['done_at']}" if document.get("done_at") else ""
    out.print(f"{state}{when}. Receipt {document['receipt']}", markup=False)
    removed: dict[str, Any] = document.get("removed") or {}
    told = ", ".join(f"{count} {kind.replace('_', ' ')}" for kind, count in removed.items())
    out.print(f"  removed: {told}", markup=False, soft_wrap=True)


def _confirm() -> None:
    if not sys.stdin.isatty():
        raise CommandError("there is no terminal to ask at whether to erase everything: say it with --yes", USAGE)
    if not typer.confirm(QUESTION, err=True):
        raise CommandError("nothing was erased", USAGE)


def _asked(ask: Callable[[], Erasure]) -> Erasure:
    try:
        return ask()
    except TokenError as problem:
        raise CommandError(f"{problem}: {AGAIN}", NOT_SIGNED_IN) from problem
    except LostError as problem:
        raise CommandError(
            f"{problem}. Ask again: an erasure that is under way keeps its receipt", UNKNOWN
        ) from problem
    except ApiError as problem:
        said = "; ".join(f"{one.problem}: {one.remedy}" for one in problem.violations)
        raise CommandError(f"{problem.message} {said}".strip(), FAILED) from problem
