"""The errors are the vocabulary of the state machine, the runbook and the client."""

import re

import pytest

from vto import errors
from vto.errors import (
    FailureError,
    InvalidRequestError,
    JobClosedError,
    ModelThrottledError,
    RefusalError,
    Violation,
    VtoError,
    all_errors,
)

TREE = dict(re.findall(r"[├└]── (\w+Error) +(.+)", errors.__doc__ or ""))


def test_the_tree_in_the_docstring_names_exactly_the_classes_that_exist() -> None:
    assert set(TREE) - {"RefusalError", "FailureError"} == set(all_errors())


def test_the_tree_in_the_docstring_shows_each_class_below_its_parent() -> None:
    branch: list[type[VtoError]] = [VtoError]  # the classes from the root to the line before
    for line in (errors.__doc__ or "").splitlines():
        found = re.search(r"^((?:│   |    )*)[├└]── (\w+Error)", line.removeprefix("    "))
        if found is None:
            continue
        cls, depth = getattr(errors, found[2]), len(found[1]) // 4 + 1
        branch = [*branch[:depth], cls]
        assert cls.__bases__ == (branch[-2],)


def test_codes_are_the_names_in_snake_case_and_all_different() -> None:
    codes = {name: cls.code for name, cls in all_errors().items()}
    assert codes["ContentBlockedError"] == "content_blocked"
    assert codes["BadModelOutputError"] == "bad_model_output"
    assert len(set(codes.values())) == len(codes)


@pytest.mark.parametrize("cls", all_errors().values(), ids=lambda cls: cls.__name__)
def test_every_error_is_a_refusal_or_a_failure_or_says_that_the_job_is_closed(cls: type[VtoError]) -> None:
    assert issubclass(cls, RefusalError) + issubclass(cls, FailureError) + issubclass(cls, JobClosedError) == 1


def test_a_client_may_try_again_exactly_where_trying_again_can_help() -> None:
    final = {name for name, cls in all_errors().items() if not cls.retryable}
    assert final == {
        "InvalidRequestError",
        "NotAuthorizedError",
        "ForbiddenError",
        "NotFoundError",
        "RequestConflictError",
        "TooLateError",
        "PictureMissingError",
        "PictureRejectedError",
        "CancelledError",
        "ErasedError",
        "ContentBlockedError",
        "PromptBlockedError",
        "PictureBlockedError",
        "ResultsBlockedError",
        "ModelAccessDeniedError",
        "ModelRetiredError",
        "ModelRefusedError",
        "JobClosedError",
        "AlreadyClaimedError",
    }


@pytest.mark.parametrize("cls", all_errors().values(), ids=lambda cls: cls.__name__)
def test_every_message_is_a_sentence_for_a_shopper(cls: type[VtoError]) -> None:
    assert re.fullmatch(r"[A-Z].+[.]", cls.message)
    assert not re.search(r"Error|Exception|AWS|S3|DynamoDB|Lambda|Bedrock", cls.message)


def test_the_detail_is_for_operators_and_is_not_shown_to_a_client() -> None:
    assert "table vto-jobs" not in str(ModelThrottledError("table vto-jobs").public())


def test_what_a_client_is_told_has_a_code_a_message_the_details_and_whether_to_try_again() -> None:
    error = InvalidRequestError("schema", [Violation("product_id", "is missing", "send one")])
    assert error.public() == {
        "code": "invalid_request",
        "message": InvalidRequestError.message,
        "details": [{"path": "product_id", "problem": "is missing", "remedy": "send one"}],
        "retryable": False,
    }
