"""Rules that a state machine keeps; each is a function that names what breaks it, why, and what to do about it.

Most rules need no more than the machine. What only its project knows (which errors exist, how long a function may run,
how a loop ends, how large a field can get) comes in as :class:`Project`.
"""

import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any

from asl.machine import Edge, Machine, State

TOP = "(top level)"
LONGEST_NAME = 40  # what AWS's console shows in full; the States Language allows 80
LARGEST_DOCUMENT = 262_144  # bytes: https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
# Error and Cause have at most 256 and 32,768 characters, of at most 3 bytes each; quotes that are escaped take 2:
# https://docs.aws.amazon.com/step-functions/latest/apireference/API_LambdaFunctionFailedEventDetails.html
LARGEST_ERROR = 3 * (256 + 32_768) + len('{"Error":"","Cause":""}')

ALL, TASK_FAILED, TIMEOUT = "States.ALL", "States.TaskFailed", "States.Timeout"
# https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
NEVER_MATCHED = {
    "States.Runtime": "ends the execution, whatever is caught or retried",
    "States.DataLimitExceeded": "ends the execution, whatever is caught or retried",
    "States.NoChoiceMatched": "is reserved: AWS reports States.Runtime instead",
    "States.ParameterPathFailure": "is reserved: AWS reports States.Runtime instead",
    "States.IntrinsicFailure": "is reserved: AWS reports States.Runtime instead",
}

# what each query language calls the same thing: https://states-language.net/spec.html#mapping-between-jsonpath-and-jsonata
JSONATA_FIELDS = {
    "Arguments": "Parameters",
    "Output": "ResultSelector and ResultPath",
    "Condition": "Variable with a comparison",
    "Items": "ItemsPath",
}
JSONPATH_FIELDS = {
    "InputPath": "Arguments or Output with $states.input",
    "OutputPath": "Output",
    "Parameters": "Arguments",
    "ResultSelector": "Output",
    "ResultPath": "Output",
    "TimeoutSecondsPath": "TimeoutSeconds with an expression",
    "HeartbeatSecondsPath": "HeartbeatSeconds with an expression",
    "SecondsPath": "Seconds with an expression",
    "TimestampPath": "Timestamp with an expression",
    "ErrorPath": "Error with an expression",
    "CausePath": "Cause with an expression",
    "Variable": "Condition",
}
EVERYWHERE = {"Type", "Comment", "QueryLanguage"}
IN_AND_OUT = {"InputPath", "OutputPath", "Output"}
ONWARDS = {"Next", "End", "Assign"}
FIELDS: Mapping[str, set[str]] = {
    "Task": EVERYWHERE
    | IN_AND_OUT
    | ONWARDS
    | {"Resource", "Parameters", "Arguments", "ResultSelector", "ResultPath", "Retry", "Catch", "Credentials"}
    | {"TimeoutSeconds", "TimeoutSecondsPath", "HeartbeatSeconds", "HeartbeatSecondsPath"},
    "Choice": EVERYWHERE | IN_AND_OUT | {"Choices", "Default", "Assign"},
    "Wait": EVERYWHERE | IN_AND_OUT | ONWARDS | {"Seconds", "SecondsPath", "Timestamp", "TimestampPath"},
    "Pass": EVERYWHERE | IN_AND_OUT | ONWARDS | {"Result", "Parameters", "ResultPath"},
    "Succeed": EVERYWHERE | IN_AND_OUT,
    "Fail": EVERYWHERE | {"Error", "ErrorPath", "Cause", "CausePath"},
}


# --- what a project says, and what is found ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong, in one line: where it stands, which rule it breaks, what is wrong, what to do about it."""

    state: str
    rule: str
    problem: str
    remedy: str

    def __str__(self) -> str:
        return " ".join(f"{self.state}: {self.rule}: {self.problem}; {self.remedy}".split())


@dataclass(frozen=True, slots=True)
class Function:
    """What a Task calls: how long it may run, and the ``clocks`` inside of it: seconds by what they are for."""

    timeout: float
    clocks: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Loop:
    """How a cycle ends, and how long it may wait, where the machine itself does not say so.

    Args:
        state: A state that each round passes.
        seconds: How long all rounds together may wait.
        why: Where that is decided, in words.
        errors: The names by which the state's function leaves the cycle; none for a Choice that compares a number.
    """

    state: str
    seconds: float
    why: str
    errors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Bound:
    """The most bytes that a field takes as JSON, and what keeps it from taking more."""

    size: int
    why: str


