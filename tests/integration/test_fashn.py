"""The engine ``fashn_api`` against a server that answers as its public documentation says, over real connections."""

import base64
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import boto3
import pytest
import urllib3
from moto import mock_aws
from urllib3.exceptions import (
    ConnectTimeoutError,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
    ReadTimeoutError,
)

from tests.integration.test_engines import OUTPUT, REFERENCE, SOURCE
from vto.adapters.fashn import MAX_PICTURE_BYTES, FashnApi
from vto.adapters.secrets import SecretKey
from vto.domain.engines import PROFILES, adapted
from vto.domain.parameters import canonical, for_garment_class
from vto.errors import (
    BadModelOutputError,
    ContentBlockedError,
    ModelAccessDeniedError,
    ModelQuotaExceededError,
    ModelRefusedError,
    ModelRetiredError,
    ModelThrottledError,
    ModelTimeoutError,
    ModelUnavailableError,
    PictureRejectedError,
    VtoError,
)
from vto.ports import TryOnRequest
from vto.testing import FakeClock, FakePictures

pytestmark = pytest.mark.enable_socket

PNG = b"\x89PNG picture"
SECRET = "vto/fashn-api-key"
DEADLINE = PROFILES["fashn_api"].read_timeout_seconds


def uri(content: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(content).decode()}"


@dataclass
class Service:
    """The hosted service: keys, what a run answers, and what its states are, one for each question."""

    keys: set[str] = field(default_factory=lambda: {"key-1"})
    run: tuple[int, Any] = (200, {"id": "123a87r9-4129-u1", "error": None})
    states: list[tuple[int, Any]] = field(default_factory=list)
    files: dict[str, tuple[int, dict[str, str], bytes]] = field(default_factory=dict)
    drop: bool = False
    asked: list[tuple[str, str, dict[str, str], Any]] = field(default_factory=list)
    url: str = ""

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        size = int(handler.headers.get("Content-Length") or 0)
        body = json.loads(handler.rfile.read(size)) if size else None
        self.asked.append((handler.command, handler.path, dict(handler.headers), body))
        if self.drop:
            handler.connection.close()
            return
        if handler.path in self.files:
            self._send(handler, *self.files[handler.path])
        elif handler.headers.get("Authorization") not in {f"Bearer {key}" for key in self.keys}:
            self._say(handler, 401, {"error": "UnauthorizedAccess", "message": "Unauthorized: Invalid token"})
        elif handler.path == "/v1/run":
            self._say(handler, *self.run)
        else:
            self._say(handler, *(self.states.pop(0) if len(self.states) > 1 else self.states[0]))

    def _say(self, handler: BaseHTTPRequestHandler, status: int, document: Any) -> None:
        content = document if isinstance(document, bytes) else json.dumps(document).encode()
        self._send(handler, status, {"Content-Type": "application/json"}, content)

    def _send(self, handler: BaseHTTPRequestHandler, status: int, headers: dict[str, str], content: bytes) -> None:
        handler.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(content)


@pytest.fixture
def service() -> Iterator[Service]:
    told = Service()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told.answer(self)

        def do_GET(self) -> None:
            told.answer(self)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    told.url = f"http://127.0.0.1:{server.server_address[1]}"
    yield told
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def secrets() -> Iterator[Any]:
    with mock_aws():
        client = boto3.client("secretsmanager")
        client.create_secret(Name=SECRET, SecretString="key-1\n")
        yield client


@pytest.fixture
def pictures() -> FakePictures:
    store = FakePictures()
    store.put(str(SOURCE), b"\xff\xd8person")
    store.put(str(REFERENCE), b"\x89PNGshirt")
    return store


@pytest.fixture
def http() -> Iterator[urllib3.PoolManager]:
    pool = urllib3.PoolManager()
    yield pool
    pool.clear()


@pytest.fixture
def engine(service: Service, secrets: Any, pictures: FakePictures, http: urllib3.PoolManager) -> FashnApi:
    key, outputs = SecretKey(secrets, SECRET), (f"{service.url}/outputs/",)
    return FashnApi(key, pictures, FakeClock(), http, DEADLINE, service.url, outputs)


def request(garment: str = "UPPER_BODY", **config: Any) -> TryOnRequest:
    asked = canonical({**for_garment_class(garment), "imageGenerationConfig": config})
    return TryOnRequest(SOURCE, REFERENCE, None, adapted(PROFILES["fashn_api"], asked), OUTPUT)


