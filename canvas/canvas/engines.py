"""The engines that the endpoint can run, by name."""

from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Final

from canvas.capabilities import Capabilities
from canvas.engine import Drawn, Engine
from canvas.request import TryOn


class PreviewEngine:
    """The engine that needs no model: geometry on one CPU core."""

    capabilities: Final = Capabilities(
        engine="preview",
        version="3",
        # it draws tops over trousers as it finds them, and knows one quality
        styling=frozenset(
            {
                "longSleeveStyle=SLEEVE_DOWN",
                "longSleeveStyle=SLEEVE_UP",
                "tuckingStyle=UNTUCKED",
                "outerLayerStyle=CLOSED",
                "outerLayerStyle=OPEN",
            }
        ),
        exclusions=frozenset({"preserveHands", "preserveFace"}),
        qualities=frozenset({"standard"}),
        generative=False,
    )
    parallel: Final = None
    loads: Final = False

    def start(self) -> None:
        """Imports what draws, so that a missing library is said at the start and not to a caller."""
        import_module("canvas.preview")  # a container of another engine does not need its libraries

    def draw(self, task: TryOn) -> Drawn:
        """Draws with ``canvas.preview``."""
        from canvas import preview  # noqa: PLC0415

        rendered = preview.render(task.source, task.reference, task.mask, task.parameters)
        return Drawn(rendered.images, rendered.mask, rendered.told)


def _fashn() -> Engine:
    from canvas.fashn import FashnEngine, FashnSettings  # noqa: PLC0415 - only who runs it needs it

    return FashnEngine(FashnSettings.from_environment())


ENGINES: Final[Mapping[str, Callable[[], Engine]]] = {"preview": PreviewEngine, "fashn": _fashn}


def installed(package: str) -> str:
    """The installed version of a package, or ``unknown``."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"
