"""Rules about the ways through a machine: targets, reachability, ends, loops."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from asl.lint.framework import TOP, Problem, did_you_mean, rule
from asl.lint.language import matches
from asl.lint.project import Project
from asl.machine import Edge, Machine

type Beyond = Mapping[str, set[str]]


def beyond(machine: Machine, edges: Iterable[Edge]) -> Beyond:
    """For each state, those that one edge or more lead to: itself only if it lies on a cycle."""
    ahead: dict[str, set[str]] = {name: set() for name in machine.states}
    for edge in edges:
        ahead[edge.source].add(edge.target)
    for between, further in ahead.items():  # Warshall's transitive closure
        for reached in ahead.values():
            if between in reached:
                reached.update(further)
    return ahead


def cycles(ways: Beyond) -> list[tuple[str, ...]]:
    """The states that lie on cycles, those together that can reach each other."""
    groups = (tuple(other for other in ways if other in ahead and name in ways[other]) for name, ahead in ways.items())
    return list(dict.fromkeys(group for group in groups if group))


@rule()
def known_start(machine: Machine, project: Project) -> Iterator[Problem]:
    """StartAt names a state."""
    if machine.start not in machine.states:
        close = did_you_mean(machine.start, machine.states)
        yield TOP, f'StartAt names "{machine.start}", which is no state', f"name one that exists{close}"


@rule()
def dangling_target(machine: Machine, project: Project) -> Iterator[Problem]:
    """Every Next and Default names a state."""
    for edge in machine.edges():
        if edge.target not in machine.states:
            which = edge.field if edge.field in ("Next", "Default") else f"{edge.field}.Next"
            close = did_you_mean(edge.target, machine.states)
            yield edge.source, f'{which} names "{edge.target}", which is no state', f"name one that exists{close}"


@rule(walks=True)
def reachable(machine: Machine, project: Project) -> Iterator[Problem]:
    """Every state can be reached from the start."""
    reached = beyond(machine, machine.edges())[machine.start]
    for name in machine.states:
        if name != machine.start and name not in reached:
            yield name, "no way from the start leads here", "lead one here, or remove it"


@rule(walks=True)
def every_path_ends(machine: Machine, project: Project) -> Iterator[Problem]:
    """From every state an end can be reached: Succeed, Fail, or a state that says End."""
    ends = {
        name for name, one in machine.states.items() if one["Type"] in ("Succeed", "Fail") or one.get("End") is True
    }
    for name, ahead in beyond(machine, machine.edges()).items():
        state = machine.states[name]
        if state["Type"] in ("Task", "Wait", "Pass") and not state.keys() & {"Next", "End"}:
            yield name, "has neither Next nor End", "add the Next for where it succeeds, or End"
        elif name not in ends and not ahead & ends:
            yield name, "no way from here leads to an end", "add a Next that leads to one, or End"


@rule()
def choice_default(machine: Machine, project: Project) -> Iterator[Problem]:
    """Every Choice has a Default: an execution that finds no rule ends at once, and nothing can catch that."""
    for name, state in machine.states.items():
        if state["Type"] == "Choice" and "Default" not in state:
            yield name, "has no Default", "name the state for everything that the rules leave over"


@rule(walks=True)
def bounded_loops(machine: Machine, project: Project) -> Iterator[Problem]:
    """Every cycle passes a Choice that counts, or a Task that leaves it by an error the project declares."""
    edges = list(machine.edges())
    ways = beyond(machine, edges)
    for loop in project.loops:
        if loop.state not in ways.get(loop.state, ()):
            yield loop.state, "is declared to end a loop, and is in none", "remove it from the declared loops"
            continue
        past = beyond(machine, [edge for edge in edges if edge.source != loop.state])
        for name in loop.over:
            if name in past.get(name, ()):
                yield name, f"goes round without passing {loop.state}", f"lead each round over {loop.state}"
        for error in loop.errors:
            catch = next((one for one in edges if one.source == loop.state and matches(one.errors, error)), None)
            if catch is None or _returns(catch, ways):
                yield loop.state, f"{error} ends a loop, and is not caught out of it", "catch it outside"
    ended = {name for loop in project.loops if loop.errors for name in loop.over}
    left = [edge for edge in edges if edge.source not in ended]
    counted = set(_counted(machine, beyond(machine, left)))
    for group in cycles(beyond(machine, [edge for edge in left if edge not in counted])):
        names = ", ".join(group)
        yield group[0], f"nothing bounds the loop of {names}", "let a Choice count its rounds or declare its end"


def _returns(edge: Edge, ways: Beyond) -> bool:
    """Whether an edge leads back to where it starts, at once or later."""
    return edge.target == edge.source or edge.source in ways[edge.target]


def _counted(machine: Machine, ways: Beyond) -> Iterator[Edge]:
    """The edges by which a Choice stays in a cycle only as long as a number allows, and else leaves it."""
    for name, state in machine.states.items():
        if state["Type"] == "Choice":
            edges = [edge for edge in machine.edges() if edge.source == name]
            rules: list[Mapping[str, Any]] = [*state.get("Choices", []), {}]  # the last one is the Default
            left = False  # by a number that is too large, before the rule is asked
            for index, (edge, choice) in enumerate(zip(edges, rules, strict=False)):
                if not _returns(edge, ways):
                    left |= _compares(choice)
                elif left or (_counts(choice) and not all(_returns(other, ways) for other in edges[index + 1 :])):
                    yield edge


def _compares(choice: Mapping[str, Any]) -> bool:
    """Whether a Choice's rule compares a number, and nothing else decides."""
    return any(key.startswith("Numeric") for key in choice)


def _counts(choice: Mapping[str, Any]) -> bool:
    """Whether a Choice's rule compares a number, alone or together with other conditions."""
    return _compares(choice) or any(_counts(one) for one in choice.get("And", []))
