"""InvokeModel goes to the canvas endpoint, after the policy was checked."""

import pytest

pytestmark = pytest.mark.enable_socket

MODEL = "amazon.nova-canvas-v1:0"


def test_a_model_is_answered_by_the_canvas_endpoint(probe):
    error, answer = probe.invoke("ModelFunction", {"model": MODEL, "ask": {"n": 1}})
    assert error is None
    assert answer["asked"] == {"n": 1}
    assert answer["path"] == "/model/amazon.nova-canvas-v1%3A0/invoke"


def test_a_refusal_comes_back_by_its_name(probe):
    _, answer = probe.invoke("ModelFunction", {"model": MODEL, "ask": {"refuse": "too large"}})
    assert answer["errorType"] == "ValidationException"
    assert "too large" in answer["errorMessage"]


def test_a_model_that_the_policy_does_not_name_is_denied(probe):
    _, answer = probe.invoke("ModelFunction", {"model": "amazon.titan-image-generator-v2:0", "ask": {}})
    assert answer["errorType"] == "AccessDeniedException"
    assert "bedrock:InvokeModel" in answer["errorMessage"]
