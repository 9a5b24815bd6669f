"""How long does a function take from a new process to its first event, what does it load, and what does it weigh?

The artefacts are those of ``sam build``. The baseline is ``benchmarks/baseline/cold_start.py`` with its packages as SAM
builds them, without byte code.
"""

import os
import shutil
from collections.abc import Mapping
from importlib.metadata import distribution
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from benchmarks.plot import bars
from benchmarks.processes import ROOT, median

if TYPE_CHECKING:
    from local.artefacts import Artefact

FLOOR_MS = 153
"""What the floor took on the quiet machine on which the budgets were written."""
BUDGETS_MS = {"message": 250, "notify_client": 220, "invoke_model": 300, "import_picture": 150}
WITHOUT_CLIENTS = {"import_picture"}
"""On that machine; the budget of import_picture is without its clients."""
ROUNDS, ROUNDS_OF_OTHERS = 9, 3
BASELINE_PACKAGES = (
    "aws-lambda-powertools", "aws-xray-sdk", "wrapt", "pydantic", "pydantic_core", "typing-inspection",
    "annotated-types", "typing_extensions", "jmespath", "pillow",
)  # fmt: skip
ABOUT = (
    "Processor time from a new process until the first event may come: the handler is imported, and everything is "
    "built that its events will need, clients included. CPython 3.13 sees what Lambda gives it: the function, its "
    "layers, and the runtime's boto3. Medians, rounds interleaved. The floor is boto3 and one table, without anything "
    "of ours, measured right after each function with a budget. The budgets were written on a quiet machine where the "
    f"floor takes {FLOOR_MS} ms; the times beside them are scaled to that, and of `import_picture` without its "
    "clients, as its budget is."
)


def measure() -> dict[str, Any]:
    """Build, measure, and return the figures."""
    from benchmarks.loading import artefacts_of, loads, seen_by, timed  # noqa: PLC0415 - heavy
    from local.artefacts import built  # noqa: PLC0415 - heavy
    from tests.contract.deployed import LAMBDAS_OWN  # noqa: PLC0415 - heavy

    with (
        TemporaryDirectory(prefix="cold-start-") as name,
        built(ROOT, ROOT / "template.yaml", Path(name) / "log") as build,
    ):
        folder = Path(name)
        artefacts = artefacts_of(build, folder / "shipped")
        cases = {("shipped", function): (one.import_path, seen_by(function)) for function, one in artefacts.items()}
        for function in (*BUDGETS_MS, "render_preview"):
            plain = _without_byte_code(artefacts[function], folder / "plain")
            cases["plain", function] = (plain.import_path, seen_by(function))
        cases["baseline", "baseline"] = ([_baseline(folder / "baseline")], seen_by("message"))
        taken: dict[tuple[str, str], list[dict[str, float]]] = {case: [] for case in cases}
        for turn in range(ROUNDS):
            for case, (path, environment) in cases.items():
                if turn < ROUNDS_OF_OTHERS or case[0] != "shipped" or case[1] in BUDGETS_MS:
                    taken[case].append(timed(case[1], path, environment))
                if case[0] == "shipped" and case[1] in BUDGETS_MS:  # beside it, under the same load
                    floor = timed("floor", [], LAMBDAS_OWN)["ms"]
                    taken[case][-1]["floor_ms"] = floor
                    counted = taken[case][-1]["ms"] - (case[1] in WITHOUT_CLIENTS) * taken[case][-1]["clients_ms"]
                    taken[case][-1]["of_floor"] = counted / floor
        loaded = loads(artefacts)
        sizes = {function: round(one.megabytes, 1) for function, one in artefacts.items()}

    def middle(kind: str, function: str, key: str = "ms") -> float:
        return median([one[key] for one in taken[kind, function]])

    return {
        "about": ABOUT,
        "floor_ms": median([one["floor_ms"] for name in BUDGETS_MS for one in taken["shipped", name]]),
        "baseline_ms": middle("baseline", "baseline"),
        "of_floor": {name: median([one["of_floor"] for one in taken["shipped", name]], 2) for name in BUDGETS_MS},
        "without_byte_code_ms": {function: middle("plain", function) for kind, function in cases if kind == "plain"},
        "functions": {
            function: {
                "ms": middle("shipped", function),
                "clients_ms": middle("shipped", function, "clients_ms"),
                "modules": len(loaded[function].modules),
                "code_kb": round(loaded[function].code_bytes / 1000),
                "unzipped_mb": sizes[function],
            }
            for function in artefacts
        },
    }


