"""An engine that keeps the whole contract with a paint pot: what it declares, it honours, in a few milliseconds.

The conformance suite's own right engine: behind the endpoint (``python -m tests.contract.engines.painter``) it shows
that the suite and the wire are right, and each way in which an engine can be wrong is a small change of it.
"""

import sys
from collections.abc import Mapping
from typing import Any

import numpy as np
from PIL import Image

from canvas.__main__ import main
from canvas.capabilities import GROUP_OF, Capabilities
from canvas.engine import Drawn
from canvas.engines import ENGINES
from canvas.request import TryOn

type Area = np.ndarray
type Shares = tuple[float, float, float, float]

# where things are on the suite's person and in its room: top, bottom, left, right as shares of the picture
UPPER, LOWER, FEET = (0.2, 0.54, 0.28, 0.72), (0.54, 0.92, 0.3, 0.7), (0.92, 1.0, 0.3, 0.7)
PARTS: Mapping[str, tuple[Shares, ...]] = {
    "upper": (UPPER,),
    "lower": (LOWER,),
    "full": (UPPER, LOWER),
    "feet": (FEET,),
}
FINER: Mapping[str, tuple[Shares, ...]] = {
    "SHORT_SLEEVE_SHIRT": ((0.2, 0.54, 0.32, 0.68),),
    "NO_SLEEVE_SHIRT": ((0.2, 0.54, 0.35, 0.65),),
    "SHORT_PANTS": ((0.56, 0.75, 0.38, 0.62),),
    "SHORT_DRESS": (UPPER, (0.54, 0.75, 0.38, 0.62)),
}
WORDS: Mapping[str, Shares] = {
    "hat": (0.0, 0.1, 0.4, 0.6),
    "trousers": LOWER,
    "shirt": UPPER,
    "sofa": (0.5, 0.9, 0.1, 0.6),
    "lamp": (0.2, 0.8, 0.7, 0.95),
}
ANYTHING: Shares = (0.35, 0.6, 0.35, 0.65)
PRESERVED: Mapping[str, tuple[Shares, ...]] = {
    "preserveFace": ((0.1, 0.19, 0.42, 0.58),),
    "preserveHands": ((0.5, 0.56, 0.28, 0.33), (0.5, 0.56, 0.67, 0.72)),
}
HEAD = 0.1  # of the height: how far a bounding box reaches over a top