def completed(*outputs: str) -> tuple[int, Any]:
    return 200, {"id": "123a87r9-4129-u1", "status": "completed", "output": list(outputs), "error": None}


def failed(name: str, message: str = "because") -> tuple[int, Any]:
    return 200, {"id": "1", "status": "failed", "error": {"name": name, "message": message}}


def fails_with(engine: FashnApi, asked: TryOnRequest | None = None) -> VtoError:
    with pytest.raises(VtoError) as caught:
        engine.generate(asked or request())
    assert "key-" not in str(caught.value)
    return caught.value


# --- what is asked ---


@pytest.mark.parametrize(
    ("garment", "config", "wanted"),
    [
        ("SHORT_SLEEVE_SHIRT", {}, {"category": "tops", "mode": "balanced", "num_samples": 1, "seed": 12}),
        ("LONG_PANTS", {"quality": "premium", "seed": 0}, {"category": "bottoms", "mode": "quality", "seed": 0}),
        ("LONG_DRESS", {"numberOfImages": 5}, {"category": "one-pieces", "num_samples": 4}),
    ],
)
def test_our_words_become_theirs(
    service: Service, engine: FashnApi, garment: str, config: dict[str, Any], wanted: dict[str, Any]
) -> None:
    service.states = [completed(uri(PNG))]
    engine.generate(request(garment, **config))
    method, path, headers, body = service.asked[0]
    assert (method, path, headers["Authorization"]) == ("POST", "/v1/run", "Bearer key-1")
    assert body["model_name"] == "tryon-v1.6"
    assert wanted.items() <= body["inputs"].items()
    assert body["inputs"]["model_image"] == f"data:image/jpeg;base64,{base64.b64encode(b'\xff\xd8person').decode()}"
    assert body["inputs"]["garment_image"].startswith("data:image/png;base64,")
    assert {name: body["inputs"][name] for name in ("output_format", "return_base64", "garment_photo_type")} == {
        "output_format": "png",
        "return_base64": True,
        "garment_photo_type": "auto",
    }


def test_every_class_that_the_engine_declares_has_a_category_of_theirs(service: Service, engine: FashnApi) -> None:
    service.states = [completed(uri(PNG))]
    for garment in PROFILES["fashn_api"].garment_classes:
        engine.generate(request(garment))


# --- what comes ---


def test_the_prediction_is_waited_for_and_its_pictures_are_kept_as_they_are(
    service: Service, engine: FashnApi, pictures: FakePictures
) -> None:
    waiting = [(200, {"id": "1", "status": word, "error": None}) for word in ("starting", "in_queue", "processing")]
    service.states = [*waiting, completed(uri(PNG), uri(b"\x89PNG two"))]
    made = engine.generate(request(numberOfImages=2))
    assert made.images == (f"{OUTPUT}0.png", f"{OUTPUT}1.png")
    assert (made.mask, made.warning) == (None, None)
    assert pictures.objects[made.images[1]] == b"\x89PNG two"
    assert [path for _, path, _, _ in service.asked[1:]] == ["/v1/status/123a87r9-4129-u1"] * 4


def test_fewer_pictures_than_asked_for_are_kept_with_a_warning(service: Service, engine: FashnApi) -> None:
    service.states = [completed(uri(PNG))]
    assert engine.generate(request(numberOfImages=3)).warning == "1 of 3 pictures came"


def test_questions_that_are_not_answered_while_it_works_are_asked_again(service: Service, engine: FashnApi) -> None:
    busy = (429, {"error": "RateLimitExceeded", "message": "slow down"})
    service.states = [busy, (500, {"error": "InternalServerError"}), (502, b"<html>"), completed(uri(PNG))]
    assert len(engine.generate(request()).images) == 1


def test_after_the_deadline_the_prediction_is_given_up(service: Service, engine: FashnApi) -> None:
    service.states = [(200, {"id": "1", "status": "processing", "error": None})]
    assert type(fails_with(engine)) is ModelTimeoutError
    assert 40 < len(service.asked) < 80


