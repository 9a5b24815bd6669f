"""The documents say what is true: generated parts are current, links lead somewhere, commands and examples work."""

import json
import re
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from scripts import docs, facts
from tests.unit.vto.world import World
from vto import schemas
from vto.domain import webhooks
from vto.domain.contract import cross_field_violations
from vto.domain.engines import PROFILES
from vto.domain.job import Job, Stage
from vto.domain.parameters import GARMENT_CLASSES, canonical, for_garment_class
from vto.errors import all_errors

ROOT = facts.ROOT
DOCUMENTS = [*docs.documents(), *(ROOT / name for name in ("CONTRIBUTING.md", "CHANGELOG.md", "events/README.md"))]
NAMES = [str(path.relative_to(ROOT)) for path in DOCUMENTS]
# what a run makes, what a reader writes for themselves, and what stands for a file in each of many folders
NOT_IN_THE_REPOSITORY = {
    "out",
    ".venv",
    ".venv-sam",
    ".venv-lambda",
    "amazon",
    ".aws-sam",
    "photo.jpg",
    "shirt.jpg",
    "result.json",
    "accepted.json",
}
NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)

each_document = pytest.mark.parametrize("document", DOCUMENTS, ids=NAMES)


def blocks(document: Path) -> Iterator[tuple[str, str]]:
    """Fenced code blocks: what follows the fence, and the text."""
    for info, text in re.findall(r"^```([^\n]*)\n(.*?)^```$", document.read_text(), re.MULTILINE | re.DOTALL):
        yield info.strip(), text


def shell(document: Path) -> str:
    """Everything that a reader might paste into a shell."""
    in_text = re.findall(r"`((?:make|sam|aws|bash) [^`]+)`", document.read_text())
    return "\n".join([*(text for info, text in blocks(document) if info in ("bash", "sh")), *in_text])


def anchors(document: Path) -> set[str]:
    return {docs.slug(title) for title in re.findall(r"^#+ (.+)$", document.read_text(), re.MULTILINE)}


# --- generated parts --------------------------------------------------------------------------------------------------


@each_document
def test_generated_parts_are_current(document: Path) -> None:
    assert docs.difference(document) == "", "run `make docs`"


def test_every_generator_is_used_and_every_table_has_rows() -> None:
    used = {name for document in DOCUMENTS for _, name, _, _ in docs.REGION.findall(document.read_text())}
    assert used == {*docs.GENERATORS, *docs.ENTRIES}
    for name, generate in docs.GENERATORS.items():
        assert len(generate().splitlines()) > 5, name


def test_a_stale_region_is_shown_as_a_difference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docs, "ROOT", tmp_path)
    document = tmp_path / "README.md"
    document.write_text("before\n<!-- generated: make-targets -->\nold\n<!-- end -->\nafter\n")
    found = docs.difference(document)
    assert "-old" in found
    assert "+| `make demo` |" in found
    document.write_text(docs.filled(document.read_text()))
    assert docs.difference(document) == ""
    assert document.read_text().startswith("before\n")
    assert document.read_text().endswith("<!-- end -->\nafter\n")


def test_a_region_that_nobody_generates_is_an_error() -> None:
    with pytest.raises(docs.UnknownRegionError, match="no-such-thing"):
        docs.filled("<!-- generated: no-such-thing -->\n<!-- end -->")


def test_the_diagram_of_the_machine_shows_every_state_and_every_way() -> None:
    drawn = docs.GENERATORS["state-machine"]()
    ways = set(re.findall(r"(\w+) (?:==>|-->|-\.->|-- \".*?\" -->)(?:\|\".*?\"\|)? (\w+)$", drawn, re.MULTILINE))
    ((box, content),) = re.findall(r"subgraph (\w+).*?\n(.*?)\n    end", drawn, re.DOTALL)
    boxed = re.findall(r"^ +(\w+)\W", content, re.MULTILINE)
    ids = {name: "".join(filter(str.isalnum, name)) for name in facts.states()}
    expected = set()
    for name, state in facts.states().items():
        assert re.search(rf'{ids[name]}\W+"{re.escape(name)}(<br/>\d+ s)?"', drawn)
        following = {state.get("Next"), state.get("Default")} | {one["Next"] for one in state.get("Choices", [])}
        following |= {one["Next"] for one in state.get("Catch", [])}
        expected |= {(ids[name], ids[one]) for one in following if one}
    # a way that leaves the box is the way of every step in it that can fail
    steps = [ids[name] for name, state in facts.states().items() if ids[name] in boxed and "Catch" in state]
    from_box = {(step, target) for source, target in ways if source == box for step in steps}
    assert {way for way in ways if way[0] != box} | from_box == expected


def test_the_diagram_of_the_stack_shows_the_hops_that_the_guarantees_rest_on() -> None:
    drawn = docs.GENERATORS["architecture"]()
    for hop in (
        'JobsTable -->|"INSERT"| StartTryOnFunction',
        'JobsTable -->|"MODIFY"| PublishJobFunction',
        'ResultsBucket -->|"results/…result.json"| ResultsQueue',
        "ResultsQueue --> DeliverResultFunction",
        "StartTryOnFunction -.-> TryOnStateMachine",
        "MessageFunction -.-> TryOnStateMachine",
        "SweepJobsFunction -.-> TryOnStateMachine",
        "PublishJobFunction -.-> SocketApi",
    ):
        assert hop in drawn


# --- links, files, commands -------------------------------------------------------------------------------------------


