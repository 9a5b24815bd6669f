"""What a new container loads: budgets for the artefacts that were deployed, in modules and bytes, never in time."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.loading import Load, artefacts_of, loads
from local.artefacts import Artefact, last_built, remove
from tests.contract.deployed import FUNCTIONS
from tests.e2e.conftest import ROOT, World

PIXELS = {"import_picture", "validate_request", "store_result"}
NEVER = {"pydantic", "pydantic_core", "aws_xray_sdk", "jsonschema"}
"""Costly to import, and of no use here, or not before a request is wrong: see docs/decisions/0012 and 0034."""
MODULES, CODE_KB = 505, 890
BUDGETS = {
    # frames are checked; queue, price and socket of a try-on
    "message": (530, 1140),
    # routes and checks
    "api": (645, 1840),
    "serve_guests": (620, 1650),
    "manage_products": (615, 1610),
    # pictures
    **dict.fromkeys(PIXELS, (520, 1300)),
    "import_picture": (512, 1190),
    # draws, with numpy and OpenCV
    "render_preview": (680, 3700),
}
"""Modules, those of Python and boto3 included, and kB of byte code from the layers; the others have the two above."""


@pytest.fixture(scope="module")
def artefacts(_world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Artefact]]:
    """What was built for the stack that runs, as Lambda lays it out."""
    folder = tmp_path_factory.mktemp("cold-start")
    with last_built(ROOT, ROOT / "template.yaml") as build:
        made = artefacts_of(build, folder)
    yield made
    remove(folder)


@pytest.fixture(scope="module")
def loaded(artefacts: dict[str, Artefact]) -> dict[str, Load]:
    return loads(artefacts)


def test_every_function_is_within_its_budget_of_modules_and_of_byte_code(loaded: dict[str, Load]) -> None:
    assert sorted(loaded) == FUNCTIONS
    came_to = {name: (len(load.modules), load.code_bytes / 1000) for name, load in loaded.items()}
    over = {
        name: f"{modules} modules and {kilobytes:.0f} kB; its budget is {BUDGETS.get(name, (MODULES, CODE_KB))}"
        for name, (modules, kilobytes) in came_to.items()
        if modules > BUDGETS.get(name, (MODULES, CODE_KB))[0] or kilobytes > BUDGETS.get(name, (MODULES, CODE_KB))[1]
    }
    assert over == {}


def test_no_function_imports_what_costs_much_and_gives_nothing(loaded: dict[str, Load]) -> None:
    assert {name: NEVER & set(load.modules) for name, load in loaded.items() if NEVER & set(load.modules)} == {}


def test_every_module_of_a_layer_carries_byte_code_that_is_used(
    artefacts: dict[str, Artefact], loaded: dict[str, Load]
) -> None:
    assert {name: load.uncompiled for name, load in loaded.items() if load.uncompiled} == {}
    for opt in {one.opt for one in artefacts.values()}:
        sources = set(opt.rglob("*.py"))
        bare = [str(path.relative_to(opt)) for path in sources if not _compiled(path)]
        assert sources
        assert bare == []


def _compiled(source: Path) -> bool:
    """Whether a source has byte code that is not checked against it (PEP 552)."""
    code = source.parent / "__pycache__" / f"{source.stem}.cpython-313.pyc"
    return code.exists() and code.read_bytes()[4:8] == b"\x01\0\0\0"


def test_every_function_is_small_enough(artefacts: dict[str, Artefact]) -> None:
    allowed = {"render_preview": 230.0, **dict.fromkeys(PIXELS, 60.0)}
    weigh = {name: one.megabytes for name, one in artefacts.items()}
    assert {name: size for name, size in weigh.items() if size > allowed.get(name, 30.0)} == {}
    carry_pillow = {name for name, one in artefacts.items() if (one.opt / "python" / "PIL").exists()}
    assert carry_pillow == PIXELS | {"render_preview"}
