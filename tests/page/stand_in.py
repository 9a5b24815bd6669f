"""A stand-in of the service for the page's tests in a browser: what it answers, without a stack behind it.

It forgets nothing while a test runs and makes no picture: results are the page's own sample pictures. What the real
service does is tested in tests/e2e/browser.
"""

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Page, Route, WebSocketRoute

API, SOCKET = "http://127.0.0.1:9", "ws://127.0.0.1:9/live"
WEB = Path(__file__).parents[2] / "web"
CATEGORIES = ("tops", "outer_wear", "shoes")
CONFIG: dict[str, Any] = {
    "garment_classes": ["UPPER_BODY"],
    "upload": {
        "content_types": ["image/jpeg"],
        "max_bytes": 10_000_000,
        "min_side_pixels": 320,
        "max_side_pixels": 4096,
    },
    "retention_days": 30,
    "retention": {"prepared_days": 30},
    "consent": {"policy_version": "1"},
    "usual_seconds": 9,
    "limits": {"variants": 5, "mask_prompt_characters": 1024, "unfinished_try_ons": 10, "photo_name_characters": 80},
    "guests": True,
}
STAGES = [("created", None), *(("processing", one) for one in ("validating", "queued", "generating", "storing"))]
CORS = {"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Headers": "*", "Access-Control-Allow-Methods": "*"}


