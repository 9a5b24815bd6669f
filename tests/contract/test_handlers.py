"""What holds for every handler: importing it does nothing, it is short, and its environment is what it reads."""

import ast
import gc
import importlib.util
import json
import re
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import pytest

from tests.contract.deployed import FUNCTIONS, ROOT, WITH_A_WEBHOOK, environment, template, use_environment
from vto import bootstrap
from vto.bootstrap import Settings
from vto.domain.engines import PROFILES

OURS = [str(ROOT / folder) for folder in ("functions", "layers/vto/vto", "canvas/canvas")]
MAX_LINES = 60
READ_BY_LIBRARIES = {"OPENBLAS_NUM_THREADS"}

# Runs in a process of its own, without any environment. Answers what happened at the import of each function.
IMPORTER = """
import importlib.util, json, os, sys
root, functions, ours = json.loads(sys.argv[1])
sys.path[:0] = [root + "/layers/vto", root + "/canvas"]
assert not [name for name in os.environ if name != "LC_CTYPE"], dict(os.environ)  # Python itself may set that one
import boto3, boto3.session
happened = []

def forbidden(*names, **_):
    happened.append(f"made a client of {[one for one in names if isinstance(one, str)]}")
    raise AssertionError(happened[-1])

for owner in (boto3, boto3.session.Session):
    owner.client = owner.resource = forbidden
read = type(os.environ).__getitem__

def noticed(environ, name):
    frame = sys._getframe(1)
    while frame.f_code.co_filename.startswith("<frozen") or frame.f_code.co_filename == os.__file__:
        frame = frame.f_back
    # whether Lambda initialises us, the one thing that `bootstrap.prepare` asks
    if name != "AWS_LAMBDA_INITIALIZATION_TYPE" and any(frame.f_code.co_filename.startswith(folder) for folder in ours):
        happened.append(f"read {name}")
    return read(environ, name)

type(os.environ).__getitem__ = noticed
report = {}
for function in functions:
    happened.clear()
    spec = importlib.util.spec_from_file_location("app_of_" + function, f"{root}/functions/{function}/app.py")
    app = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(app)
    except Exception as error:
        happened.append(repr(error))
    report[function] = [callable(getattr(app, "handler", None)), list(happened)]
print(json.dumps(report))
"""


