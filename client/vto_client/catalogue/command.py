"""The commands themselves."""

import asyncio
import itertools
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from vto_client.aio import AsyncVto
from vto_client.catalogue import source as sources
from vto_client.catalogue.importing import AGAIN, Import
from vto_client.catalogue.journal import Journal, beside
from vto_client.catalogue.source import Source
from vto_client.connect import connected, connected_loop
from vto_client.errors import ApiError, TokenError
from vto_client.problems import CommandError
from vto_client.sign_in import AGAIN as SIGN_IN_AGAIN
from vto_client.sign_in import NOT_SIGNED_IN
from vto_client.telling import AsJson, Region, Stack, asked, json_out, table_out

EXIT_CODES: Final[Mapping[str, int]] = {
    "complete": 0,
    "refused": 1,
    "partial": 3,
    "not_signed_in": NOT_SIGNED_IN,
    "unknown": 5,
    "stopped": 130,
}
"""The exit code of each outcome of an import; 2 is for what could not even begin."""
TRIES: Final = 6
"""How often a request of an import is sent: nobody waits at a page for it, and a busy service is to be waited for."""

catalogue = typer.Typer(no_args_is_help=True, help="The catalogue: look at it, and fill it from a folder or a table.")


@catalogue.command("list")
def list_products(
    *,
    category: Annotated[str | None, typer.Option(help="Only those of this category.")] = None,
    search: Annotated[str | None, typer.Option(metavar="WORDS", help="Only those with all these words.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 50,
    as_json: AsJson = False,
    stack: Stack = "vto",
    region: Region = None,
) -> None:
    """List what shoppers can try on.

    Signs in as `vto try` does. Exit codes: 0 listed, 1 refused, 2 could not begin, 4 not signed in, 5 no answer.
    """
    with connected(stack, region) as vto:
        found = asked(lambda: list(itertools.islice(vto.products(category=category, search=search), limit + 1)))
    shown, is_complete = found[:limit], len(found) <= limit
    if as_json:
        json_out({"v": 1, "products": shown, "is_complete": is_complete})
        return
    table = Table(box=None, pad_edge=False)
    for name in ("product", "category", "class", "name"):
        table.add_column(name, overflow="fold")
    for one in shown:
        table.add_row(one["product_id"], one["category"], one["garment_class"] or "", one["name"])
    table_out(table, len(shown), "product", is_complete=is_complete)


@catalogue.command("import")
def import_products(
    source: Annotated[Path, typer.Argument(help="A folder of pictures, or a table (CSV) that names them.")],
    *,
    at_once: Annotated[int, typer.Option(min=1, max=16, help="How many products at a time.")] = 4,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only look at the source: nothing is sent.")] = False,
    journal: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where it is noted what was imported; beside the source.")
    ] = None,
    anew: Annotated[bool, typer.Option("--anew", help="Import all of it, whatever was imported before.")] = False,
    as_json: AsJson = False,
    stack: Stack = "vto",
    region: Region = None,
) -> None:
    """Import products with their pictures, some at a time; given again, it goes on where it was.

    Signs in as `vto try` does, as a member of the group admin. Exit codes: 0 all is in the catalogue, 1 refused, 2
    could not begin, 3 some rows are not in it, 4 not signed in, 5 no answer, 130 stopped.
    """
    found = sources.read(source)
    if dry_run:
        _tell({"outcome": "partial" if found.problems else "complete", "rows": len(found.rows)}, found, as_json=as_json)
    notes = journal or beside(source)
    vto = connected_loop(stack, region, TRIES)  # before there is a loop: Ctrl-C ends what asks for a password
    told = asyncio.run(_import(vto, found, notes, at_once, is_anew=anew, quiet=as_json))
    _tell(told, found, as_json=as_json)


async def _import(
    vto: AsyncVto, found: Source, journal: Path, at_once: int, *, is_anew: bool, quiet: bool
) -> dict[str, Any]:
    """Import, and say how it went."""
    columns = (TextColumn("importing"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    async with vto:
        with Progress(*columns, console=Console(stderr=True), disable=quiet, transient=True) as progress:
            task = progress.add_task("", total=len(found.rows))
            going = Import(vto, Journal(journal, vto.url, is_anew=is_anew), at_once, lambda: progress.advance(task))
            outcome, problem = "complete", None
            try:
                await going.run(found.rows)
            except asyncio.CancelledError:
                outcome, problem = "stopped", f"stopped; {AGAIN}"
        found.problems += going.problems
        tried = going.imported + going.unchanged + len(going.problems)
        if going.halted is not None:
            outcome, problem = _halted(going.halted)
        elif outcome == "complete" and found.problems:
            outcome = "partial"
        return {
            "outcome": outcome, "imported": going.imported, "unchanged": going.unchanged,
            "left": len(found.rows) - tried, "problem": problem,
        }  # fmt: skip


def _halted(error: Exception) -> tuple[str, str]:
    """The outcome of an import that would have gone wrong with every row, and what to do."""
    if isinstance(error, TokenError):
        return "not_signed_in", f"{error}: {SIGN_IN_AGAIN}; then {AGAIN}"
    if isinstance(error, ApiError):
        remedy = "sign in as a member of the group admin (docs/cli.md: vto catalogue)"
        return "refused", f"{error.message or error.code}: {remedy}"
    if isinstance(error, CommandError):  # the journal could not be written
        return "partial", str(error)
    return "unknown", f"{error}; {AGAIN}"


def _tell(told: dict[str, Any], found: Source, *, as_json: bool) -> None:
    """Print how an import went, and end with its exit code."""
    failed = [
        {"where": one.where, "product_id": one.product_id, "problem": one.problem, "remedy": one.remedy}
        for one in found.problems
    ]
    if as_json:
        whole = {"v": 1, "outcome": "", "rows": None, "imported": 0, "unchanged": 0, "left": None, "problem": None}
        json_out({**whole, **told, "failed": failed, "ignored_columns": list(found.ignored)})
        raise typer.Exit(EXIT_CODES[told["outcome"]])
    errors = Console(stderr=True, highlight=False, soft_wrap=True)
    if found.ignored:
        errors.print(f"  columns that nobody reads: {', '.join(found.ignored)}", markup=False)
    for one in failed:
        errors.print(f"✗ {one['where']} ({one['product_id'] or 'no id'}): {one['problem']}", markup=False)
        errors.print(f"    → {one['remedy']}", markup=False)
    if "rows" in told:
        line = f"{told['rows']} can be imported, {len(failed)} cannot. Nothing was sent."
    else:
        line = f"{told['imported']} imported, {told['unchanged']} unchanged, {len(failed)} not imported"
        line += f", {told['left']} not tried." if told["left"] else "."
    Console(highlight=False).print(line, markup=False, soft_wrap=True)
    if told.get("problem"):
        errors.print(f"✗ {told['problem']}", markup=False)
    raise typer.Exit(EXIT_CODES[told["outcome"]])
