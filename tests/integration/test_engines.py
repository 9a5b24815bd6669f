"""The engines: what Bedrock and Lambda answer on the wire becomes pictures, or exactly one error of ours."""

import base64
import json
from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
)

from tests.integration.conftest import RESULTS, UPLOADS, Wire
from vto import bootstrap
from vto.adapters.bedrock import NovaCanvas
from vto.adapters.preview import Preview
from vto.domain.engines import PROFILES
from vto.domain.parameters import canonical, for_garment_class
from vto.domain.storage import S3Url
from vto.errors import (
    BadModelOutputError,
    ContentBlockedError,
    InvalidRequestError,
    ModelAccessDeniedError,
    ModelFailedError,
    ModelQuotaExceededError,
    ModelRefusedError,
    ModelRetiredError,
    ModelThrottledError,
    ModelTimeoutError,
    ModelUnavailableError,
    PictureBlockedError,
    PictureMissingError,
    PictureRejectedError,
    PromptBlockedError,
    RefusalError,
    ResultsBlockedError,
    StorageUnavailableError,
    Violation,
    VtoError,
)
from vto.ports import TryOnRequest
from vto.testing import FakePictures

SOURCE, REFERENCE = S3Url(UPLOADS, "prepared/person.jpg"), S3Url(UPLOADS, "prepared/shirt.jpg")
MASK = S3Url(UPLOADS, "prepared/mask.png")
OUTPUT = S3Url(RESULTS, "generated/job-1/1/")
MODEL = "amazon.nova-canvas-v1:0"


def request(mask: S3Url | None = None) -> TryOnRequest:
    parameters = canonical(for_garment_class("UPPER_BODY"))
    if mask:
        parameters = canonical({"maskType": "IMAGE", "imageBasedMask": {"maskImage": "s3://private/drawn.png"}})
    return TryOnRequest(SOURCE, REFERENCE, mask, parameters, OUTPUT)


def answer(**fields: Any) -> bytes:
    return json.dumps(fields).encode()


def encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODEL_ID", MODEL)
    monkeypatch.setenv("PREVIEW_FUNCTION", "vto-render-preview")
    monkeypatch.setenv("CANVAS_ENDPOINT", "vto-canvas")
    monkeypatch.setenv("FASHN_SECRET", "vto/fashn-api-key")


@pytest.fixture
def pictures() -> FakePictures:
    store = FakePictures()
    for url, content in ((SOURCE, b"person"), (REFERENCE, b"shirt"), (MASK, b"mask")):
        store.put(str(url), content)
    return store


class Bedrock:
    """The engine as ``vto.bootstrap`` builds its client, and the wire below it."""

    def __init__(self, pictures: FakePictures) -> None:
        built: Any = bootstrap.engine("nova_canvas")
        self.client = built._client
        self.wire = Wire(self.client)
        self.pictures = pictures
        self.engine = NovaCanvas(self.client, pictures, MODEL)

    def fails_with(self) -> VtoError:
        with pytest.raises(VtoError) as caught:
            self.engine.generate(request())
        assert len(self.wire.requests) == 1  # each attempt could be billed
        return caught.value


@pytest.fixture
def bedrock(settings: None, pictures: FakePictures) -> Bedrock:
    return Bedrock(pictures)


def test_a_request_reaches_bedrock_as_the_contract_says(bedrock: Bedrock) -> None:
    bedrock.wire.will_say(200, answer(images=[encoded(b"made")]))
    bedrock.engine.generate(request())
    (sent,) = bedrock.wire.requests
    assert sent.url.endswith(f"/model/{MODEL.replace(':', '%3A')}/invoke")
    assert sent.headers["Content-Type"] == b"application/json"
    body = json.loads(sent.body)
    assert body["taskType"] == "VIRTUAL_TRY_ON"
    assert body["virtualTryOnParams"]["sourceImage"] == encoded(b"person")
    assert body["virtualTryOnParams"]["referenceImage"] == encoded(b"shirt")


