"""Every way a try-on can go wrong: the only names of ours that the state machine may mention.

::

    VtoError                          retried by the workflow?              ends in
    ├── RefusalError                  the request's fault: no alarm         Refused
    │   ├── InvalidRequestError       no
    │   ├── NotAuthorizedError        no (REST and socket only)
    │   ├── ForbiddenError            no (REST and socket only)
    │   ├── NotFoundError             no (REST and socket only)
    │   ├── RequestConflictError      no (REST and socket only)
    │   ├── TooManyJobsError          no (REST and socket only); the shopper may come back
    │   ├── TooLateError              no (REST and socket only)
    │   ├── PictureMissingError       no
    │   ├── PictureRejectedError      no
    │   ├── QueueFullError            no; the shopper may come back
    │   ├── BudgetExhaustedError      no; the shopper may come back the next day
    │   ├── SignInRequiredError       no; the guest may sign in, or come back
    │   ├── SpendingStoppedError      yes, once, through Reserve Slot: an engine that costs nothing goes on
    │   ├── NotYourTurnError          yes, through Reserve Slot; not of shoppers
    │   ├── ExpiredError              no; the shopper may come back
    │   ├── CancelledError            no: its owner ended it
    │   ├── ErasedError               no: its owner asked for it
    │   └── ContentBlockedError       no: the answer would be the same
    │       ├── PromptBlockedError    no: the answer would be the same
    │       ├── PictureBlockedError   no: the answer would be the same
    │       └── ResultsBlockedError   yes, once, with another seed, if the request named none
    ├── FailureError                  ours: alarm, runbook                  Failed
    │   ├── ModelThrottledError       yes, through Reserve Slot, at most 3 times; then the next engine
    │   ├── ModelUnavailableError     yes, twice; then the next engine, or Wait For Engine
    │   ├── ModelTimeoutError         yes, once: the first call may have been billed
    │   ├── ModelFailedError          yes, once: the first call may have been billed
    │   ├── ModelQuotaExceededError   no; the next engine at once, or Wait For Engine
    │   ├── ModelAccessDeniedError    no; the next engine at once, or Wait For Engine
    │   ├── ModelRetiredError         no; the next engine at once, or Wait For Engine
    │   ├── ModelRefusedError         no: the answer would be the same
    │   ├── BadModelOutputError       no: it may have been billed
    │   ├── NoEngineError             yes, in Wait For Engine, until the job expires
    │   ├── StorageUnavailableError   yes
    │   ├── NotifierUnavailableError  yes, then ignored: the stream delivers
    │   ├── ExecutionLostError        no: the execution itself is gone
    │   └── InternalError             no: a bug, or a service error nobody foresaw
    └── JobClosedError                no: somebody else ended the job       Job Closed
        └── AlreadyClaimedError       no: another execution has the job     Already Claimed

A class's ``code`` (its name in snake_case, without ``Error``) is the job's ``error_code``, and so the word that the
client, the metrics and the runbook use. Step Functions sees only the class's name, without its module.
"""