@dataclass(frozen=True, slots=True)
class Project:
    """What the rules cannot read in the machine.

    Args:
        errors: The project's own error names.
        service_errors: Error names of services that can really reach this machine.
        substitutions: The names that the template puts something in the place of.
        functions: What stands behind those of them that are functions.
        seconds: What a ``…SecondsPath`` may find, by path: seconds by the case (an engine, say) in which it does.
        quick: Errors that come at once, not after the Task's whole timeout: by name, seconds that suffice.
        loops: Each cycle's end.
        bounds: Of each Task, the fields that its ResultSelector selects.
        input_size: The most bytes of an execution's input.
    """

    errors: Collection[str] = ()
    service_errors: Collection[str] = ()
    substitutions: Collection[str] = ()
    functions: Mapping[str, Function] = field(default_factory=dict)
    seconds: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    quick: Mapping[str, float] = field(default_factory=dict)
    loops: Sequence[Loop] = ()
    bounds: Mapping[str, Mapping[str, Bound]] = field(default_factory=dict)
    input_size: int = 0


type Problem = tuple[str, str, str]  # state, problem, remedy
type Check = Callable[[Machine, Project], Iterable[Problem]]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule by its name. ``walks``: it follows edges, so it has nothing to say while targets are missing."""

    name: str
    says: str
    check: Check
    walks: bool


RULES: dict[str, Rule] = {}


def rule(*, walks: bool = False) -> Callable[[Check], Check]:
    """Register a check under its own name; its docstring is what the documents say of it."""

    def register(check: Check) -> Check:
        name = check.__name__.replace("_", "-")
        RULES[name] = Rule(name, " ".join((check.__doc__ or "").split()), check, walks)
        return check

    return register


def findings(machine: Machine, project: Project) -> list[Finding]:
    """Everything wrong with a machine; what only follows from a finding that is listed already is left out."""

    def broken(*names: str) -> list[Finding]:
        return [
            Finding(problem[0], name, *problem[1:]) for name in names for problem in RULES[name].check(machine, project)
        ]

    if found := broken("shape"):
        return found
    first = ("known-start", "dangling-target")
    found = broken(*first)
    return found + broken(
        *(name for name, one in RULES.items() if name not in (*first, "shape") and not (found and one.walks))
    )


# --- reading ----------------------------------------------------------------------------------------------------------


class _Object(dict[str, Any]):
    """A JSON object that remembers which of its keys stood in the file more than once."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        keys = [key for key, _ in pairs]
        self.repeated = sorted({key for key in keys if keys.count(key) > 1})


def read(path: Path) -> Machine:
    """The machine in a file, with what ``json.loads`` would hide.

    Raises:
        ValueError: The file is not a JSON object.
    """
    definition = json.loads(path.read_text(), object_pairs_hook=_Object)
    if not isinstance(definition, dict):
        raise ValueError("the file must hold one JSON object")  # noqa: TRY004 - the file is wrong, not the caller
    return Machine(definition)


def _walk(value: Any) -> Iterator[Any]:
    """A value and all that it holds."""
    yield value
    for one in value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ():
        yield from _walk(one)


def _places(machine: Machine) -> Iterator[tuple[str, Any]]:
    """Each state with its name, and what stands around them."""
    yield TOP, {name: value for name, value in machine.definition.items() if name != "States"}
    yield from machine.states.items()


def _close(name: str, known: Collection[str]) -> str:
    close = get_close_matches(name, known, n=1, cutoff=0.7)
    return f' (did you mean "{close[0]}"?)' if close else ""


# --- form -------------------------------------------------------------------------------------------------------------


