"""Rules about form: names, comments, fields, the query language, placeholders."""

import json
import re
from collections.abc import Iterator, Mapping
from types import NoneType
from typing import Any

from asl.lint.framework import TOP, Problem, did_you_mean, rule
from asl.lint.language import FIELDS, JSONATA_FIELDS, JSONPATH_FIELDS
from asl.lint.project import Project
from asl.lint.reading import places, repeated, walk
from asl.machine import Machine, State

# what stands in the fields that rules read, in words; a placeholder or an expression in them is not known here
_KINDS: Mapping[str, tuple[type | tuple[type, ...], str]] = {
    **dict.fromkeys(("TimeoutSeconds", "HeartbeatSeconds", "Seconds"), ((int, float), "a number")),
    **dict.fromkeys(("MaxAttempts", "IntervalSeconds", "BackoffRate", "MaxDelaySeconds"), ((int, float), "a number")),
    **dict.fromkeys(("Next", "Default"), (str, "the name of a state")),
    **dict.fromkeys(("TimeoutSecondsPath", "HeartbeatSecondsPath", "SecondsPath"), (str, "a path")),
    **dict.fromkeys(("Parameters", "ResultSelector"), (Mapping, "an object")),
    "ResultPath": ((str, NoneType), "a path or null"),
    "And": (list, "a list"),
}
LONGEST_NAME = 40  # what AWS's console shows in full; the States Language allows 80


@rule()
def shape(machine: Machine, project: Project) -> Iterator[Problem]:
    """The file has the form of a machine: StartAt, States of the six known types, and in fields what belongs there."""
    states = machine.definition.get("States")
    if not isinstance(machine.definition.get("StartAt"), str):
        yield TOP, "StartAt is not the name of a state", "name the first state"
    if not isinstance(states, Mapping) or not states:
        yield TOP, "there are no States", "write at least one"
        return
    for name, state in states.items():
        kind = state.get("Type") if isinstance(state, Mapping) else None
        if not isinstance(kind, str) or kind not in FIELDS:
            close = did_you_mean(str(kind), FIELDS)
            yield name, f"Type is {json.dumps(kind)}", f"choose one of {', '.join(FIELDS)}{close}"
            continue
        for part in ("Retry", "Catch", "Choices"):
            if not _are_rules(state.get(part, [])):
                yield name, f"{part} is no list of rules", "write a list of objects, their ErrorEquals lists of names"
                break
        else:
            for where, value, kind in _wrong_kinds(state):
                yield name, f"{where} is {json.dumps(value)}", f"write {kind}"


def _wrong_kinds(part: Mapping[str, Any], where: str = "") -> Iterator[tuple[str, Any, str]]:
    """Each field, of a state or of what it holds, in which something else stands than belongs there; and what does."""
    for key, value in part.items():
        kind, words = _KINDS.get(key, (None, ""))
        if kind and (not isinstance(value, kind) or isinstance(value, bool)):
            yield f"{where}{key}", value, words
        elif key in ("Retry", "Catch", "Choices", "And"):
            for index, one in enumerate(value):
                here = f"{where}{key}[{index}]"
                yield from _wrong_kinds(one, f"{here}.") if isinstance(one, Mapping) else ((here, one, "an object"),)


def _are_rules(value: Any) -> bool:
    """Whether a value is a list of objects, with lists of names where they name errors."""
    if not isinstance(value, list) or not all(isinstance(one, Mapping) for one in value):
        return False
    named = [one.get("ErrorEquals", []) for one in value]
    return all(isinstance(names, list) and all(isinstance(name, str) for name in names) for names in named)


@rule()
def unique_keys(machine: Machine, project: Project) -> Iterator[Problem]:
    """No key stands twice in one object: a JSON parser keeps the last one and says nothing."""
    for name in repeated(machine.states):
        yield name, "two states have this name, and only the last one counts", "rename or remove one"
    for key in repeated(machine.definition):
        yield TOP, f'"{key}" stands here twice, and only the last one counts', "remove one"
    for place, value in places(machine):
        for key in sorted({key for one in walk(value) for key in repeated(one)}):
            yield place, f'"{key}" stands twice in one object, and only the last one counts', "remove one"


