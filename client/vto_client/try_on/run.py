"""One try-on from its options to an outcome: what was answered, and what a script is told of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from vto_client import facts
from vto_client.api import Api, ApiError, Document, LostError, TokenError
from vto_client.sign_in import AGAIN, NOT_SIGNED_IN
from vto_client.text import duration
from vto_client.try_on.follow import ENDED, Clock, saved, to_the_end
from vto_client.try_on.request import request_of

EXIT_CODES: Final[Mapping[str, int]] = {
    "completed": 0,
    "planned": 0,
    "failed": 1,
    "refused": 3,
    "not_signed_in": NOT_SIGNED_IN,
    "unknown": 5,
    "unsaved": 5,
    "stopped": 130,
}
"""The exit code of each outcome; 2 is for what could not even begin."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for.

    Args:
        model: A model's id, or the ``s3://`` address of its picture.
        product: A product's id.
        options: Values by option; None where it was not given.
        key: The caller's own name for the request.
        dry_run: Only plan it.
        out: Folder for the pictures, which exists; None for their links.
        wait: Seconds after which the job is no longer followed.
    """

    model: str
    product: str
    options: Mapping[str, Any]
    key: str
    dry_run: bool = False
    out: Path | None = None
    wait: float = 1800.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """How it went; see docs/cli.md for its form as JSON.

    Args:
        outcome: A key of `EXIT_CODES`.
        idempotency_key: The request's name.
        plan: The plan, for a dry run.
        job: The job's last snapshot; None when none is known.
        error: What the service says, in the one form that all errors have.
        problem: What is no word of the service's, with its remedy.
        files: Where the pictures were saved; None when they were not to be.
    """

    outcome: str
    idempotency_key: str
    plan: Document | None = None
    job: Document | None = None
    error: Document | None = None
    problem: str | None = None
    files: tuple[Path, ...] | None = None

    @property
    def exit_code(self) -> int:
        return EXIT_CODES[self.outcome]

    def as_json(self) -> Document:
        """The outcome as a JSON document."""
        files = None if self.files is None else [str(file) for file in self.files]
        return {
            "v": 1, "outcome": self.outcome, "idempotency_key": self.idempotency_key, "plan": self.plan,
            "job": self.job, "error": self.error, "problem": self.problem, "files": files,
        }  # fmt: skip


class _Seen:
    """Keeps the last snapshot, for what is told when looking ends in an error."""

    def __init__(self, on_change: Callable[[Document], None]) -> None:
        self._on_change = on_change
        self.job: Document | None = None

    def __call__(self, job: Document) -> None:
        self.job = job
        self._on_change(job)


def run(api: Api, wanted: Wanted, on_change: Callable[[Document], None], clock: Clock) -> Outcome:
    """Plan a try-on, or make it and follow it to its end.

    Args:
        api: Who asks whom.
        wanted: What for.
        on_change: Called with each new snapshot.
        clock: Time.
    """
    seen = _Seen(on_change)
    try:
        found = _asked(api, wanted, seen, clock)
    except ApiError as error:
        found = Outcome(_kind(error.code), wanted.key, error=error.document)
    except TokenError as error:
        goes_on = _again(seen.job, wanted) if seen.job else ""  # without a job, nothing was made
        found = Outcome("not_signed_in", wanted.key, problem=f"{error}: {AGAIN}{goes_on}")
    except LostError as error:
        where = "" if seen.job else " (check VTO_API_URL, --stack and --region)"
        goes_on = _again(seen.job, wanted) if seen.job or error.sent else "; nothing was made or spent"
        found = Outcome("unknown", wanted.key, problem=f"{error}{where}{goes_on}")
    except KeyboardInterrupt:
        found = Outcome("stopped", wanted.key, problem=f"stopped{_again(seen.job, wanted)}")
    return replace(found, job=seen.job)


def _asked(api: Api, wanted: Wanted, seen: _Seen, clock: Clock) -> Outcome:
    request = request_of(wanted.model, wanted.product, wanted.options, api.plan)
    if wanted.dry_run:
        return Outcome("planned", wanted.key, plan=api.plan(request))
    job = to_the_end(api, api.create(request, wanted.key), seen, wait=wanted.wait, clock=clock)
    if job["status"] not in ENDED:
        problem = f"not ended within {duration(wanted.wait)}{_again(job, wanted)}"
        return Outcome("unknown", wanted.key, problem=problem)
    if job["status"] == "error":
        return Outcome(_kind(job["error"]["code"]), wanted.key, error=job["error"])
    return _with_pictures(api, job, wanted)


def _with_pictures(api: Api, job: Document, wanted: Wanted) -> Outcome:
    if wanted.out is None:
        return Outcome("completed", wanted.key)
    try:
        return Outcome("completed", wanted.key, files=tuple(saved(api, job, wanted.out)))
    except (ApiError, LostError, OSError, TokenError) as error:
        problem = f"the pictures are made, but not all are saved: {error}; {_same(wanted)} fetches them again"
        return Outcome("unsaved", wanted.key, problem=problem)


def _kind(code: str) -> str:
    return "refused" if code in facts.REFUSALS else "failed"


def _same(wanted: Wanted) -> str:
    return f"the same command with --idempotency-key {wanted.key}"


def _again(job: Document | None, wanted: Wanted) -> str:
    """What is known of a job that nobody looks at any more, and how to look at it again."""
    if wanted.dry_run:
        return "; nothing was made or spent"
    if job is None:
        return f"; whether the request arrived is not known: {_same(wanted)} does not make it twice"
    return f"; the try-on {job['id']} goes on: {_same(wanted)} follows it"
