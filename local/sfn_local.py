"""The real state machine on another engine, whose tasks `sam local start-lambda` runs: nothing in it is mocked.

Engines: AWS's Step Functions Local, as a Docker image or as a jar, which AWS no longer supports; or moto's interpreter
of the same language, which takes its place where neither can be had.
"""

import json
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast, get_args
from urllib.parse import urlsplit

import boto3
from botocore.exceptions import BotoCoreError
from samtranslator.yaml_helper import yaml_parse

from local import checks
from local.docker import address_for_containers, reachable
from local.outcomes import EVENTS
from local.processes import Processes, StackError, free_ports, listening, python_environment
from local.scene import Scene
from local.stack import ACCOUNT, Endpoints
from local.step_functions_local import READY_SECONDS, running
from vto.domain.job import execution_input

ROOT = Path(__file__).parent.parent
EXECUTION_SECONDS = 300.0

Engine = Literal["docker", "jar", "moto"]


def engine_named(name: str) -> Engine:
    """Return an engine by its name.

    Raises:
        StackError: There is none of that name.
    """
    if name not in get_args(Engine):
        raise StackError(f"the engine is {name}; it must be one of {', '.join(get_args(Engine))}")
    return cast(Engine, name)


@dataclass(frozen=True)
class Run:
    """What came of one execution.

    Args:
        status: Of the execution.
        states: The states that it entered, in their order.
        job: The job's row afterwards, as DynamoDB gives it.
        seconds: How long it took.
    """

    status: str
    states: list[str]
    job: dict[str, Any]
    seconds: float


def definition(endpoints: Endpoints, template: Path = ROOT / "template.yaml") -> tuple[str, str]:
    """Return the machine's definition, the template's substitutions put in, and the ARN of its role.

    Args:
        endpoints: The stack whose tables, functions and role are put in.
        template: Has one state machine.

    Raises:
        StackError: A substitution has a form that is not read here.
    """
    found = checks.resources(endpoints.client, endpoints.name)
    machines = (
        one["Properties"]
        for one in yaml_parse(template.read_text())["Resources"].values()
        if one["Type"] == "AWS::Serverless::StateMachine"
    )
    machine = next(machines)

    def value(told: Any) -> str:
        match told:
            case {"Ref": name}:
                return found[name][1]
            case {"Fn::GetAtt": [name, "Arn"]} if found[name][0] == "AWS::Lambda::Function":
                return f"arn:aws:lambda:{endpoints.region}:{ACCOUNT}:function:{found[name][1]}"
            case {"Fn::GetAtt": [name, "Arn"]} if found[name][0] == "AWS::IAM::Role":
                return f"arn:aws:iam::{ACCOUNT}:role/{found[name][1]}"
        raise StackError(f"the state machine's {told} has a form that is not read here yet")

    text = (template.parent / machine["DefinitionUri"]).read_text()
    known = {name: value(told) for name, told in machine["DefinitionSubstitutions"].items()}
    return re.sub(r"\$\{(\w+)\}", lambda one: known[one[1]], text), value(machine["Role"])


@contextmanager
def served(engine: Engine, endpoints: Endpoints, functions: str, role: str, logs: Path) -> Iterator[str]:
    """Run an engine while the block runs; lends its endpoint.

    Args:
        engine: Which one.
        endpoints: The stack that has the tables.
        functions: Endpoint of `sam local start-lambda`.
        role: ARN of the machine's role, which every call to the stack is signed as.
        logs: Folder for its log.

    Raises:
        StackError: It cannot be started; with what to do.
    """
    if engine == "moto":
        with _moto(endpoints, functions, logs) as place:
            yield place
    elif engine == "jar":
        with running("jar", _settings(endpoints, role, functions, endpoints.aws), logs) as place:
            yield place
    else:
        address = address_for_containers()
        with reachable(address, _port(functions)) as lambdas, reachable(address, _port(endpoints.aws)) as aws:
            settings = _settings(endpoints, role, f"http://{lambdas}", f"http://{aws}")
            with running("docker", settings, logs) as place:
                yield place


