"""Which parts of a state machine a test suite took: every state, every edge, and every Retry until it was used up."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from asl.machine import Edge, Machine, Retry
from asl.run import Run

type Part = str | Edge | Retry


def parts(machine: Machine) -> Iterator[Part]:
    """All that can be taken in a machine: its states by name, its edges, its Retry rules."""
    yield from machine.states
    yield from machine.edges()
    yield from machine.retries()


def taken(run: Run) -> Iterator[Part]:
    """What one execution took; a Retry counts when all its attempts were made and the last one failed too."""
    for visit in run.visits:
        yield visit.state
        if visit.left_by:
            yield visit.left_by
        for attempt in visit.attempts:
            if attempt.retry and attempt.exhausted:
                yield attempt.retry


@dataclass
class Coverage:
    """Who took what of one machine.

    Args:
        machine: The machine; placeholders may stand in it, since only its shape counts.
    """

    machine: Machine
    takers: dict[Part, list[str]] = field(init=False)
    runs: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.takers = {part: [] for part in parts(self.machine)}

    def add(self, run: Run, test: str) -> None:
        """Count an execution; one of a machine of another shape is left out, and one whose Tasks were mocked.

        Args:
            run: The execution.
            test: The name of the test that ran it.
        """
        if run.mocked or set(parts(run.machine)) != self.takers.keys():
            return
        self.runs[test] += 1
        for part in taken(run):
            if test not in self.takers[part][-1:]:
                self.takers[part].append(test)

    def told(self) -> dict[str, Any]:
        """What was counted, as JSON-able data for `merge` in another process, where the parts have the same order."""
        return {"takers": list(self.takers.values()), "runs": dict(self.runs)}

    def merge(self, told: dict[str, Any]) -> None:
        """Add what another process counted of the same machine.

        Args:
            told: What its `told` said.
        """
        self.runs.update(told["runs"])
        for part, tests in zip(self.takers, told["takers"], strict=True):
            self.takers[part] += tests

    @property
    def missing(self) -> list[Part]:
        """What no test took, in the order of the file."""
        return [part for part, tests in self.takers.items() if not tests]

    @property
    def percent(self) -> float:
        """The share of the parts that was taken, in percent."""
        return 100 * (1 - len(self.missing) / len(self.takers))

    def summary(self) -> str:
        """The figures in one line: states, edges, retries, tests."""
        counts = []
        for kind, name in ((str, "states"), (Edge, "edges"), (Retry, "retries, each until used up")):
            these = [tests for part, tests in self.takers.items() if isinstance(part, kind)]
            counts.append(f"{sum(map(bool, these))} of {len(these)} {name}")
        tests = {test for tests in self.takers.values() for test in tests}
        return f"{', '.join(counts)}; {len(tests)} tests"

    def lines(self, examples: int = 1) -> Iterator[str]:
        """The report: below each state its ways out and its retries, and how many tests took them.

        Args:
            examples: How many of these tests are named.
        """
        for state in self.machine.states:
            yield self._line(state, state, examples)
            for part in self.takers:
                match part:
                    case Edge(source=source, field=name, target=target, errors=errors) if source == state:
                        yield self._line(
                            part, f"  {name} → {target}{f' on {_short(errors)}' if errors else ''}", examples
                        )
                    case Retry(state=source, field=name, errors=errors, max_attempts=most) if source == state:
                        yield self._line(part, f"  {name} ×{most} on {_short(errors)}", examples)

    def _line(self, part: Part, text: str, examples: int) -> str:
        tests = list(dict.fromkeys(self.takers[part]))
        if not tests:
            return f"{text:<76} NOT TAKEN"
        # those that ran the fewest executions say most about this one
        named = ", ".join(sorted(tests, key=lambda test: (self.runs[test], len(test)))[:examples])
        return f"{text:<76} {len(tests):>4}  {named}".rstrip()


def _short(errors: tuple[str, ...]) -> str:
    """A list of names that fits on a line."""
    return ", ".join(errors) if len(errors) <= 2 else f"{errors[0]} and {len(errors) - 1} more"
