"""A try-on is asked for: admitted first, then given what is there already, or started, at once where that is on."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from vto.domain.job import Job, Status
from vto.errors import FailureError, VtoError
from vto.ports import Connection
from vto.use_cases.create_try_on import CreateTryOn
from vto.use_cases.give_finished import GiveFinished
from vto.use_cases.publish_job import PublishJob
from vto.use_cases.start_try_on import StartTryOn


@dataclass(frozen=True, slots=True)
class RequestTryOn:
    """Creates a job and does at once what the table's stream would do a moment later."""

    create_try_on: CreateTryOn
    give_finished: GiveFinished
    start_try_on: StartTryOn
    start_directly: bool
    report: Callable[[str, VtoError], None]

    def __call__(
        self,
        request: Any,
        user_id: str,
        connection: Connection | None = None,
        publish: PublishJob | None = None,
        *,
        is_admin: bool = False,
    ) -> tuple[Job, bool]:
        """Ask for a try-on.

        Args:
            request: The document as the client sent it.
            user_id: Who asks.
            connection: The socket it came over, which is told at once: of the result, if an equal one is there; or else
                of the job's id, as soon as the job is started. Whatever the execution says meanwhile comes after that:
                who asked is told all versions in their order, whoever tells them.
            publish: Tells that socket.
            is_admin: Whether they may ask for the shop, in the batch lane; nobody may over a socket.

        Returns:
            The job, which is completed where an equal finished result was there, and whether it is new.

        Raises:
            VtoError: The request is refused; nothing was created.
        """
        job, is_new, offered = self.create_try_on(
            request,
            user_id=user_id,
            connection_id=connection.connection_id if connection else None,
            is_admin=is_admin,
            may_give=self.start_directly,
        )
        # one that was promised a result and has none yet is somebody's who died over it, or is still at it: no harm
        if is_new or (job.is_promised and job.status is Status.CREATED):
            # From here on the job is accepted: whatever fails now, stream or sweep do, so the client is not refused.
            # a job that was promised a result is left alone by the stream, but not by the sweep
            by = "sweep" if job.is_promised else "stream"
            given = (
                self._or_later("finished result", by, lambda: self.give_finished(job, offered))
                if self.start_directly
                else None
            )
            if given is not None:
                if connection is not None and publish is not None:
                    self._or_later("finished result's push", "stream", lambda: publish.acknowledge(given, connection))
                return given, is_new
            if self.start_directly:
                self._or_later("direct start", by, lambda: self.start_try_on(job.id))
            if connection is not None and publish is not None:
                self._or_later("acknowledgement", "stream", lambda: publish.acknowledge(job, connection))
        return job, is_new

    def _or_later[T](self, what: str, by: str, at_once: Callable[[], T]) -> T | None:
        try:
            return at_once()
        except FailureError as error:
            self.report(f"{what} left to the {by}", error)
            return None