def test_a_mask_is_sent_as_a_picture(bedrock: Bedrock) -> None:
    bedrock.wire.will_say(200, answer(images=[encoded(b"made")]))
    bedrock.engine.generate(request(MASK))
    body = json.loads(bedrock.wire.requests[0].body)
    assert body["virtualTryOnParams"]["imageBasedMask"] == {"maskImage": encoded(b"mask")}


def test_pictures_that_are_being_read_already_are_not_read_again(bedrock: Bedrock) -> None:
    contents = {"sourceImage": b"photo", "referenceImage": b"dress", "mask": b"drawn"}
    begun = tuple(partial(bytes, one) for one in contents.values())
    bedrock.pictures.objects.clear()
    bedrock.wire.will_say(200, answer(images=[encoded(b"made")]))
    bedrock.engine.generate(replace(request(MASK), begun=begun))
    params = json.loads(bedrock.wire.requests[0].body)["virtualTryOnParams"]
    assert (params["sourceImage"], params["referenceImage"]) == (encoded(b"photo"), encoded(b"dress"))
    assert params["imageBasedMask"] == {"maskImage": encoded(b"drawn")}


def test_numbers_that_come_from_a_table_are_sent_as_numbers(bedrock: Bedrock) -> None:
    stored = {"cfgScale": Decimal("7.25"), "numberOfImages": Decimal(2), "seed": Decimal(0)}
    parameters = canonical({**for_garment_class("UPPER_BODY"), "imageGenerationConfig": stored})
    bedrock.wire.will_say(200, answer(images=[encoded(b"made")]))
    bedrock.engine.generate(replace(request(), parameters=parameters))
    config = json.loads(bedrock.wire.requests[0].body)["imageGenerationConfig"]
    assert config == {"numberOfImages": 2, "quality": "standard", "cfgScale": 7.25, "seed": 0}


def test_the_pictures_of_an_answer_lie_where_the_job_wants_them(bedrock: Bedrock) -> None:
    bedrock.wire.will_say(200, answer(images=[encoded(b"one"), encoded(b"two")], maskImage=encoded(b"mask")))
    made = bedrock.engine.generate(request())
    assert made.images == (f"{OUTPUT}0.png", f"{OUTPUT}1.png")
    assert made.mask == f"{OUTPUT}mask.png"
    assert made.warning is None
    assert [bedrock.pictures.objects[url] for url in (*made.images, made.mask)] == [b"one", b"two", b"mask"]


# moderation: the four cases of https://docs.aws.amazon.com/nova/latest/userguide/image-gen-errors.html


def test_when_some_pictures_were_blocked_the_others_are_kept_with_a_warning(bedrock: Bedrock) -> None:
    said = "Some of the generated images have been blocked by our content filters."
    bedrock.wire.will_say(200, answer(images=[encoded(b"one")], error=said))
    made = bedrock.engine.generate(request())
    assert (len(made.images), made.warning) == (1, said)


def test_when_all_pictures_were_blocked_it_is_content_and_no_failure_of_ours(bedrock: Bedrock) -> None:
    said = "All of the generated images have been blocked by our content filters."
    bedrock.wire.will_say(200, answer(images=[], error=said))
    assert type(bedrock.fails_with()) is ResultsBlockedError
    assert bedrock.pictures.written == []


BLOCKED_TEXT = (
    "This request has been blocked by our content filters. Please adjust your text prompt to submit a new request."
)
BLOCKED_IMAGE = (
    "This request has been blocked by our content filters. Please adjust your input image to submit a new request."
)

# Three of Bedrock's ways to say no to the account or to the way it asks, all of them as a ValidationException:
# https://github.com/aws/aws-cli/issues/8717, https://github.com/aws-samples/amazon-bedrock-audio-summarizer/issues/3
# and https://github.com/terricain/aioboto3/issues/352
NOT_AUTHORIZED = "Your account is not authorized to invoke this API operation."
NOT_ON_DEMAND = (
    f"Invocation of model ID {MODEL} with on-demand throughput isn’t supported. Retry your request with the ID or "
    "ARN of an inference profile that contains this model."
)

LEGACY = (
    "Access denied. This Model is marked by provider as Legacy and you have not been actively using the model in the "
    "last 30 days. Please upgrade to an active model on Amazon Bedrock"
)


