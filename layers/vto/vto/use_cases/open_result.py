"""A link to one finished picture, for whoever would rather follow an address than read a snapshot."""

from dataclasses import dataclass
from typing import Any

from vto.domain import times
from vto.domain.job import Job, Status
from vto.domain.storage import S3Url
from vto.errors import InvalidRequestError, NotFoundError, Violation
from vto.ports import Clock, Jobs, Pictures
from vto.use_cases.delete_try_on import no_try_on
from vto.use_cases.publish_job import LINK_SECONDS

COME_BACK_SECONDS = 2


@dataclass(frozen=True, slots=True)
class OpenResult:
    """Makes the link; it is stored nowhere."""

    jobs: Jobs
    pictures: Pictures
    clock: Clock

    def __call__(self, job_id: str, image: Any, user_id: str, original: Any = None) -> str:
        """A presigned link to one of a try-on's pictures, good for minutes.

        Args:
            job_id: Which try-on.
            image: Which of its pictures, counted from 0, as text; None for the first.
            user_id: Who asks.
            original: ``"true"`` for the engine's own file, as text; None or ``"false"`` for what is shown of it.

        Raises:
            InvalidRequestError: The number is none, or it is not said which of the two files is meant.
            NotFoundError: The try-on is none of theirs; or it has no such picture, or not yet, and then
                ``retry_after_seconds`` says when to ask again.
        """
        number, is_original = _number(image), _is_true(original)
        job = self.jobs.get(job_id)
        if job is None or job.user_id != user_id or job.erased_at is not None:
            raise no_try_on(job_id)
        if job.status is not Status.COMPLETED:
            raise _no_picture(job)
        if job.ttl is not None and job.ttl <= times.epoch(self.clock.now()):
            raise no_try_on(job_id)  # its pictures went with its time; the row goes a little later
        if number >= len(job.images):
            found = Violation("image", f"is {number}; there are {len(job.images)}", f"send 0 to {len(job.images) - 1}")
            raise NotFoundError(f"job {job_id}", [found])
        images = job.images if is_original else job.shown_images
        return self.pictures.link(S3Url.parse(images[number].s3_url), seconds=LINK_SECONDS)


def _number(image: Any) -> int:
    if image is None:
        return 0
    if not (isinstance(image, str) and image.isascii() and image.isdecimal() and len(image) <= 2):
        found = Violation("image", "is no number of a picture", "send 0 for the first one, 1 for the second, and so on")
        raise InvalidRequestError("image", [found])
    return int(image)


def _is_true(text: Any) -> bool:
    if text not in (None, "true", "false"):
        remedy = "send true for the engine's own file; or leave it out"
        raise InvalidRequestError("original", [Violation("original", "must be true or false", remedy)])
    return bool(text == "true")


def _no_picture(job: Job) -> NotFoundError:
    if job.status is Status.ERROR:
        found = Violation("job_id", f"ended with {job.error_code} and has no picture", "ask for a new try-on")
        return NotFoundError(f"job {job.id}", [found])
    where = (job.stage or job.status).value
    found = Violation("job_id", f"has no picture yet: it is {where}", "ask again in a moment, or watch it")
    return NotFoundError(f"job {job.id}", [found], retry_after_seconds=COME_BACK_SECONDS)
