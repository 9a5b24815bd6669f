"""The engine ``sagemaker``: whatever the endpoint or the container behind it says becomes pictures, or one error."""

import json
from typing import Any

import pytest
from botocore.exceptions import ConnectionClosedError, ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError

from tests.integration.conftest import Wire
from tests.integration.test_engines import (
    MASK,
    OUTPUT,
    answer,
    encoded,
    pictures,
    request,
    settings,
)
from vto import bootstrap
from vto.adapters.sagemaker import MOST_ADAPTATIONS, CanvasEndpoint
from vto.domain.engines import SAGEMAKER_BODY_BYTES
from vto.errors import (
    BadModelOutputError,
    ContentBlockedError,
    InvalidRequestError,
    ModelAccessDeniedError,
    ModelFailedError,
    ModelRefusedError,
    ModelRetiredError,
    ModelThrottledError,
    ModelTimeoutError,
    ModelUnavailableError,
    VtoError,
)
from vto.testing import FakePictures

__all__ = ["pictures", "settings"]  # fixtures


# https://github.com/aws-samples/amazon-kendra-langchain-extensions/issues/64
COMPONENT_MISSING = (
    "Inference Component Name header is required for endpoints to which you plan to deploy inference components. "
    "Please include Inference Component Name header or consider using SageMaker models."
)


class Endpoint:
    """The engine as ``vto.bootstrap`` builds its client, and the wire below it."""

    def __init__(self, pictures: FakePictures) -> None:
        built: Any = bootstrap.engine("sagemaker")
        self.wire = Wire(built._client)
        self.pictures = pictures
        self.engine = CanvasEndpoint(built._client, pictures, built._endpoint)

    def fails_with(self) -> VtoError:
        with pytest.raises(VtoError) as caught:
            self.engine.generate(request())
        assert len(self.wire.requests) == 1  # each attempt takes the GPU once more
        return caught.value

    def container_says(self, status: int, body: str) -> VtoError:
        """What comes of an answer of the container other than 200, in the form that SageMaker hands on."""
        words = f'Received client error ({status}) from primary with message "{body}". See the log.'
        told = {"Message": words, "OriginalStatusCode": status, "OriginalMessage": body, "LogStreamArn": "arn:log"}
        self.wire.will_say(424, json.dumps(told).encode(), x_amzn_errortype="ModelError")
        return self.fails_with()


@pytest.fixture
def endpoint(settings: None, pictures: FakePictures) -> Endpoint:
    return Endpoint(pictures)


def test_the_endpoint_is_sent_the_body_that_bedrock_would_be(endpoint: Endpoint) -> None:
    endpoint.wire.will_say(200, answer(images=[encoded(b"one"), encoded(b"two")], maskImage=encoded(b"mask")))
    made = endpoint.engine.generate(request(MASK))
    (sent,) = endpoint.wire.requests
    assert sent.url.endswith("/endpoints/vto-canvas/invocations")
    assert sent.headers["X-Amzn-SageMaker-Inference-Component"] == b"vto-canvas"
    body = json.loads(sent.body)
    assert body["taskType"] == "VIRTUAL_TRY_ON"
    assert body["virtualTryOnParams"]["sourceImage"] == encoded(b"person")
    assert body["virtualTryOnParams"]["imageBasedMask"] == {"maskImage": encoded(b"mask")}
    assert (made.images, made.mask) == ((f"{OUTPUT}0.png", f"{OUTPUT}1.png"), f"{OUTPUT}mask.png")
    assert endpoint.pictures.objects[made.images[1]] == b"two"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (None, []),
        ("", []),
        ("trace=1; x-vto-adapted is a word", []),
        ("x-vto-adapted=", []),
        # the profile declares this one of every answer
        ("x-vto-adapted=resolution=576x864 enlarged", []),
        (
            "x-vto-adapted=imageBasedMask.garment=tops, by the mask's place; batch=1, for want of GPU memory",
            [
                {"path": "parameters.imageBasedMask.garment", "change": "tops, by the mask's place"},
                {"path": "images", "change": "batch=1, for want of GPU memory"},
            ],
        ),
        (
            "x-vto-adapted=quality=standard; garmentStyling.tuckingStyle=ignored; mergeStyle=BALANCED; =; strange",
            [
                {"path": "parameters.imageGenerationConfig.quality", "change": "standard"},
                {"path": "parameters.garmentBasedMask.garmentStyling.tuckingStyle", "change": "ignored"},
                {"path": "parameters.mergeStyle", "change": "BALANCED"},
                {"path": "images", "change": "strange"},
            ],
        ),
    ],
)
def test_what_the_container_did_otherwise_is_told(
    endpoint: Endpoint, said: str | None, told: list[dict[str, str]]
) -> None:
    headers = {} if said is None else {"x_amzn_sagemaker_custom_attributes": said}
    endpoint.wire.will_say(200, answer(images=[encoded(b"one")]), **headers)
    assert [one.public() for one in endpoint.engine.generate(request()).adaptations] == told


def test_a_container_that_says_no_end_of_things_is_cut_short(endpoint: Endpoint) -> None:
    said = "x-vto-adapted=" + "; ".join(f"word{i}" for i in range(100))
    endpoint.wire.will_say(200, answer(images=[encoded(b"one")]), x_amzn_sagemaker_custom_attributes=said)
    assert len(endpoint.engine.generate(request()).adaptations) == MOST_ADAPTATIONS


