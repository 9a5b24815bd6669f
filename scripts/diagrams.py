"""Mermaid diagrams of the state machine and of the stack, drawn from their definitions."""

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from scripts.facts import BY_PEOPLE, FUNCTION, MACHINE, Edge, folder, machine, resources, states, triggers, type_of
from scripts.facts import writes as all_writes

LIGHT = "stroke:#888,stroke-width:1px"  # the text keeps the colour of the reader's theme, light or dark

# --- the state machine ------------------------------------------------------------------------------------------------

SHAPES = {"Choice": ("{", "}"), "Wait": ("[/", "/]"), "Succeed": ("([", "])"), "Fail": ("([", "])")}
OUTCOMES = {
    "good": "fill:#dff3e4,stroke:#2e7d4f,color:#143d26",
    "wait": "fill:#e3ecfb,stroke:#3a62b5,color:#152747",
    "error": "fill:#fbe9d4,stroke:#c46a13,color:#4a2707",
    "bad": "fill:#fbe3e0,stroke:#b3392c,color:#4d150f,stroke-width:3px",
    "quiet": "fill:#eeeeee,stroke:#777777,color:#222222",
}
WORK = "Work"  # the box around the steps that share their ways out

COMPARISONS = {
    "StringEquals": "=",
    "NumericEquals": "=",
    "BooleanEquals": "=",
    "NumericLessThan": "<",
    "NumericLessThanEquals": "≤",
    "NumericGreaterThan": ">",
    "NumericGreaterThanEquals": "≥",
}


def state_machine() -> str:
    """The machine as a flow chart: thick for a try-on that goes well, thin for other ways, dashed for errors.

    Steps whose errors go the same ways stand in one box, and these ways leave the box once: drawn from each step they
    would cover the picture.
    """
    good, box = list(_good_way()), _box()
    lines = ["flowchart TD", f'    subgraph {WORK}[" "]']
    lines += [f"        {_drawn(name)}" for name in states() if name in box]
    lines += ["    end", *(f"    {_drawn(name)}" for name in states() if name not in box)]
    edges = [*_edges_of_good_way(good), *_other_edges(good), *_error_edges(box)]
    lines += [f"    {edge}" for edge, _ in edges]
    dashed = [str(index) for index, (_, is_error) in enumerate(edges) if is_error]
    lines.append(f"    linkStyle {','.join(dashed)} {LIGHT}")
    lines.append(f"    style {WORK} fill:none,stroke:#888,stroke-dasharray:4 4")
    lines += [f"    classDef {outcome} {colours}" for outcome, colours in OUTCOMES.items()]
    return _fenced([*lines, *_classes(good)])


def _drawn(name: str) -> str:
    state = states()[name]
    left, right = SHAPES.get(state["Type"], ("[", "]"))
    wait = f"<br/>{state['Seconds']} s" if "Seconds" in state else ""
    return f'{_id(name)}{left}"{name}{wait}"{right}'


def _classes(good: list[str]) -> Iterator[str]:
    """What each state is to the shopper, as a colour."""
    found: dict[str, list[str]] = {}
    for name, state in states().items():
        if state["Type"] == "Wait":
            outcome = "wait"
        elif state["Type"] == "Fail":
            outcome = "bad"
        elif name in good:
            outcome = "good"
        else:
            outcome = "quiet" if state["Type"] == "Succeed" else "error"
        found.setdefault(outcome, []).append(_id(name))
    return (f"    class {','.join(names)} {outcome}" for outcome, names in found.items())


def _shared_catches() -> set[tuple[str, str]]:
    """Where the errors of three steps or more go: (error, state)."""
    ways = Counter(
        (",".join(one["ErrorEquals"]), one["Next"]) for state in states().values() for one in _catches(state)
    )
    return {way for way, times in ways.items() if times > 2}


