"""One try-on from its options to an outcome: what was answered, and what a script is told of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from vto_client import facts
from vto_client.blocking import Vto
from vto_client.documents import Job, has_ended
from vto_client.errors import ApiError, LostError, TokenError
from vto_client.sign_in import AGAIN, NOT_SIGNED_IN
from vto_client.text import duration
from vto_client.try_on.follow import saved, to_the_end
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
        model: A model's id, or the ``s3://`` address of its picture; of no account where there is a photo.
        product: A product's id.
        options: Values by option; None where it was not given.
        key: The caller's own name for the request.
        dry_run: Only plan it.
        out: Folder for the pictures, which exists; None for their links.
        wait: Seconds after which the job is no longer followed.
        photo: A photo that is uploaded first.
        consent: The version of the policy that whoever is in the photo agreed to.
        is_uploaded: Whether the model is such a photo.
    """

    model: str
    product: str
    options: Mapping[str, Any]
    key: str
    dry_run: bool = False
    out: Path | None = None
    wait: float = 1800.0
    photo: Path | None = None
    consent: str = ""
    is_uploaded: bool = False

    def again(self, job_id: str | None) -> str:
        """What is known of a job that nobody looks at any more, and how to look at it again."""
        if self.dry_run:
            return "nothing was made or spent"
        if self.photo:
            return "whether the photo arrived is not known; no try-on was made"
        if job_id is None:
            return f"whether the request arrived is not known: {self.same()} does not make it twice"
        return f"the try-on {job_id} goes on: {self.same()} follows it"

    def same(self) -> str:
        """The command that finds the same try-on."""
        model = f"the model {self.model} and " if self.is_uploaded else ""
        return f"the same command with {model}--idempotency-key {self.key}"


@dataclass(frozen=True, slots=True)
class Watched:
    """A try-on that there is already.

    Args:
        job_id: Its id.
        out: As of `Wanted`.
        wait: As of `Wanted`.
    """

    job_id: str
    out: Path | None = None
    wait: float = 1800.0
    key: None = None

    def again(self, job_id: str | None) -> str:
        """How to look at it again."""
        return f"what becomes of the try-on {job_id or self.job_id} is not known: {self.same()} follows it"

    def same(self) -> str:
        """The command that finds it."""
        return f"vto watch {self.job_id}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How it went; see docs/cli.md for its form as JSON.

    Args:
        outcome: A key of `EXIT_CODES`.
        idempotency_key: The request's name; None for one that was only watched.
        plan: The plan, for a dry run.
        job: The job's last snapshot; None when none is known.
        error: What the service says, in the one form that all errors have.
        problem: What is no word of the service's, with its remedy.
        files: Where the pictures were saved; None when they were not to be.
    """

    outcome: str
    idempotency_key: str | None
    plan: Any = None
    job: Any = None
    error: Mapping[str, Any] | None = None
    problem: str | None = None
    files: tuple[Path, ...] | None = None

    @property
    def exit_code(self) -> int:
        return EXIT_CODES[self.outcome]

    def as_json(self) -> dict[str, Any]:
        """The outcome as a JSON document."""
        files = None if self.files is None else [str(file) for file in self.files]
        return {
            "v": 1, "outcome": self.outcome, "idempotency_key": self.idempotency_key, "plan": self.plan,
            "job": self.job, "error": self.error, "problem": self.problem, "files": files,
        }  # fmt: skip


class _Seen:
    """Keeps the last snapshot, for what is told when looking ends in an error."""

    def __init__(self, on_change: Callable[[Any], None]) -> None:
        self._on_change = on_change
        self.job: Job | None = None

    @property
    def job_id(self) -> str | None:
        return self.job and self.job["id"]

    def __call__(self, job: Job) -> None:
        self.job = job
        self._on_change(job)


def run(vto: Vto, wanted: Wanted | Watched, on_change: Callable[[Any], None]) -> Outcome:
    """Plan a try-on, or make it, or look at one that there is, and follow it to its end.

    Args:
        vto: Who asks whom.
        wanted: What for.
        on_change: Called with each new snapshot.
    """
    seen = _Seen(on_change)
    key = wanted.key
    try:
        if isinstance(wanted, Wanted) and wanted.photo:
            model = vto.upload_photo(wanted.photo, consent=wanted.consent)
            wanted = replace(wanted, model=model["model_id"], photo=None, is_uploaded=True)
        found = _asked(vto, wanted, seen)
    except ApiError as error:
        found = Outcome(_kind(error.code), key, error=error.document)
    except TokenError as error:
        goes_on = f"; {wanted.again(seen.job_id)}" if seen.job else ""  # without a job, nothing was made
        found = Outcome("not_signed_in", key, problem=f"{error}: {AGAIN}{goes_on}")
    except LostError as error:
        where = "" if seen.job else " (check VTO_API_URL, --stack and --region)"
        goes_on = wanted.again(seen.job_id) if seen.job or error.sent else "nothing was made or spent"
        found = Outcome("unknown", key, problem=f"{error}{where}; {goes_on}")
    except KeyboardInterrupt:
        found = Outcome("stopped", key, problem=f"stopped; {wanted.again(seen.job_id)}")
    return replace(found, job=seen.job)


def _asked(vto: Vto, wanted: Wanted | Watched, seen: _Seen) -> Outcome:
    if isinstance(wanted, Watched):
        return _followed(vto, wanted.job_id, wanted, seen)
    request = request_of(wanted.model, wanted.product, wanted.options, lambda asked: vto.plan(**asked))
    if wanted.dry_run:
        return Outcome("planned", wanted.key, plan=vto.plan(**request))
    return _followed(vto, vto.try_on(key=wanted.key, **request), wanted, seen)


def _followed(vto: Vto, job: str | Job, wanted: Wanted | Watched, seen: _Seen) -> Outcome:
    last = to_the_end(vto, job, seen, wait=wanted.wait)
    if last is None or not has_ended(last):
        problem = f"not ended within {duration(wanted.wait)}; {wanted.again(last and last['id'])}"
        return Outcome("unknown", wanted.key, problem=problem)
    if last["status"] == "error":
        return Outcome(_kind(last["error"]["code"]), wanted.key, error=last["error"])
    return _with_pictures(vto, last, wanted)


def _with_pictures(vto: Vto, job: Job, wanted: Wanted | Watched) -> Outcome:
    if wanted.out is None:
        return Outcome("completed", wanted.key)
    try:
        return Outcome("completed", wanted.key, files=tuple(saved(vto, job, wanted.out)))
    except (ApiError, LostError, OSError, TokenError) as error:
        problem = f"the pictures are made, but not all are saved: {error}; {wanted.same()} fetches them again"
        return Outcome("unsaved", wanted.key, problem=problem)


def _kind(code: str) -> str:
    return "refused" if code in facts.REFUSALS else "failed"
