"""`vto`: registers the commands, and turns problems into one line and an exit code."""

import sys
from typing import Annotated

import typer
from rich.console import Console

from vto_client import __version__
from vto_client.catalogue.command import catalogue
from vto_client.conformance.command import PASSED_ON, conformance
from vto_client.cost.command import cost
from vto_client.doctor.command import doctor
from vto_client.erase.command import erase
from vto_client.explain.command import explain
from vto_client.history.command import history
from vto_client.ops.command import ops
from vto_client.problems import CommandError
from vto_client.try_on.command import try_on, watch

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)
app.command("try")(try_on)
app.command()(watch)
app.command()(history)
app.add_typer(catalogue, name="catalogue")
app.command()(doctor)
app.command()(explain)
app.add_typer(ops, name="ops")
app.command()(erase)
app.command()(cost)
app.command(add_help_option=False, context_settings=PASSED_ON)(conformance)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def vto(
    *, version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print it.")] = False
) -> None:
    """Try things on, and look after a vto stack, in AWS or on this machine."""


def main() -> None:
    """Run the command line."""
    try:
        app()
    except CommandError as problem:
        Console(stderr=True, highlight=False, soft_wrap=True).print(f"✗ {problem}", markup=False)
        sys.exit(problem.exit_code)