@contextmanager
def _moto(endpoints: Endpoints, functions: str, logs: Path) -> Iterator[str]:
    [port] = free_ports(1)
    settings = python_environment(ROOT) | {
        "AWS_ACCESS_KEY_ID": endpoints.access_key,
        "AWS_SECRET_ACCESS_KEY": endpoints.secret_key,
        "AWS_DEFAULT_REGION": endpoints.region,
        "VTO_LOCAL_AWS": endpoints.aws,
        "VTO_LOCAL_AWS_LAMBDA": functions,
        "VTO_LOCAL_OWN_MACHINES": "on",
        "VTO_LOCAL_PORT": str(port),
    }
    processes = Processes(logs)
    try:
        child = processes.start("engine", [sys.executable, "-m", "local.engine"], settings, ROOT)
        processes.wait_until(lambda: listening(port), child, READY_SECONDS)
        yield f"http://127.0.0.1:{port}"
    finally:
        processes.stop()


def _port(url: str) -> int:
    return urlsplit(url).port or 80


def _settings(endpoints: Endpoints, role: str, functions: str, aws: str) -> dict[str, str]:
    """Step Functions Local's own variables; the developer guide names them with the options they stand for."""
    session = endpoints.client("sts").assume_role(RoleArn=role, RoleSessionName="StepFunctions")["Credentials"]
    return {
        "AWS_ACCOUNT_ID": ACCOUNT,
        "AWS_DEFAULT_REGION": endpoints.region,
        "AWS_ACCESS_KEY_ID": session["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": session["SecretAccessKey"],
        "AWS_SESSION_TOKEN": session["SessionToken"],
        "LAMBDA_ENDPOINT": functions,
        "DYNAMODB_ENDPOINT": aws,
    }


def try_on(endpoints: Endpoints, engine: str, *, patience: float = EXECUTION_SECONDS) -> Run:
    """Run one try-on of the running stack on an engine that is not the stack's.

    Its row is written as claimed by the execution that is going to be: the stack, which starts every new job, finds it
    taken, and this execution finds it its own.

    Args:
        endpoints: The stack.
        engine: Endpoint of the engine.
        patience: Seconds until the execution has to have ended.

    Raises:
        StackError: It has not.
    """
    client: Any = boto3.session.Session().client(
        "stepfunctions",
        endpoint_url=engine,
        region_name=endpoints.region,
        aws_access_key_id=endpoints.access_key,
        aws_secret_access_key=endpoints.secret_key,
    )
    text, role = definition(endpoints)
    name = endpoints.state_machine_arn.rpartition(":")[2]
    machine = _when_ready(lambda: client.create_state_machine(name=name, definition=text, roleArn=role))
    scene = Scene(endpoints, EVENTS / "validate_request" / "accepted.json", fresh=True)
    scene.set(seed=time.time_ns() % 2_147_483_646)  # a picture that was made before would be used again
    given = json.dumps(execution_input(scene.job_id))
    begun = time.monotonic()
    execution = client.start_execution(
        stateMachineArn=machine["stateMachineArn"], name=f"{scene.job_id}-0", input=given
    )["executionArn"]
    while (status := client.describe_execution(executionArn=execution)["status"]) == "RUNNING":
        if time.monotonic() - begun > patience:
            raise StackError(f"{execution} runs for more than {patience:.0f} s; see the logs in out/sfn-local")
        time.sleep(0.2)
    took = time.monotonic() - begun
    history = client.get_execution_history(executionArn=execution, maxResults=1000)["events"]
    states = [one["stateEnteredEventDetails"]["name"] for one in history if "stateEnteredEventDetails" in one]
    key = {"id": {"S": scene.job_id}}
    row = endpoints.client("dynamodb").get_item(TableName=endpoints.tables["jobs"], Key=key)["Item"]
    return Run(status, states, row, took)


def _when_ready(ask: Any) -> Any:
    """Ask until the engine answers: a port may listen before what is behind it does."""
    deadline = time.monotonic() + READY_SECONDS
    while True:
        try:
            return ask()
        except BotoCoreError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)
