"""The port behind which every engine of the endpoint stands."""

from dataclasses import dataclass
from typing import Protocol

from PIL import Image

from canvas.capabilities import Capabilities
from canvas.request import TryOn


@dataclass(frozen=True, slots=True)
class Drawn:
    """What an engine drew: RGB pictures of the source's size, the mask (0 edited, 255 kept) when asked for.

    ``adapted`` says what differs from the request, one ``field=value used instead`` each.
    """

    images: tuple[Image.Image, ...]
    mask: Image.Image | None = None
    adapted: tuple[str, ...] = ()


class EngineStartError(Exception):
    """The engine cannot run here; the message says what is missing and what to do about it."""


class EngineBrokenError(Exception):
    """The engine will never draw again in this process (a lost GPU, say): the process must be replaced."""


class EngineBusyError(Exception):
    """The engine could not draw this one for want of memory, even a smaller part at a time; a retry may work."""


class Engine(Protocol):
    """Something that draws try-ons."""

    @property
    def capabilities(self) -> Capabilities:
        """What it can honour."""

    @property
    def parallel(self) -> int | None:
        """How many pictures it may draw at once; None leaves it to the operator."""

    @property
    def loads(self) -> bool:
        """Whether ``start`` takes so long that the server should listen, and say that it is loading, meanwhile."""

    def start(self) -> None:
        """Loads what it needs and draws once to warm up; raises EngineStartError with the remedy."""

    def draw(self, task: TryOn) -> Drawn:
        """Draws; raises EngineBusyError or EngineBrokenError, and ValidationError for pictures it cannot use."""
