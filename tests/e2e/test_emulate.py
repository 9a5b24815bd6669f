"""`make emulate`: what was built is what runs, with nothing beside it, and nothing is written into it."""

import re
from pathlib import Path

import pytest

from local.artefacts import Build
from local.emulate import Emulation, emulate, report
from local.outcomes import EVENTS
from tests.e2e.conftest import World


def test_every_built_function_does_with_every_sample_event_what_is_expected(world: World, tmp_path: Path) -> None:
    rows = emulate(world.endpoints, world.login("ada").access_token, work=tmp_path)

    assert {f"{row.function}/{row.event}" for row in rows} == {
        f"{path.parent.name}/{path.stem}" for path in EVENTS.glob("*/*.json")
    }
    assert [row for row in rows if row.problem] == [], "\n" + report(rows)


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("def handler(event, context):\n    return {'statusCode': 200}\n", None),
        ("def handler(event, context):\n    return {'statusCode': 500}\n", "the answer does not contain"),
        ("import jsonschema\n", "Runtime.ImportModuleError instead of an answer: .*No module named 'jsonschema'"),
        ("def handler(event, context):\n    raise KeyError('x')\n", "KeyError instead of an answer"),
        (
            "import pathlib\n\ndef handler(event, context):\n"
            "    pathlib.Path(__file__).with_name('notes.txt').write_text('x')\n    return {'statusCode': 200}\n",
            r"wrote into its artefact, which is read-only on Lambda: task/notes.txt|PermissionError",
        ),
        ("import os\n\ndef handler(event, context):\n    os._exit(1)\n", "Runtime.ExitError instead of an answer"),
    ],
    ids=["good", "another answer", "a missing dependency", "an error", "a written file", "an exit"],
)
def test_a_function_that_would_not_do_on_lambda_is_reported(
    world: World, tmp_path: Path, code: str, problem: str | None
) -> None:
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "app.py").write_text(code)
    (tmp_path / "template.yaml").write_text(
        "Resources:\n  ConnectFunction: {Type: 'AWS::Serverless::Function', Properties: {CodeUri: code}}\n"
    )

    with Emulation(world.endpoints, Build(tmp_path), tmp_path / "work", "socket") as emulation:
        rows = emulation.run("ConnectFunction", [EVENTS / "connect" / "accepted.json"])

    problems = [row.problem for row in rows if row.problem]
    if problem is None:
        assert problems == []
    else:
        [told] = problems
        assert re.search(problem, told), told