def test_a_picture_at_an_address_is_fetched_from_the_service_only_and_without_the_key(
    service: Service, engine: FashnApi, pictures: FakePictures
) -> None:
    service.files["/outputs/0.png"] = (200, {"Content-Type": "image/png"}, PNG)
    service.states = [completed(f"{service.url}/outputs/0.png")]
    made = engine.generate(request())
    assert pictures.objects[made.images[0]] == PNG
    assert "Authorization" not in service.asked[-1][2]


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/outputs/0.png",
        "http://169.254.169.254/latest/meta-data/",
        "https://cdn.fashn.ai.evil.example/0.png",
        "file:///etc/passwd",
        "s3://bucket/key",
        "data:text/html;base64,AAAA",
        "data:image/png;base64,%%%",
    ],
)
def test_an_output_from_elsewhere_is_never_fetched(service: Service, engine: FashnApi, address: str) -> None:
    service.states = [completed(address)]
    assert type(fails_with(engine)) is BadModelOutputError
    assert len(service.asked) == 2


def test_the_addresses_that_are_allowed_end_with_the_hosts_name() -> None:
    from vto.adapters.fashn import OUTPUTS

    assert all(one.startswith("https://") and one.endswith("/") for one in OUTPUTS)


def test_no_redirect_is_followed(service: Service, engine: FashnApi) -> None:
    service.files["/outputs/0.png"] = (302, {"Location": "http://169.254.169.254/"}, b"")
    service.states = [completed(f"{service.url}/outputs/0.png")]
    assert type(fails_with(engine)) is BadModelOutputError


def test_a_picture_that_is_too_large_is_not_read_to_its_end(service: Service, engine: FashnApi) -> None:
    service.files["/outputs/0.png"] = (200, {}, b"x" * (MAX_PICTURE_BYTES + 10))
    service.states = [completed(f"{service.url}/outputs/0.png")]
    assert type(fails_with(engine)) is BadModelOutputError


# --- what goes wrong ---


@pytest.mark.parametrize(
    ("status", "name", "wanted"),
    [
        (400, "BadRequest", ModelRefusedError),
        (401, "UnauthorizedAccess", ModelAccessDeniedError),
        (403, "", ModelAccessDeniedError),
        (404, "NotFound", ModelUnavailableError),
        (413, "", ModelRefusedError),
        (429, "RateLimitExceeded", ModelThrottledError),
        (429, "ConcurrencyLimitExceeded", ModelThrottledError),
        (429, "OutOfCredits", ModelQuotaExceededError),
        (500, "InternalServerError", ModelUnavailableError),
        (302, "", ModelUnavailableError),
    ],
)
def test_each_refusal_of_a_run_is_one_error_of_ours_after_one_attempt(
    service: Service, engine: FashnApi, status: int, name: str, wanted: type[VtoError]
) -> None:
    service.run = (status, {"error": name, "message": "as documented"})
    assert type(fails_with(engine)) is wanted
    assert len(service.asked) == 1


@pytest.mark.parametrize(
    ("status", "name", "message"),
    [
        (400, "BadRequest", "model_name: must be one of tryon-max"),
        (400, "", "tryon-v1.6 is no longer available"),
        (404, "NotFound", "Model tryon-v1.6 not found"),
    ],
)
def test_a_refusal_that_names_the_model_means_that_it_is_gone(
    service: Service, engine: FashnApi, status: int, name: str, message: str
) -> None:
    service.run = (status, {"error": name, "message": message})
    assert type(fails_with(engine)) is ModelRetiredError


@pytest.mark.parametrize(
    ("name", "message", "wanted", "paths"),
    [
        ("ImageLoadError", "Error loading model image", PictureRejectedError, ["model_id"]),
        ("ImageLoadError", "Error loading garment image", PictureRejectedError, ["product_id"]),
        ("PoseError", "Failed to detect body pose in model image", PictureRejectedError, ["model_id"]),
        ("ContentModerationError", "Prohibited content", ContentBlockedError, []),
        ("InputValidationError", "num_samples", ModelRefusedError, []),
        ("InputValidationError", "model_image is too large", ModelRefusedError, []),
        ("InputValidationError", "Unknown model_name", ModelRetiredError, []),
        ("PipelineError", "oops", ModelUnavailableError, []),
        ("ThirdPartyError", "oops", ModelUnavailableError, []),
        ("InternalServerError", "oops", ModelUnavailableError, []),
        ("PollingTimeout", "slow", ModelTimeoutError, []),
        ("SomethingNewError", "?", ModelUnavailableError, []),
    ],
)
def test_each_failure_of_a_prediction_is_one_error_of_ours(
    service: Service, engine: FashnApi, name: str, message: str, wanted: type[VtoError], paths: list[str]
) -> None:
    service.states = [failed(name, message)]
    error = fails_with(engine)
    assert type(error) is wanted
    assert [one.path for one in error.violations] == paths


