"""Checkov on the template as SAM expands it, without its exceptions, which stand in ``checkov.toml`` with reasons.

Without a key of its maker's platform Checkov knows no severities. So every check counts, and what we do not follow is
written down. Resources behind a condition are checked as if they were always there.
"""

import json
import subprocess
import tempfile
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from asl.lint.framework import TOP, Finding
from scripts.template.reading import ROOT, Template, expand

PROGRAM = ROOT / ".venv-checkov" / "bin" / "checkov"
EXCEPTIONS = Path(__file__).parent / "checkov.toml"
OPTIONS = ("--framework", "cloudformation", "--skip-download", "--compact", "--quiet", "--output", "json")
REMEDY = f"follow it, or write down in {EXCEPTIONS.relative_to(ROOT)} why not"


class CheckovError(Exception):
    """Checkov is not there, or did not run to its end."""


@dataclass(frozen=True, slots=True)
class Failed:
    """A check that a resource does not pass."""

    check: str
    says: str
    resource: str


@dataclass(frozen=True, slots=True)
class Exempt:
    """A check that is not followed, and why: by the resources named, or by all where none is."""

    check: str
    title: str
    reason: str
    resources: tuple[str, ...] = ()

    def covers(self, failed: Failed) -> bool:
        """Whether a failure is one that was decided on."""
        return failed.check == self.check and (not self.resources or failed.resource in self.resources)


def exceptions() -> tuple[Exempt, ...]:
    """What we do not follow, from the file."""
    return tuple(
        Exempt(one["check"], one["title"], one["reason"], tuple(one.get("resources", ())))
        for one in tomllib.loads(EXCEPTIONS.read_text())["exception"]
    )


def findings(failed: Sequence[Failed], exempt: Sequence[Exempt]) -> list[Finding]:
    """Failures that nobody decided on, and exceptions that nothing needs (any more)."""
    found = [
        Finding(one.resource, one.check, one.says, REMEDY)
        for one in failed
        if not any(exception.covers(one) for exception in exempt)
    ]
    for one in exempt:
        unused = [name for name in one.resources if not any(one.covers(f) and f.resource == name for f in failed)]
        if unused or not any(one.covers(f) for f in failed):
            where = ", ".join(unused) or TOP
            remedy = f"take it out of {EXCEPTIONS.relative_to(ROOT)}"
            found.append(Finding(where, one.check, "is exempt from a check that it passes", remedy))
    return found


def check(template: Template, program: Path = PROGRAM) -> tuple[list[Failed], int]:
    """Run Checkov: the checks that failed, and how many passed.

    Raises:
        CheckovError: Checkov is not there, or did not run to its end.
    """
    if not program.exists():
        raise CheckovError(f"{program.name} is not installed: run it through `make lint`, or `make install` first")
    expanded = expand(deepcopy(template))
    for resource in expanded["Resources"].values():
        resource.pop("Condition", None)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "template.json"
        path.write_text(json.dumps(expanded))
        # through its interpreter: a script's first line cannot name one in a folder with a blank
        run = subprocess.run(  # noqa: S603 - a program of this project's own environment, on a file of ours
            [program.with_name("python"), program, "--file", path, *OPTIONS],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
    try:
        report = json.loads(run.stdout)
        summary = report["summary"]
    except (ValueError, LookupError, TypeError) as problem:
        raise CheckovError(f"checkov did not run to its end: {run.stderr[-500:] or run.stdout[-500:]}") from problem
    if summary["parsing_errors"] or not summary["passed"]:
        raise CheckovError("checkov could not read the template that SAM made")
    return list(_failed(report)), summary["passed"]


def _failed(report: Mapping[str, Any]) -> Iterator[Failed]:
    for one in report["results"]["failed_checks"]:
        yield Failed(one["check_id"], one["check_name"], one["resource"].rpartition(".")[2])
