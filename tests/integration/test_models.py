"""What Bedrock says of a model, in the form of botocore's own service model."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError
from botocore.stub import Stubber

from tests.integration.conftest import Wire
from vto import bootstrap
from vto.adapters.models import BedrockModels
from vto.domain.lifecycle import GONE, Lifecycle
from vto.errors import ModelUnavailableError

MODEL = "amazon.nova-canvas-v1:0"
LEGACY, END = datetime(2026, 3, 30, tzinfo=UTC), datetime(2026, 9, 30, tzinfo=UTC)


@pytest.fixture
def client() -> Any:
    built: Any = bootstrap.models()
    return built._client


def details(**lifecycle: Any) -> dict[str, Any]:
    arn = f"arn:aws:bedrock:us-east-1::foundation-model/{MODEL}"
    return {"modelDetails": {"modelArn": arn, "modelId": MODEL, "modelLifecycle": lifecycle}}


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ({"status": "ACTIVE"}, Lifecycle("ACTIVE")),
        ({"status": "LEGACY"}, Lifecycle("LEGACY")),
        ({"status": "LEGACY", "legacyTime": LEGACY, "endOfLifeTime": END}, Lifecycle("LEGACY", LEGACY, END)),
        (
            {"status": "ACTIVE", "startOfLifeTime": LEGACY, "publicExtendedAccessTime": END, "endOfLifeTime": END},
            Lifecycle("ACTIVE", None, END),
        ),
        (
            {"status": "LEGACY", "endOfLifeTime": END.astimezone(timezone(timedelta(hours=9)))},
            Lifecycle("LEGACY", None, END),
        ),
    ],
)
def test_the_lifecycle_is_read_as_the_service_model_has_it(
    client: Any, said: dict[str, Any], wanted: Lifecycle
) -> None:
    with Stubber(client) as bedrock:
        bedrock.add_response("get_foundation_model", details(**said), {"modelIdentifier": MODEL})
        assert BedrockModels(client).lifecycle(MODEL) == wanted


def test_the_times_on_the_wire_are_understood(client: Any) -> None:
    wire = Wire(client)
    wire.will_say(
        200,
        b'{"modelDetails": {"modelArn": "a", "modelId": "m", "modelLifecycle": '
        b'{"status": "LEGACY", "endOfLifeTime": "2026-09-30T00:00:00Z"}}}',
    )
    assert BedrockModels(client).lifecycle(MODEL) == Lifecycle("LEGACY", None, END)
    assert wire.requests[0].url.endswith(f"/foundation-models/{MODEL.replace(':', '%3A')}")


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("ResourceNotFoundException", "Could not find the model"),
        ("ValidationException", "The provided model identifier is invalid."),
    ],
)
def test_a_model_that_bedrock_does_not_know_is_gone(client: Any, code: str, message: str) -> None:
    with Stubber(client) as bedrock:
        bedrock.add_client_error("get_foundation_model", code, message)
        assert BedrockModels(client).lifecycle(MODEL) is GONE


@pytest.mark.parametrize(
    "code", ["AccessDeniedException", "InternalServerException", "ThrottlingException", "ValidationException"]
)
def test_whatever_else_goes_wrong_is_no_word_about_the_model(client: Any, code: str) -> None:
    with Stubber(client) as bedrock:
        bedrock.add_client_error("get_foundation_model", code, "because")
        with pytest.raises(ModelUnavailableError, match=code):
            BedrockModels(client).lifecycle(MODEL)


def test_a_broken_connection_is_no_word_about_the_model(client: Any) -> None:
    Wire(client).will_raise(ReadTimeoutError(endpoint_url="https://bedrock"))
    with pytest.raises(ModelUnavailableError, match="ReadTimeoutError"):
        BedrockModels(client).lifecycle(MODEL)
