"""docs/cli.md shows what the command really prints, and names what it really has."""

import io
import re
from dataclasses import fields
from typing import Any

from rich.console import Console
from typer.main import get_command

from scripts.facts import ROOT
from tests.unit.client.evidence import recorded
from vto_client import problems
from vto_client.cli import app
from vto_client.explain.render import show
from vto_client.explain.story import tell

DOCUMENT = ROOT / "docs" / "cli.md"
WIDTH = 110


def example(name: str) -> str:
    """What `vto explain` prints for a recorded job, without the blanks at the ends of its lines."""
    out = io.StringIO()
    show(tell(recorded(name)), Console(file=out, width=WIDTH, highlight=False))
    return "\n".join(line.rstrip() for line in out.getvalue().rstrip().splitlines())


def test_the_example_is_what_the_command_prints() -> None:
    text = DOCUMENT.read_text()
    found = re.search(r"<!-- example: (\w+);[^\n]*-->\n\n```text\n(.*?)\n?```", text, re.DOTALL)
    assert found is not None
    assert found[2] == example(found[1]), "put what is expected here into docs/cli.md"


def test_all_options_are_documented() -> None:
    for name, command in get_command(app).commands.items():  # type: ignore[attr-defined]
        _, _, section = DOCUMENT.read_text().partition(f"\n## vto {name}\n")
        section = section.partition("\n## ")[0]
        assert section, f"docs/cli.md has no section on vto {name}"
        for parameter in command.params:
            names = {*parameter.opts, *parameter.secondary_opts} - {"--help"}
            if parameter.param_type_name == "option" and names:
                assert any(f"`{name}" in section for name in names), names


def names_in(document: Any) -> set[str]:
    """All names of a JSON document."""
    if isinstance(document, dict):
        return set(document) | {name for value in document.values() for name in names_in(value)}
    return {name for one in document for name in names_in(one)} if isinstance(document, list) else set()


def test_all_fields_of_the_json_are_documented() -> None:
    table = DOCUMENT.read_text().split("### As JSON")[1]
    documented = set(re.findall(r"`(\w+)`", table))
    assert names_in(tell(recorded("model_timeout")).as_json()) <= documented
    assert {one.name for one in fields(problems.Gap)} <= documented


def test_all_permissions_are_documented() -> None:
    documented = set(re.findall(r"^\| `(\w+:\w+)` \|", DOCUMENT.read_text(), re.MULTILINE))
    asked = {f"{service}:{operation}" for operation, service in problems.SERVICE_OF.items()}
    assert documented == asked - {"sts:GetCallerIdentity"}, "which needs no permission"
