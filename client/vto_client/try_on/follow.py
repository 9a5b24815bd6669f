"""Looks at a job until it has ended, and brings its pictures."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from vto_client.blocking import Vto
from vto_client.documents import Job
from vto_client.errors import LostError
from vto_client.pictures import TYPES


def to_the_end(vto: Vto, job: str | Job, on_change: Callable[[Any], None], *, wait: float) -> Job | None:
    """Look at a job until it has ended.

    Args:
        vto: Whose job it is.
        job: Its id, or its snapshot so far.
        on_change: Called with each new snapshot, this one too.
        wait: Seconds after which it is given up.

    Returns:
        The last snapshot, not ended when the time was over; None when none came at all.

    Raises:
        ApiError: The job is gone, erased perhaps.
        TokenError: The token ended before the job.
        LostError: The service could not be reached for a minute.
    """
    last = None if isinstance(job, str) else job
    for last in vto.watch(job, seconds=wait):
        on_change(last)
    return last


def saved(vto: Vto, job: Job, folder: Path) -> list[Path]:
    """Write a completed job's pictures as the engine drew them, and its mask, into a folder that exists.

    Args:
        vto: Whose job it is.
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
            content = vto.download(_link(job, name))
        except LostError:
            job = vto.job(job["id"])
            content = vto.download(_link(job, name))
        target = folder / f"{job['id']}-{name}"
        part = target.with_name(target.name + ".part")  # what has a picture's name is a whole picture
        try:
            part.write_bytes(content)
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
        written.append(target)
    return written


def _names(job: Job) -> list[str]:
    names = [
        f"{n}{TYPES.get(one.get('original_content_type', one['content_type']), '')}"
        for n, one in enumerate(job.get("images", []), 1)
    ]
    return [*names, *(["mask.png"] if job.get("mask") else [])]


def _link(job: Job, name: str) -> str:
    stem, mask = name.partition(".")[0], job.get("mask")
    if stem == "mask" and mask:
        return mask["url"]
    image = job["images"][int(stem) - 1]
    return image.get("original_url", image["url"])  # a service of before has but one file