@pytest.mark.parametrize(
    ("status", "code", "message", "wanted"),
    [
        (429, "ThrottlingException", "Too many requests", ModelThrottledError),
        (429, "ModelNotReadyException", "not ready", ModelThrottledError),
        (503, "ServiceUnavailableException", "try later", ModelUnavailableError),
        (500, "InternalServerException", "oops", ModelUnavailableError),
        (424, "ModelErrorException", "the model failed", ModelFailedError),
        (400, "ServiceQuotaExceededException", "quota", ModelQuotaExceededError),
        (408, "ModelTimeoutException", "took too long", ModelTimeoutError),
        (403, "AccessDeniedException", "You don't have access to the model", ModelAccessDeniedError),
        (403, "AccessDeniedException", "is not authorized to perform: bedrock:InvokeModel", ModelAccessDeniedError),
        (403, "UnrecognizedClientException", "The security token is invalid.", ModelAccessDeniedError),
        (403, "ExpiredTokenException", "The security token is expired.", ModelAccessDeniedError),
        (403, "AccessDeniedException", "This Model is marked by provider as Legacy", ModelRetiredError),
        (404, "ResourceNotFoundException", LEGACY, ModelRetiredError),
        (404, "ResourceNotFoundException", "Model not found.", ModelRetiredError),
        (404, "ResourceNotFoundException", "This model version has reached the end of its life.", ModelRetiredError),
        (400, "ValidationException", "The provided model identifier is invalid.", ModelRetiredError),
        (400, "ValidationException", "Operation not allowed", ModelAccessDeniedError),
        (400, "ValidationException", NOT_AUTHORIZED, ModelAccessDeniedError),
        (400, "ValidationException", NOT_ON_DEMAND, ModelRetiredError),
        # what the words of a model that is gone mean depends on who says them
        (429, "ThrottlingException", "Too many requests for this legacy model", ModelThrottledError),
        (503, "ServiceUnavailableException", "legacy endpoint, try later", ModelUnavailableError),
        (424, "ModelErrorException", "the model has reached the end of its life", ModelFailedError),
        (400, "ValidationException", BLOCKED_TEXT, PromptBlockedError),
        (400, "ValidationException", BLOCKED_IMAGE, PictureBlockedError),
        (400, "ValidationException", "This request has been blocked by our content filters.", ContentBlockedError),
        (400, "ValidationException", "Malformed input request: #/seed", ModelRefusedError),
        (418, "SomethingNewException", "?", ModelUnavailableError),
    ],
)
def test_each_exception_of_invoke_model_is_one_error_of_ours_after_one_attempt(
    bedrock: Bedrock, status: int, code: str, message: str, wanted: type[VtoError]
) -> None:
    bedrock.wire.will_say(status, answer(message=message), x_amzn_errortype=code)
    error = bedrock.fails_with()
    assert type(error) is wanted
    assert message in error.detail


@pytest.mark.parametrize(
    ("broken", "wanted"),
    [
        (ReadTimeoutError(endpoint_url="https://bedrock"), ModelTimeoutError),
        (ConnectTimeoutError(endpoint_url="https://bedrock"), ModelUnavailableError),
        (EndpointConnectionError(endpoint_url="https://bedrock"), ModelUnavailableError),
        (ConnectionClosedError(endpoint_url="https://bedrock"), ModelTimeoutError),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_each_broken_connection_is_one_error_of_ours_after_one_attempt(
    bedrock: Bedrock, broken: Exception, wanted: type[VtoError]
) -> None:
    bedrock.wire.will_raise(broken)
    assert type(bedrock.fails_with()) is wanted


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"[]", b"{}", b'{"images": []}', b'{"images": ["?"]}', b'{"images": [3]}', b"\xff\xfe"],
)
def test_an_answer_that_is_none_is_bad_output_and_nothing_is_kept(bedrock: Bedrock, body: bytes) -> None:
    bedrock.wire.will_say(200, body)
    assert type(bedrock.fails_with()) is BadModelOutputError
    assert bedrock.pictures.written == []