@rule()
def shape(machine: Machine, project: Project) -> Iterator[Problem]:
    """The file has the form of a machine: StartAt, and States of the six types that are known here."""
    states = machine.definition.get("States")
    if not isinstance(machine.definition.get("StartAt"), str):
        yield TOP, "StartAt is not the name of a state", "name the first state"
    if not isinstance(states, Mapping) or not states:
        yield TOP, "there are no States", "write at least one"
        return
    for name, state in states.items():
        kind = state.get("Type") if isinstance(state, Mapping) else None
        if kind not in FIELDS:
            yield name, f"Type is {json.dumps(kind)}", f"choose one of {', '.join(FIELDS)}{_close(str(kind), FIELDS)}"
            continue
        for part in ("Retry", "Catch", "Choices"):
            rules = state.get(part, [])
            names = [one.get("ErrorEquals", []) if isinstance(one, Mapping) else None for one in rules]
            if not isinstance(rules, list) or not all(
                isinstance(some, list) and all(isinstance(one, str) for one in some) for some in names
            ):
                yield name, f"{part} is no list of rules", "write a list of objects, their ErrorEquals lists of names"


@rule()
def unique_keys(machine: Machine, project: Project) -> Iterator[Problem]:
    """No key stands twice in one object: a JSON parser keeps the last one and says nothing."""
    for name in getattr(machine.definition.get("States"), "repeated", ()):
        yield name, "two states have this name, and only the last one counts", "rename or remove one"
    for key in getattr(machine.definition, "repeated", ()):
        yield TOP, f'"{key}" stands here twice, and only the last one counts', "remove one"
    for place, value in _places(machine):
        for key in sorted({key for one in _walk(value) for key in getattr(one, "repeated", ())}):
            yield place, f'"{key}" stands twice in one object, and only the last one counts', "remove one"


@rule()
def unique_names(machine: Machine, project: Project) -> Iterator[Problem]:
    """No two names differ in case or blanks only: people, metrics and headings could not tell them apart."""
    seen: dict[str, str] = {}
    for name in machine.states:
        like = seen.setdefault(re.sub(r"\s+", "", name).lower(), name)
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
    for place, value in _places(machine):
        if not str(value.get("Comment", "")).strip():
            yield place, "has no Comment", "say what it is for and what it means when it fails"


@rule()
def known_fields(machine: Machine, project: Project) -> Iterator[Problem]:
    """A state has only the fields of its type: AWS refuses the machine for any other."""
    for name, state in machine.states.items():
        known = FIELDS[state["Type"]]
        for key in sorted(state.keys() - known - _languages(machine, state)[2].keys()):
            yield name, f"a {state['Type']} has no {key}", f"remove it{_close(key, known)}"


def _languages(machine: Machine, state: State) -> tuple[str, str, Mapping[str, str]]:
    """The query language of a state, the other one, and the fields of the other one."""
    speaks = state.get("QueryLanguage", machine.definition.get("QueryLanguage", "JSONPath"))
    return ("JSONata", "JSONPath", JSONPATH_FIELDS) if speaks == "JSONata" else ("JSONPath", "JSONata", JSONATA_FIELDS)


@rule()
def query_language(machine: Machine, project: Project) -> Iterator[Problem]:
    """A state has no field and no expression of the query language that it does not speak."""
    for name, state in machine.states.items():
        speaks, other, foreign = _languages(machine, state)
        parts = [state, *state.get("Catch", []), *(one for rule in state.get("Choices", []) for one in _walk(rule))]
        for part in (one for one in parts if isinstance(one, Mapping)):
            for key in [key for key in foreign if key in part]:
                yield name, f"{key} belongs to {other}, and this state speaks {speaks}", f"write {foreign[key]} instead"
        own = {key: value for key, value in state.items() if key not in foreign}
        for one in _walk(own):
            if speaks == "JSONata" and isinstance(one, Mapping):
                for key in [key for key in one if key.endswith(".$")]:
                    yield name, f'"{key}" is JSONPath, and this state speaks JSONata', "write {% … %} without .$"
            if speaks != "JSONata" and isinstance(one, str) and re.fullmatch(r"\{%.*%\}", one, re.DOTALL):
                yield name, f"{one} is JSONata, and this state speaks {speaks}", 'write a path under a key with ".$"'


@rule()
def substitutions(machine: Machine, project: Project) -> Iterator[Problem]:
    """The placeholders in the file are the template's DefinitionSubstitutions, no more and no fewer."""
    used = set()
    for place, value in _places(machine):
        for name in sorted(set(re.findall(r"\$\{(\w+)\}", json.dumps(value)))):
            used.add(name)
            if name not in project.substitutions:
                close = _close(name, project.substitutions)
                yield place, f"the template puts nothing in the place of ${{{name}}}", f"add it there{close}"
    for name in sorted(set(project.substitutions) - used):
        yield TOP, f"the template substitutes {name}, which stands nowhere", "remove it from DefinitionSubstitutions"


