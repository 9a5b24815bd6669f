"""A client as a shop's page would be: REST with a token, one live socket, snapshots kept by their `seq`."""

import json
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from local.stack import Endpoints

CONTENT_TYPES = {".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png", ".webp": "image/webp"}
IMPORT_SECONDS = 60.0
ANSWER_SECONDS = 120.0


class ShopperError(Exception):
    """The service refused, in its own words, or did not answer in time."""


def content_type_of(picture: Path) -> str:
    """The type of a picture, by its name.

    Raises:
        ShopperError: It is none that can be uploaded.
    """
    suffix = picture.suffix.lower()
    if suffix not in CONTENT_TYPES:
        raise ShopperError(f"{picture.name}: pictures must be .jpg, .png or .webp")
    return CONTENT_TYPES[suffix]


@dataclass
class Shopper:
    """One signed-in user.

    Args:
        endpoints: The stack.
        access_token: Of this user.

    Example:
        with Shopper(stack.endpoints, login.access_token) as shopper:
            job = shopper.try_on(product_id="…", model_id="…")
    """

    endpoints: Endpoints
    access_token: str
    frames: list[dict[str, Any]] = field(default_factory=list)
    """Every frame that came over the socket, in its order."""
    _socket: ClientConnection | None = None
    _open: ExitStack = field(default_factory=ExitStack)

    def __post_init__(self) -> None:
        self._http = httpx.Client(
            base_url=self.endpoints.api_url,
            headers={"Authorization": f"Bearer {self.access_token}"},
            timeout=30,
            trust_env=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.disconnect()
        self._http.close()

    # --- REST -------------------------------------------------------------------------------------------------

    def get(self, path: str, **query: str) -> dict[str, Any]:
        """Ask the API.

        Raises:
            ShopperError: It refused.
        """
        return self._document(self._http.get(path, params=query))

    def post(self, path: str, body: dict[str, Any] | None = None, **headers: str) -> dict[str, Any]:
        """Tell the API.

        Raises:
            ShopperError: It refused.
        """
        return self._document(self._http.post(path, json=body or {}, headers=headers))

    def upload(self, picture: Path, kind: str = "photo") -> dict[str, Any]:
        """Upload a private photo or mask, as a page would whose shopper agrees to the shop's policy.

        Returns:
            The offer that was used, with `s3_url` and, for a photo, `model_id`.

        Raises:
            ShopperError: The service refused the offer or the upload.
        """
        content_type = content_type_of(picture)
        consent = self.get("/config")["consent"]
        offer = self.post("/uploads", {"kind": kind, "content_type": content_type, "consent": consent})
        files = {"file": (picture.name, picture.read_bytes(), content_type)}
        answer = httpx.post(offer["url"], data=offer["fields"], files=files, timeout=60, trust_env=False)
        if answer.is_error:
            raise ShopperError(f"the upload of {picture.name} was refused: {answer.status_code} {answer.text[:300]}")
        return offer

    def wait_for_import(self, path: str, item_id: str) -> dict[str, Any]:
        """Wait until an upload has become a ready product (`/products`) or model (`/models`).

        Raises:
            ShopperError: It was rejected, with the reason; or it did not come in time.
        """
        kind = path.strip("/").removesuffix("s")
        deadline = time.monotonic() + IMPORT_SECONDS
        while time.monotonic() < deadline:
            item = self._find(path, f"{kind}_id", item_id)
            if item and item["readiness"] == "ready":
                return item
            if item and item["readiness"] == "rejected":
                raise ShopperError(f"the {kind} was rejected: {item['reason']}")
            time.sleep(0.1)
        raise ShopperError(f"the {kind} {item_id} was not imported within {IMPORT_SECONDS:.0f} s")

    def _find(self, path: str, name: str, item_id: str) -> dict[str, Any] | None:
        if path == "/products":
            answer = self._http.get(f"/products/{item_id}")
            return None if answer.status_code == httpx.codes.NOT_FOUND else self._document(answer)
        items: list[dict[str, Any]] = self.get(path)[path.strip("/")]
        return next((one for one in items if one[name] == item_id), None)

    def _document(self, answer: httpx.Response) -> dict[str, Any]:
        if answer.is_error:
            raise ShopperError(f"{answer.status_code} {answer.text[:500]}")
        document: dict[str, Any] = answer.json()
        return document

    # --- the live socket --------------------------------------------------------------------------------------

    def connect(self) -> None:
        """Open the live socket with a one-time ticket."""
        self.open(self.post("/socket-tickets")["ticket"])

    def open(self, ticket: str) -> None:
        """Open the live socket with a ticket that is there already, such as a guest's."""
        self._socket = self._open.enter_context(connect(f"{self.endpoints.socket_url}?ticket={ticket}", proxy=None))

    def disconnect(self) -> None:
        """Close the live socket."""
        self._open.close()
        self._socket = None

    def send(self, frame: dict[str, Any] | str) -> None:
        """Say something over the socket, which is opened if it is not."""
        if self._socket is None:
            self.connect()
        assert self._socket is not None
        self._socket.send(frame if isinstance(frame, str) else json.dumps(frame))

    def receive(self, timeout: float = 10.0) -> dict[str, Any] | None:
        """The next frame, or None when none came in time or the socket was closed."""
        assert self._socket is not None
        try:
            frame: dict[str, Any] = json.loads(self._socket.recv(timeout=timeout))
        except (TimeoutError, ConnectionClosed):
            return None
        self.frames.append(frame)
        return frame

    def snapshots(
        self, job_id: str | None = None, request_id: str | None = None, timeout: float = ANSWER_SECONDS
    ) -> Iterator[dict[str, Any]]:
        """The snapshots of one job until it has ended: the one with this id or request id, or else the first one seen.

        Older ones than those already seen are dropped, as every client should; a user's sockets are told of all their
        jobs, so those of others are passed over.

        Raises:
            ShopperError: An error frame came, or no ending did.
        """
        deadline, seen = time.monotonic() + timeout, 0
        while (left := deadline - time.monotonic()) > 0:
            frame = self.receive(timeout=left)
            if frame is None:
                break
            if frame["type"] == "error":
                raise ShopperError(json.dumps(frame["error"]))
            if frame["type"] != "job":
                continue
            job = frame["job"]
            if (job_id and job["id"] != job_id) or (request_id and job["request_id"] != request_id):
                continue
            job_id = job["id"]
            if job["seq"] <= seen:
                continue
            seen = job["seq"]
            yield job
            if job["status"] in ("completed", "error"):
                return
        raise ShopperError(f"the try-on did not end within {timeout:.0f} s")

    def try_on(
        self, *, on_snapshot: Callable[[dict[str, Any]], None] = lambda _: None, **request: Any
    ) -> dict[str, Any]:
        """Ask for a try-on over the socket and wait for its end.

        Args:
            on_snapshot: Called with every snapshot.
            request: `product_id`, `model_id`, `parameters`, …; a `request_id` is made if there is none.

        Returns:
            The last snapshot, completed or not.

        Raises:
            ShopperError: The request was refused, or no ending came.
        """
        wanted = {"action": "tryOn", "request_id": str(uuid.uuid4()), **request}
        self.send(wanted)
        last: dict[str, Any] = {}
        for last in self.snapshots(request_id=wanted["request_id"]):
            on_snapshot(last)
        return last

    def download(self, url: str) -> bytes:
        """A result's bytes, through its presigned link alone.

        Raises:
            ShopperError: The link does not work.
        """
        answer = httpx.get(url, timeout=30, trust_env=False)
        if answer.is_error:
            raise ShopperError(f"the link of the result does not work: {answer.status_code} {answer.text[:200]}")
        return answer.content
