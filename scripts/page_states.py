"""`python -m scripts.page_states`: the states that the page draws, in web/page/states.js, from the state machine."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from scripts import facts
from scripts.facts import ROOT

FILE = ROOT / "web" / "page" / "states.js"
HEAD = """\
// The state machine's states, for the picture of it. Generated from statemachines/try_on.asl.json: make docs
// Each: name, type, the stage of a job that begins with it, where it goes (first: where a try-on goes that works), and
// where errors lead.
"""


def page_states() -> str:
    """The module, as it should be."""
    rows = [json.dumps(row) for row in _rows(facts.states())]
    return HEAD + "export default [\n" + "".join(f"  {row},\n" for row in rows) + "];\n"


def _rows(states: Mapping[str, Any]) -> Iterator[list[Any]]:
    for name, state in states.items():
        choices = [choice["Next"] for choice in state.get("Choices", ())]
        after = [*filter(None, [state.get("Default"), state.get("Next")]), *choices]
        caught = [catch["Next"] for catch in state.get("Catch", ())]
        yield [name, state["Type"], facts.stage_of(state), _once(after), _once(caught)]


def _once(names: list[str]) -> list[str]:
    return list(dict.fromkeys(names))


if __name__ == "__main__":
    FILE.write_text(page_states())
