"""Rules about time: which clock rings first, and how long an execution may take."""

import re
from collections.abc import Iterator, Mapping
from functools import cache

from asl.lint.framework import TOP, Problem, rule
from asl.lint.graph import beyond, cycles
from asl.lint.project import Project
from asl.machine import Machine, State


def _limits(state: State, project: Project) -> Mapping[str, float]:
    """A Task's timeout in seconds, by the case in which it is that; one without a name when it is always the same."""
    if path := state.get("TimeoutSecondsPath"):
        return project.seconds.get(path) or {}
    return {"": state["TimeoutSeconds"]} if "TimeoutSeconds" in state else {}


@rule()
def inner_clock_first(machine: Machine, project: Project) -> Iterator[Problem]:
    """SDK read timeout < function timeout < Task timeout: the clock that knows what happened rings first."""
    for name, state in machine.tasks.items():
        placeholder = re.fullmatch(r"\$\{(\w+)\}", str(state.get("Parameters", {}).get("FunctionName", "")))
        function = project.functions.get(placeholder[1]) if placeholder else None
        limits = _limits(state, project)
        if function is None or not limits:  # no function, or no timeout: another rule's business
            continue
        may, has = function.timeout, max(limits.values())
        if may >= has:
            yield name, f"the Task has {has:g} s and its function may run {may:g} s", "give the Task more time"
        for what, seconds in function.clocks.items():
            limit = min(may, limits.get(what, may))
            if seconds >= limit:
                problem = f"the read timeout of {what} is {seconds:g} s, and {limit:g} s is all there is"
                yield name, problem, "shorten it"


def _longest_stay(name: str, machine: Machine, project: Project) -> float:
    """The most seconds that an execution spends in a state at one visit: all attempts and the waits between them."""
    state = machine.states[name]
    if state["Type"] == "Wait":
        found = project.seconds.get(state.get("SecondsPath", ""), {})
        return float(state.get("Seconds", max(found.values(), default=0)))
    if state["Type"] != "Task":
        return 0.0
    timeout = max(_limits(state, project).values(), default=0.0)
    return timeout + sum(
        one.max_attempts * max((project.quick.get(error, timeout) for error in one.errors), default=0.0)
        + sum(one.waits)
        for one in machine.retries()
        if one.state == name
    )


def longest_way(machine: Machine, project: Project) -> tuple[float, list[tuple[str, float]]]:
    """The most seconds that an execution takes, and the states of that way with their shares.

    The states of a cycle count once each; its rounds count as long as the project declares that they may wait. An
    execution in which every round of a loop also exhausts its retries is what the machine's own timeout is for.
    """
    edges = list(machine.edges())
    together = {name: group for group in cycles(beyond(machine, edges)) for name in group}

    def share(name: str) -> float:
        waits = machine.states[name]["Type"] == "Wait" and name in together  # the loop's declared seconds, then
        declared = sum(loop.seconds for loop in project.loops if loop.state == name)
        return declared + (0.0 if waits else _longest_stay(name, machine, project))

    @cache
    def onwards(name: str) -> tuple[float, tuple[tuple[str, float], ...]]:
        group = together.get(name, (name,))
        here = tuple((one, share(one)) for one in group)
        ways = [onwards(edge.target) for edge in edges if edge.source in group and edge.target not in group]
        seconds, further = max(ways, default=(0.0, ()), key=lambda way: way[0])
        return seconds + sum(taken for _, taken in here), here + further

    seconds, way = onwards(machine.start)
    return seconds, [(name, taken) for name, taken in way if taken]


@rule(walks=True)
def machine_timeout(machine: Machine, project: Project) -> Iterator[Problem]:
    """The longest way through the machine, all retries and declared waits included, ends before its own timeout."""
    limit = machine.definition.get("TimeoutSeconds")
    if not isinstance(limit, int):
        yield TOP, "has no TimeoutSeconds", "add one above its longest way: by default an execution may last a year"
        return
    declared = {name for loop in project.loops for name in loop.over}
    for group in cycles(beyond(machine, [edge for edge in machine.edges() if edge.source not in declared])):
        yield group[0], f"nobody declares how long the loop of {', '.join(group)} may wait", "declare its seconds"
    for name, state in machine.states.items():
        if state["Type"] == "Wait" and "Seconds" not in state and state.get("SecondsPath") not in project.seconds:
            yield name, "nobody declares how long it waits", "write Seconds, or declare what its SecondsPath may find"
    long = {name: stay for name in machine.states if (stay := _longest_stay(name, machine, project)) >= limit}
    for name, stay in long.items():
        yield name, f"may take {stay:g} s, and the machine ends after {limit} s", "raise the machine's TimeoutSeconds"
    seconds, way = longest_way(machine, project)
    if seconds >= limit and not long:
        text = ", ".join(f"{name} {taken:g}" for name, taken in way)
        yield TOP, f"the longest way takes {seconds:g} s ({text}), TimeoutSeconds is {limit}", "raise TimeoutSeconds"