class Painter:
    """Paints the product over what is worn; ``Engine`` of the canvas endpoint."""

    parallel = None
    loads = False

    def __init__(self, capabilities: Capabilities | None = None) -> None:
        self.capabilities = capabilities or Capabilities("painter", "1")

    def start(self) -> None:
        """Nothing to load."""

    def draw(self, task: TryOn) -> Drawn:
        area = self.area(task)
        images = tuple(self.painted(task, area, index) for index in range(self.config(task, "numberOfImages", 1)))
        mask = Image.fromarray(np.where(area, 0, 255).astype(np.uint8))
        return Drawn(images, mask if task.parameters.get("returnMask") else None)

    # --- what was asked for -------------------------------------------------------------------------------------------

    def config(self, task: TryOn, name: str, usual: Any) -> Any:
        return (task.parameters.get("imageGenerationConfig") or {}).get(name, usual)

    def seed(self, task: TryOn) -> int:
        return int(self.config(task, "seed", 12))

    def product(self, task: TryOn) -> Image.Image:
        return task.reference

    def style(self, task: TryOn) -> str:
        return str(task.parameters.get("mergeStyle", "BALANCED"))

    def styling(self, task: TryOn) -> set[str]:
        return set((task.parameters.get("garmentBasedMask") or {}).get("garmentStyling", {}).values())

    def preserves(self, task: TryOn, what: str, usual: bool) -> bool:
        said = task.parameters.get("maskExclusions", {}).get(what, "DEFAULT")
        return usual if said == "DEFAULT" else said == "ON"

    def wants_box(self, task: TryOn) -> bool:
        garment, prompt = (task.parameters.get(name) for name in ("garmentBasedMask", "promptBasedMask"))
        shape = (garment or prompt or {}).get("maskShape", "DEFAULT")
        return shape == "BOUNDING_BOX" or (shape == "DEFAULT" and prompt is not None)

    def parts(self, task: TryOn) -> tuple[Shares, ...]:
        """Where the things are that are named."""
        garment = task.parameters.get("garmentBasedMask")
        if garment:
            name = garment["garmentClass"]
            return FINER.get(name) or PARTS[GROUP_OF[name]]
        said = task.parameters["promptBasedMask"]["maskPrompt"]
        return (next((part for word, part in WORDS.items() if word in said), ANYTHING),)

    # --- where it is painted ------------------------------------------------------------------------------------------

    def area(self, task: TryOn) -> Area:
        if task.mask is not None:
            area, box = np.asarray(task.mask) < 128, False
        else:
            area, box = self.found(task), self.wants_box(task)
        for what, parts in PRESERVED.items():
            if self.preserves(task, what, usual=box):
                for part in parts:
                    area[_slices(part, area.shape)] = False
        return area

    def found(self, task: TryOn) -> Area:
        """The contours of what is meant, or the box around them."""
        size = (task.source.height, task.source.width)
        area, cues = np.zeros(size, np.bool_), self.styling(task)
        for top, bottom, left, right in self.parts(task):
            narrower = 0.04 if "SLEEVE_UP" in cues else 0
            shorter = 0.03 if "TUCKED" in cues else 0
            _add_ellipse(area, (top, bottom - shorter, left + narrower, right - narrower))
        if "OPEN" in cues:
            area[:, round(0.48 * size[1]) : round(0.52 * size[1])] = False
        if self.wants_box(task):
            rows, columns = np.flatnonzero(area.any(axis=1)), np.flatnonzero(area.any(axis=0))
            over = round(HEAD * size[0]) if task.parameters.get("garmentBasedMask") else 0
            area[max(rows[0] - over, 0) : rows[-1] + 1, columns[0] : columns[-1] + 1] = True
        return area

    # --- how it is painted --------------------------------------------------------------------------------------------

    def painted(self, task: TryOn, area: Area, index: int) -> Image.Image:
        pixels = np.asarray(task.source).astype(np.float32)
        dice = np.random.default_rng([self.seed(task), index])
        grain = 4 if self.config(task, "quality", "standard") == "premium" else 8
        # the same along a row, so that the PNG is small and soon written
        noise = dice.integers(-grain, grain + 1, (area.shape[0], 1, 3)).astype(np.float32)
        share = 0.55 + 0.04 * float(self.config(task, "cfgScale", 6.5))
        share -= 0.05 if self.preserves(task, "preserveBodyPose", usual=False) else 0
        style = self.style(task)
        if style == "DETAILED":
            noise = noise * 1.5
        if style == "SEAMLESS":  # all pixels change slightly, to both sides
            pixels += np.where((np.indices(area.shape).sum(axis=0) % 2 == 0), 1, -1)[:, :, None]
        cloth = np.asarray(_middle(self.product(task)).resize((area.shape[1], area.shape[0]))).astype(np.float32)
        pixels[area] = ((1 - share) * pixels + share * cloth + noise)[area]
        return Image.fromarray(np.clip(np.rint(pixels), 0, 255).astype(np.uint8))


def _slices(part: Shares, size: tuple[int, ...]) -> tuple[slice, slice]:
    top, bottom, left, right = part
    return (
        slice(round(top * size[0]), round(bottom * size[0])),
        slice(round(left * size[1]), round(right * size[1])),
    )


def _add_ellipse(area: Area, part: Shares) -> None:
    place = area[_slices(part, area.shape)]
    down, across = (np.linspace(-1, 1, length) for length in place.shape)
    place |= down[:, None] ** 2 + across[None, :] ** 2 <= 1


def _middle(product: Image.Image) -> Image.Image:
    width, height = product.size
    return product.crop((round(0.35 * width), round(0.3 * height), round(0.65 * width), round(0.8 * height)))


if __name__ == "__main__":
    ENGINES["painter"] = Painter  # type: ignore[index]  # a dictionary, for whoever must know
    sys.exit(main())
