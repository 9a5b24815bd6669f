"""What comes of each sample event, as `events/outcomes.json` says, and whether an answer is that.

The table holds only what is true of every stack: nothing of its parameters, nor of what else is stored in it.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.processes import StackError

EVENTS = Path(__file__).parent.parent / "events"


@dataclass(frozen=True)
class Outcome:
    """What is expected of a function that is given one event.

    Args:
        answer: What its answer contains; a JSON ``body`` is compared as what it says.
        error: Name of the class that it raises instead of answering.
        before: How the story stands when the event comes; see `local.scene`.
    """

    answer: Any = None
    error: str = ""
    before: str = "as_it_is"

    def problem(self, answer: Any, error: str) -> str:
        """Return how an answer differs from what was expected; empty if it does not.

        Args:
            answer: What the function answered.
            error: Name of the class that it raised; empty if it answered.
        """
        if error != self.error:
            return f"{error or 'an answer'} instead of {self.error or 'an answer'}"
        if self.error or contains(answer, {} if self.answer is None else self.answer):
            return ""
        return f"the answer does not contain {json.dumps(self.answer)}"


def contains(actual: Any, expected: Any) -> bool:
    """Whether a document says at least what is expected of it; an HTTP body is read as what it says."""
    if isinstance(expected, dict):
        try:
            document = json.loads(actual) if isinstance(actual, str) else actual
        except ValueError:
            return False
        return isinstance(document, dict) and all(
            name in document and contains(document[name], value) for name, value in expected.items()
        )
    if isinstance(expected, list):
        return isinstance(actual, list) and len(actual) == len(expected) and all(map(contains, actual, expected))
    return bool(actual == expected)


def read_outcomes(text: str | None = None) -> dict[str, Outcome]:
    """Return the outcomes by ``function/case``.

    Args:
        text: The table, when something in it was replaced; else it is read from its file.
    """
    table = json.loads(text or (EVENTS / "outcomes.json").read_text())
    return {name: Outcome(**told) for name, told in table.items()}


def read_event(event: Path) -> str:
    """Return the text of an event's file.

    Raises:
        StackError: None is named, there is no such file, or it is not JSON; with the sample events that there are.
    """
    if event == Path():
        raise StackError("no event is named; EVENT=events/FUNCTION/accepted.json names a sample event")
    try:
        text = event.read_text()
        json.loads(text)
    except OSError as problem:
        known = sorted(path.name for path in event.parent.glob("*.json"))
        told = f"; {event.parent} has {', '.join(known)}" if known else "; sample events are in events/FUNCTION/*.json"
        raise StackError(f"the event {event} cannot be read: {problem.strerror}{told}") from None
    except ValueError as problem:
        raise StackError(f"the event {event} is not JSON: {problem}") from None
    return text