# --- ways through the machine -----------------------------------------------------------------------------------------


@rule()
def known_start(machine: Machine, project: Project) -> Iterator[Problem]:
    """StartAt names a state."""
    if machine.start not in machine.states:
        close = _close(machine.start, machine.states)
        yield TOP, f'StartAt names "{machine.start}", which is no state', f"name one that exists{close}"


@rule()
def dangling_target(machine: Machine, project: Project) -> Iterator[Problem]:
    """Every Next and Default names a state."""
    for edge in machine.edges():
        if edge.target not in machine.states:
            which = edge.field if edge.field in ("Next", "Default") else f"{edge.field}.Next"
            close = _close(edge.target, machine.states)
            yield edge.source, f'{which} names "{edge.target}", which is no state', f"name one that exists{close}"


type Pairs = list[tuple[str, str]]


def _pairs(edges: Iterable[Edge]) -> Pairs:
    return [(edge.source, edge.target) for edge in edges]


def _reached(starts: Iterable[str], pairs: Pairs) -> set[str]:
    """The states that can be reached from some, these included."""
    found, ahead = set[str](), list(starts)
    while ahead:
        state = ahead.pop()
        if state not in found:
            found.add(state)
            ahead += [target for source, target in pairs if source == state]
    return found


def _beyond(states: Iterable[str], pairs: Pairs) -> dict[str, set[str]]:
    """For each state, what one step or more lead to: itself only if it lies on a cycle."""
    return {name: _reached([target for source, target in pairs if source == name], pairs) for name in states}


def _groups(states: Iterable[str], pairs: Pairs) -> list[list[str]]:
    """The states that lie on cycles, those together that can reach each other."""
    beyond = _beyond(states, pairs)
    groups: list[list[str]] = []
    for name in (name for name in beyond if name in beyond[name]):
        group = next((one for one in groups if one[0] in beyond[name] and name in beyond[one[0]]), None)
        if group is None:
            groups.append([name])
        else:
            group.append(name)
    return groups


@rule(walks=True)
def reachable(machine: Machine, project: Project) -> Iterator[Problem]:
    """Every state can be reached from the start."""
    reached = _reached([machine.start], _pairs(machine.edges()))
    for name in machine.states:
        if name not in reached:
            yield name, "no way from the start leads here", "lead one here, or remove it"


@rule(walks=True)
def every_path_ends(machine: Machine, project: Project) -> Iterator[Problem]:
    """From every state an end can be reached: Succeed, Fail, or a state that says End."""
    ends = [
        name for name, one in machine.states.items() if one["Type"] in ("Succeed", "Fail") or one.get("End") is True
    ]
    ending = _reached(ends, [(target, source) for source, target in _pairs(machine.edges())])
    for name in machine.states:
        if name not in ending:
            yield name, "no way from here leads to an end", "add a Next that leads to one, or End"


@rule()
def choice_default(machine: Machine, project: Project) -> Iterator[Problem]:
    """Every Choice has a Default: an execution that finds no rule ends at once, and nothing can catch that."""
    for name, state in machine.states.items():
        if state["Type"] == "Choice" and "Default" not in state:
            yield name, "has no Default", "name the state for everything that the rules leave over"


def _counts(rule: Mapping[str, Any]) -> bool:
    """Whether a Choice's rule compares a number, alone or together with other conditions."""
    return any(key.startswith("Numeric") for key in rule) or any(_counts(one) for one in rule.get("And", []))


def _counted(machine: Machine) -> set[Edge]:
    """The edges by which a Choice stays in a cycle only as long as a number allows, and else leaves it."""
    pairs = _pairs(machine.edges())
    found = set()
    for name, state in machine.states.items():
        if state["Type"] == "Choice":
            ways = [edge for edge in machine.edges() if edge.source == name]
            rules: list[Mapping[str, Any]] = [*state.get("Choices", []), {}]  # the last one is the Default
            leaves = [name not in _reached([edge.target], pairs) for edge in ways]
            passed = False
            for index, (edge, choice) in enumerate(zip(ways, rules, strict=False)):
                if not leaves[index] and (passed or (_counts(choice) and any(leaves[index + 1 :]))):
                    found.add(edge)
                passed |= leaves[index] and any(key.startswith("Numeric") for key in choice)
    return found


