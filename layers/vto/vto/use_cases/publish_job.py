"""Telling a job's owner: the newest snapshot, and each change before it, once to each of the owner's live sockets.

Called by Notify Client (speed), by the table's stream (the guarantee for every change) and by the delivery queue (the
published path of a result). They agree through ``vto-controls`` on who pushes which version to which socket.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from vto.domain import times
from vto.domain.frames import job_frame, with_previews, within_limit
from vto.domain.job import Job, Status
from vto.domain.results import unpacked
from vto.domain.storage import S3Url
from vto.errors import FailureError, NotifierUnavailableError, PictureMissingError, StorageUnavailableError
from vto.ports import Clock, Connection, Connections, Controls, Jobs, Notifier, Pictures

LINK_SECONDS = 15 * 60
BUSY_WAIT_SECONDS = 1.0
BUSY_STEP_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Snapshots:
    """Makes a job's public view, with links that live for minutes and are stored nowhere."""

    pictures: Pictures
    clock: Clock

    def __call__(self, job: Job, seq: int | None = None) -> dict[str, Any]:
        """A snapshot of a job.

        Args:
            job: The job as stored.
            seq: An earlier version to look back at; None for the current one.
        """
        view = job.public(seq)
        if view["status"] == Status.COMPLETED:
            view["images"] = [
                {
                    "url": self._link(shown.s3_url),
                    "original_url": self._link(image.s3_url),
                    "width": image.width,
                    "height": image.height,
                    "content_type": shown.content_type,
                    "original_content_type": image.content_type,
                }
                for image, shown in zip(job.images, job.shown_images, strict=True)
            ]
            view["mask"] = {"url": self._link(job.mask_s3_url)} if job.mask_s3_url else None
            view["expires_at"] = times.after(self.clock.now(), LINK_SECONDS)
        return view

    def _link(self, address: str) -> str:
        return self.pictures.link(S3Url.parse(address), seconds=LINK_SECONDS)


@dataclass(frozen=True, slots=True)
class Frames:
    """Makes the frames in which a job's snapshots travel; a finished one's has small pictures, to be seen at once."""

    snapshots: Snapshots
    pictures: Pictures

    def of(self, job: Job) -> Callable[..., dict[str, Any]]:
        """What makes the frame of each version of a job; its previews are read once, and only for the finished one."""

        @cache
        def previews() -> list[str]:
            if job.previews_s3_url is None:
                return []
            try:
                return list(unpacked(self.pictures.read(S3Url.parse(job.previews_s3_url))))
            except (PictureMissingError, StorageUnavailableError):
                return []  # they are no more than a moment's head start on the picture itself

        def frame(seq: int | None = None) -> dict[str, Any]:
            made = within_limit(job_frame(self.snapshots(job, seq)))
            return with_previews(made, previews()) if made["job"].get("images") else made

        return frame