def test_an_answer_that_is_cut_off_is_an_error_of_ours(bedrock: Bedrock) -> None:
    whole = answer(images=[encoded(b"picture")])
    bedrock.wire.will_say(200, whole[:-9], content_length=str(len(whole)))
    assert isinstance(bedrock.fails_with(), ModelTimeoutError)


def test_a_picture_that_is_gone_is_told_before_anything_is_paid_for(bedrock: Bedrock) -> None:
    bedrock.wire.will_say(200, answer(images=[encoded(b"one")]))
    del bedrock.pictures.objects[str(SOURCE)]
    with pytest.raises(PictureMissingError):
        bedrock.engine.generate(request())
    assert bedrock.wire.requests == []


@pytest.mark.parametrize("name", sorted(PROFILES.keys() - {"fashn_api"}))  # that one is no service of AWS
def test_every_engines_client_makes_one_attempt_and_waits_as_long_as_its_profile_says(
    settings: None, name: str
) -> None:
    built: Any = bootstrap.engine(name)
    config = built._client.meta.config
    assert config.retries["total_max_attempts"] == 1
    assert config.read_timeout == PROFILES[name].read_timeout_seconds


def test_an_engine_that_does_not_exist_is_a_mistake_of_the_deployment() -> None:
    with pytest.raises(bootstrap.SettingsError, match="canvas_3000"):
        bootstrap.engine("canvas_3000")


# --- the preview engine, a function of the stack ---


class PreviewFunction:
    """The engine as ``vto.bootstrap`` builds it, and the wire below it."""

    def __init__(self) -> None:
        built = bootstrap.engine("preview")
        assert isinstance(built, Preview)
        self.engine = built
        client: Any = built._client
        self.wire = Wire(client)

    def fails_with(self) -> VtoError:
        with pytest.raises(VtoError) as caught:
            self.engine.generate(request())
        assert len(self.wire.requests) == 1
        return caught.value


@pytest.fixture
def preview(settings: None) -> PreviewFunction:
    return PreviewFunction()


def test_the_function_gets_addresses_and_never_pictures(preview: PreviewFunction) -> None:
    preview.wire.will_say(200, answer(images=[f"{OUTPUT}0.png"], mask=None, error=None))
    preview.engine.generate(request(MASK))
    (sent,) = preview.wire.requests
    assert sent.url.endswith("/functions/vto-render-preview/invocations")
    assert json.loads(sent.body) == {
        "source": str(SOURCE),
        "reference": str(REFERENCE),
        "mask": str(MASK),
        "parameters": request(MASK).parameters,
        "output_prefix": str(OUTPUT),
    }


def test_the_functions_answer_becomes_a_generation(preview: PreviewFunction) -> None:
    preview.wire.will_say(200, answer(images=["s3://r/0.png"], mask="s3://r/m.png", error="Some of them were blocked"))
    made = preview.engine.generate(request())
    assert (made.images, made.mask, made.warning) == (("s3://r/0.png",), "s3://r/m.png", "Some of them were blocked")


