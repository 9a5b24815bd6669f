"""The real machine on an engine that is not the stack's, as on Step Functions Local; and SAM's emulator in Docker."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from local.docker import address_for_containers
from local.outcomes import EVENTS
from local.processes import StackError
from local.sam_local import wired
from local.scene import Scene
from local.sfn_local import definition, served, try_on
from tests.e2e.conftest import World
from tests.workflow.cases import HAPPY_PATH


def test_the_definition_is_the_deployed_one(world: World) -> None:
    text, role = definition(world.endpoints)

    deployed = world.client("stepfunctions").describe_state_machine(stateMachineArn=world.endpoints.state_machine_arn)
    assert json.loads(text) == json.loads(deployed["definition"])
    assert role == deployed["roleArn"]


def test_a_try_on_of_the_stack_runs_on_another_engine(world: World, tmp_path: Path) -> None:
    _, role = definition(world.endpoints)

    with served("moto", world.endpoints, world.endpoints.aws, role, tmp_path) as engine:
        ran = try_on(world.endpoints, engine)

    assert (ran.status, ran.states) == ("SUCCEEDED", HAPPY_PATH)
    assert ran.job["status"] == {"S": "completed"}


def test_the_jar_is_asked_for_where_there_is_none(world: World, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("SFN_LOCAL_JAR", str(tmp_path / "nowhere.jar"))
    _, role = definition(world.endpoints)
    with (
        pytest.raises(StackError, match=r"SFN_LOCAL_JAR must be the path of StepFunctionsLocal\.jar"),
        served("jar", world.endpoints, "http://127.0.0.1:1", role, tmp_path),
    ):
        pass


def image_for_functions() -> str:
    """An image that need not be pulled.

    Raises:
        StackError: Docker does not run.
    """
    address_for_containers()
    machine = {"x86_64": "x86_64", "aarch64": "arm64"}[os.uname().machine]
    image = os.environ.get("INVOKE_IMAGE") or f"public.ecr.aws/lambda/python:3.13-{machine}"
    subprocess.run(["docker", "image", "inspect", image], check=True, capture_output=True)
    return image


def test_a_built_function_runs_in_a_container_and_reaches_the_stack(world: World, tmp_path: Path) -> None:
    try:
        image = image_for_functions()
    except (StackError, subprocess.CalledProcessError) as problem:
        pytest.skip(f"needs Docker and an image for functions (INVOKE_IMAGE): {problem}")
    scene = Scene(world.endpoints, EVENTS / "validate_request" / "accepted.json", fresh=True)
    scene.set()

    with wired(world.endpoints, tmp_path, image) as (local, _):
        answer = local.invoke("ValidateRequestFunction", scene.payload)

    assert scene.outcome.problem(answer.value, answer.error) == ""
    scene.clear()
