"""A stand-in of FASHN's hosted service that paints: takes only what its documents allow, and lets itself be polled.

Sources: https://docs.fashn.ai/api-reference/tryon-v1-6, https://docs.fashn.ai/api-overview/api-fundamentals and
https://docs.fashn.ai/api-overview/error-handling. Like the service it draws in a size of its own.
"""

import base64
import io
import json
import threading
from typing import Any

from PIL import Image, ImageOps

from canvas.request import TryOn
from tests.contract.engines.painter import Painter
from tests.stand_ins.serving import Asked, Said, said

SIZE = (864, 1296)
KEY = "key-1"
CLASSES = {"tops": "UPPER_BODY", "bottoms": "LOWER_BODY", "one-pieces": "FULL_BODY"}
# every field that the stand-in knows, with what it may be
FIELDS: dict[str, Any] = {
    "category": {*CLASSES, "auto"},
    "garment_photo_type": {"auto", "flat-lay", "model"},
    "mode": {"performance", "balanced", "quality"},
    "moderation_level": {"conservative", "permissive", "none"},
    "num_samples": set(range(1, 5)),
    "seed": range(2**32),
    "output_format": {"png", "jpeg"},
    "return_base64": {True, False},
}


class FashnService:
    """The service's state: predictions, each asked for once before it is done."""

    def __init__(self) -> None:
        self._done: dict[str, list[str]] = {}
        self._asked: set[str] = set()
        self._lock = threading.Lock()

    def answer(self, asked: Asked) -> Said:
        """One request."""
        if asked.headers.get("Authorization") != f"Bearer {KEY}":
            return said(401, {"error": "UnauthorizedAccess", "message": "Unauthorized: Invalid token"})
        if (asked.method, asked.path) == ("POST", "/v1/run"):
            return self._run(json.loads(asked.body))
        prediction = asked.path.removeprefix("/v1/status/")
        with self._lock:
            if prediction not in self._done:
                return said(404, {"error": "NotFound", "message": "there is no such prediction"})
            first = prediction not in self._asked
            self._asked.add(prediction)
        if first:
            return said(200, {"id": prediction, "status": "processing", "error": None})
        return said(200, {"id": prediction, "status": "completed", "output": self._done[prediction], "error": None})

    def _run(self, body: dict[str, Any]) -> Said:
        inputs = body["inputs"]
        wrong = [name for name, values in FIELDS.items() if name in inputs and inputs[name] not in values]
        unknown = set(inputs) - {*FIELDS, "model_image", "garment_image"}
        if body["model_name"] != "tryon-v1.6" or wrong or unknown:
            return said(400, {"error": "BadRequest", "message": f"wrong: {wrong}, unknown: {sorted(unknown)}"})
        output = [self._picture(inputs, index) for index in range(inputs.get("num_samples", 1))]
        with self._lock:
            prediction = f"prediction-{len(self._done)}"
            self._done[prediction] = output
        return said(200, {"id": prediction, "error": None})

    def _picture(self, inputs: dict[str, Any], index: int) -> str:
        parameters = {
            "garmentBasedMask": {"garmentClass": CLASSES[inputs["category"]]},
            "imageGenerationConfig": {
                "seed": inputs.get("seed", 42),
                "quality": "premium" if inputs["mode"] == "quality" else "standard",
            },
        }
        task = TryOn(_opened(inputs["model_image"]), _opened(inputs["garment_image"]), None, parameters)
        painter = Painter()
        buffer = io.BytesIO()
        ImageOps.pad(painter.painted(task, painter.area(task), index), SIZE).save(buffer, "PNG", compress_level=1)
        return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def _opened(uri: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2]))).convert("RGB")
