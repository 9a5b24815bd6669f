"""docs/cli.md shows what the command really prints, and names what it really has."""

import io
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

from rich.console import Console
from typer.main import get_command
from typer.testing import CliRunner

from scripts.facts import ROOT
from tests.unit.client.evidence import RECORDED, recorded
from vto_client import problems
from vto_client.catalogue.command import EXIT_CODES as IMPORTED
from vto_client.catalogue.source import COLUMNS
from vto_client.cli import app
from vto_client.connect import API_URL, SOCKET_URL, USAGE
from vto_client.doctor.command import MARKS
from vto_client.doctor.site import Finding
from vto_client.explain import render as explain
from vto_client.explain.story import tell
from vto_client.ops.command import NEEDS_A_PERSON
from vto_client.sign_in import PASSWORD, TOKEN, USER
from vto_client.try_on import render
from vto_client.try_on.request import FIELDS, KEY
from vto_client.try_on.run import EXIT_CODES, Outcome

DOCUMENT = ROOT / "docs" / "cli.md"
SCHEMAS = ROOT / "layers" / "vto" / "vto" / "schemas"
WIDTH = 110
EXAMPLES = [*(("try", name) for name in ("planned", "stages", "completed", "refused")), ("explain", "model_timeout")]


def printed(show: Callable[[Console], None]) -> str:
    """What is printed, without the blanks at the ends of its lines."""
    out = io.StringIO()
    show(Console(file=out, width=WIDTH, highlight=False))
    return "\n".join(line.rstrip() for line in out.getvalue().rstrip().splitlines())


def example(command: str, name: str) -> str:
    """What a command prints for something recorded."""
    if command == "explain":
        return printed(lambda console: explain.show(tell(recorded(name)), console))
    if name == "stages":
        return printed(lambda console: render.Progress(console)(outcome_of("completed")["job"]))
    outcome = outcome_of(name)
    if name == "planned":
        return printed(lambda console: render.plan(outcome["plan"], console))
    if name == "refused":
        return printed(lambda console: render.refused("Refused", outcome["error"], console))
    return printed(lambda console: render.completed(outcome["job"], console, files=list(map(Path, outcome["files"]))))


def outcome_of(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((RECORDED / "try" / f"{name}.json").read_text())
    return document


def test_the_examples_are_what_the_commands_print() -> None:
    found = re.findall(r"<!-- example: (\w+) (\w+);[^\n]*-->\n\n```text\n(.*?)\n?```", DOCUMENT.read_text(), re.DOTALL)
    assert [(command, name) for command, name, _ in found] == EXAMPLES
    for command, name, text in found:
        assert text == example(command, name), "put what is expected here into docs/cli.md"


def commands(group: Any = None, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """All commands by their names: ``try``, ``ops status``, …"""
    for name, command in (group or get_command(app)).commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, f"{prefix}{name} ")
        else:
            yield f"{prefix}{name}", command


def test_every_order_is_documented_with_its_purpose_and_exit_codes() -> None:
    section = documented_text("## vto ops")
    orders = [name.removeprefix("ops ") for name, _ in commands() if name.startswith("ops ")]
    assert len(orders) == 10
    for name in orders:
        assert re.search(rf"^\| `vto ops {name}[^`|]*` \|", section, re.MULTILINE), name
    for code in (0, NEEDS_A_PERSON, USAGE):
        assert re.search(rf"^\| {code} \|", section, re.MULTILINE), code


def test_all_options_are_documented() -> None:
    for path, command in commands():
        name = path.partition(" ")[0]
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


def documented_text(heading: str) -> str:
    """A section, from its heading to the next of its rank or above."""
    rank = heading.partition(" ")[0]
    section = DOCUMENT.read_text().partition(f"\n{heading}\n")[2]
    return re.split(rf"\n#{{1,{len(rank)}}} ", section)[0]


def documented(heading: str) -> set[str]:
    """The names in a section."""
    return set(re.findall(r"`(\w+)`", documented_text(heading)))


def test_all_fields_of_the_json_are_documented() -> None:
    told = names_in(tell(recorded("model_timeout")).as_json()) | names_in(tell(recorded("failover")).as_json())
    assert told <= documented("### As JSON")
    assert {one.name for one in fields(problems.Gap)} <= documented("### As JSON")
    assert set(Outcome("planned", "key").as_json()) <= documented("### Exit codes")
    assert set(outcome_of("completed")) == set(Outcome("planned", "key").as_json())


def test_all_exit_codes_and_variables_are_documented() -> None:
    text = DOCUMENT.read_text().partition("### Exit codes")[2]
    for outcome, code in EXIT_CODES.items():
        assert re.search(rf"^\| {code} \| [^|]*`{outcome}`", text, re.MULTILINE), outcome
    assert f"| {USAGE} | |" in text
    assert {TOKEN, USER, PASSWORD, API_URL, SOCKET_URL} <= documented("### Signing in")


def test_options_are_the_fields_of_the_parameters() -> None:
    fields_of = set(leaves(schema("parameters")))
    of_mask_shape = {"garmentBasedMask.maskShape", "promptBasedMask.maskShape"}
    assert set(FIELDS.values()) == fields_of - of_mask_shape, "--mask-shape is either"
    assert schema("try_on")["properties"]["request_id"]["pattern"] == "^[A-Za-z0-9_.:-]+$"
    assert KEY.pattern == "[A-Za-z0-9_.:-]{1,64}"


def schema(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((SCHEMAS / f"{name}.schema.json").read_text())
    return document


def leaves(schema: dict[str, Any], path: str = "") -> Iterator[str]:
    """The fields of a schema that may be sent, by their paths."""
    for name, field in schema["properties"].items():
        if "properties" in field:
            yield from leaves(field, f"{path}{name}.")
        elif "not" not in field:
            yield f"{path}{name}"


def test_all_permissions_are_documented() -> None:
    named = set(re.findall(r"^\| `([\w-]+:\w+)` \|", DOCUMENT.read_text(), re.MULTILINE))
    action = problems.ACTION_OF
    asked = {f"{service}:{action.get(operation, operation)}" for operation, service in problems.SERVICE_OF.items()}
    assert named == asked - {"sts:GetCallerIdentity"}, "which needs no permission"


def test_the_outcomes_of_an_import_and_the_columns_of_a_table_are_documented() -> None:
    section = documented_text("### Importing")
    for outcome, code in IMPORTED.items():
        assert re.search(rf"^\| {code} \| `{outcome}` \|", section, re.MULTILINE), outcome
    for column in COLUMNS:
        assert re.search(rf"^\| `{column}` \|", section, re.MULTILINE), column
    assert {"v", *json.loads(dry_run())} <= documented("### Importing")
    assert {one.name for one in fields(Finding)} | {"v", "stack", "region", *MARKS} <= documented("## vto doctor")


def dry_run() -> str:
    """What an import that only looks prints for scripts; a real one has the same fields."""
    command = ["catalogue", "import", str(ROOT / "docs" / "images"), "--dry-run", "--json"]
    return CliRunner().invoke(app, command).stdout
