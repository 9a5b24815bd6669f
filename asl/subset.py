"""The part of the States Language that ``asl.interpreter`` knows; everything beyond it is refused by name."""

from collections.abc import Callable, Mapping
from typing import Any

from asl.machine import Machine

CLOSED_NAMES = ("States.ALL", "States.Timeout")
"""The reserved names that rules may use here; ``States.TaskFailed`` would mean several others."""

_ANY = {"Type", "Comment"}
_PATHS = {"InputPath", "OutputPath", "ResultPath", "Parameters"}
_FIELDS = {
    "Task": {*_ANY, *_PATHS, "Resource", "ResultSelector", "TimeoutSeconds", "TimeoutSecondsPath", "Retry", "Catch",
             "Next", "End"},
    "Pass": {*_ANY, *_PATHS, "Result", "Next", "End"},
    "Choice": {*_ANY, "InputPath", "OutputPath", "Choices", "Default"},
    "Wait": {*_ANY, "InputPath", "OutputPath", "Seconds", "SecondsPath", "Next", "End"},
    "Succeed": {*_ANY, "InputPath", "OutputPath"},
    "Fail": {*_ANY, "Error", "Cause", "ErrorPath", "CausePath"},
}  # fmt: skip
_MACHINE = {"Comment", "StartAt", "States", "TimeoutSeconds", "Version", "QueryLanguage"}
_RETRY = {
    "Comment",
    "ErrorEquals",
    "IntervalSeconds",
    "MaxAttempts",
    "BackoffRate",
    "MaxDelaySeconds",
    "JitterStrategy",
}
_CATCH = {"Comment", "ErrorEquals", "ResultPath", "Next"}
COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "StringEquals": lambda value, wanted: isinstance(value, str) and value == wanted,
    "BooleanEquals": lambda value, wanted: isinstance(value, bool) and value == wanted,
    "NumericEquals": lambda value, wanted: _is_number(value) and value == wanted,
    "NumericLessThan": lambda value, wanted: _is_number(value) and value < wanted,
    "NumericLessThanEquals": lambda value, wanted: _is_number(value) and value <= wanted,
    "NumericGreaterThan": lambda value, wanted: _is_number(value) and value > wanted,
    "NumericGreaterThanEquals": lambda value, wanted: _is_number(value) and value >= wanted,
}
_RULE = {"Variable", "And", "Or", "Not", "Next", "Comment", *COMPARISONS}


class UnsupportedError(Exception):
    """The machine uses something that the interpreter does not know: teach it here, or write the machine without it."""


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def refuse_unknown(machine: Machine) -> None:
    """Check that the interpreter knows all of a machine.

    Raises:
        UnsupportedError: It does not; says where and what.
    """
    _fields("the machine", machine.definition, _MACHINE)
    if machine.definition.get("QueryLanguage", "JSONPath") != "JSONPath":
        raise UnsupportedError("QueryLanguage: only JSONPath is known")
    for name, state in machine.states.items():
        if state["Type"] not in _FIELDS:
            raise UnsupportedError(f"{name}: a state of type {state['Type']} is not known")
        _fields(name, state, _FIELDS[state["Type"]])
        for rule in state.get("Retry", []):
            _fields(f"{name}.Retry", rule, _RETRY)
            _names(name, rule["ErrorEquals"])
            if rule.get("JitterStrategy", "NONE") not in ("FULL", "NONE"):
                raise UnsupportedError(f"{name}: JitterStrategy {rule['JitterStrategy']}")
        for catch in state.get("Catch", []):
            _fields(f"{name}.Catch", catch, _CATCH)
            _names(name, catch["ErrorEquals"])
            _path(name, catch.get("ResultPath"))
        for choice in state.get("Choices", []):
            _choice(name, choice)
        for field_name in ("InputPath", "OutputPath", "ResultPath", "SecondsPath", "TimeoutSecondsPath", "ErrorPath"):
            _path(name, state.get(field_name))
        for template in ("Parameters", "ResultSelector"):
            _template(name, state.get(template))
        if state["Type"] == "Task":
            _resource(name, state)


def _fields(where: str, given: Mapping[str, Any], known: set[str]) -> None:
    if unknown := sorted(given.keys() - known):
        raise UnsupportedError(f"{where}: {', '.join(unknown)} is not known to the interpreter")


def _names(state: str, names: list[str]) -> None:
    for name in names:
        if name.startswith("States.") and name not in CLOSED_NAMES:
            raise UnsupportedError(f"{state}: the reserved error name {name} is not known")


def _path(state: str, path: Any) -> None:
    """Only ``$``, ``$.a.b`` and ``$$.a.b``: no indexes, filters, wildcards or intrinsic functions."""
    if path is None:
        return
    steps = str(path).removeprefix("$").removeprefix("$").split(".")
    if not str(path).startswith("$") or steps[0] or not all(one.isidentifier() for one in steps[1:]):
        raise UnsupportedError(f"{state}: the path {path} is not known")


def _template(state: str, template: Any) -> None:
    if isinstance(template, Mapping):
        for key, value in template.items():
            if key.endswith(".$"):
                _path(state, value)
            else:
                _template(state, value)
    elif isinstance(template, list):
        for one in template:
            _template(state, one)


def _choice(state: str, rule: Mapping[str, Any]) -> None:
    _fields(f"{state}.Choices", rule, _RULE)
    _path(state, rule.get("Variable"))
    for inner in (*rule.get("And", []), *rule.get("Or", []), *([rule["Not"]] if "Not" in rule else [])):
        _choice(state, inner)


def _resource(name: str, state: Mapping[str, Any]) -> None:
    service, _, action = state["Resource"].removeprefix("arn:aws:states:::").partition(":")
    wanted = {"lambda": {"FunctionName", "Payload"}, "dynamodb": None}
    if not state["Resource"].startswith("arn:aws:states:::") or service not in wanted:
        raise UnsupportedError(f"{name}: the resource {state['Resource']} is not known")
    if service == "lambda":
        given = {key.removesuffix(".$"): None for key in state.get("Parameters", {})}
        if action != "invoke":
            raise UnsupportedError(f"{name}: only lambda:invoke is known")
        _fields(f"{name}.Parameters", given, wanted["lambda"] or set())