@rule()
def unique_names(machine: Machine, project: Project) -> Iterator[Problem]:
    """No two names differ in case or blanks only: people, metrics and headings could not tell them apart."""
    seen: dict[str, str] = {}
    for name in machine.states:
        like = seen.setdefault("".join(name.split()).lower(), name)
        if like != name:
            yield name, f'is all but the same name as "{like}"', "rename one"


@rule()
def short_names(machine: Machine, project: Project) -> Iterator[Problem]:
    """A name has at most 40 characters: longer ones are cut off where the person on call reads them."""
    for name in machine.states:
        if len(name) > LONGEST_NAME:
            yield name, f"the name has {len(name)} characters", f"shorten it to {LONGEST_NAME}"


@rule()
def comment(machine: Machine, project: Project) -> Iterator[Problem]:
    """The machine and every state have a Comment for the person on call."""
    for place, value in places(machine):
        if not str(value.get("Comment", "")).strip():
            yield place, "has no Comment", "say what it is for and what it means when it fails"


@rule()
def known_fields(machine: Machine, project: Project) -> Iterator[Problem]:
    """A state has only the fields of its type: AWS refuses the machine for any other."""
    for name, state in machine.states.items():
        known = FIELDS[state["Type"]]
        _, _, foreign = _languages(machine, state)  # another rule's business
        for key in sorted(state.keys() - known - foreign.keys()):
            yield name, f"a {state['Type']} has no {key}", f"remove it{did_you_mean(key, known)}"


def _languages(machine: Machine, state: State) -> tuple[str, str, Mapping[str, str]]:
    """The query language of a state, the other one, and the fields of the other one."""
    speaks = state.get("QueryLanguage", machine.definition.get("QueryLanguage", "JSONPath"))
    return ("JSONata", "JSONPath", JSONPATH_FIELDS) if speaks == "JSONata" else ("JSONPath", "JSONata", JSONATA_FIELDS)


@rule()
def query_language(machine: Machine, project: Project) -> Iterator[Problem]:
    """A state has no field and no expression of the query language that it does not speak."""
    for name, state in machine.states.items():
        speaks, other, foreign = _languages(machine, state)
        for part in (state, *state.get("Catch", []), *walk(state.get("Choices", []))):
            for key in [key for key in foreign if isinstance(part, Mapping) and key in part]:
                yield name, f"{key} belongs to {other}, and this state speaks {speaks}", f"write {foreign[key]} instead"
        for one in walk({key: value for key, value in state.items() if key not in foreign}):
            if speaks == "JSONata" and isinstance(one, Mapping):
                for key in [key for key in one if key.endswith(".$")]:
                    yield name, f'"{key}" is JSONPath, and this state speaks JSONata', "write {% … %} without .$"
            if speaks != "JSONata" and isinstance(one, str) and re.fullmatch(r"\{%.*%\}", one, re.DOTALL):
                yield name, f"{one} is JSONata, and this state speaks {speaks}", 'write a path under a key with ".$"'


@rule()
def substitutions(machine: Machine, project: Project) -> Iterator[Problem]:
    """The placeholders in the file are the template's DefinitionSubstitutions, no more and no fewer."""
    used = set()
    for place, value in places(machine):
        for name in sorted(set(re.findall(r"\$\{(\w+)\}", json.dumps(value)))):
            used.add(name)
            if name not in project.substitutions:
                close = did_you_mean(name, project.substitutions)
                yield place, f"the template puts nothing in the place of ${{{name}}}", f"add it there{close}"
    for name in sorted(set(project.substitutions) - used):
        yield TOP, f"the template substitutes {name}, which stands nowhere", "remove it from DefinitionSubstitutions"
