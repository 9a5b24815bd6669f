"""Fills the generated regions of README.md and docs/, so that what they claim cannot drift from the code.

A region starts with ``<!-- generated: NAME -->`` and ends with ``<!-- end -->``, or in YAML with ``# generated: NAME``
and ``# end``; ``python -m scripts.docs`` rewrites them all, with ``--check`` it only says which are out of date.
"""

import argparse
import difflib
import hashlib
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

from benchmarks import BENCHMARKS
from scripts import contract, costs, diagrams, facts, guarantees, per_job, performance, privacy, specs, tables
from scripts.facts import ROOT
from vto.errors import all_errors

REGION = re.compile(
    r"((?:<!--|#) generated: ([\w-]+)(?: -->)?\n)(.*?)(<!-- end -->| *# end$)", re.DOTALL | re.MULTILINE
)


def slug(title: str) -> str:
    """The anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


GENERATORS: Mapping[str, Callable[[], str]] = {
    "architecture": diagrams.architecture,
    "state-machine": diagrams.state_machine,
    "states": tables.states,
    "errors": tables.error_codes,
    "alarms": tables.alarms,
    "parameters": tables.parameters,
    "functions": tables.functions,
    "make-targets": tables.make_targets,
    "decisions": tables.decisions,
    "lint-rules": tables.lint_rules,
    "template-rules": tables.template_rules,
    "template-exceptions": tables.template_exceptions,
    "contract-fields": contract.fields,
    "contract-not-sent": contract.not_sent,
    "contract-decisions": contract.decisions,
    "contract-warnings": contract.warnings,
    "prices": contract.prices,
    "cost-example": costs.example,
    "simulation": guarantees.simulation,
    "quota": guarantees.quota,
    "bench-machines": performance.machines,
    **{f"bench-{name}": partial(performance.report, name) for name in BENCHMARKS},
    "per-job": per_job.jobs,
    "privacy-places": privacy.places,
    "privacy-rows": privacy.rows,
    "privacy-figures": privacy.figures,
    "privacy-removals": privacy.removals,
    "conformance-groups": tables.conformance_groups,
    "openapi-schemas": specs.openapi_schemas,
    "doctor-checks": tables.doctor_checks,
}
# one region for each entry of the runbook, such as `state-reserve-slot` and `error-queue_full`
ENTRIES: Mapping[str, Callable[[], str]] = {
    **{f"state-{slug(name)}": partial(tables.state_entry, name) for name in facts.states()},
    **{f"error-{cls.code}": partial(tables.error_entry, cls.code) for cls in all_errors().values()},
}


class UnknownRegionError(Exception):
    """A region asks for something that nobody generates."""


def documents() -> Iterator[Path]:
    """The documents that may hold generated regions."""
    yield ROOT / "README.md"
    yield from sorted((ROOT / "docs").glob("**/*.md"))
    yield ROOT / "docs" / "openapi.yaml"


def filled(text: str) -> str:
    """A document with its regions generated anew.

    Raises:
        UnknownRegionError: A region has a name without a generator.
    """

    def fill(region: re.Match[str]) -> str:
        start, name, _, end = region.groups()
        generate = {**GENERATORS, **ENTRIES}.get(name)
        if generate is None:
            raise UnknownRegionError(f"{name}; known: {', '.join([*GENERATORS, *ENTRIES])}")
        return f"{start}{generate()}\n{end}" if start.startswith("#") else f"{start}\n{generate()}\n\n{end}"

    return REGION.sub(fill, text)


LAYERS = (ROOT / "layers" / "vto", ROOT / "layers" / "pillow", ROOT / "canvas")


def difference(path: Path) -> str:
    """How a document differs from what it should be; empty when it does not."""
    is_now = path.read_text()
    name = str(path.relative_to(ROOT))
    lines = difflib.unified_diff(
        is_now.splitlines(), filled(is_now).splitlines(), f"{name} (as it is)", f"{name} (as generated)", lineterm=""
    )
    return "\n".join(lines)


def files() -> Iterator[tuple[Path, str]]:
    """The plots that are not as their figures say, and the layers' notes that are out of date; how they should be."""
    for path, make in {**performance.plots(), **{layer / "built-with.txt": built_with for layer in LAYERS}}.items():
        wanted = make()
        if not path.exists() or path.read_text() != wanted:
            yield path, wanted


def built_with() -> str:
    """What a layer is built with that lies outside its folder: SAM builds a layer anew when its own folder changes."""
    processors = sorted((ROOT / "layers" / "processors").rglob("platforms.txt"))
    paths = (ROOT / "scripts" / "build_layer.py", ROOT / "requirements" / "dev.txt", *processors)
    lines = (f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(ROOT)}\n" for path in paths)
    return "# `make docs` writes this: a change of one of these has SAM build the layer anew.\n" + "".join(lines)


def main() -> int:
    """Rewrite the documents, or check them."""
    parser = argparse.ArgumentParser(prog="python -m scripts.docs", description="Generate parts of the documents.")
    parser.add_argument("--check", action="store_true", help="change nothing; fail if anything is out of date")
    if parser.parse_args().check:
        stale = [found for path in documents() if (found := difference(path))]
        stale += [f"{path.relative_to(ROOT)} is not what it should be" for path, _ in files()]
        if stale:
            sys.stderr.write("\n\n".join(stale) + "\n\nThe documents are out of date: run `make docs`.\n")
        return 1 if stale else 0
    for path in documents():
        is_now = path.read_text()
        if (wanted := filled(is_now)) != is_now:
            path.write_text(wanted)
            sys.stdout.write(f"{path.relative_to(ROOT)} rewritten\n")
    for path, wanted in files():
        path.write_text(wanted)
        sys.stdout.write(f"{path.relative_to(ROOT)} written\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
