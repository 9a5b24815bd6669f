"""A client of the conformance suite over an engine in this process, so that an answer costs milliseconds."""

import base64
import io
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from PIL import Image

from canvas.answer import answer_body
from canvas.capabilities import negotiated
from canvas.engine import Engine
from canvas.errors import ServiceError
from canvas.request import TryOn, read_request
from conformance.clients import Answer, RefusalError

type Document = dict[str, Any]


class Local:
    """The suite's ``Client`` port, as the endpoint would answer.

    Args:
        engine: What draws.
        spoil: Has a go at every good answer.
        read: Reads requests, or does it wrongly.
        silent: Does not tell what was adapted.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        spoil: Callable[[Document], None] = lambda _: None,
        read: Callable[[bytes], TryOn] = read_request,
        silent: bool = False,
    ) -> None:
        self.engine = engine
        self._spoil, self._read, self._silent = spoil, read, silent
        self.calls = 0

    def invoke(self, body: bytes) -> Answer:
        self.calls += 1
        try:
            task = self._read(body)
            pixels = task.source.width * task.source.height
            parameters, adapted = negotiated(self.engine.capabilities, task.parameters, pixels)
            task = replace(task, parameters=parameters, adapted=(*task.adapted, *adapted))
            document = json.loads(answer_body(self.engine.draw(task), "painter"))
        except ServiceError as error:
            raise RefusalError(error.status, error.error_type, error.message) from None
        self._spoil(document)
        headers = {} if self._silent or not task.adapted else {"x-vto-adapted": "; ".join(task.adapted)}
        return Answer(json.dumps(document).encode(), headers)


def reencoded(
    document: Document, change: Callable[[Image.Image], Image.Image], kind: str = "PNG", key: str = "", **options: Any
) -> None:
    """Puts other pictures into an answer."""

    def other(text: str) -> str:
        buffer = io.BytesIO()
        change(Image.open(io.BytesIO(base64.b64decode(text)))).save(buffer, kind, **options)
        return base64.b64encode(buffer.getvalue()).decode()

    if key:
        if key in document:
            document[key] = other(document[key])
    else:
        document["images"] = [other(text) for text in document["images"]]
