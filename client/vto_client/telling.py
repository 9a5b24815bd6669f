"""What commands that ask the API have in common: options, one way to say no, lists as tables and as JSON."""

from collections.abc import Callable
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.table import Table

from vto_client.errors import ApiError, LostError, TokenError
from vto_client.problems import CommandError
from vto_client.sign_in import AGAIN, NOT_SIGNED_IN
from vto_client.text import count

REFUSED: Final = 1
NO_ANSWER: Final = 5

Stack = Annotated[str, typer.Option(help="Name of the stack.")]
Region = Annotated[str | None, typer.Option(help="AWS region; the configured one when left out.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")]


def asked[T](ask: Callable[[], T]) -> T:
    """What the API answers.

    Raises:
        CommandError: It refused (1), does not accept the token (4), or did not answer (5).
    """
    try:
        return ask()
    except TokenError as problem:
        raise CommandError(f"{problem}: {AGAIN}", NOT_SIGNED_IN) from problem
    except LostError as problem:
        raise CommandError(f"{problem} (check VTO_API_URL, --stack and --region)", NO_ANSWER) from problem
    except ApiError as problem:
        said = "; ".join(f"{one.path}: {one.problem}: {one.remedy}" for one in problem.violations)
        raise CommandError(f"{problem.message} {said}".strip(), REFUSED) from problem


def json_out(document: Any) -> None:
    """Print one JSON document."""
    Console(highlight=False, soft_wrap=True).print_json(data=document, ensure_ascii=False)


def table_out(table: Table, shown: int, thing: str, *, is_complete: bool) -> None:
    """Print a list, and whether there is more of it."""
    out = Console(highlight=False, markup=False, emoji=False)  # what shops write is no markup
    if shown:
        out.print(table)
    more = "" if is_complete else "; there are more: --limit"
    Console(stderr=True, highlight=False).print(f"{count(shown, thing)}{more}", markup=False)
