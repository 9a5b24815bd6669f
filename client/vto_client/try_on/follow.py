"""Looks at a job until it has ended, and brings its pictures."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from vto_client.api import Api, LostError

ENDED: Final = frozenset({"completed", "error"})
PATIENCE: Final = 60.0
"""Seconds for which looking may fail before it is given up: a network that comes back costs nothing."""
SUFFIXES: Final = {"image/png": ".png", "image/jpeg": ".jpg", "image/webp": ".webp"}


@dataclass(frozen=True, slots=True)
class Clock:
    """Seconds that pass, and a way to let them."""

    now: Callable[[], float]
    sleep: Callable[[float], None]


def to_the_end(
    api: Api, job: dict[str, Any], on_change: Callable[[dict[str, Any]], None], *, wait: float, clock: Clock
) -> dict[str, Any]:
    """Look at a job until it has ended.

    Args:
        api: Whose job it is.
        job: Its snapshot so far.
        on_change: Called with each new snapshot, this one too.
        wait: Seconds after which it is given up.
        clock: Time.

    Returns:
        The last snapshot; not ended when the time was over.

    Raises:
        ApiError: The job is gone, erased perhaps.
        TokenError: The token ended before the job.
        LostError: The service could not be reached for a minute.
    """
    on_change(job)
    began = seen = clock.now()
    while job["status"] not in ENDED and clock.now() - began < wait:
        clock.sleep(_pause(clock.now() - began))
        try:
            latest = api.job(job["id"])
        except LostError:
            if clock.now() - seen > PATIENCE:
                raise
            continue
        seen = clock.now()
        if latest["seq"] > job["seq"]:
            job = latest
            on_change(job)
    return job


def _pause(passed: float) -> float:
    """Seconds until the next look: a short job is seen at once, a long one does not cost hundreds of calls."""
    return 0.5 if passed < 10 else 1.0 if passed < 60 else 3.0


def saved(api: Api, job: dict[str, Any], folder: Path) -> list[Path]:
    """Write a completed job's pictures, and its mask, into a folder that exists.

    Args:
        api: Whose job it is.
        job: Its snapshot; its links are made anew when they have run out.
        folder: Where to; files of the same job there are written over.

    Returns:
        The files: ``{job id}-1.png`` …, ``{job id}-mask.png``.

    Raises:
        LostError: A picture could not be had.
        OSError: A file could not be written.
    """
    written = []
    for name in _names(job):
        try:
            content = api.download(_link(job, name))
        except LostError:
            job = api.job(job["id"])
            content = api.download(_link(job, name))
        target = folder / f"{job['id']}-{name}"
        part = target.with_name(target.name + ".part")  # what has a picture's name is a whole picture
        try:
            part.write_bytes(content)
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
        written.append(target)
    return written


def _names(job: dict[str, Any]) -> list[str]:
    names = [f"{n}{SUFFIXES.get(one['content_type'], '')}" for n, one in enumerate(job["images"], 1)]
    return [*names, *(["mask.png"] if job.get("mask") else [])]


def _link(job: dict[str, Any], name: str) -> str:
    stem = name.partition(".")[0]
    return str(job["mask"]["url"] if stem == "mask" else job["images"][int(stem) - 1]["url"])
