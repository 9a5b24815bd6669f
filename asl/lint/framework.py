"""What a rule is, and what it finds."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from difflib import get_close_matches

TOP = "(top level)"

type Problem = tuple[str, str, str]  # where, problem, remedy


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong, in one line: where it stands, which rule it breaks, what is wrong, what to do about it."""

    where: str
    rule: str
    problem: str
    remedy: str

    def __str__(self) -> str:
        return " ".join(f"{self.where}: {self.rule}: {self.problem}; {self.remedy}".split())


@dataclass(frozen=True, slots=True)
class Rule[**What]:
    """A check by its name. ``walks``: it follows edges, so it has nothing to say while targets are missing."""

    name: str
    says: str
    check: Callable[What, Iterable[Problem]]
    walks: bool

    def findings(self, *args: What.args, **kwargs: What.kwargs) -> list[Finding]:
        """What breaks this rule."""
        return [Finding(where, self.name, *what) for where, *what in self.check(*args, **kwargs)]


def rule[**What](*, walks: bool = False) -> Callable[[Callable[What, Iterable[Problem]]], Rule[What]]:
    """Make a check a rule under its own name; its docstring is what the documents say of it."""

    def made(check: Callable[What, Iterable[Problem]]) -> Rule[What]:
        return Rule(check.__name__.replace("_", "-"), " ".join((check.__doc__ or "").split()), check, walks)

    return made


def did_you_mean(name: str, known: Collection[str]) -> str:
    """The known name that is close to a wrong one, as a question at the end of a remedy."""
    close = get_close_matches(name, known, n=1, cutoff=0.7)
    return f' (did you mean "{close[0]}"?)' if close else ""
