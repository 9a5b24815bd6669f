"""`make sam-local`: SAM's own emulator, with Docker, wired to the running local stack.

`sam local` resolves few intrinsic functions, sets only variables that a template declares, and knows nothing of the
stack. So it is given a template made for it: the built functions and layers, with everything as it was deployed.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from local import checks
from local.artefacts import Build, built, logical_id
from local.docker import address_for_containers, reachable
from local.processes import Processes, StackError, free_ports, listening, tail
from local.rie import Answer, environment, read_answer
from local.sam import find_sam
from local.stack import Endpoints

ROOT = Path(__file__).parent.parent
START_SECONDS = 60.0
_PASSED_TO_SAM = re.compile(r"HOME|XDG_RUNTIME_DIR|DOCKER_\w+|SSL_CERT_\w+|(?i:\w+_proxy)")
_SET_BY_SAM = re.compile(r"AWS_LAMBDA_\w+|AWS_EXECUTION_ENV")


def derived_template(build: Build, endpoints: Endpoints, where: str) -> dict[str, Any]:
    """Return a template for `sam local`: literal values only, each function as it is deployed in the stack.

    Args:
        build: What `sam build` made.
        endpoints: The stack.
        where: Host and port at which containers reach the stack.
    """
    functions = endpoints.client("lambda")
    there = checks.resources(endpoints.client, endpoints.name)  # some functions are there with some engines only
    resources: dict[str, Any] = {}
    for name, properties in build.functions.items():
        if name not in there:
            continue
        deployed = functions.get_function_configuration(FunctionName=endpoints.function_name(name))
        seen = {key: one for key, one in environment(endpoints, deployed).items() if not _SET_BY_SAM.fullmatch(key)}
        resources[name] = {
            "Type": "AWS::Serverless::Function",
            "Properties": {
                **{key: deployed[key] for key in ("FunctionName", "Handler", "Runtime", "Timeout", "MemorySize")},
                "Architectures": deployed["Architectures"],
                "CodeUri": str(build.code(name)),
                "Layers": [{"Ref": layer} for layer in properties["Layers"]],
                "Environment": {"Variables": {key: _moved(one, endpoints.aws, where) for key, one in seen.items()}},
            },
        }
        for layer in properties["Layers"]:
            resources[layer] = {
                "Type": "AWS::Serverless::LayerVersion",
                "Properties": {"ContentUri": str(build.layer(layer)), "CompatibleRuntimes": [deployed["Runtime"]]},
            }
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Transform": "AWS::Serverless-2016-10-31",
        "Description": "Made for sam local out of the built template and the running stack; do not deploy.",
        "Resources": resources,
    }


def _moved(value: str, aws: str, where: str) -> str:
    """An address of the stack as containers have to write it."""
    port = urlsplit(aws).port
    return value.replace(f"127.0.0.1:{port}", where).replace(f"localhost:{port}", where)


class SamLocal:
    """Runs `sam local` on a derived template.

    Args:
        template: The derived template's file; logs and SAM's settings lie beside it.
        image: An image for the functions, which is not pulled; SAM's own when empty.
    """

    def __init__(self, template: Path, image: str = "") -> None:
        self._template, self._sam = template, find_sam(ROOT)
        settings = template.with_name("samconfig.toml")  # empty, so that the repository's own is not read
        settings.write_text("version = 0.1\n")
        self._options = ["--template-file", str(template), "--config-file", str(settings)]
        self._options += ["--invoke-image", image, "--skip-pull-image"] if image else []

    def invoke(self, function: str, payload: str) -> Answer:
        """Run one function in a container of its own; its log goes to standard error.

        Args:
            function: Its logical id.
            payload: The event, as JSON.

        Raises:
            StackError: SAM itself failed.
        """
        event = self._template.with_name("event.json")
        event.write_text(payload)
        command = [str(self._sam), "local", "invoke", function, "--event", str(event), *self._options]
        ran = subprocess.run(command, env=_environment(), cwd=ROOT, stdout=subprocess.PIPE, check=False)
        if ran.returncode:
            raise StackError(f"sam local invoke failed (status {ran.returncode}); what it says is above")
        # its status is 0 for a function that failed, too
        if not ran.stdout.strip():
            problem = "it was ended before it answered: its time or its memory had run out; its log is above"
            return Answer({"errorMessage": problem}, "No answer", 0.0)
        return read_answer(200, ran.stdout.strip().splitlines()[-1], 0.0)

    @contextmanager
    def serving(self) -> Iterator[str]:
        """Run `sam local start-lambda` while the block runs; lends its endpoint, containers stay warm.

        Raises:
            StackError: It did not start; with the end of its log.
        """
        [port] = free_ports(1)
        processes = Processes(self._template.parent)
        command = [str(self._sam), "local", "start-lambda", "--port", str(port), "--warm-containers", "LAZY"]
        child = processes.start("start-lambda", [*command, *self._options], _environment(), ROOT)
        try:
            processes.wait_until(lambda: listening(port), child, START_SECONDS)
            yield f"http://127.0.0.1:{port}"
        finally:
            child.process.terminate()  # it removes its containers, which takes seconds
            try:
                child.process.wait(30)
            except subprocess.TimeoutExpired:
                print(f"sam local start-lambda did not end:\n{tail(child.log)}", file=sys.stderr)
            processes.stop()


def _environment() -> dict[str, str]:
    """Variables for SAM: with credentials among them, it would ask AWS for the account's number first."""
    kept = {name: value for name, value in os.environ.items() if _PASSED_TO_SAM.fullmatch(name)}
    return {
        **kept,
        "PATH": os.environ.get("PATH", os.defpath),
        "LANG": "C.UTF-8",
        "SAM_CLI_TELEMETRY": "0",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


@contextmanager
def wired(endpoints: Endpoints, work: Path, image: str = "") -> Iterator[tuple[SamLocal, Build]]:
    """Build, make the derived template, and let containers reach the stack while the block runs.

    Args:
        endpoints: The stack.
        work: Folder for the template and logs.
        image: See `SamLocal`.

    Raises:
        StackError: Docker does not run, or the build failed.
    """
    address = address_for_containers()
    work.mkdir(parents=True, exist_ok=True)
    port = urlsplit(endpoints.aws).port or 80
    with built(ROOT, ROOT / "template.yaml", work) as build, reachable(address, port) as where:
        template = work.resolve() / "template.json"  # SAM takes paths to be relative to different folders
        template.write_text(json.dumps(derived_template(build, endpoints, where), indent=2))
        yield SamLocal(template, image), build


def function_named(build: Build, function: str) -> str:
    """Return a function's logical id; see `artefacts.logical_id`."""
    return logical_id(function, list(build.functions))
