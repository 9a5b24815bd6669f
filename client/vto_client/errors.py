"""What may become of a request: the service's no, a token that it does not accept, or an answer that never came."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing wrong with a request, as the service says it."""

    path: str
    problem: str
    remedy: str = ""


def violations_of(document: Mapping[str, Any]) -> tuple[Violation, ...]:
    """All that an error document says is wrong with a request."""
    return tuple(
        Violation(str(one.get("path", "")), str(one.get("problem", "")), str(one.get("remedy", "")))
        for one in document.get("details") or []
        if isinstance(one, Mapping)
    )


class ApiError(Exception):
    """The service's no: its ``document``, and of that ``code``, ``message``, ``violations``, whether it may pass."""

    def __init__(self, document: Mapping[str, Any], status: int) -> None:
        self.document, self.status = dict(document), status
        self.code, self.message = str(document.get("code", "")), str(document.get("message", ""))
        self.retryable = document.get("retryable") is True
        self.violations = violations_of(document)
        super().__init__(f"{self.code}: {self.message}")


class PictureRejectedError(ApiError):
    """A picture arrived and cannot be used; ``message`` says why, for the person whose picture it is."""

    def __init__(self, reason: str) -> None:
        super().__init__({"code": "picture_rejected", "message": reason, "details": [], "retryable": False}, 422)


class TokenError(Exception):
    """The token is not accepted (any more), or there is none."""


class LostError(Exception):
    """No answer came, or none that is the service's; ``sent`` is whether the request may have arrived all the same.

    Args:
        text: What happened.
        sent: See above.
        key: The idempotency key of a try-on that was asked for: with it, the same request is not made twice.
    """

    def __init__(self, text: str, *, sent: bool = True, key: str | None = None) -> None:
        super().__init__(text)
        self.sent, self.key = sent, key


class UploadRefusedError(LostError):
    """The place that a picture was sent to did not take it."""


class NotInTimeError(LostError):
    """Something was not ready in the time that the caller gave it; it may become ready later."""