@rule(walks=True)
def bounded_loops(machine: Machine, project: Project) -> Iterator[Problem]:
    """Every cycle passes a Choice that counts, or a Task that leaves it by an error the project declares."""
    pairs = _pairs(machine.edges())
    beyond = _beyond(machine.states, pairs)
    for loop in project.loops:
        if loop.state not in beyond.get(loop.state, ()):
            yield loop.state, "is declared to end a loop, and is in none", "remove it from the declared loops"
            continue
        for error in loop.errors:
            catch = next((edge for edge in machine.edges() if edge.source == loop.state and _takes(edge, error)), None)
            if catch is None or loop.state in _reached([catch.target], pairs):
                yield loop.state, f"{error} ends a loop, and is not caught out of it", "catch it outside"
    ended, counted = {loop.state for loop in project.loops if loop.errors}, _counted(machine)
    left = _pairs(edge for edge in machine.edges() if edge not in counted and edge.source not in ended)
    for group in _groups(machine.states, left):
        names = ", ".join(group)
        yield group[0], f"nothing bounds the loop of {names}", "let a Choice count its rounds or declare its end"


def _takes(catch: Edge, error: str) -> bool:
    """Whether a Catch is for an error."""
    return bool({error, ALL} & set(catch.errors)) or (TASK_FAILED in catch.errors and error != TIMEOUT)


# --- errors -----------------------------------------------------------------------------------------------------------


@rule()
def task_timeout(machine: Machine, project: Project) -> Iterator[Problem]:
    """Every Task has a timeout, above that of a heartbeat: without one it may hang for as long as the machine runs."""
    for name, state in machine.tasks.items():
        path = state.get("TimeoutSecondsPath")
        if path is None and "TimeoutSeconds" not in state:
            yield name, "has no timeout", "add TimeoutSeconds above the function's own timeout"
        elif path is not None and not project.seconds.get(path):
            yield name, f"nobody declares what stands in {path}", "declare its seconds in the project's facts"
        if state.get("HeartbeatSeconds", 0) >= state.get("TimeoutSeconds", float("inf")):
            yield name, "its heartbeat has no less time than the Task", "make HeartbeatSeconds the smaller one"


@rule()
def task_retry(machine: Machine, project: Project) -> Iterator[Problem]:
    """Every Task is tried again after errors that pass: one lost packet must not cost a job."""
    for name, state in machine.tasks.items():
        if not any(one.get("MaxAttempts") != 0 for one in state.get("Retry", [])):
            yield name, "is never tried again", "add Retry for the errors that pass"


@rule()
def task_catch(machine: Machine, project: Project) -> Iterator[Problem]:
    """Every Task catches States.ALL last: an error that nobody foresaw must end in a state of ours too."""
    for name, state in machine.tasks.items():
        if not any(ALL in one.get("ErrorEquals", []) for one in state.get("Catch", [])):
            yield name, f"does not catch {ALL}", f"end its Catch with {ALL} and the state that records failures"


@rule()
def retry_spread(machine: Machine, project: Project) -> Iterator[Problem]:
    """Every Retry has MaxDelaySeconds and full jitter: jobs that failed together must not come back together."""
    for name, state in machine.states.items():
        for index, one in enumerate(state.get("Retry", [])):
            if one.get("MaxAttempts") != 0:
                if "MaxDelaySeconds" not in one:
                    yield name, f"Retry[{index}] has no MaxDelaySeconds", "add the longest wait that still makes sense"
                if one.get("JitterStrategy") != "FULL":
                    yield name, f"Retry[{index}] has no full jitter", 'add "JitterStrategy": "FULL"'


@rule()
def known_errors(machine: Machine, project: Project) -> Iterator[Problem]:
    """ErrorEquals names only errors of the project or of services that can really come here."""
    known = {*project.errors, *project.service_errors}
    for name, state in machine.states.items():
        for part in ("Retry", "Catch"):
            for index, one in enumerate(state.get(part, [])):
                for error in one.get("ErrorEquals", []):
                    if error in NEVER_MATCHED:
                        yield name, f"{part}[{index}] names {error}, which {NEVER_MATCHED[error]}", "remove it"
                    elif error not in known:
                        close = _close(error, known)
                        yield name, f"{part}[{index}] names {error}, which nothing raises", f"name a known error{close}"