def _without_byte_code(artefact: "Artefact", folder: Path) -> "Artefact":
    """What SAM's own Python build would have made."""
    from local.artefacts import Artefact  # noqa: PLC0415 - heavy

    copy = Artefact(artefact.name, folder / artefact.name, folder / artefact.opt.name)
    for source, target in ((artefact.task, copy.task), (artefact.opt, copy.opt)):
        if not target.exists():
            shutil.copytree(source, target, copy_function=os.link, ignore=shutil.ignore_patterns("__pycache__"))
    return copy


def _baseline(folder: Path) -> Path:
    """The baseline's own artefact: its handler and the packages that it imports, those of the tests."""
    for name in BASELINE_PACKAGES:
        for file in distribution(name).files or ():
            if file.suffix != ".pyc" and ".." not in file.parts:
                target = folder / file
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(str(file.locate()), target)
    shutil.copy(ROOT / "benchmarks" / "baseline" / "cold_start.py", folder / "app.py")
    return folder


def report(figures: Mapping[str, Any]) -> str:
    """Return the figures as Markdown."""
    floor, baseline = figures["floor_ms"], figures["baseline_ms"]
    lines = [
        f"The floor: {floor:.0f} ms. The baseline: {baseline:.0f} ms, {baseline / floor:.1f} × the floor.",
        "",
        "| Function | scaled, and its budget | as measured | times the floor | of the baseline | without byte code |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    functions = figures["functions"]
    for function, plain in figures["without_byte_code_ms"].items():
        took, budget = functions[function]["ms"], BUDGETS_MS.get(function)
        scaled = _kept(figures["of_floor"][function] * FLOOR_MS, budget) if budget else "none"
        lines.append(
            f"| `{function}` | {scaled} | {took:.0f} ms | {took / floor:.1f} × | {took / baseline:.0%} | "
            f"{plain:.0f} ms, {plain / took:.1f} × |"
        )
    lines += [
        "",
        "| Every function | ms | of it clients | modules | byte code of its layers | unzipped, with its layers |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    lines += [
        f"| `{function}` | {one['ms']:.0f} | {one['clients_ms']:.0f} | {one['modules']} | {one['code_kb']:,} kB | "
        f"{one['unzipped_mb']} MB |"
        for function, one in sorted(functions.items(), key=lambda pair: pair[0])
    ]
    return "\n".join(lines)


def _kept(took: float, budget: float) -> str:
    """A scaled time beside its budget, and whether that is kept."""
    over = round(took) - budget  # as it is shown
    return f"{took:.0f} ms of {budget} ms: {'kept' if over <= 0 else f'**missed by {over} ms**'}"


def plots(figures: Mapping[str, Any]) -> dict[str, str]:
    """Return what the page shows: the functions with a budget, as shipped and without byte code."""
    shown = list(figures["without_byte_code_ms"])
    series = {
        "as shipped": [figures["functions"][function]["ms"] for function in shown],
        "without byte code": [figures["without_byte_code_ms"][function] for function in shown],
        "baseline": [figures["baseline_ms"] for _ in shown],
        "floor": [figures["floor_ms"] for _ in shown],
    }
    return {"bench-cold_start.svg": bars("From a new process to the first event", "processor ms", shown, series)}