import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing wrong with a request: where it stands, what is wrong, and what to do now for who sent it."""

    path: str
    problem: str
    remedy: str

    def public(self) -> dict[str, str]:
        """The violation as clients see it."""
        return {"path": self.path, "problem": self.problem, "remedy": self.remedy}


class VtoError(Exception):
    """Base of all our errors.

    Args:
        detail: What happened, for people who operate the system; never shown to a shopper as it is.
        violations: What is wrong with the request, all of it at once.
        retry_after_seconds: When it may be worth asking again, where that is known.
    """

    code: ClassVar[str] = "error"
    message: ClassVar[str] = "Something went wrong. Please try again."
    retryable: ClassVar[bool] = False

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        words = re.findall(r"[A-Z][a-z]*", cls.__name__.removesuffix("Error"))
        cls.code = "_".join(word.lower() for word in words)

    def __init__(
        self, detail: str = "", violations: Iterable[Violation] = (), *, retry_after_seconds: int | None = None
    ) -> None:
        self.detail = detail
        self.violations = tuple(violations)
        self.retry_after_seconds = retry_after_seconds
        super().__init__(self._text())

    def _text(self) -> str:
        """The message as Step Functions keeps it: JSON when there are violations, so that they survive the way."""
        if not self.violations:
            return self.detail or self.message
        return json.dumps({"detail": self.detail, "details": [one.public() for one in self.violations]})

    @classmethod
    def from_message(cls, message: str) -> Self:
        """The error as it was before it went through a function's answer or Step Functions' Cause as a message."""
        try:
            document = json.loads(message)
            violations = [Violation(one["path"], one["problem"], one.get("remedy", "")) for one in document["details"]]
            return cls(document["detail"], violations)
        except (ValueError, TypeError, KeyError, AttributeError):
            return cls(message)

    def public(self) -> dict[str, Any]:
        """What a client is told: ``{"code", "message", "details", "retryable"}``; ``retry_after_seconds`` if known."""
        told = {
            "code": self.code,
            "message": self.message,
            "details": [one.public() for one in self.violations],
            "retryable": self.retryable,
        }
        return told if self.retry_after_seconds is None else {**told, "retry_after_seconds": self.retry_after_seconds}


class RefusalError(VtoError):
    """The request cannot be served as it is; nothing of ours is broken."""


class FailureError(VtoError):
    """We could not serve a good request; somebody of ours should look."""

    retryable = True


class InvalidRequestError(RefusalError):
    """The request breaks a rule of the contract; its violations name each one."""

    message = "The request cannot be used as it is. See the details for what to change."


class NotAuthorizedError(RefusalError):
    """The token is not of the kind that says what its bearer may do, or has expired since the socket was opened."""

    message = "Please sign in again."


class ForbiddenError(RefusalError):
    """The token is good, and its bearer is not one of those who may do this."""

    message = "You are not allowed to do this."


class NotFoundError(RefusalError):
    """There is no such thing, or it is not the caller's: the two are answered alike on purpose."""

    message = "There is nothing here under that name."


class RequestConflictError(RefusalError):
    """The same ``request_id`` was used before for a different request."""

    message = "This request id was used before for a different try-on. Use a new one."


class TooManyJobsError(RefusalError):
    """The caller has as many unfinished try-ons as one may have at a time; nothing was created."""

    message = "You have several try-ons on their way already. Wait for one of them, or cancel one, and ask again."
    retryable = True


class TooLateError(RefusalError):
    """The job cannot be cancelled any more: its pictures are being made, or it has ended."""

    message = "It is too late to cancel this try-on: its pictures are being made already, or it has ended."


class PictureMissingError(RefusalError):
    """A picture that the job needs is not (or no longer) in storage."""

    message = "One of the pictures is no longer there. Please upload it again."


class PictureRejectedError(RefusalError):
    """A picture cannot be used: too small, unreadable, not a picture, out of the contract's limits."""

    message = "One of the pictures cannot be used. See the details for what to change."


class QueueFullError(RefusalError):
    """The queue for the engine is longer than a shopper may be kept waiting."""

    message = "Too many people are trying things on right now. Please come back in a few minutes."
    retryable = True

    def public(self) -> dict[str, Any]:
        """What a client is told: in how many minutes, where that is known."""
        told = super().public()
        if self.retry_after_seconds is None:
            return told
        minutes = math.ceil(self.retry_after_seconds / 60)
        honest = "a minute" if minutes == 1 else f"{minutes} minutes"
        return {**told, "message": self.message.replace("a few minutes", honest)}


class BudgetExhaustedError(RefusalError):
    """A daily budget, the shopper's or the shop's, has not enough left for the call; which one is told to nobody."""

    message = "No more try-ons can be made today. Please come back tomorrow: they go on at 00:00 UTC."
    retryable = True


class SignInRequiredError(RefusalError):
    """Guests are switched off, or have together spent what they may in a day; with an account it would go on."""

    message = "Trying things on without an account is not possible at the moment. Sign in to go on, or come back later."
    retryable = True


class SpendingStoppedError(RefusalError):
    """Somebody has stopped all calls of engines that cost money."""

    message = "Try-on is switched off for the moment. Please come back later."
    retryable = True


class NotYourTurnError(RefusalError):
    """A job of a guest or of the batch lane woke at its turn and found shoppers there: it gets another turn."""

    message = "Shoppers go first. Please try again later."
    retryable = True


