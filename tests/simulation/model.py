"""The reference model: what a try-on may do, in forty lines, with which the real system is compared step by step."""

from dataclasses import dataclass, field
from itertools import pairwise

from vto.domain.job import Change, Stage, Status

NEXT = {
    (Status.CREATED, None): {
        (Status.PROCESSING, Stage.VALIDATING),
        (Status.COMPLETED, None),  # an equal finished result was there
        (Status.ERROR, None),
    },
    (Status.PROCESSING, Stage.VALIDATING): {
        (Status.PROCESSING, Stage.VALIDATING),
        (Status.PROCESSING, Stage.QUEUED),
        (Status.PROCESSING, Stage.STORING),
        (Status.ERROR, None),
    },
    (Status.PROCESSING, Stage.QUEUED): {
        (Status.PROCESSING, Stage.QUEUED),
        (Status.PROCESSING, Stage.GENERATING),
        (Status.PROCESSING, Stage.STORING),
        (Status.ERROR, None),
    },
    (Status.PROCESSING, Stage.GENERATING): {
        (Status.PROCESSING, Stage.QUEUED),
        (Status.PROCESSING, Stage.STORING),
        (Status.ERROR, None),
    },
    (Status.PROCESSING, Stage.STORING): {(Status.COMPLETED, None), (Status.ERROR, None)},
}
"""The changes that there are; none leads out of ``completed`` or ``error``."""


@dataclass
class Model:
    """What has been asked for, and how far each job was when it was last looked at."""

    asked: dict[tuple[str, str], str | None] = field(default_factory=dict)
    known: dict[str, tuple[Change, ...]] = field(default_factory=dict)

    def ask(self, user: str, request: str) -> None:
        """Somebody asks, for the first time or again: there is to be one job, at the most."""
        self.asked.setdefault((user, request), None)

    def observe(self, user: str, request: str, job_id: str, timeline: tuple[Change, ...]) -> None:
        """Compare a job with what the model allows."""
        assert (user, request) in self.asked, f"nobody asked for {request} of {user}"
        assert self.asked[user, request] in (None, job_id), f"{request} of {user} has two jobs"
        self.asked[user, request] = job_id
        before = self.known.get(job_id, ())
        assert timeline[: len(before)] == before, f"job {job_id} changed what it had said"
        assert (timeline[0].status, timeline[0].stage) == (Status.CREATED, None)
        for one, following in pairwise(timeline):
            allowed = NEXT.get((one.status, one.stage), set())
            assert (following.status, following.stage) in allowed, f"job {job_id}: {one} → {following}"
        self.known[job_id] = timeline
