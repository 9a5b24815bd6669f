"""What the repository says about itself: read from the template, the state machine, the handlers and the Makefile."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from scripts.template import reading
from scripts.template.reading import listed, statements
from vto.domain.job import Stage

ROOT = reading.ROOT
FUNCTION = reading.FUNCTION
MACHINE = reading.MACHINE

type Resource = dict[str, Any]


@cache
def template() -> dict[str, Any]:
    """The template, its short tags (``!Ref x``) in their long form (``{"Ref": "x"}``)."""
    return reading.read_template()


@cache
def machine() -> dict[str, Any]:
    """The definition of the state machine, its placeholders left as they are."""
    parsed: dict[str, Any] = json.loads((ROOT / "statemachines" / "try_on.asl.json").read_text())
    return parsed


def states() -> dict[str, dict[str, Any]]:
    """The states of the machine by their names, in the order of the file."""
    found: dict[str, dict[str, Any]] = machine()["States"]
    return found


def alarms() -> Iterator[tuple[str, dict[str, Any]]]:
    """Alarms that tell somebody, with their properties; one that only scales something has a plain list of actions."""
    return ((name, one) for name, one in resources("AWS::CloudWatch::Alarm") if isinstance(one["AlarmActions"], dict))


def resources(*types: str) -> Iterator[tuple[str, Resource]]:
    """Logical ids and properties of the resources of some types."""
    return reading.resources(template(), *types)


def type_of(logical_id: str) -> str:
    """The type of a resource; empty when there is no such resource."""
    return reading.type_of(template(), logical_id) or ""


def folder(logical_id: str) -> str:
    """The verb of a function: its folder below ``functions/``."""
    return Path(template()["Resources"][logical_id]["Properties"]["CodeUri"]).name


def function_of(state: Mapping[str, Any]) -> str | None:
    """The function that a state calls, by its logical id; None for a state without one."""
    placeholder = re.fullmatch(r"\$\{(\w+)\}", str(state.get("Parameters", {}).get("FunctionName", "")))
    return targets_of_machine()[placeholder[1]] if placeholder else None


def stage_of(state: Mapping[str, Any]) -> str | None:
    """The stage that a job enters with a state: the one that its use case sets, or claims the job for."""
    function = function_of(state)
    use_case = ROOT / "layers" / "vto" / "vto" / "use_cases" / f"{folder(function)}.py" if function else None
    code = use_case.read_text() if use_case and use_case.exists() else ""
    if "job.claimed(" in code:
        return Stage.VALIDATING.value
    entered = re.search(r"\.enter\(\s*Stage\.(\w+)", code)
    return entered[1].lower() if entered else None


@cache
def targets_of_machine() -> dict[str, str]:
    """What stands behind each placeholder of the state machine's definition."""
    _, properties = next(resources(MACHINE))
    return {name: named(value) for name, value in properties["DefinitionSubstitutions"].items()}


def named(value: Any) -> str:
    """The logical id that a ``Ref``, ``Fn::GetAtt`` or ``Fn::Sub`` speaks of first; empty when it names none."""
    match value:
        case {"Fn::Sub": str(text)}:
            found = [name for name in re.findall(r"\$\{(\w+)[.}\w]*\}", text) if type_of(name)]
            return found[0] if found else ""
    return reading.named(value) or ""


@dataclass(frozen=True, slots=True)
class Edge:
    """One thing reaching another; ``label`` says how where that is not plain from the two."""

    source: str
    target: str
    label: str = ""


# Functions that nothing in the stack calls, and who does.
BY_PEOPLE = {"OperateFunction": "an operator: `vto ops`"}


def triggers() -> Iterator[Edge]:
    """Who calls whom: notifications, mappings, routes, rules, and the states of the machine."""
    for bucket, properties in resources("AWS::S3::Bucket"):
        for one in properties.get("NotificationConfiguration", {}).get("QueueConfigurations", []):
            rules = one.get("Filter", {}).get("S3Key", {}).get("Rules", [])
            yield Edge(bucket, named(one["Queue"]), "…".join(rule["Value"] for rule in rules))
    for _, properties in resources("AWS::Lambda::EventSourceMapping"):
        patterns = [json.loads(one["Pattern"]) for one in properties.get("FilterCriteria", {}).get("Filters", [])]
        label = ", ".join(name for pattern in patterns for name in pattern.get("eventName", []))
        yield Edge(named(properties["EventSourceArn"]), named(properties["FunctionName"]), label)
    for api, properties in resources("AWS::Serverless::WebSocketApi"):
        yield Edge(api, named(properties["Auth"]["AuthArn"]), "authorizer")
        for route, integration in properties["Routes"].items():
            yield Edge(api, named(integration["FunctionArn"]), route)
    for function, properties in resources(FUNCTION):
        for event in properties.get("Events", {}).values():
            details = event["Properties"]
            yield Edge(named(details["ApiId"]), function, f"{details['Method']} {details['Path']}")
    for rule, properties in resources("AWS::Events::Rule"):
        for source in _named_anywhere(properties.get("EventPattern", {})):
            yield Edge(source, rule)
        for target in properties["Targets"]:
            label = properties.get("ScheduleExpression") or "execution ended without success"
            yield Edge(rule, named(target["Arn"]), label)
    the_machine, _ = next(resources(MACHINE))
    for name, state in states().items():
        if step := function_of(state):
            yield Edge(the_machine, step, name)


def writes() -> Iterator[Edge]:
    """What each function and the machine may change or call, by their policies; labels are the actions."""
    the_machine, properties = next(resources(MACHINE))
    role = template()["Resources"][named(properties["Role"])]["Properties"]
    yield from _changes(the_machine, role)
    for function, properties in resources(FUNCTION):
        yield from _changes(function, properties)


CHANGES = re.compile(
    r"dynamodb:(Put|Update|Delete)Item|s3:PutObject|states:Start\w+|lambda:Invoke\w+|execute-api:Manage\w+"
)


def _changes(source: str, properties: Mapping[str, Any]) -> Iterator[Edge]:
    for statement in statements(properties):
        actions = [one for one in listed(statement["Action"]) if CHANGES.fullmatch(one)]
        for resource in listed(statement["Resource"]) if actions else []:
            if target := named(resource):
                yield Edge(source, target, ", ".join(actions))


def _named_anywhere(value: Any) -> Iterator[str]:
    if name := named(value):
        yield name
    elif isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _named_anywhere(one)


@dataclass(frozen=True, slots=True)
class Target:
    """One target of the Makefile, under its section's title."""

    section: str
    name: str
    does: str


def make_targets() -> Iterator[Target]:
    """The targets that ``make help`` lists."""
    section = ""
    for line in (ROOT / "Makefile").read_text().splitlines():
        if title := re.fullmatch(r"##@ (.+)", line):
            section = title[1]
        elif target := re.match(r"([a-z0-9-]+):.*?## (.+)", line):
            yield Target(section, target[1], target[2])
