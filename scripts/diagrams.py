"""Mermaid diagrams of the state machine and of the stack, drawn from their definitions."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from scripts.facts import FUNCTION, MACHINE, Edge, folder, machine, resources, states, triggers, type_of
from scripts.facts import writes as all_writes

LIGHT = "stroke:#999,stroke-width:1px,color:#777"

# --- the state machine ------------------------------------------------------------------------------------------------

SHAPES = {"Choice": ("{", "}"), "Wait": ("([", "])"), "Succeed": ("((", "))"), "Fail": ("((", "))")}
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
    """The machine as a flow chart: thick for a try-on that goes well, thin for other ways, dashed for errors."""
    lines = ["flowchart TD"]
    for name, state in states().items():
        left, right = SHAPES.get(state["Type"], ("[", "]"))
        lines.append(f'    {_id(name)}{left}"{name}"{right}')
    good = list(_good_way())
    edges = [*_edges_of_good_way(good), *_other_edges(good), *_error_edges()]
    lines += [f"    {edge}" for edge, _ in edges]
    dashed = [str(index) for index, (_, is_error) in enumerate(edges) if is_error]
    lines.append(f"    linkStyle {','.join(dashed)} {LIGHT}")
    lines.append("    classDef good fill:#dff3e4,stroke:#2e7d4f,color:#143d26")
    lines.append("    classDef bad fill:#fbe3e0,stroke:#b3392c,color:#4d150f")
    lines.append(f"    class {','.join(_id(name) for name in good)} good")
    lines.append(f"    class {','.join(_id(name) for name, one in states().items() if one['Type'] == 'Fail')} bad")
    return _fenced(lines)


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


def _error_edges() -> Iterator[tuple[str, bool]]:
    for name, state in states().items():
        for catch in state.get("Catch", []):
            if catch["Next"] == state.get("Next"):
                continue  # the error is ignored: the machine goes on as if nothing had happened
            errors = [error.removesuffix("Error") for error in catch["ErrorEquals"]]
            # that anything else goes to Record Failure is what a reader expects: it needs no words
            label = "" if errors in (["States.ALL"], ["JobClosed"]) else f'|"{"<br/>".join(map(_brief, errors))}"|'
            yield f"{_id(name)} -.->{label} {_id(catch['Next'])}", True


def _brief(error: str) -> str:
    return "claimed by another" if error == "DynamoDB.ConditionalCheckFailedException" else error


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
    called, changed = list(triggers()), list(all_writes())
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

    lines = ["flowchart LR"]
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
    invoked = [edge for edge in all_writes() if edge.label.startswith("lambda:")]
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
