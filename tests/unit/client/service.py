"""A stand-in for the HTTP API: answers what a test tells it, and keeps what it was asked."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from vto_client.blocking import Vto
from vto_client.thread import Thread
from vto_client.try_on.run import Wanted

URL = "https://api.example.com"
TOKEN = "the-token"
LINK = "https://files.example.com/0.png?X-Amz-Signature=SECRET"
JOB = "0b0f5a7e-52f5-5c0f-9d1c-6f2f6b0a4f3d"
AT = "2026-11-21T12:00:0{}.000Z"

type Answer = httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]


def answer(status: int = 200, document: Any = None, **headers: str) -> httpx.Response:
    return httpx.Response(status, json=document, headers=headers)


def refusal(status: int, code: str, *details: dict[str, str], retryable: bool = False, message: str = "No.") -> Answer:
    return answer(status, {"code": code, "message": message, "details": list(details), "retryable": retryable})


def job(seq: int, status: str, stage: str | None = None, **more: Any) -> dict[str, Any]:
    """A snapshot; its stages are as many as its version says."""
    stages = [("created", None), ("processing", "validating"), ("processing", "queued"), ("processing", "generating")]
    changes = [*stages[: seq - 1], (status, stage)]
    return {
        "id": JOB,
        "seq": seq,
        "status": status,
        "stage": stage,
        "product_id": "shirt",
        "model_id": "anna",
        "created_at": AT.format(0),
        "updated_at": AT.format(seq - 1),
        "stages": [{"status": one, "stage": two, "at": AT.format(n)} for n, (one, two) in enumerate(changes)],
        "eta_seconds": None,
        "notice": None,
        "requested_images": 1,
        "warnings": [],
        "adaptations": [],
        **more,
    }


def completed(seq: int = 5, **more: Any) -> dict[str, Any]:
    size, types = {"width": 768, "height": 1152}, {"content_type": "image/webp", "original_content_type": "image/png"}
    picture = {"url": f"{LINK}.webp", "original_url": LINK, **size, **types}
    made = {"images": [picture], "mask": None, "engine": "preview", "seed": 12, "delivered_images": 1}
    return job(seq, "completed", expires_at="2026-11-21T12:15:00.000Z", **{**made, **more})


def failed(code: str) -> dict[str, Any]:
    error = {"code": code, "message": "It did not work.", "details": [], "retryable": True, "job_id": JOB}
    return job(3, "error", error=error)


PLAN = {
    "product_id": "shirt",
    "model_id": "anna",
    "parameters": {
        "maskType": "GARMENT",
        "garmentBasedMask": {"garmentClass": "UPPER_BODY"},
        "imageGenerationConfig": {"numberOfImages": 1, "quality": "standard", "cfgScale": 6.5, "seed": 12},
    },
    "engine": "nova_canvas",
    "cached": False,
    "price": {"usd": 0.08, "per_image": 0.04, "images": 2, "tier": 1024, "as_of": "2026-11-21", "source": "a list"},
    "eta_seconds": 9,
    "warnings": [{"code": "w", "message": "Sleeves may show.", "path": "parameters.garmentBasedMask.garmentClass"}],
    "adaptations": [{"path": "parameters.mergeStyle", "change": "BALANCED instead of DETAILED"}],
}


@dataclass
class Service:
    """Answers to each method and path in turn; the last one again and again."""

    answers: dict[str, list[Answer]] = field(default_factory=dict)
    asked: list[httpx.Request] = field(default_factory=list)
    time: float = 0.0

    def says(self, route: str, *given: Answer | dict[str, Any]) -> "Service":
        """What is answered to a route, as ``GET /try-ons/x``."""
        self.answers[route] = [answer(200, one) if isinstance(one, dict) else one for one in given]
        return self

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        path = request.url.path
        waiting = self.answers[f"{request.method} {path}"]
        found = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        if isinstance(found, Exception):
            raise found
        if isinstance(found, httpx.Response):
            return httpx.Response(found.status_code, content=found.content, headers=found.headers)
        return found(request)

    @property
    def world(self) -> Thread:
        return Thread(TOKEN, transport=httpx.MockTransport(self), sleep=self.passes, now=lambda: self.time)

    @property
    def vto(self) -> Vto:
        return Vto(URL, TOKEN, world=self.world)

    def passes(self, seconds: float) -> None:
        self.time += seconds

    def bodies(self) -> list[Any]:
        return [json.loads(request.content) for request in self.asked if request.content]


def wanted(**more: Any) -> Wanted:
    return Wanted(**{"model": "anna", "product": "shirt", "options": {}, "key": "key-1", **more})
