"""What the rules cannot read in the machine: its project declares it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Function:
    """What a Task calls: how long it may run, and the ``clocks`` inside of it: seconds by what they are for."""

    timeout: float
    clocks: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Loop:
    """How cycles end, and how long they may wait, where the machine itself does not say so.

    Args:
        state: The state that bounds them, which each round passes.
        over: The states by which they go round; several loops may share all others.
        seconds: How long all rounds together may wait.
        why: Where that is decided, in words.
        errors: The names by which the state's function leaves the cycle; none for a Choice that compares a number.
    """

    state: str
    over: tuple[str, ...]
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
    """All that a project declares.

    Args:
        errors: The project's own error names.
        service_errors: Error names of services that can really reach this machine.
        substitutions: The names that the template puts something in the place of.
        functions: What stands behind those of them that are functions.
        seconds: What a ``…SecondsPath`` may find, by path: seconds by the case (an engine, say) in which it does.
        quick: Errors that come at once, not after the Task's whole timeout: by name, seconds that suffice.
        loops: Each cycle's end.
        bounds: Of each Task, the fields that its ResultSelector selects.
        input: An execution's input, its fields at their largest.
    """

    errors: Collection[str] = ()
    service_errors: Collection[str] = ()
    substitutions: Collection[str] = ()
    functions: Mapping[str, Function] = field(default_factory=dict)
    seconds: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    quick: Mapping[str, float] = field(default_factory=dict)
    loops: Sequence[Loop] = ()
    bounds: Mapping[str, Mapping[str, Bound]] = field(default_factory=dict)
    input: Mapping[str, Any] = field(default_factory=dict)
