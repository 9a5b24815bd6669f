"""Rules about functions: what they run on, what they are called, and which clock rings first."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from asl.lint.framework import Problem, rule
from scripts.template.reading import (
    FUNCTION,
    LAYER,
    LOG_GROUP,
    SOCKET_API,
    Template,
    function_timeout,
    named,
    properties_of,
    references,
    resources,
    type_of,
)
from vto.bootstrap import READ_TIMEOUT
from vto.domain.engines import PROFILES

# Lists the wheels that run on the processor.
PROCESSORS = {"Fn::Sub": "layers/processors/${Architecture}"}

# https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html
API_SECONDS = 29  # after which API Gateway has given up: an HTTP API after 30, a WebSocket API after 29


@rule()
def unreserved(template: Template) -> Iterator[Problem]:
    """Nothing reserves concurrency: a new account has ten and must keep them, so the deployment would fail."""
    for logical_id, properties in resources(template):
        if {"ReservedConcurrentExecutions", "ProvisionedConcurrencyConfig"} & properties.keys():
            yield logical_id, "reserves concurrency", "cap the mapping that calls it instead"


@rule()
def one_processor(template: Template) -> Iterator[Problem]:
    """Every function and layer is built for, and runs on, the processor that the parameter Architecture names."""
    chosen = {"Ref": "Architecture"}
    everywhere = template.get("Globals", {}).get("Function", {}).get("Architectures")
    for logical_id, properties in resources(template, FUNCTION, LAYER):
        metadata = template["Resources"][logical_id].get("Metadata", {})
        if metadata.get("BuildArchitecture") != chosen:
            problem = "is built for another architecture than it runs on"
            yield logical_id, problem, "write Metadata: {BuildArchitecture: !Ref Architecture}"
        if type_of(template, logical_id) == FUNCTION:
            if properties.get("Architectures", everywhere) != [chosen]:
                yield logical_id, "runs on another architecture", "leave Architectures to Globals"
        elif properties.get("CompatibleArchitectures") != [chosen]:
            yield logical_id, "may be used on another architecture", "add CompatibleArchitectures: [!Ref Architecture]"


@rule()
def compiled_layers(template: Template) -> Iterator[Problem]:
    """Every layer is built with byte code, by make, which is told the processor by the folder that it is started in."""
    for logical_id, _ in resources(template, LAYER):
        metadata = template["Resources"][logical_id].get("Metadata", {})
        if metadata.get("BuildMethod") != "makefile" or metadata.get("WorkingDirectory") != PROCESSORS:
            remedy = "add BuildMethod: makefile and WorkingDirectory: !Sub " + PROCESSORS["Fn::Sub"]
            yield logical_id, "is not built by scripts/build_layer.py for the chosen architecture", remedy


@rule()
def described_functions(template: Template) -> Iterator[Problem]:
    """Every function has a purpose, and a log group of its own under the name that people look for."""
    for logical_id, properties in resources(template, FUNCTION):
        if "Description" not in properties:
            yield logical_id, "does not say what it does", "add a Description"
        group = named(properties.get("LoggingConfig", {}).get("LogGroup"))
        if type_of(template, group) != LOG_GROUP:
            problem = "logs into a group that nobody made, and that never forgets"
            yield logical_id, problem, "add an AWS::Logs::LogGroup and name it in LoggingConfig"
            continue
        name = properties.get("FunctionName", {}).get("Fn::Sub")
        if properties_of(template, group).get("LogGroupName") != {"Fn::Sub": f"/aws/lambda/{name}"}:
            problem = f"{group} is not where people look for its log"
            yield logical_id, problem, "name the group /aws/lambda/ and the function's name"


@rule()
def forgetful_logs(template: Template) -> Iterator[Problem]:
    """Every log group forgets."""
    for logical_id, properties in resources(template, LOG_GROUP):
        if "RetentionInDays" not in properties:
            yield logical_id, "never forgets", "write RetentionInDays: !Ref LogRetentionDays"


@rule()
def own_role(template: Template) -> Iterator[Problem]:
    """Every function has a role of its own: what one may do, no other may."""
    everywhere = template.get("Globals", {}).get("Function", {})
    for logical_id, properties in resources(template, FUNCTION):
        if "Role" in {**everywhere, **properties}:
            problem = "takes a role that is written elsewhere, and may be another's too"
            yield logical_id, problem, "write its statements into Policies: SAM makes a role of them"


@rule()
def nested_clocks(template: Template) -> Iterator[Problem]:
    """Clients' read timeouts < function timeout < API Gateway's patience: the innermost clock rings first."""
    for logical_id, properties in resources(template, FUNCTION):
        timeout = function_timeout(template, logical_id)
        for client, seconds in read_timeouts(properties).items():
            if seconds >= timeout:
                problem = f"ends after {timeout} s, and its client of {client} waits {seconds:g} s for an answer"
                yield logical_id, problem, "raise its Timeout, or shorten READ_TIMEOUT in bootstrap.py"
        if _behind_an_api(template, logical_id, properties) and timeout >= API_SECONDS:
            problem = f"may run {timeout} s, and API Gateway has given up before"
            yield logical_id, problem, f"set its Timeout below {API_SECONDS}"


def read_timeouts(function: Mapping[str, Any]) -> dict[str, float]:
    """The read timeouts of the clients that a function may use, by its policies; those of engines under their names."""
    text = json.dumps(function.get("Policies", []))
    clocks: dict[str, float] = {name: limit for name, limit in READ_TIMEOUT.items() if f'"{name}:' in text}
    if "RenderPreviewFunction" in text or "bedrock:InvokeModel" in text:
        clocks |= {name: one.read_timeout_seconds for name, one in PROFILES.items()}
    return clocks


def _behind_an_api(template: Template, logical_id: str, properties: dict[str, Any]) -> bool:
    return any(one.get("Type") == "HttpApi" for one in properties.get("Events", {}).values()) or any(
        logical_id in references([api.get("Routes"), api.get("Auth")]) for _, api in resources(template, SOCKET_API)
    )