@dataclass(frozen=True, slots=True)
class PublishJob:
    """Pushes a job's unseen versions to its owner's live sockets."""

    jobs: Jobs
    connections: Connections
    controls: Controls
    notifier: Notifier
    frames: Frames
    clock: Clock

    def __call__(self, job_id: str, *, is_first: bool = False) -> int:
        """Publish the job as it is now.

        Args:
            job_id: Which job.
            is_first: Whether the caller is the quickest way to tell, so that nobody has probably told it yet.

        Returns:
            How many sockets were told something new.

        Raises:
            NotifierUnavailableError: At least one socket could not be told: the caller has to come again.
        """
        job = self.jobs.get(job_id)
        return 0 if job is None else self.tell(job, is_first=is_first)

    def tell(self, job: Job, *, is_first: bool = False) -> int:
        """Publish a job that has just been read.

        Args:
            job: The job as stored.
            is_first: As above.

        Returns:
            How many sockets were told something new.

        Raises:
            NotifierUnavailableError: As above.
        """
        if job.erased_at is not None:
            return 0
        told, failed, frame = 0, 0, self.frames.of(job)
        # an end is told in three ways: the second and the third look first, for a read is cheaper than a claim refused
        looks_first = job.status.is_terminal and not is_first
        for connection in self._sockets(job):
            try:
                if looks_first and self._was_told(job, connection):
                    continue
                told += self._deliver(job, connection, frame)
            except FailureError:
                failed += 1  # the others must not wait for this one
        if failed:
            raise NotifierUnavailableError(
                f"{failed} socket(s) of job {job.id} could not be told version {job.version}"
            )
        return told

    def acknowledge(self, job: Job, connection: Connection) -> bool:
        """Push a job to the socket that has just asked for it.

        Whose the socket is was said with the request that came over it, a moment ago: that is not read again.

        Args:
            job: The job as stored.
            connection: The socket.

        Returns:
            Whether something was pushed; not where somebody else has told this version meanwhile.

        Raises:
            NotifierUnavailableError: The push failed, or another publisher held the socket for too long.
        """
        return self._deliver(job, connection, self.frames.of(job), has_just_asked=True)

    def _deliver(
        self,
        job: Job,
        connection: Connection,
        frame: Callable[..., Mapping[str, Any]],
        *,
        has_just_asked: bool = False,
    ) -> bool:
        """Push to one socket what it has not seen of the job.

        Args:
            job: The job as stored.
            connection: The socket.
            frame: Makes the frame of a version.
            has_just_asked: Whether it is surely its owner's.

        Returns:
            Whether something was pushed.

        Raises:
            NotifierUnavailableError: The push failed, or another publisher held the socket for too long.
        """
        waited = 0.0
        while True:
            claim = self.controls.claim_delivery(job.id, connection.connection_id, job.version, self.clock.now())
            if claim.granted:
                break
            if not claim.busy:
                return False
            if waited >= BUSY_WAIT_SECONDS:
                raise NotifierUnavailableError(f"socket {connection.connection_id} is busy with another push")
            self.clock.sleep(BUSY_STEP_SECONDS)
            waited += BUSY_STEP_SECONDS
        if not (has_just_asked or self._is_still_the_owners(job, connection)):
            self.controls.release_delivery(job.id, connection.connection_id)
            return False
        first = _first_told(job, connection) if claim.delivered is None else claim.delivered + 1
        pushed = None
        try:
            for seq in range(first, job.version + 1):
                if not self.notifier.send(connection.connection_id, frame(seq)):
                    self.connections.remove(connection.connection_id, connection.user_id)
                    break
                pushed = seq
        finally:
            # what arrived is noted also when the rest did not, so that it is not pushed again
            if pushed is not None:
                self.controls.confirm_delivery(job.id, connection.connection_id, pushed)
            else:
                self.controls.release_delivery(job.id, connection.connection_id)
        return pushed is not None

    def _was_told(self, job: Job, connection: Connection) -> bool:
        version = self.controls.told_version(job.id, connection.connection_id)
        return version is not None and version >= job.version

    def _is_still_the_owners(self, job: Job, connection: Connection) -> bool:
        """Whether the socket has not become somebody else's since it was looked up.

        The index tells late that a socket's id has been given to another user, so its row is read by itself, last.
        """
        known = self.connections.get(connection.connection_id)
        return known is None or known.user_id == job.user_id

    def _sockets(self, job: Job) -> list[Connection]:
        """The owner's live sockets at this moment.

        The index may not know a socket opened this instant, so the one that asked is read by itself; it counts only
        if it is still its owner's: a connection id may have been given to somebody else since.
        """
        now = times.epoch(self.clock.now())
        found = {one.connection_id: one for one in self.connections.of_user(job.user_id)}
        if job.connection_id and job.connection_id not in found:
            asked = self.connections.get(job.connection_id)
            if asked is not None and asked.user_id == job.user_id:
                found[asked.connection_id] = asked
        return [one for one in found.values() if one.ttl > now]


def _first_told(job: Job, connection: Connection) -> int:
    """The version with which a socket begins that has been told nothing of a job.

    The one that asked begins with the first, which has the answer to its request, also where another publisher is
    quicker than the function that was asked. All others begin with how it stands, and so does whoever is given a
    finished result at once.
    """
    has_asked = connection.connection_id == job.connection_id
    return 1 if has_asked and not job.was_given else job.version
