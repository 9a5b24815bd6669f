"""How long every shipped function takes from a new process to its first event, what it loads, and what it weighs.

``python -m benchmarks.cold_start`` builds (``sam build``) and prints a table. Each figure is the median over new
processes of CPython 3.13 that see what Lambda gives them: the function, its layers, and the runtime's boto3. Measured
is processor time until the handler is imported and everything is built that its events will need, clients included;
nothing is called. The cases of one round follow each other, so that a busy machine is busy for all of them.

The baseline is ``benchmarks/baseline/cold_start.py`` as SAM builds it, without byte code.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from local.artefacts import Artefact, Build, built, folder_of
from local.rie import find_interpreter
from tests.contract.deployed import LAMBDAS_OWN, WITH_A_WEBHOOK, environment

ROOT = Path(__file__).parents[1]
FIGURES = ROOT / "docs" / "figures" / "cold-start.json"
ROUNDS = 5
AIMS = {"message": 250, "notify_client": 220, "invoke_model": 300, "import_picture": 150}
"""Milliseconds of one core of the machine on which the budgets were written; of import_picture without its clients."""
BASELINE_PACKAGES = (
    "aws-lambda-powertools", "aws-xray-sdk", "wrapt", "pydantic", "pydantic_core", "typing-inspection",
    "annotated-types", "typing_extensions", "jmespath", "pillow",
)  # fmt: skip

# What both scripts below begin with: building is not put off, and what cannot be built is an error.
_LOAD = """
def load():
    if "app_is_ours" in given:
        try:
            from vto import bootstrap
        except ImportError:
            bootstrap = None
        if bootstrap:
            bootstrap.prepare = lambda *builders: [build() for build in builders]
    import app
    getattr(app, "_s3", lambda: None)()  # render_preview builds nothing else
    return app
"""

# One process for one measurement.
_TIMED = (
    """
import json, resource, sys
given = json.loads(sys.argv[1])
sys.path[:0] = given["path"]
def spent():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return (used.ru_utime + used.ru_stime) * 1000
in_clients = 0
import boto3
def timed(make):
    def made(*names, **options):
        global in_clients
        begun = spent()
        try:
            return make(*names, **options)
        finally:
            in_clients += spent() - begun
    return made
boto3.client, boto3.resource = timed(boto3.client), timed(boto3.resource)
"""
    + _LOAD
    + """
if given["app"]:
    load()
else:
    boto3.resource("dynamodb")
print(json.dumps({"ms": spent(), "clients_ms": in_clients}))
"""
)

# One process that forks one for each function; boto3, which all of them import, is imported once.
_COUNTED = (
    """
import json, os, sys
import boto3
for given in json.load(sys.stdin):
    child = os.fork()
    if child == 0:
        try:
            os.environ.update(given["environment"])
            sys.path[:0] = given["path"]
            """
    + _LOAD.replace("\n", "\n            ")
    + """
            load()
            found = {name: getattr(one, "__spec__", None) for name, one in list(sys.modules.items())}
            layers = {name: spec for name, spec in found.items() if (spec and spec.origin or "").startswith(given["opt"])}
            cached = {name: spec.cached for name, spec in layers.items() if spec.origin.endswith(".py")}
            print(json.dumps({
                "function": given["function"],
                "modules": len(found),
                "code_bytes": sum(os.path.getsize(path) for path in cached.values() if os.path.exists(path)),
                "uncompiled": sorted(name for name, path in cached.items() if not os.path.exists(path)),
                "packages": sorted({name.partition(".")[0] for name in found}),
            }), flush=True)
        except BaseException:
            import traceback
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    if os.waitpid(child, 0)[1]:
        sys.exit(given["function"])
