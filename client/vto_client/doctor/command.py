"""The command itself: every check in its turn, and what they come to."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.text import Text

from vto_client import stack as stacks
from vto_client.doctor import deployment, engines, storage, work
from vto_client.doctor.site import FAIL, OK, UNKNOWN, WARN, Finding, Site, UnknownError, find
from vto_client.telling import AsJson, Region, Stack, json_out
from vto_client.text import count

NEEDS_A_PERSON: Final = 3
CHECKS: Final[Mapping[str, Callable[[Site], Iterator[Finding]]]] = {
    "stack": deployment.stack,
    "parameters": deployment.parameters,
    "api": deployment.api,
    "sign-in": deployment.sign_in,
    "engines": engines.engines,
    "quotas": engines.quotas,
    "tables": storage.tables,
    "buckets": storage.buckets,
    "queues": work.queues,
    "mappings": work.mappings,
    "schedules": work.schedules,
    "jobs": work.jobs,
    "alarms": work.alarms,
}
MARKS: Final[Mapping[str, tuple[str, str]]] = {
    OK: ("✓", "green"),
    WARN: ("!", "yellow"),
    FAIL: ("✗", "bold red"),
    UNKNOWN: ("?", "dim"),
}


def doctor(
    *,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings count as failures.")] = False,
    as_json: AsJson = False,
    stack: Stack = "vto",
    region: Region = None,
) -> None:
    """Check an installation; it reads only, with the credentials that the AWS CLI would use.

    Exit codes: 0 nothing fails, 1 nothing could be checked, 2 the command is not understood, 3 something fails (with
    --strict: or is warned of). What cannot be checked is told, and changes nothing.
    """
    clients, chosen = stacks.clients(region)
    findings = list(examined(find(stack, clients, chosen)))
    counts = {state: sum(one.state == state for one in findings) for state in MARKS}
    if as_json:
        json_out({"v": 1, "stack": stack, "region": chosen, **counts, "findings": [asdict(one) for one in findings]})
    else:
        show(findings, counts, Console(highlight=False))
    if counts[FAIL] or (strict and counts[WARN]):
        raise typer.Exit(NEEDS_A_PERSON)


def examined(site: Site) -> Iterator[Finding]:
    """What all checks find; one that cannot be made is told, and the others go on."""
    for name, check in CHECKS.items():
        try:
            yield from check(site)
        except UnknownError as problem:
            yield Finding(name, UNKNOWN, str(problem), problem.remedy)


def show(findings: list[Finding], counts: Mapping[str, Any], console: Console) -> None:
    """Print findings, what helps below each, and how many there are of each kind."""
    width = max(map(len, CHECKS))
    for one in findings:
        mark, style = MARKS[one.state]
        line = Text(f"{mark} {one.check:<{width}}  ", style=style).append(one.what, style="")
        console.print(line, soft_wrap=True)
        if one.remedy:
            console.print(Text(f"  {'':<{width}}  → {one.remedy}"), soft_wrap=True)
    told = [count(counts[FAIL], "failure"), count(counts[WARN], "warning")]
    more = f"; {count(counts[UNKNOWN], 'check')} could not be made" if counts[UNKNOWN] else ""
    console.print(Text(f"{', '.join(told)}{more}.", style="bold"), soft_wrap=True)