@each_document
def test_every_link_into_the_repository_leads_to_a_file_and_a_heading(document: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", document.read_text()):
        if target.startswith(("https://", "http://")):
            continue
        path, _, heading = target.partition("#")
        file = (document.parent / path).resolve() if path else document
        assert file.exists(), target
        if heading:
            assert heading in anchors(file), target


@each_document
def test_every_path_that_is_mentioned_exists(document: Path) -> None:
    text = re.sub(r"```.*?```", "", document.read_text(), flags=re.DOTALL)
    mentioned = re.findall(r"`((?:[\w.-]+/)+[\w.-]*|[\w-]+\.(?:md|py|toml|yaml|json|txt|sh))`", text)
    mentioned += re.findall(r"(?:EVENT=|-e |-n |python )([\w./-]+/[\w./-]+)", shell(document))
    places = [ROOT, ROOT / "layers" / "vto" / "vto", ROOT / "local", ROOT / "canvas", document.parent]
    for path in mentioned:
        first = path.split("/")[0]
        if first in NOT_IN_THE_REPOSITORY or _is_a_key_in_s3(path):
            continue
        assert any((place / path).exists() for place in places), path


def _is_a_key_in_s3(path: str) -> bool:
    places = {"products", "models", "masks", "prepared", "generated", "results", "derived"}
    return path.split("/", maxsplit=1)[0] in places


@each_document
def test_every_make_target_that_is_mentioned_exists(document: Path) -> None:
    known = {target.name for target in facts.make_targets()}
    for line in shell(document).splitlines():
        if command := re.match(r"make ([a-z0-9-]+)", line.strip()):
            assert command[1] in known, line


@each_document
def test_commands_are_correct_shell(document: Path) -> None:
    script = "\n".join(text for info, text in blocks(document) if info in ("bash", "sh"))
    checked = subprocess.run(["bash", "-n"], input=script, text=True, capture_output=True, check=False)
    assert checked.returncode == 0, checked.stderr


@each_document
def test_functions_and_events_of_sample_commands_belong_together(document: Path) -> None:
    commands = re.findall(r"(?:FUNCTION=|sam local invoke )(\w+) .*?events/(\w+)/", shell(document))
    for function, event_folder in commands:
        folder = facts.folder(function) if function.endswith("Function") else function
        assert folder == event_folder
        assert (ROOT / "functions" / folder / "app.py").exists()


@each_document
def test_the_garment_classes_of_sample_commands_exist(document: Path) -> None:
    for name in re.findall(r"CLASS=(\w+)", document.read_text()):
        assert name in GARMENT_CLASSES


@each_document
def test_documents_say_nothing_of_the_machine_they_were_written_on(document: Path) -> None:
    assert not re.search(r"(?<![\w.])/(work|home|root|Users)/|localhost:\d{5}", document.read_text())


# --- examples ---------------------------------------------------------------------------------------------------------


def job_snapshot() -> dict[str, Any]:
    """A snapshot as the code makes it, of a job that the preview is working on."""
    job = Job.create(
        job_id="id", user_id="user", request_id="request", request_fingerprint="", product_id="product",
        product_picture_s3_url="s3://b/k", model_id="model", model_picture_s3_url="s3://b/k",
        parameters=canonical(for_garment_class("UPPER_BODY")), connection_id=None, now=NOW, retention_days=30,
    ).claimed("arn", NOW)  # fmt: skip
    for stage in (Stage.QUEUED, Stage.GENERATING):
        job = job.enter(stage, execution_arn="arn", now=NOW, lease_seconds=60, eta_seconds=9)
    return replace(job, adaptations=tuple(one.public() for one in PROFILES["preview"].always)).public()


def plan() -> dict[str, Any]:
    """A plan as the code makes it, with the engine of the example."""
    world = World()
    world.engine_order = ["nova_canvas"]
    return world.plan_try_on({"product_id": "blue-shirt", "model_id": "stock-anna", "dry_run": True}, "alice")


def shape(value: Any) -> Any:
    """Names and types of a document, whatever its values."""
    if isinstance(value, dict):
        return {name: shape(one) for name, one in value.items()}
    if isinstance(value, list):
        return [shape(one) for one in value[:1]]
    return type(value).__name__


EXAMPLES = [
    pytest.param(info.split()[1], json.loads(text), id=f"{document.relative_to(ROOT)}:{info.split()[1]}")
    for document in DOCUMENTS
    for info, text in blocks(document)
    if info.startswith("json ")
]


@pytest.mark.parametrize(("name", "example"), EXAMPLES)
def test_examples_of_json_are_what_the_code_takes_or_sends(name: str, example: dict[str, Any]) -> None:
    if name == "job":
        assert set(example) == {"type", "job"}
        assert shape(example["job"]) == shape(job_snapshot())
        assert example["job"]["seq"] == len(example["job"]["stages"])
        assert example["job"]["adaptations"] == job_snapshot()["adaptations"]
    elif name == "plan":
        assert shape(example) == shape({"type": "plan", "request_id": "r", "plan": plan()})
    elif name == "error":
        expected = all_errors()["InvalidRequestError"]
        assert example == expected().public() | {"details": example["details"]}
        assert shape(example["details"]) == [{"path": "str", "problem": "str", "remedy": "str"}]
    elif name == "webhook":
        world = World()
        world.completed_job()
        assert shape(example) == shape(json.loads(webhooks.message(world.jobs.rows["job-1"])))
    else:
        assert schemas.violations(name, example) == []
        assert list(cross_field_violations(example["parameters"])) == [] if "parameters" in example else True


def test_there_are_examples_of_a_request_a_snapshot_and_an_error() -> None:
    assert {example.values[0] for example in EXAMPLES} >= {"try_on", "watch_job", "upload", "job", "error", "plan"}
    assert not [text for info, text in blocks(ROOT / "README.md") if info == "json"], "say what it is an example of"
