"""Rules that a state machine keeps; each is a function that names what breaks it, why, and what to do about it.

Most rules need no more than the machine. What only its project knows (which errors exist, how long a function may run,
how a loop ends, how large a field can get) comes in as :class:`Project`.
"""

from asl.lint import clocks, graph, paths, payload, shape, tasks
from asl.lint.clocks import longest_way
from asl.lint.framework import TOP, Finding, Rule
from asl.lint.project import Bound, Function, Loop, Project
from asl.lint.reading import read
from asl.machine import Machine

__all__ = ["RULES", "TOP", "Bound", "Finding", "Function", "Loop", "Project", "findings", "longest_way", "read"]

# all that these files register, in the order in which findings and documents name them
RULES: dict[str, Rule[Machine, Project]] = {
    one.name: one
    for module in (shape, graph, tasks, clocks, paths, payload)
    for one in vars(module).values()
    if isinstance(one, Rule)
}


def findings(machine: Machine, project: Project) -> list[Finding]:
    """Everything wrong with a machine; what only follows from a finding that is listed already is left out."""

    def broken(*rules: Rule[Machine, Project]) -> list[Finding]:
        return [found for one in rules for found in one.findings(machine, project)]

    if found := broken(shape.shape):
        return found
    targets = (graph.known_start, graph.dangling_target)
    found = broken(*targets)
    others = [one for one in RULES.values() if one not in (shape.shape, *targets)]
    return found + broken(*(one for one in others if not (found and one.walks)))