def imported(root: str, functions: list[str], ours: list[str]) -> dict[str, Any]:
    run = subprocess.run(
        [sys.executable, "-c", IMPORTER, json.dumps([root, functions, ours])],
        env={},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def imports() -> dict[str, Any]:
    return imported(str(ROOT), FUNCTIONS, OURS)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_importing_a_handler_reads_no_environment_and_makes_no_client(imports: dict[str, Any], function: str) -> None:
    has_handler, happened = imports[function]

    assert has_handler
    assert happened == []


def test_the_check_above_notices_clients_and_reads(tmp_path: Any) -> None:
    for name, line in {
        "asks": 'os.environ.get("LOG_LEVEL", "INFO")',
        "gets": 'os.getenv("LOG_LEVEL")',
        "calls": 'boto3.client("s3")',
    }.items():
        (tmp_path / "functions" / name).mkdir(parents=True)
        (tmp_path / "functions" / name / "app.py").write_text(f"import os\nimport boto3\n{line}\n")

    report = imported(str(tmp_path), ["asks", "gets", "calls"], [str(tmp_path / "functions")])

    assert report["asks"][1] == report["gets"][1] == ["read LOG_LEVEL"]
    assert report["calls"][1][0] == "made a client of ['s3']"


@pytest.mark.parametrize("function", [name for name in FUNCTIONS if name != "render_preview"])
def test_a_handler_has_built_ahead_what_it_asks_for_by_itself(monkeypatch: pytest.MonkeyPatch, function: str) -> None:
    prepared: list[str] = []
    monkeypatch.setattr(bootstrap, "prepare", lambda *builders: prepared.extend(one.__name__ for one in builders))
    spec = importlib.util.spec_from_file_location("app", ROOT / f"functions/{function}/app.py")
    assert spec is not None
    assert spec.loader is not None
    spec.loader.exec_module(importlib.util.module_from_spec(spec))

    text = (ROOT / f"functions/{function}/app.py").read_text()
    assert prepared
    assert set(re.findall(r"bootstrap\.(\w+)\(\)", text)) - {"settings", "lets_guests_in"} <= set(prepared)


def test_building_ahead_is_for_lambdas_initialisation_and_leaves_what_fails_to_the_first_event(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    built: list[str] = []

    def broken() -> None:
        raise bootstrap.SettingsError("the environment variable JOBS_TABLE is missing")

    monkeypatch.delenv("AWS_LAMBDA_INITIALIZATION_TYPE", raising=False)
    bootstrap.prepare(lambda: built.append("outside"), broken)
    monkeypatch.setenv("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand")
    bootstrap.prepare(lambda: built.append("inside"), broken)

    assert built == ["inside"]


def test_nothing_looks_for_garbage_while_a_function_is_built_and_later_only_in_what_is_new(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    collects: list[bool] = []

    def broken() -> None:
        collects.append(gc.isenabled())
        raise bootstrap.SettingsError("the environment variable JOBS_TABLE is missing")

    monkeypatch.setenv("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand")
    bootstrap.prepare(lambda: collects.append(gc.isenabled()), broken)
    frozen = gc.get_freeze_count()
    gc.unfreeze()  # other tests' garbage, too

    assert collects == [False, False]
    assert gc.isenabled()
    assert frozen


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_handler_is_short(function: str) -> None:
    """Lines of code: docstrings, comments and blank lines aside."""
    text = (ROOT / f"functions/{function}/app.py").read_text()
    told = set[int]()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node) is not None:
            told |= set(range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1))
    code = [
        line
        for number, line in enumerate(text.splitlines(), start=1)
        if number not in told and line.strip() and not line.strip().startswith("#")
    ]

    assert len(code) <= MAX_LINES


def routes_of(function: str) -> str:
    """The text of all modules of routes that a handler takes in."""
    text = (ROOT / f"functions/{function}/app.py").read_text()
    taken = re.search(r"from vto\.routes import (.+)", text)
    names = taken[1].split(", ") if taken else []
    return "".join((ROOT / f"layers/vto/vto/routes/{name}.py").read_text() for name in names)


class Noticing(dict[str, str]):
    """An environment that remembers what was read of it."""

    def __init__(self, values: Mapping[str, str]) -> None:
        super().__init__(values)
        self.noticed = set[str]()

    def get(self, name: str, default: Any = None) -> Any:
        self.noticed.add(name)
        return super().get(name, default)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_environment_of_a_function_is_exactly_what_it_reads(monkeypatch: pytest.MonkeyPatch, function: str) -> None:
    shared = template()["Globals"]["Function"]["Environment"]["Variables"].keys()
    given = environment(function, **WITH_A_WEBHOOK)
    values = Noticing({name: value for name, value in given.items() if name not in {*shared, *READ_BY_LIBRARIES}})
    use_environment(monkeypatch, {})
    monkeypatch.setattr(bootstrap, "settings", lambda: Settings(values))
    text = (ROOT / f"functions/{function}/app.py").read_text() + routes_of(function)

    # whatever a handler asks bootstrap for, it builds; settings that it reads itself stand in its text
    for name in set(re.findall(r"bootstrap\.(\w+)\(\)", text)) - {"settings"}:
        getattr(bootstrap, name)()
    for name in re.findall(r"bootstrap\.settings\(\)\W*(?:\.\w+\()?\W*\"(\w+)\"", text):
        assert bootstrap.settings()[name]
    if function == "invoke_model":  # builds its engine when a job comes for it
        for name in PROFILES:
            bootstrap.engine(name)
    bootstrap.reset()

    assert values.noticed == values.keys()