@rule()
def errors_in_order(machine: Machine, project: Project) -> Iterator[Problem]:
    """No name in ErrorEquals is taken by one before it, and States.ALL stands alone and last."""
    for name, state in machine.states.items():
        for part in ("Retry", "Catch"):
            taken: dict[str, str] = {}
            for index, one in enumerate(state.get(part, [])):
                here, names = f"{part}[{index}]", one.get("ErrorEquals", [])
                if ALL in names and len(names) > 1:
                    yield name, f"{here} names {ALL} beside others", f"give {ALL} a rule of its own, the last one"
                if ALL in taken:
                    yield name, f"{here} comes after {ALL} and is never used", f"move it before {taken[ALL]}"
                    continue
                for error in names:
                    by = taken.get(error) or (taken.get(TASK_FAILED) if error not in (TIMEOUT, ALL) else None)
                    if by:
                        yield name, f"{here} names {error}, which {by} has taken", "remove it, or change the order"
                    taken.setdefault(error, here)


# --- time -------------------------------------------------------------------------------------------------------------


def _limits(state: State, project: Project) -> Mapping[str, float]:
    """A Task's timeout in seconds, by the case in which it is that; one without a name when it is always the same."""
    if path := state.get("TimeoutSecondsPath"):
        return project.seconds.get(path) or {}
    return {"": state["TimeoutSeconds"]} if "TimeoutSeconds" in state else {}


@rule()
def inner_clock_first(machine: Machine, project: Project) -> Iterator[Problem]:
    """SDK read timeout < function timeout < Task timeout: the clock that knows what happened rings first."""
    for name, state in machine.tasks.items():
        parameters = state.get("Parameters", {})
        placeholder = re.fullmatch(r"\$\{(\w+)\}", str(parameters.get("FunctionName", "")))
        function = project.functions.get(placeholder[1]) if placeholder else None
        limits = _limits(state, project)
        if function is None or not limits:  # no function, or no timeout: another rule's business
            continue
        if function.timeout >= max(limits.values()):
            has, may = max(limits.values()), function.timeout
            yield name, f"the Task has {has:g} s and its function may run {may:g} s", "give the Task more time"
        for what, seconds in function.clocks.items():
            limit = min(function.timeout, limits.get(what, function.timeout))
            if seconds >= limit:
                yield (
                    name,
                    f"the read timeout of {what} is {seconds:g} s, and {limit:g} s is all there is",
                    "shorten it",
                )


def longest_stay(name: str, machine: Machine, project: Project) -> float:
    """The most seconds that an execution spends in a state at one visit: all attempts and the waits between them."""
    state = machine.states[name]
    if state["Type"] == "Wait":
        return float(state.get("Seconds", max(project.seconds.get(state.get("SecondsPath", ""), {"": 0}).values())))
    if state["Type"] != "Task":
        return 0.0
    timeout = max(_limits(state, project).values(), default=0.0)
    again = [one for one in machine.retries() if one.state == name]
    attempts = [one.max_attempts * max(project.quick.get(error, timeout) for error in one.errors) for one in again]
    return timeout + sum(attempts) + sum(sum(one.waits) for one in again)


def longest_way(machine: Machine, project: Project) -> tuple[float, list[tuple[str, float]]]:
    """The most seconds that an execution takes, and the states of that way with their shares.

    The states of a cycle count once each; its rounds count as long as the project declares that they may wait. An
    execution in which every round of a loop also exhausts its retries is what the machine's own timeout is for.
    """
    pairs = _pairs(machine.edges())
    beyond = _beyond(machine.states, pairs)

    def share(name: str) -> float:
        waits = machine.states[name]["Type"] == "Wait" and name in beyond[name]  # the loop's declared seconds, then
        return (0.0 if waits else longest_stay(name, machine, project)) + sum(
            loop.seconds for loop in project.loops if loop.state == name
        )

    @cache
    def onwards(group: frozenset[str]) -> tuple[float, tuple[tuple[str, float], ...]]:
        here = tuple((name, share(name)) for name in machine.states if name in group)
        ways = [onwards(around(target)) for source, target in pairs if source in group and target not in group]
        longest = max(ways, default=(0.0, ()), key=lambda way: way[0])
        return sum(seconds for _, seconds in here) + longest[0], here + longest[1]

    def around(name: str) -> frozenset[str]:
        return frozenset({name, *(other for other in beyond[name] if name in beyond[other])})

    seconds, way = onwards(around(machine.start))
    return seconds, [(name, taken) for name, taken in way if taken]


