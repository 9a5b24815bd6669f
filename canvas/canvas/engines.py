"""The engines that the endpoint can run, by name."""

from collections.abc import Callable, Mapping
from typing import Final

from canvas import preview
from canvas.preview import Rendered
from canvas.request import TryOn

Engine = Callable[[TryOn], Rendered]


def _preview(task: TryOn) -> Rendered:
    return preview.render(task.source, task.reference, task.mask, task.parameters)


ENGINES: Final[Mapping[str, Engine]] = {"preview": _preview}