class ExpiredError(RefusalError):
    """The job waited longer than the promised limit and was given up."""

    message = "This try-on waited too long and was given up. Please try again."
    retryable = True


class CancelledError(RefusalError):
    """The job's owner cancelled it before its pictures were being made; nothing was spent."""

    message = "You cancelled this try-on."


class ErasedError(RefusalError):
    """The job's owner had everything about them erased while it was not finished yet."""

    message = "This try-on was erased, as its owner asked."


class ContentBlockedError(RefusalError):
    """The engine's content filter blocked the try-on and did not say what of it; below, where it did."""

    message = "The content filter did not let this try-on through. Please use another picture or product."


class PromptBlockedError(ContentBlockedError):
    """The content filter blocked the words of the request: its mask prompt, the only words there are."""

    message = "The content filter did not let the words of this request through. Please name the item in other words."


class PictureBlockedError(ContentBlockedError):
    """The content filter blocked a picture of the request; it does not say which one."""

    message = "The content filter did not let one of the pictures through. Please use another photo or product."


class ResultsBlockedError(ContentBlockedError):
    """The content filter kept back all results of a call, which may have been billed."""

    message = "The content filter kept back all results of this try-on. Please use another photo or product."


class ModelThrottledError(FailureError):
    """The engine said that we call it too often; the call was not billed."""

    message = "The try-on service is very busy. Please try again in a minute."


class ModelUnavailableError(FailureError):
    """The engine could not be reached or answered with a server error."""

    message = "The try-on service cannot be reached right now. Please try again in a few minutes."


class ModelTimeoutError(FailureError):
    """The engine did not answer in its declared time, or its answer was lost; the call may have been billed."""

    message = "The try-on took too long and was stopped. Please try again."


class ModelFailedError(FailureError):
    """The engine is well and took the request, but its model broke on it; the call may have been billed."""

    message = "The try-on went wrong while it was made. Please try again."


class ModelQuotaExceededError(FailureError):
    """A quota of the account that does not refill by itself within minutes is used up."""

    message = "Try-on is not available at the moment. We have been told; please come back later."


class ModelAccessDeniedError(FailureError):
    """The engine does not let this account, or this function's role, use the model."""

    message = "Try-on is switched off at the moment: the service behind it does not let us in."
    retryable = False


class ModelRetiredError(FailureError):
    """The model has reached the end of its life, or never was."""

    message = "Try-on is switched off at the moment: the model behind it is no longer available."
    retryable = False


class ModelRefusedError(FailureError):
    """The engine calls a request invalid that our own contract let through: one of the two is wrong."""

    message = "The try-on service could not read this request. It was not your fault, and we have been told."
    retryable = False


class BadModelOutputError(FailureError):
    """The engine answered with something that is not a try-on result."""

    message = "The try-on came out broken. Please try again."


class NoEngineError(FailureError):
    """No engine can take the job at the moment."""

    message = "Try-on is paused for a moment. Your request keeps its place."


class StorageUnavailableError(FailureError):
    """S3 or DynamoDB did not do what it was asked to."""

    message = "We could not save your try-on. Please try again."


class NotifierUnavailableError(FailureError):
    """A live socket could not be written to; the job itself is not affected."""

    message = "We could not reach your browser. Your try-on is kept."


class ExecutionLostError(FailureError):
    """The execution that worked on the job failed outright, timed out, was aborted or vanished."""

    message = "Your try-on was interrupted on our side. Please try again."


class InternalError(FailureError):
    """An error that nobody foresaw; the runbook says where to look."""

    message = "Something went wrong on our side. Please try again."


class JobClosedError(VtoError):
    """The job is finished, or belongs to another execution: whoever raised this must change nothing."""

    message = "This try-on has already ended."


class AlreadyClaimedError(JobClosedError):
    """Another execution has the job, or it ended before any began: of two starts this is the second."""

    message = "This try-on is already being worked on."


def all_errors() -> Mapping[str, type[VtoError]]:
    """All concrete error classes by the name that Step Functions knows them by."""

    def below(cls: type[VtoError]) -> Iterable[type[VtoError]]:
        for child in cls.__subclasses__():
            yield child
            yield from below(child)

    return {cls.__name__: cls for cls in below(VtoError) if cls not in (RefusalError, FailureError)}
