"""New processes that see what Lambda gives a function, up to the moment when its first event may come.

The handler is imported and everything is built that its events will need, clients included; nothing is called. What
cannot be built is an error here, while ``bootstrap.prepare`` would leave it to the first event.
"""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.processes import fresh
from local.artefacts import Artefact, Build, folder_of
from local.rie import find_interpreter
from tests.contract.deployed import LAMBDAS_OWN, WITH_A_WEBHOOK, environment

ROOT = Path(__file__).parents[1]
INITIALISED = {"AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand"}
"""What has `bootstrap.prepare` build, as in a new container."""

_BEGIN = """
import contextlib, json, os, resource, sys, traceback
import boto3

def load(function):
    if function != "render_preview":  # which needs a client and nothing else
        from vto import bootstrap
        bootstrap.suppress = lambda *errors: contextlib.nullcontext()
    import app
    if function == "render_preview":
        app._s3()
"""

_TIMED = """
in_clients = 0

def spent():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return (used.ru_utime + used.ru_stime) * 1000

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
case, sys.path[:0] = sys.argv[1], json.loads(sys.argv[2])
if case == "floor":
    boto3.resource("dynamodb").Table("vto-jobs")
elif case == "baseline":
    import app
else:
    load(case)
print(json.dumps({"ms": spent(), "clients_ms": in_clients}))
"""

# Forks a process for each function, so that boto3, which all of them import, is imported once.
_COUNTED = """
def count(given):
    os.environ.update(given["environment"])
    sys.path[:0] = given["path"]
    load(given["function"])
    specs = {name: getattr(one, "__spec__", None) for name, one in list(sys.modules.items())}
    ours = {name: one for name, one in specs.items() if one and (one.origin or "").startswith(given["layers"])}
    code = {name: one.cached for name, one in ours.items() if one.origin.endswith(".py")}
    return {
        "modules": sorted(specs),
        "code_bytes": sum(os.path.getsize(path) for path in code.values() if os.path.exists(path)),
        "uncompiled": sorted(name for name, path in code.items() if not os.path.exists(path)),
    }

for given in json.load(sys.stdin):
    child = os.fork()
    if child == 0:
        try:
            print(json.dumps({given["function"]: count(given)}), flush=True)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    if os.waitpid(child, 0)[1]:
        sys.exit(f"{given['function']} does not load")
"""


@dataclass(frozen=True)
class Load:
    """What a function has loaded when its first event may come.

    Args:
        modules: The names of all modules, those of Python and of boto3 included.
        code_bytes: Byte code that it took from its layers.
        uncompiled: Modules of its layers that have no byte code.
    """

    modules: list[str]
    code_bytes: int
    uncompiled: list[str]


def artefacts_of(build: Build, folder: Path) -> dict[str, Artefact]:
    """Return every function as Lambda lays it out, by the name of its folder.

    Args:
        build: What ``sam build`` made.
        folder: Where to lay it out.
    """
    return {folder_of(name): build.lay_out(name, folder) for name in sorted(build.functions)}


def loads(artefacts: Mapping[str, Artefact]) -> dict[str, Load]:
    """Return what functions load.

    Args:
        artefacts: By the names of the functions' folders.

    Raises:
        RuntimeError: One of them does not load; with its trace.
    """
    given = [
        {
            "function": function,
            "path": [str(path) for path in one.import_path],
            "layers": str(one.opt),
            "environment": seen_by(function),
        }
        for function, one in artefacts.items()
    ]
    command = [str(find_interpreter(ROOT)), "-I", "-B", "-c", _BEGIN + _COUNTED]
    run = subprocess.run(command, input=json.dumps(given), capture_output=True, text=True, check=False)  # noqa: S603
    if run.returncode:
        raise RuntimeError(run.stderr)
    return {name: Load(**load) for line in run.stdout.splitlines() for name, load in json.loads(line).items()}


def seen_by(function: str) -> dict[str, str]:
    """Return the environment of a function that was deployed with all there is to have.

    Args:
        function: Its folder's name.
    """
    return {**environment(function, **WITH_A_WEBHOOK), **LAMBDAS_OWN, **INITIALISED}


def timed(case: str, path: list[Path], environment: Mapping[str, str]) -> dict[str, float]:
    """Return how long one new process takes: ``ms`` of processor time, of which ``clients_ms`` to make clients.

    Args:
        case: A function's folder, ``baseline`` (an ``app.py`` that builds everything by itself) or ``floor`` (boto3
            and one table, nothing else).
        path: Where modules are looked for before the runtime's own.
        environment: The process's.
    """
    places = json.dumps([str(one) for one in path])
    command = [str(find_interpreter(ROOT)), "-I", "-B", "-c", _BEGIN + _TIMED, case, places]
    answer: dict[str, float] = fresh(command, environment).told
    return answer