"""
)


@dataclass(frozen=True)
class Load:
    """What a function has loaded when its first event comes.

    Args:
        modules: How many modules, those of Python and of boto3 included.
        code_bytes: Byte code of its layers.
        uncompiled: Modules of its layers that carry no byte code.
        packages: The top-level names of all modules.
    """

    modules: int
    code_bytes: int
    uncompiled: list[str]
    packages: list[str]


def _seen_by(function: str) -> dict[str, str]:
    return {**environment(function, **WITH_A_WEBHOOK), **LAMBDAS_OWN}


def _paths(artefact: Artefact) -> list[str]:
    return [str(path) for path in artefact.import_path]


def loads(artefacts: Mapping[str, Artefact]) -> dict[str, Load]:
    """Return what functions load.

    Args:
        artefacts: By the functions' folders.
    """
    given = [
        {
            "function": function,
            "path": _paths(one),
            "opt": str(one.opt),
            "environment": _seen_by(function),
            "app_is_ours": True,
        }
        for function, one in artefacts.items()
    ]
    command = [str(find_interpreter(ROOT)), "-I", "-B", "-c", _COUNTED]
    run = subprocess.run(command, input=json.dumps(given), capture_output=True, text=True, check=False)  # noqa: S603
    if run.returncode:
        raise RuntimeError(run.stderr)
    rows = [json.loads(line) for line in run.stdout.splitlines()]
    return {row.pop("function"): Load(**row) for row in rows}


def _took(app: bool, path: list[str], seen: Mapping[str, str], *, ours: bool = True) -> dict[str, float]:
    given = {"app": app, "path": path} | ({"app_is_ours": True} if ours else {})
    command = [str(find_interpreter(ROOT)), "-I", "-B", "-c", _TIMED, json.dumps(given)]
    run = subprocess.run(command, env=dict(seen), capture_output=True, text=True, check=False)  # noqa: S603
    if run.returncode:
        raise RuntimeError(run.stderr)
    answer: dict[str, float] = json.loads(run.stdout.splitlines()[-1])
    return answer


def _without_byte_code(artefact: Artefact, folder: Path) -> Artefact:
    copy = Artefact(artefact.name, folder / artefact.name / "task", folder / artefact.opt.name)
    for source, target in ((artefact.task, copy.task), (artefact.opt, copy.opt)):
        if not target.exists():
            shutil.copytree(source, target, copy_function=os.link, ignore=shutil.ignore_patterns("__pycache__"))
    return copy


def _lay_out_baseline(folder: Path) -> list[str]:
    for name in BASELINE_PACKAGES:
        for file in distribution(name).files or ():
            if file.suffix != ".pyc" and ".." not in file.parts:
                target = folder / file
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(str(file.locate()), target)
    shutil.copy(ROOT / "benchmarks" / "baseline" / "cold_start.py", folder / "app.py")
    return [str(folder)]


def artefacts_of(build: Build, folder: Path) -> dict[str, Artefact]:
    """Return every function as Lambda lays it out, by its folder.

    Args:
        build: What ``sam build`` made.
        folder: Where to.
    """
    return {folder_of(name): build.lay_out(name, folder) for name in sorted(build.functions)}


def measure(rounds: int = ROUNDS) -> dict[str, Any]:
    """Build, measure, and return the figures.

    Args:
        rounds: How many processes each median is of.
    """
    with (
        TemporaryDirectory(prefix="cold-start-") as name,
        built(ROOT, ROOT / "template.yaml", Path(name) / "w") as build,
    ):
        folder = Path(name)
        artefacts = artefacts_of(build, folder / "shipped")
        cases = {("shipped", function): (_paths(one), _seen_by(function)) for function, one in artefacts.items()}
        for function in (*AIMS, "render_preview"):
            plain = _without_byte_code(artefacts[function], folder / "plain")
            cases["without_byte_code", function] = _paths(plain), _seen_by(function)
        cases["baseline", "every function"] = _lay_out_baseline(folder / "baseline"), _seen_by("message")
        taken: dict[tuple[str, str], list[dict[str, float]]] = {}
        floor = []
        for _ in range(rounds):
            floor.append(_took(False, [], LAMBDAS_OWN)["ms"])
            for case, (path, seen) in cases.items():
                taken.setdefault(case, []).append(_took(True, path, seen, ours=case[0] != "baseline"))
        loaded = loads(artefacts)
        middle = {
            case: {key: round(median(one[key] for one in all_of_it)) for key in ("ms", "clients_ms")}
            for case, all_of_it in taken.items()
        }
        return {
            "about": "processor time from a new process to the first event, medians over "
            f"{rounds} processes of CPython 3.13 that see only what Lambda gives them; rounds interleaved",
            "floor_ms": round(median(floor)),
            "baseline_ms": middle["baseline", "every function"]["ms"],
            "functions": {
                function: {
                    **middle["shipped", function],
                    **({"aim_ms": AIMS[function]} if function in AIMS else {}),
                    **(
                        {"without_byte_code_ms": middle["without_byte_code", function]["ms"]}
                        if ("without_byte_code", function) in middle
                        else {}
                    ),
                    "modules": loaded[function].modules,
                    "code_kb": round(loaded[function].code_bytes / 1000),
                    "unzipped_mb": round(one.megabytes, 1),
                }
                for function, one in artefacts.items()
            },
        }


def table(figures: Mapping[str, Any]) -> str:
    """Return the figures as Markdown.

    Args:
        figures: What ``measure`` returned.
    """
    floor, baseline = figures["floor_ms"], figures["baseline_ms"]
    lines = [
        f"The floor, boto3 and one table of DynamoDB: {floor} ms. The baseline: {baseline} ms.",
        "",
        "| Function | To the first event | of it clients | Of the baseline | Without byte code | Modules | Code | Unzipped |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for function, one in sorted(figures["functions"].items(), key=lambda pair: pair[1]["ms"]):
        plain = one.get("without_byte_code_ms")
        lines.append(
            f"| `{function}` | {one['ms']} ms | {one['clients_ms']} ms | {one['ms'] / baseline:.0%} | "
            f"{f'{plain} ms, {plain / one["ms"]:.1f} ×' if plain else ''} | {one['modules']} | {one['code_kb']} kB | "
            f"{one['unzipped_mb']} MB |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    figures = measure()
    FIGURES.write_text(json.dumps(figures, indent=2) + "\n")
    sys.stdout.write(table(figures) + "\n")