@pytest.mark.parametrize(
    ("state", "wanted"),
    [
        ((200, {"status": "canceled", "error": None}), ModelUnavailableError),
        ((200, {"status": "time_out", "error": None}), ModelTimeoutError),
        ((404, {"error": "NotFound", "message": "no longer tracked"}), ModelTimeoutError),
        ((200, b"<html>"), BadModelOutputError),
        ((200, [1]), BadModelOutputError),
        ((200, {"status": "completed", "output": []}), BadModelOutputError),
        ((200, {"status": "completed", "output": [7]}), BadModelOutputError),
        ((200, {"status": "failed", "error": "in one word"}), ModelUnavailableError),
    ],
)
def test_each_end_that_brings_no_picture_is_one_error_of_ours(
    service: Service, engine: FashnApi, state: tuple[int, Any], wanted: type[VtoError]
) -> None:
    service.states = [state]
    assert type(fails_with(engine)) is wanted


@pytest.mark.parametrize("document", [{}, {"id": None}, {"id": "../credits"}, b"<html>", []])
def test_a_run_without_a_usable_id_is_bad_output(service: Service, engine: FashnApi, document: Any) -> None:
    service.run = (200, document)
    assert type(fails_with(engine)) is BadModelOutputError


def test_an_answer_that_is_lost_may_be_billed(service: Service, engine: FashnApi) -> None:
    service.drop = True
    assert type(fails_with(engine)) is ModelTimeoutError


def test_a_service_that_cannot_be_reached_is_unavailable(
    service: Service, secrets: Any, pictures: FakePictures, http: urllib3.PoolManager
) -> None:
    nobody = FashnApi(SecretKey(secrets, SECRET), pictures, FakeClock(), http, DEADLINE, "http://127.0.0.1:9")
    assert type(fails_with(nobody)) is ModelUnavailableError


class Unreachable(urllib3.PoolManager):
    """Connections that come to nothing."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    def request(self, *_: Any, **__: Any) -> Any:
        raise self.error


@pytest.mark.parametrize(
    ("error", "wanted"),
    [
        (ConnectTimeoutError("no answer to SYN"), ModelUnavailableError),
        (NewConnectionError(None, "refused"), ModelUnavailableError),  # type: ignore[arg-type]
        (NameResolutionError("api.fashn.ai", None, OSError("unknown")), ModelUnavailableError),  # type: ignore[arg-type]
        (ReadTimeoutError(None, "/v1/run", "slow"), ModelTimeoutError),  # type: ignore[arg-type]
        (ProtocolError("closed"), ModelTimeoutError),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_only_a_request_that_may_have_arrived_may_be_billed(
    secrets: Any, pictures: FakePictures, error: Exception, wanted: type[VtoError]
) -> None:
    engine = FashnApi(SecretKey(secrets, SECRET), pictures, FakeClock(), Unreachable(error), DEADLINE)
    assert type(fails_with(engine)) is wanted


# --- the key ---


def test_the_key_is_read_once(service: Service, engine: FashnApi, secrets: Any) -> None:
    service.states = [completed(uri(PNG))]
    engine.generate(request())
    secrets.put_secret_value(SecretId=SECRET, SecretString="key-2")
    engine.generate(request())
    assert {headers["Authorization"] for _, _, headers, _ in service.asked} == {"Bearer key-1"}


def test_a_key_that_was_exchanged_is_read_anew_when_the_old_one_is_refused(
    service: Service, engine: FashnApi, secrets: Any
) -> None:
    service.states = [completed(uri(PNG))]
    engine.generate(request())
    secrets.put_secret_value(SecretId=SECRET, SecretString="key-2")
    service.keys = {"key-2"}
    assert len(engine.generate(request()).images) == 1


def test_a_key_that_is_refused_and_has_not_changed_ends_the_use_of_the_engine_after_one_call(
    service: Service, engine: FashnApi
) -> None:
    service.keys = set()
    assert type(fails_with(engine)) is ModelAccessDeniedError
    assert len(service.asked) == 1


@pytest.mark.parametrize("value", [None, "  "])
def test_without_a_key_nothing_is_asked(service: Service, engine: FashnApi, secrets: Any, value: str | None) -> None:
    if value is None:
        secrets.delete_secret(SecretId=SECRET, ForceDeleteWithoutRecovery=True)
    else:
        secrets.put_secret_value(SecretId=SECRET, SecretString=value)
    assert type(fails_with(engine)) is ModelAccessDeniedError
    assert service.asked == []
