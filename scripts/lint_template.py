"""Our rules and Checkov's on the template: ``python -m scripts.lint_template [FILE]``; each finding is one line."""

import argparse
import sys
from pathlib import Path

import yaml

from asl.lint.framework import TOP, Finding
from scripts import facts, template
from scripts.findings import tell
from scripts.template import checkov
from scripts.template.reading import read_template

TEMPLATE = facts.ROOT / "template.yaml"


def check(path: Path) -> tuple[list[Finding], str]:
    """All findings in a file, and what was checked in one line; Checkov is asked when our own rules find nothing.

    Raises:
        CheckovError: Checkov is not there, or did not run to its end.
    """
    try:
        parsed = read_template(path)
    except yaml.YAMLError as problem:
        return [Finding(TOP, "yaml", " ".join(str(problem).split()), "write one YAML document")], ""
    if not isinstance(parsed, dict) or not isinstance(parsed.get("Resources"), dict):
        return [Finding(TOP, "yaml", "has no Resources", "write a SAM template")], ""
    if found := template.findings(parsed):
        return found, ""
    failed, passed = checkov.check(parsed)
    exempt = checkov.exceptions()
    says = f"{len(parsed['Resources'])} resources keep {len(template.RULES)} rules; "
    says += f"Checkov passes {passed} checks and finds nothing beyond {len(exempt)} written exceptions"
    return checkov.findings(failed, exempt), says


def main(arguments: list[str] | None = None) -> int:
    """Print each finding in one line."""
    parser = argparse.ArgumentParser(prog="python -m scripts.lint_template", description="Lint the template.")
    parser.add_argument("file", nargs="?", type=Path, default=TEMPLATE)
    options = parser.parse_args(arguments)
    try:
        return tell(options.file, *check(options.file))
    except checkov.CheckovError as problem:
        return tell(
            options.file, [Finding(TOP, "checkov", str(problem), "make lint installs it into .venv-checkov")], ""
        )


if __name__ == "__main__":
    sys.exit(main())
