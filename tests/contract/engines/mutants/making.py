"""How a mutant is made of the right engine."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from canvas.engine import Drawn
from canvas.request import TryOn

from ..local import Document, Local
from ..painter import Painter

type Change = Callable[[Painter, TryOn, Drawn], Drawn]


@dataclass(frozen=True)
class Mutant:
    """``cases`` are names or groups, with ``*``; ``words`` stand in what one of them finds."""

    client: Callable[[], Local]
    cases: tuple[str, ...]
    words: str


def of(engine: type[Painter], words: str, *cases: str) -> Mutant:
    return Mutant(lambda: Local(engine()), cases, words)


def drawing(change: Change, words: str, *cases: str) -> Mutant:
    class Changed(Painter):
        def draw(self, task: TryOn) -> Drawn:
            return change(self, task, Painter.draw(self, task))

    return of(Changed, words, *cases)


def asking(parameters: Callable[[dict[str, Any]], Mapping[str, Any]], words: str, *cases: str) -> Mutant:
    """Draws as if something else had been asked for."""

    def change(painter: Painter, task: TryOn, _: Drawn) -> Drawn:
        return Painter.draw(painter, replace(task, parameters={**task.parameters, **parameters(task.parameters)}))

    return drawing(change, words, *cases)


def spoilt(spoil: Callable[[Document], None], words: str, *cases: str) -> Mutant:
    return Mutant(lambda: Local(Painter(), spoil=spoil), cases, words)


def reading(read: Callable[[bytes], TryOn], words: str, *cases: str) -> Mutant:
    return Mutant(lambda: Local(Painter(), read=read), cases, words)
