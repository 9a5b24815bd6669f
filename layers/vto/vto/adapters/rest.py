"""HTTP's side of the API: who calls, what they sent, and errors with their status."""

import json
import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response, content_types
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2

from vto import telemetry
from vto.domain.guests import is_guest
from vto.domain.log_text import unforeseen
from vto.domain.storage import is_user_id
from vto.errors import (
    ForbiddenError,
    InvalidRequestError,
    NotAuthorizedError,
    NotFoundError,
    PictureMissingError,
    PictureRejectedError,
    QueueFullError,
    RequestConflictError,
    SpendingStoppedError,
    TooLateError,
    TooManyJobsError,
    Violation,
    VtoError,
)

ADMINS = "admin"  # the user pool's group, as template.yaml names it

STATUS_OF: dict[type[VtoError], HTTPStatus] = {
    InvalidRequestError: HTTPStatus.BAD_REQUEST,
    NotAuthorizedError: HTTPStatus.UNAUTHORIZED,
    ForbiddenError: HTTPStatus.FORBIDDEN,
    NotFoundError: HTTPStatus.NOT_FOUND,
    PictureMissingError: HTTPStatus.UNPROCESSABLE_ENTITY,
    PictureRejectedError: HTTPStatus.UNPROCESSABLE_ENTITY,
    RequestConflictError: HTTPStatus.CONFLICT,
    TooLateError: HTTPStatus.CONFLICT,
    QueueFullError: HTTPStatus.TOO_MANY_REQUESTS,
    TooManyJobsError: HTTPStatus.TOO_MANY_REQUESTS,
    SpendingStoppedError: HTTPStatus.SERVICE_UNAVAILABLE,
}


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose token came with the request, when it expires (epoch seconds), and which groups it says they are in."""

    user_id: str
    token_expires_at: int
    groups: frozenset[str] = frozenset()

    @property
    def is_admin(self) -> bool:
        """Whether they may ask for the shop itself."""
        return ADMINS in self.groups


def caller_of(event: APIGatewayProxyEventV2) -> Caller:
    """The caller, from the claims that API Gateway's JWT authorizer has verified.

    Raises:
        NotAuthorizedError: It is an ID token (only access tokens say what their bearer may do), it does not say whose
            it is or until when, or its user's id is a guest's or cannot name a folder that is nobody else's.
    """
    authorizer: dict[str, Any] = event.raw_event["requestContext"].get("authorizer") or {}
    claims = authorizer.get("jwt", {}).get("claims") or {}
    if claims.get("token_use") != "access":
        found = [Violation("Authorization", "carries another token", "send the access token, not the ID token")]
        raise NotAuthorizedError("not an access token", found)
    user_id, expires_at = claims.get("sub"), str(claims.get("exp"))
    if not (isinstance(user_id, str) and _is_account(user_id) and re.fullmatch("[0-9]{1,12}", expires_at)):
        found = [Violation("Authorization", "does not say who you are and until when", "sign in again")]
        raise NotAuthorizedError("claims without a usable sub or exp", found)
    return Caller(user_id, int(expires_at), groups_of(claims.get("cognito:groups")))


def _is_account(user_id: str) -> bool:
    """Whether this can be somebody with an account; guests come in by a door of their own, without any token."""
    return is_user_id(user_id) and not is_guest(user_id)


def admin_of(event: APIGatewayProxyEventV2) -> Caller:
    """The caller, who is one of the shop's own.

    Raises:
        NotAuthorizedError: As :func:`caller_of` does.
        ForbiddenError: They are somebody else.
    """
    caller = caller_of(event)
    if not caller.is_admin:
        problem = "is not of a member of the shop's group admin"
        found = [Violation("Authorization", problem, "have the shop add you to the group, and sign in again")]
        raise ForbiddenError("not an admin", found)
    return caller


def groups_of(claim: Any) -> frozenset[str]:
    """The groups that a verified ``cognito:groups`` claim names.

    API Gateway's JWT authorizer hands a list on as one text, ``[admin staff]``. A group's name has no blank in it, but
    may have commas and brackets, so only the outermost brackets go, and nothing but blanks parts two names.
    """
    if isinstance(claim, list):
        return frozenset(str(one) for one in claim)
    if not isinstance(claim, str):
        return frozenset()
    return frozenset(claim.removeprefix("[").removesuffix("]").split())


def cursor_of(event: APIGatewayProxyEventV2) -> str | None:
    """Where the page begins that a request asks for, as the page before said; None for the first."""
    return (event.query_string_parameters or {}).get("cursor")


def json_body(event: APIGatewayProxyEventV2) -> Any:
    """The request's body as a document.

    Raises:
        InvalidRequestError: It is not JSON.
    """
    try:
        return json.loads(event.decoded_body or "")
    except (ValueError, TypeError, RecursionError) as problem:
        found = [Violation("(the whole request)", "is not JSON", "send a JSON object as the body")]
        raise InvalidRequestError("body", found) from problem


def with_idempotency_key(request: Any, key: str | None) -> Any:
    """The request under the name that its ``Idempotency-Key`` header gives it.

    Raises:
        InvalidRequestError: It has another name already.
    """
    if key is None or not isinstance(request, dict):
        return request
    if request.get("request_id", key) != key:
        problem = "differs from the Idempotency-Key header"
        raise InvalidRequestError("idempotency key", [Violation("request_id", problem, "send one of the two")])
    return {**request, "request_id": key}


def error_response(error: VtoError) -> Response[str]:
    """An error in its one form, under the status that says the same."""
    telemetry.report("refused", error)
    status = STATUS_OF.get(type(error), HTTPStatus.SERVICE_UNAVAILABLE)
    later = error.retry_after_seconds
    headers: dict[str, str | list[str]] = {} if later is None else {"Retry-After": str(later)}
    return Response(int(status), content_types.APPLICATION_JSON, json.dumps(error.public()), headers)


def nothing() -> Response[str]:
    """The answer that says that it is done and there is nothing to tell."""
    return Response(HTTPStatus.NO_CONTENT.value, body="")


def see_other(link: str) -> Response[str]:
    """The answer that leads elsewhere; no cache keeps it, for the link is as good as what it leads to."""
    return Response(HTTPStatus.SEE_OTHER.value, body="", headers={"Location": link, "Cache-Control": "no-store"})


def new_router() -> APIGatewayHttpRouter:
    """A module's own routes, for an API to take in."""
    return APIGatewayHttpRouter()  # type: ignore[no-untyped-call]


def answers_errors(app: APIGatewayHttpResolver) -> None:
    """Let an API answer every error in its one form: ours, what nobody foresaw, and a route that nobody serves."""

    def answer_unforeseen(error: Exception) -> Response[str]:
        telemetry.unexpected("unexpected error", error)
        return error_response(unforeseen(error))

    def answer_no_route(_: Exception) -> Response[str]:
        # what was asked for is not repeated: it may be anything
        remedy = "see the client protocol: a path of the API, with the method that it takes"
        return error_response(NotFoundError("no such route", [Violation("(the route)", "is none of this API", remedy)]))

    app.exception_handler(VtoError)(error_response)
    app.exception_handler(Exception)(answer_unforeseen)
    app.not_found(answer_no_route)