@pytest.mark.parametrize(
    ("status", "said", "wanted"),
    [
        (400, "This request has been blocked by our content filters.", ContentBlockedError),
        (400, "Malformed input request, please reformat your input and try again.", ModelRefusedError),
        (403, "You don't have access to the model with the specified model ID.", ModelAccessDeniedError),
        (404, "This model version has reached the end of its life.", ModelRetiredError),
        (408, "Model has timed out in processing the request.", ModelTimeoutError),
        (424, "The model failed", ModelFailedError),
        (429, "Too many requests, please wait before trying again.", ModelThrottledError),
        (500, "The system encountered an unexpected error during processing.", ModelUnavailableError),
        (503, "The service isn't currently available.", ModelUnavailableError),
        (418, "I am a teapot", ModelUnavailableError),
    ],
)
def test_each_error_of_the_container_is_the_one_that_bedrock_s_would_be(
    endpoint: Endpoint, status: int, said: str, wanted: type[VtoError]
) -> None:
    error = endpoint.container_says(status, json.dumps({"message": said}))
    assert type(error) is wanted
    assert said in error.detail


@pytest.mark.parametrize("body", ["<html>bad gateway</html>", "[1]", "", "{}"])
def test_a_container_that_does_not_speak_the_contract_is_unavailable(endpoint: Endpoint, body: str) -> None:
    assert type(endpoint.container_says(500, body)) is ModelUnavailableError


@pytest.mark.parametrize("status", [0, 500, 504])
def test_a_container_that_has_not_answered_within_its_minute_is_a_timeout(endpoint: Endpoint, status: int) -> None:
    told = {
        "Message": f"Received server error ({status}) from primary with message "
        '"Your invocation timed out while waiting for a response from container primary."',
        "OriginalStatusCode": status,
        "OriginalMessage": "Your invocation timed out while waiting for a response from container primary.",
    }
    endpoint.wire.will_say(424, json.dumps(told).encode(), x_amzn_errortype="ModelError")
    assert type(endpoint.fails_with()) is ModelTimeoutError


@pytest.mark.parametrize(
    ("status", "code", "message", "wanted"),
    [
        (400, "ThrottlingException", "Rate exceeded", ModelThrottledError),
        (429, "ModelNotReadyException", "being loaded", ModelThrottledError),
        (503, "ServiceUnavailable", "try again", ModelUnavailableError),
        (500, "InternalFailure", "oops", ModelUnavailableError),
        (530, "InternalDependencyException", "oops", ModelUnavailableError),
        (403, "AccessDeniedException", "not authorized to perform: sagemaker:InvokeEndpoint", ModelAccessDeniedError),
        (400, "ValidationError", "Endpoint vto-canvas of account 123456789012 not found.", ModelRetiredError),
        (400, "ValidationError", 'Could not find inference component "vto-canvas".', ModelRetiredError),
        (400, "ValidationError", COMPONENT_MISSING, ModelRetiredError),
        (400, "ValidationError", "Inference Components are not supported in this Endpoint.", ModelRetiredError),
        (403, "UnrecognizedClientException", "The security token is invalid.", ModelAccessDeniedError),
        (403, "ExpiredTokenException", "The security token is expired.", ModelAccessDeniedError),
        (400, "ValidationError", "Inference Component has no capacity to process this request.", ModelUnavailableError),
        (400, "ValidationError", "The endpoint is not InService", ModelUnavailableError),
        (400, "ValidationError", "1 validation error detected: Body is too long", ModelRefusedError),
        (418, "SomethingNew", "?", ModelUnavailableError),
    ],
)
def test_each_exception_of_invoke_endpoint_is_one_error_of_ours_after_one_attempt(
    endpoint: Endpoint, status: int, code: str, message: str, wanted: type[VtoError]
) -> None:
    endpoint.wire.will_say(status, json.dumps({"Message": message}).encode(), x_amzn_errortype=code)
    error = endpoint.fails_with()
    assert type(error) is wanted
    assert message.partition(' "')[0] in error.detail  # what is quoted may be anybody's


@pytest.mark.parametrize(
    ("broken", "wanted"),
    [
        (ReadTimeoutError(endpoint_url="https://sagemaker"), ModelTimeoutError),
        (ConnectionClosedError(endpoint_url="https://sagemaker"), ModelTimeoutError),
        (ConnectTimeoutError(endpoint_url="https://sagemaker"), ModelUnavailableError),
        (EndpointConnectionError(endpoint_url="https://sagemaker"), ModelUnavailableError),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_each_broken_connection_is_one_error_of_ours_after_one_attempt(
    endpoint: Endpoint, broken: Exception, wanted: type[VtoError]
) -> None:
    endpoint.wire.will_raise(broken)
    assert type(endpoint.fails_with()) is wanted


def test_what_is_no_answer_is_bad_output(endpoint: Endpoint) -> None:
    endpoint.wire.will_say(200, b"<html>")
    assert type(endpoint.fails_with()) is BadModelOutputError


def test_a_body_that_the_endpoint_would_not_take_is_refused_before_it_is_sent(endpoint: Endpoint) -> None:
    endpoint.pictures.objects[str(request().source)] = b"x" * (SAGEMAKER_BODY_BYTES * 3 // 4)
    with pytest.raises(InvalidRequestError, match=f"{SAGEMAKER_BODY_BYTES:,}"):
        endpoint.engine.generate(request())
    assert endpoint.wire.requests == []
