"""Hands the command line on to the suite, which is a distribution of its own: most who have `vto` need no engine's."""

from typing import Any

import typer

from vto_client.problems import CommandError

PASSED_ON: dict[str, Any] = {"allow_extra_args": True, "ignore_unknown_options": True}
"""Click's settings for a command that leaves its options, `--help` too, to somebody else."""
NEEDED = frozenset({"conformance", "numpy", "PIL"})


def conformance(context: typer.Context) -> None:
    """Check an engine against the contract: `--endpoint URL`, and what `vto conformance --help` tells."""
    try:
        from conformance.cli import main  # noqa: PLC0415 - only who uses it needs it
    except ImportError as error:
        if (error.name or "").partition(".")[0] not in NEEDED:
            raise
        raise CommandError(
            f"the conformance suite is not installed (there is no {error.name}): "
            "`python3 -m pip install ./conformance` in a clone of vto, into the environment of this command",
            exit_code=2,
        ) from None
    raise typer.Exit(main(context.args, program="vto conformance"))
