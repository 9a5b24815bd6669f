"""The shop's own server is told that a job has ended."""

from collections.abc import Callable
from dataclasses import dataclass

from vto.domain import webhooks
from vto.domain.webhooks import End, Reception
from vto.ports import Clock, Jobs, NotTakenError, ShopServer


@dataclass(frozen=True, slots=True)
class CallWebhook:
    """Tells of one end, as it is in the table at this moment.

    Args:
        jobs: Read again before each attempt: what was erased since is told to nobody.
        server: The shop's.
        clock: Time.
        told: Is told what came of it: the job, how it was received, and why; None when nobody was asked.
    """

    jobs: Jobs
    server: ShopServer
    clock: Clock
    told: Callable[[str, Reception | None, str], None]

    def __call__(self, end: End) -> bool:
        """Make one attempt.

        Returns:
            Whether it is done; if not, the end has to be told again later.

        Raises:
            StorageUnavailableError: The table did not answer: it has to be told again later.
        """
        job = self.jobs.get(end.job_id)
        if job is None or job.erased_at is not None:
            self.told(end.job_id, None, "it is gone")
            return True
        if not job.status.is_terminal or job.version != end.seq:
            self.told(end.job_id, None, "it was run again")  # its next end has a message of its own
            return True
        try:
            reception = self.server.post(end.message_id, self.clock.now(), webhooks.message(job))
        except NotTakenError as problem:
            self.told(end.job_id, Reception.NOT_TAKEN, str(problem))
            return False
        self.told(end.job_id, reception, "")
        return True