@rule(walks=True)
def machine_timeout(machine: Machine, project: Project) -> Iterator[Problem]:
    """The longest way through the machine, all retries and declared waits included, ends before its own timeout."""
    limit = machine.definition.get("TimeoutSeconds")
    if not isinstance(limit, int):
        yield TOP, "has no TimeoutSeconds", "add one above its longest way: by default an execution may last a year"
        return
    for group in _groups(machine.states, _pairs(machine.edges())):
        if not any(loop.state in group for loop in project.loops):
            yield group[0], f"nobody declares how long the loop of {', '.join(group)} may wait", "declare its seconds"
    for name, state in machine.states.items():
        if state["Type"] == "Wait" and "Seconds" not in state and state.get("SecondsPath") not in project.seconds:
            yield name, "nobody declares how long it waits", "write Seconds, or declare what its SecondsPath may find"
    long = {name: stay for name in machine.states if (stay := longest_stay(name, machine, project)) >= limit}
    for name, stay in long.items():
        yield name, f"may take {stay:g} s, and the machine ends after {limit} s", "raise the machine's TimeoutSeconds"
    seconds, way = longest_way(machine, project)
    if seconds >= limit and not long:
        text = ", ".join(f"{name} {taken:g}" for name, taken in way)
        yield TOP, f"the longest way takes {seconds:g} s ({text}), TimeoutSeconds is {limit}", "raise TimeoutSeconds"


# --- size -------------------------------------------------------------------------------------------------------------


def _selected(state: State) -> Mapping[str, Any]:
    """What a Task keeps of its result, by field."""
    return {key.removesuffix(".$"): value for key, value in state.get("ResultSelector", {}).items()}


@rule()
def selected_results(machine: Machine, project: Project) -> Iterator[Problem]:
    """A Task keeps named fields of declared sizes of its result, or nothing: no picture travels in the state."""
    for name, state in machine.tasks.items():
        if state.get("ResultPath", "$") is None:
            continue
        declared, selected = project.bounds.get(name, {}), _selected(state)
        if not selected:
            yield name, "keeps its whole result", "select the fields that are needed, or set ResultPath to null"
        for key, value in selected.items():
            if not re.fullmatch(r"\$(\.\w+){2,}", str(value)):
                yield name, f"selects {value}, which is no field of the answer", "select named fields: $.Payload.name"
            if key not in declared:
                yield name, f"nobody declares how large {key} may get", "declare its bound in the project's facts"
        for key in declared.keys() - selected.keys():
            yield name, f"a bound is declared for {key}, which it does not select", "remove the bound"
    for name in project.bounds.keys() - machine.tasks.keys():
        yield TOP, f'bounds are declared for "{name}", which is no Task', "remove them"


def document_parts(machine: Machine, project: Project) -> dict[str, int]:
    """The most bytes of each part of the state document, by where it lies; what is written twice counts once."""
    parts = {"input": project.input_size}

    def put(path: str | None, size: int) -> None:
        if path is not None:
            parts[path] = max(parts.get(path, 0), size + len(path) + len('"": ,'))

    for name, state in machine.tasks.items():
        bounds = project.bounds.get(name, {})
        sizes = [len(f'"{key}": , ') + bounds[key].size for key in _selected(state) if key in bounds]
        put(state.get("ResultPath", "$"), sum(sizes) + len("{}"))
        for catch in state.get("Catch", []):
            put(catch.get("ResultPath", "$"), LARGEST_ERROR)
    return parts


@rule()
def document_size(machine: Machine, project: Project) -> Iterator[Problem]:
    """The state document, with every field and every caught error at its largest, stays below AWS's 262,144 bytes."""
    parts = document_parts(machine, project)
    if (size := sum(parts.values())) >= LARGEST_DOCUMENT:
        largest = ", ".join(f"{path} {part}" for path, part in sorted(parts.items(), key=lambda part: -part[1])[:4])
        remedy = "select fewer fields, and keep no error that nobody reads (ResultPath null)"
        yield TOP, f"the document may take {size} of {LARGEST_DOCUMENT} bytes ({largest})", remedy