class StandIn:
    """Answers a page's requests and frames; `asked` has all of them."""

    def __init__(self, page: Page, address: str, *, products: int = 40) -> None:
        self.address = address.rstrip("/")
        self.asked: list[tuple[str, str, Any]] = []
        self.frames: list[dict[str, Any]] = []
        self.products = [_product(n, self.address) for n in range(products)]
        self.models = [model("robin", "Robin", self.address)]
        self.jobs: dict[str, dict[str, Any]] = {}
        self.uploaded = model("mine", "My photo", self.address, is_own=True)
        """The photo that an upload becomes; the list does not have it yet, as an index may come late."""
        self.until = "completed"
        """The stage that new jobs stop at."""
        page.route(f"{API}/**", self._answer)
        page.route_web_socket(f"{SOCKET}**", self._talk)

    def job(self, name: str, *, until: str = "completed", images: int = 1, **more: Any) -> dict[str, Any]:
        """A try-on of the shopper's, as its snapshot shows it."""
        passed = [*STAGES, ("completed", None)]
        steps = passed[: 1 + [stage or status for status, stage in passed].index(until)]
        status, stage = steps[-1]
        at = "2026-11-21T09:30:0{}.125Z"
        picture, size = f"{self.address}/pictures/after.jpg", {"width": 576, "height": 864}
        types = {"content_type": "image/jpeg", "original_content_type": "image/jpeg"}
        image = {"url": picture, "original_url": f"{picture}?original", **size, **types}
        made = {
            "id": name, "seq": len(steps), "status": status, "stage": stage, "product_id": "p0", "model_id": "robin",
            "created_at": at.format(0), "updated_at": at.format(5), "eta_seconds": 9, "notice": None,
            "stages": [{"status": one, "stage": two, "at": at.format(n)} for n, (one, two) in enumerate(steps)],
            "requested_images": images, "warnings": [], "adaptations": [], **more,
        }  # fmt: skip
        if status == "completed":
            made |= {"images": [image] * images, "mask": None, "expires_at": "2099-01-01T00:00:00Z", "seed": 1}
        self.jobs[name] = made
        return made

    # --- REST -------------------------------------------------------------------------------------------------------

    def _answer(self, route: Route) -> None:
        request = route.request
        parts = urlsplit(request.url)
        is_json = request.headers.get("content-type") == "application/json"
        body = request.post_data_json if is_json and request.post_data else None
        if request.method == "OPTIONS":
            return route.fulfill(status=204, headers=CORS)
        self.asked.append((request.method, parts.path + (f"?{parts.query}" if parts.query else ""), body))
        status, document = self._reply(request.method, parts.path, parse_qs(parts.query), body)
        text = "" if document is None else json.dumps(document)
        return route.fulfill(status=status, body=text, headers={**CORS, "Content-Type": "application/json"})

    def _reply(self, method: str, path: str, query: dict[str, list[str]], body: Any) -> tuple[int, Any]:
        path = path.removeprefix("/guests") if path.startswith("/guests/") and "tickets" not in path else path
        _, *names = path.split("/")
        match (method, *names):
            case ("GET", "config"):
                return 200, CONFIG
            case ("GET", "categories"):
                counts = [(one, sum(each["category"] == one for each in self.products)) for one in CATEGORIES]
                return 200, {"categories": [{"category": one, "products": n} for one, n in counts]}
            case ("GET", "products"):
                return 200, self._page({name: values[0] for name, values in query.items()})
            case ("GET", "products", name):
                return 200, next(one for one in self.products if one["product_id"] == name)
            case ("GET", "models"):
                return 200, {"models": self.models}
            case ("PATCH", "models", name):
                (found,) = (one for one in self.models if one["model_id"] == name)
                found["name"] = body["name"]
                return 200, found
            case ("DELETE", "models", name):
                self.models = [one for one in self.models if one["model_id"] != name]
                return 204, None
            case ("GET", "try-ons"):
                return 200, {"try_ons": list(self.jobs.values()), "next": None}
            case ("GET", "try-ons", name) if name in self.jobs:
                return 200, self.jobs[name]
            case ("DELETE", "try-ons", name) if name in self.jobs:
                del self.jobs[name]
                return 204, None
            case ("POST", "try-ons") if body.get("dry_run"):
                return 200, {"parameters": {}, "eta_seconds": 9, "cached": False, "warnings": [], "adaptations": []}
            case ("POST", "try-ons"):
                return 202, self.job(f"job-{len(self.jobs)}", until=self.until)
            case ("POST", "uploads"):
                return 200, {"url": f"{API}/bucket", "fields": {"key": "k"}, "upload_id": "photo-1", "model_id": "mine"}
            case ("POST", "bucket"):
                return 204, None
            case ("POST", "uploads", name, "complete"):
                asked = [path for _, path, _ in self.asked if path.endswith("/complete")]
                if len(asked) == 1:
                    return 202, {"upload_id": name, "state": "importing", "model": None}
                return 200, {"upload_id": name, "state": "ready", "model": self.uploaded}
            case ("POST", "guests", "tickets"):
                return 200, {"ticket": "t", "expires_in": 30, "guest": "secret", "guest_until": 4_000_000_000}
            case ("POST", "socket-tickets"):
                return 200, {"ticket": "t", "expires_in": 30}
        return 404, {"code": "not_found", "message": "It is not there.", "retryable": False}

    def _page(self, question: dict[str, str]) -> dict[str, Any]:
        """Ten rows for each request, whatever of them fits."""
        start = int(question.get("cursor", 0))
        words = question.get("search", "").lower().split()
        rows = self.products[start : start + 10]
        wanted = question.get("category")
        of_it = [one for one in rows if wanted in (None, one["category"])]
        fits = [one for one in of_it if all(word in one["name"].lower() for word in words)]
        following = start + 10
        return {"products": fits, "next": str(following) if following < len(self.products) else None}

    # --- the socket -------------------------------------------------------------------------------------------------

    def _talk(self, socket: WebSocketRoute) -> None:
        def tell(job: dict[str, Any]) -> None:
            socket.send(json.dumps({"type": "job", "job": job}))

        def hear(message: str | bytes) -> None:
            frame = json.loads(message)
            self.frames.append(frame)
            if frame["action"] == "tryOn":
                tell(self.job(f"job-{len(self.jobs)}", until="created", request_id=frame["request_id"]))
            elif frame["action"] == "watchJob" and frame["job_id"] in self.jobs:
                was = self.jobs[frame["job_id"]]
                tell(self.job(was["id"], until=self.until, request_id=was.get("request_id")))

        socket.on_message(hear)


def _product(n: int, address: str) -> dict[str, Any]:
    category = CATEGORIES[n % len(CATEGORIES)]
    return {
        "product_id": f"p{n}", "name": f"Product {n}", "category": category, "description": "As drawn.",
        "readiness": "ready", "width": 576, "height": 864, "picture_url": f"{address}/pictures/before.jpg",
        "garment_class": "UPPER_BODY",
    }  # fmt: skip


def model(name: str, called: str, address: str, *, is_own: bool = False) -> dict[str, Any]:
    return {
        "model_id": name, "name": called, "category": "people", "description": "", "readiness": "ready",
        "width": 576, "height": 864, "picture_url": f"{address}/pictures/before.jpg", "is_own": is_own,
    }  # fmt: skip
