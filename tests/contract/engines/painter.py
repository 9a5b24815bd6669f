"""An engine that keeps the whole contract with a paint pot, and the ways in which one can break it."""

import base64
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from PIL import Image

from canvas.answer import answer_body
from canvas.capabilities import GROUP_OF, Capabilities, negotiated
from canvas.engine import Drawn
from canvas.errors import ServiceError
from canvas.request import TryOn, read_request
from conformance.clients import Answer, RefusalError

type Document = dict[str, Any]

# where things are on the suite's person, as shares of the height; the width is the same for all
ROWS = {"upper": (0.2, 0.54), "lower": (0.54, 0.92), "full": (0.2, 0.92), "feet": (0.92, 1.0)}
COLUMNS = (0.3, 0.7)


class Painter:
    """The client port over an engine in this process; ``spoil`` has a go at every good answer."""

    def __init__(
        self,
        capabilities: Capabilities | None = None,
        *,
        draw: "Callable[[Painter, TryOn], Drawn] | None" = None,
        spoil: Callable[[Document], None] = lambda _: None,
        read: Callable[[bytes], TryOn] = read_request,
        silent: bool = False,
    ) -> None:
        self.capabilities = capabilities or Capabilities("painter", "1")
        self._draw, self._spoil, self._read, self._silent = draw or Painter.draw, spoil, read, silent
        self.calls = 0

    def invoke(self, body: bytes) -> Answer:
        self.calls += 1
        try:
            task = self._read(body)
            pixels = task.source.width * task.source.height
            parameters, adapted = negotiated(self.capabilities, task.parameters, pixels)
            task = replace(task, parameters=parameters, adapted=(*task.adapted, *adapted))
            document = json.loads(answer_body(self._draw(self, task), "painter"))
        except ServiceError as error:
            raise RefusalError(error.status, error.error_type, error.message) from None
        self._spoil(document)
        headers = {} if self._silent or not task.adapted else {"x-vto-adapted": "; ".join(task.adapted)}
        return Answer(json.dumps(document).encode(), headers)

    def draw(self, task: TryOn) -> Drawn:
        area = self.area(task)
        config = task.parameters.get("imageGenerationConfig") or {}
        seed = config.get("seed", 12)
        images = tuple(self.painted(task, area, seed + index) for index in range(config.get("numberOfImages", 1)))
        mask = Image.fromarray(np.where(area, 0, 255).astype(np.uint8))
        return Drawn(images, mask if task.parameters.get("returnMask") else None)

    def area(self, task: TryOn) -> np.ndarray:
        height, width = task.source.height, task.source.width
        area = np.zeros((height, width), np.bool_)
        if task.mask is not None:
            return np.asarray(task.mask) < 128
        options = task.parameters.get("garmentBasedMask")
        top, bottom = ROWS[GROUP_OF[options["garmentClass"]]] if options else (0.25, 0.7)
        area[round(top * height) : round(bottom * height), round(COLUMNS[0] * width) : round(COLUMNS[1] * width)] = True
        return area

    def painted(self, task: TryOn, area: np.ndarray, seed: int) -> Image.Image:
        pixels = np.asarray(task.source).copy()
        colour = np.asarray(task.reference.resize((1, 1), Image.Resampling.BOX))[0, 0].astype(np.int16)
        dice = np.random.default_rng(seed)
        # the same along a row, so that the PNG is small and soon written
        noise = dice.integers(-20, 21, (area.shape[0], 3), dtype=np.int16)[np.nonzero(area)[0]]
        pixels[area] = ((pixels[area].astype(np.int16) + 110 + colour // 4 + noise) % 256).astype(np.uint8)
        return Image.fromarray(pixels)


def reencoded(
    document: Document, change: Callable[[Image.Image], Image.Image], kind: str = "PNG", key: str = ""
) -> None:
    """Puts other pictures into an answer."""

    def other(text: str) -> str:
        buffer = io.BytesIO()
        change(Image.open(io.BytesIO(base64.b64decode(text)))).save(buffer, kind)
        return base64.b64encode(buffer.getvalue()).decode()

    if key:
        if key in document:
            document[key] = other(document[key])
    else:
        document["images"] = [other(text) for text in document["images"]]


def with_draw(change: Callable[[Painter, TryOn, Drawn], Drawn]) -> Mapping[str, Any]:
    return {"draw": lambda painter, task: change(painter, task, painter.draw(task))}
