"""The command itself."""

import re
from typing import Annotated

import typer
from rich.console import Console

from vto_client import stack as stacks
from vto_client.explain import render, sources
from vto_client.explain.story import tell
from vto_client.problems import CommandError

JOB_ID = re.compile(r"[A-Za-z0-9_-]{1,72}")


def explain(
    job_id: Annotated[str, typer.Argument(help="The job's id, as the page, the API and the logs show it.")],
    *,
    stack: Annotated[str, typer.Option(help="Name of the stack.")] = "vto",
    region: Annotated[str | None, typer.Option(help="AWS region; the configured one when left out.")] = None,
    logs: Annotated[bool, typer.Option(help="Read the functions' logs.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print the story as JSON.")] = False,
) -> None:
    """Tell what became of one job: its stages, attempts, error and cost, and what to do next.

    Reads only. Exit code 1: there is no such job, or nothing can be read.
    """
    if not JOB_ID.fullmatch(job_id):
        raise CommandError(f"{job_id!r} cannot be the id of a job: 1 to 72 letters, digits, - and _")
    clients, chosen = stacks.clients(region)
    found = stacks.find(stack, clients, chosen)
    story = tell(sources.Sources(clients, found, sources.now()).evidence(job_id, with_logs=logs))
    console = Console(highlight=False)
    if as_json:
        console.print_json(data=story.as_json(), ensure_ascii=False)
    else:
        render.show(story, console)