def _catches(state: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = state.get("Catch", [])
    return found


def _following(state: dict[str, Any]) -> set[str]:
    ways = [state, *state.get("Choices", [])]
    return {way[key] for way in ways for key in ("Next", "Default") if key in way}


def _box() -> set[str]:
    """The steps with all shared ways out, and the states without errors that only lead from one of them to another."""
    shared = _shared_catches()
    box = {
        name
        for name, state in states().items()
        if shared <= {(",".join(one["ErrorEquals"]), one["Next"]) for one in _catches(state)}
    }
    while more := {
        name
        for name, state in states().items()
        if name not in box and not _catches(state) and set() < _following(state) <= box
    }:
        box |= more
    return box


def _good_way() -> Iterator[str]:
    name = machine()["StartAt"]
    while name:
        yield name
        name = states()[name].get("Next") or states()[name].get("Default")


def _edges_of_good_way(good: list[str]) -> Iterator[tuple[str, bool]]:
    for name, following in pairwise(good):
        yield f"{_id(name)} ==> {_id(following)}", False


def _other_edges(good: list[str]) -> Iterator[tuple[str, bool]]:
    for name, state in states().items():
        for choice in state.get("Choices", []):
            yield f'{_id(name)} -- "{condition(choice)}" --> {_id(choice["Next"])}', False
        following = state.get("Next") or state.get("Default")
        if following and name not in good:
            label = ' -- "else" -->' if "Default" in state else " -->"
            yield f"{_id(name)}{label} {_id(following)}", False


def _error_edges(box: set[str]) -> Iterator[tuple[str, bool]]:
    shared = _shared_catches()
    for name, state in states().items():
        for catch in _catches(state):
            if catch["Next"] == state.get("Next"):
                continue  # the error is ignored: the machine goes on as if nothing had happened
            if name in box and (",".join(catch["ErrorEquals"]), catch["Next"]) in shared:
                continue  # drawn once, from the box
            yield f"{_id(name)} -.->|{_label(catch['ErrorEquals'])}| {_id(catch['Next'])}", True
    for errors, target in sorted(shared):
        yield f"{WORK} -.->|{_label(errors.split(','))}| {_id(target)}", True


def _label(errors: list[str]) -> str:
    return f'"{"<br/>".join(_brief(error) for error in errors)}"'


def _brief(error: str) -> str:
    known = {
        "AlreadyClaimedError": "claimed by another",
        "States.ALL": "any other",
    }
    return known.get(error, error.removesuffix("Error"))


def condition(choice: dict[str, Any]) -> str:
    """A rule of a Choice in few words, for example ``reuse = ready``."""
    if "And" in choice:
        return " and ".join(condition(one) for one in choice["And"])
    variable = choice["Variable"].rsplit(".", 1)[-1]
    operator, value = next((name, value) for name, value in choice.items() if name in COMPARISONS)
    return f"{variable} {COMPARISONS[operator]} {value}"


# --- the stack --------------------------------------------------------------------------------------------------------

# Tables that help the main flow along; drawing who touches them would hide it.
BOOKKEEPING = {"ConnectionsTable", "ControlsTable", "ResultsTable"}
LOOKS = {
    "AWS::S3::Bucket": ("[(", ")]", "bucket", "Bucket"),
    "AWS::DynamoDB::Table": ("[(", ")]", "table", "Table"),
    "AWS::SQS::Queue": ("[[", "]]", "queue", "Queue"),
    "AWS::Serverless::HttpApi": ("{{", "}}", "api", ""),
    "AWS::Serverless::WebSocketApi": ("{{", "}}", "api", ""),
    "AWS::Events::Rule": (">", "]", "rule", "Rule"),
    MACHINE: ("([", "])", "machine", "StateMachine"),
    FUNCTION: ("[", "]", "function", ""),
}
NAMES = {"HttpApi": "HTTP API", "SocketApi": "WebSocket API", "TryOnStateMachine": "state machine<br/>try_on"}
COLOURS = {
    "bucket": "fill:#e4f0d9,stroke:#5b8a2f,color:#22360f",
    "table": "fill:#dfe8fb,stroke:#3a62b5,color:#152747",
    "queue": "fill:#fbe6f0,stroke:#b03a74,color:#481530",
    "api": "fill:#efe3fb,stroke:#7a3ab0,color:#311548",
    "rule": "fill:#eeeeee,stroke:#777777,color:#222222",
    "machine": "fill:#fbe9d4,stroke:#c46a13,color:#4a2707,stroke-width:3px",
    "function": "fill:#ffffff,stroke:#c46a13,color:#222222",
}


def architecture() -> str:
    """The main flow: who triggers whom (solid), and what is changed or told on the way (dashed).

    Derived from event sources and policies. The steps of the machine are drawn as the machine: they have a diagram of
    their own. Left out is what does not move a try-on forward: bookkeeping tables, dead letters, and functions that
    touch nothing else.
    """
    called = list(triggers())
    changed = [edge for edge in all_writes() if edge.source not in BY_PEOPLE]
    steps = _only_called_by_machine(called)
    the_machine, _ = next(resources(MACHINE))

    def drawn(edges: list[Edge]) -> dict[tuple[str, str], str]:
        """Edges with the steps drawn as the machine, each once, their labels joined."""
        found: dict[tuple[str, str], list[str]] = {}
        for edge in edges:
            source = the_machine if edge.source in steps else edge.source
            target = the_machine if edge.target in steps else edge.target
            if source != target and BOOKKEEPING.isdisjoint((source, target)) and type_of(target) in LOOKS:
                found.setdefault((source, target), []).append(edge.label)
        return {pair: ", ".join(dict.fromkeys(filter(None, labels))) for pair, labels in found.items()}

    solid, dashed = drawn(called), drawn(changed)
    dashed = {pair: label for pair, label in dashed.items() if pair not in solid}
    idle = {target for _, target in solid if type_of(target) == FUNCTION} - {source for source, _ in dashed}
    solid = {pair: label for pair, label in solid.items() if pair[1] not in idle}

    lines = ["flowchart TD"]
    lines += [f"    {_node(name)}" for name in dict.fromkeys(name for pair in (*solid, *dashed) for name in pair)]
    lines += [f"    {source} -->{_worth_saying(source, label)} {target}" for (source, target), label in solid.items()]
    lines += [f"    {source} -.-> {target}" for source, target in dashed]
    first = len(solid)
    lines.append(f"    linkStyle {','.join(str(first + index) for index in range(len(dashed)))} {LIGHT}")
    lines += [f"    classDef {name} {colours}" for name, colours in COLOURS.items()]
    return _fenced(lines)


def _only_called_by_machine(called: list[Edge]) -> set[str]:
    """Functions that nobody but the machine calls, and those that only such functions call."""
    callers: dict[str, set[str]] = {}
    invoked = [edge for edge in all_writes() if edge.label.startswith("lambda:") and edge.source not in BY_PEOPLE]
    for edge in (*called, *invoked):
        if type_of(edge.target) == FUNCTION:
            callers.setdefault(edge.target, set()).add(edge.source)
    the_machine, _ = next(resources(MACHINE))
    steps: set[str] = set()
    while True:
        more = {name for name, who in callers.items() if who <= steps | {the_machine}}
        if more == steps:
            return steps
        steps = more


def _node(name: str) -> str:
    left, right, look, suffix = LOOKS[type_of(name)]
    text = NAMES.get(name) or (folder(name) if look == "function" else _words(name.removesuffix(suffix)))
    kind = {"table": "<br/>table", "bucket": "<br/>bucket", "queue": "<br/>queue"}.get(look, "")
    return f'{name}{left}"{text}{kind}"{right}:::{look}'


def _worth_saying(source: str, label: str) -> str:
    """Labels are for streams, prefixes and schedules; the routes of an API have a table of their own."""
    return f'|"{label}"|' if label and not type_of(source).endswith("Api") and type_of(source) != MACHINE else ""


def _words(name: str) -> str:
    words = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name)
    return words.strip()


def _id(name: str) -> str:
    return "".join(letter for letter in name if letter.isalnum())


def _fenced(lines: list[str]) -> str:
    return "\n".join(["```mermaid", *lines, "```"])