@pytest.mark.parametrize(
    ("status", "headers", "body", "wanted"),
    [
        (200, {}, answer(images=[], error="All of the generated images were blocked"), ResultsBlockedError),
        (200, {}, answer(images=[]), BadModelOutputError),
        (200, {}, b"not json", BadModelOutputError),
        (200, {}, b"null", BadModelOutputError),
        (200, {}, b"[]", BadModelOutputError),
        (200, {"x_amz_function_error": "Unhandled"}, answer(errorMessage="KeyError"), ModelFailedError),
        (200, {"x_amz_function_error": "Unhandled"}, b"not json", ModelFailedError),
        (200, {"x_amz_function_error": "Unhandled"}, b"[1]", ModelFailedError),
        (
            200,
            {"x_amz_function_error": "Unhandled"},
            answer(errorMessage="list index out of range", errorType="IndexError"),
            ModelFailedError,
        ),
        (
            200,
            {"x_amz_function_error": "Unhandled"},
            answer(errorMessage="RequestId: 1 Error: Runtime exited: signal: killed", errorType="Runtime.ExitError"),
            ModelFailedError,
        ),
        (
            200,
            {"x_amz_function_error": "Unhandled"},
            answer(errorMessage="Unable to import module 'app'", errorType="Runtime.ImportModuleError"),
            ModelUnavailableError,
        ),
        (
            200,
            {"x_amz_function_error": "Unhandled"},
            answer(errorMessage="An error occurred (AccessDenied)", errorType="ClientError"),
            ModelUnavailableError,
        ),
        (
            200,
            {"x_amz_function_error": "Unhandled"},
            answer(errorMessage="an error of ours, but none that the function tells", errorType="JobClosedError"),
            ModelFailedError,
        ),
        (
            200,
            {"x_amz_function_error": "Unhandled"},
            answer(errorMessage="2026-11-21T12:00:00Z 1234 Task timed out after 20.00 seconds"),
            ModelTimeoutError,
        ),
        (
            200,
            {"x_amz_function_error": "Unhandled"},
            answer(errorMessage="RequestId: 1 Error: Task timed out after 20 seconds", errorType="Sandbox.Timedout"),
            ModelTimeoutError,
        ),
        (429, {"x_amzn_errortype": "TooManyRequestsException"}, answer(message="Rate exceeded"), ModelThrottledError),
        (404, {"x_amzn_errortype": "ResourceNotFoundException"}, answer(message="gone"), ModelUnavailableError),
        (500, {"x_amzn_errortype": "ServiceException"}, answer(message="oops"), ModelUnavailableError),
    ],
)
def test_each_way_the_function_can_end_is_one_error_of_ours_after_one_attempt(
    preview: PreviewFunction, status: int, headers: dict[str, str], body: bytes, wanted: type[VtoError]
) -> None:
    preview.wire.will_say(status, body, **headers)
    assert type(preview.fails_with()) is wanted


@pytest.mark.parametrize("refusal", [PictureMissingError, PictureRejectedError, InvalidRequestError])
@pytest.mark.parametrize(
    "violations", [[], [Violation("source", "is no “picture”", "use another")]], ids=["bare", "with violations"]
)
def test_what_the_function_refuses_is_told_again_with_all_its_details(
    preview: PreviewFunction, refusal: type[RefusalError], violations: list[Violation]
) -> None:
    raised = refusal("s3://uploads/prepared/nobody.png", violations)
    told = answer(errorMessage=str(raised), errorType=refusal.__name__, stackTrace=["  File …"] * 100)
    preview.wire.will_say(200, told, x_amz_function_error="Unhandled")
    error = preview.fails_with()
    assert type(error) is refusal
    assert (error.detail, error.violations) == (raised.detail, raised.violations)


@pytest.mark.parametrize("message", ["cut off {", '["list"]', '{"detail": "x"}', '{"detail": "x", "details": [1]}'])
def test_a_refusal_whose_message_is_not_of_our_form_is_kept_as_its_detail(
    preview: PreviewFunction, message: str
) -> None:
    told = answer(errorMessage=message, errorType="PictureRejectedError")
    preview.wire.will_say(200, told, x_amz_function_error="Unhandled")
    error = preview.fails_with()
    assert (type(error), error.detail, error.violations) == (PictureRejectedError, message, ())


@pytest.mark.parametrize(
    ("broken", "wanted"),
    [
        (ReadTimeoutError(endpoint_url="https://lambda"), ModelTimeoutError),
        (EndpointConnectionError(endpoint_url="https://lambda"), ModelUnavailableError),
    ],
    ids=["slow", "unreachable"],
)
def test_a_function_out_of_reach_is_one_error_of_ours_after_one_attempt(
    preview: PreviewFunction, broken: Exception, wanted: type[VtoError]
) -> None:
    preview.wire.will_raise(broken)
    assert type(preview.fails_with()) is wanted


def test_an_answer_that_is_paid_for_but_cannot_be_kept_is_not_asked_for_as_often_as_storage_is(
    bedrock: Bedrock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise StorageUnavailableError("no space")

    monkeypatch.setattr(bedrock.pictures, "write", full)
    bedrock.wire.will_say(200, answer(images=[encoded(b"made")]))
    assert type(bedrock.fails_with()) is ModelTimeoutError
