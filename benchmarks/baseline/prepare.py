"""Pictures at the try-on, as anybody would write it: read one, then the other; decode every pixel; scale with care."""

import base64
import io
import json
from collections.abc import Callable, Mapping
from typing import Any

from PIL import Image, ImageOps

SIDE = 1024


def prepare(content: bytes, side: int = SIDE) -> bytes:
    """A picture upright, in RGB, and within ``side`` x ``side`` pixels: all of it decoded, then full Lanczos."""
    image = ImageOps.exif_transpose(Image.open(io.BytesIO(content))).convert("RGB")
    share = min(1.0, (side * side / (image.width * image.height)) ** 0.5)
    image = image.resize((int(image.width * share), int(image.height * share)), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=95, subsampling=0)
    return out.getvalue()


def request(read: Callable[[str], bytes], source: str, reference: str, parameters: Mapping[str, Any]) -> bytes:
    """The body of a request, made of two originals."""
    config, params = parameters["imageGenerationConfig"], dict(parameters)
    del params["imageGenerationConfig"]
    for name, where in (("sourceImage", source), ("referenceImage", reference)):
        params[name] = base64.b64encode(prepare(read(where))).decode()
    body = {"taskType": "VIRTUAL_TRY_ON", "virtualTryOnParams": params, "imageGenerationConfig": config}
    return json.dumps(body).encode()
