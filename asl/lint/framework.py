"""What a rule is, and what it finds."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from asl.lint.project import Project
from asl.machine import Machine

TOP = "(top level)"

type Problem = tuple[str, str, str]  # state, problem, remedy
type Check = Callable[[Machine, Project], Iterable[Problem]]


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
class Rule:
    """A check by its name. ``walks``: it follows edges, so it has nothing to say while targets are missing."""

    name: str
    says: str
    check: Check
    walks: bool

    def findings(self, machine: Machine, project: Project) -> list[Finding]:
        """What breaks this rule."""
        return [Finding(state, self.name, *what) for state, *what in self.check(machine, project)]


def rule(*, walks: bool = False) -> Callable[[Check], Rule]:
    """Make a check a rule under its own name; its docstring is what the documents say of it."""

    def made(check: Check) -> Rule:
        return Rule(check.__name__.replace("_", "-"), " ".join((check.__doc__ or "").split()), check, walks)

    return made


def did_you_mean(name: str, known: Collection[str]) -> str:
    """The known name that is close to a wrong one, as a question at the end of a remedy."""
    close = get_close_matches(name, known, n=1, cutoff=0.7)
    return f' (did you mean "{close[0]}"?)' if close else ""
