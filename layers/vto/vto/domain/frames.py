"""What a socket is told: frames, which are small; pictures of a result go into one as far as there is room."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

MAX_FRAME_BYTES = 32 * 1024  # API Gateway closes a socket (1009) on a larger frame


def encoded(frame: Mapping[str, Any]) -> bytes:
    """A frame as it is sent."""
    return json.dumps(frame, separators=(",", ":")).encode()


def job_frame(snapshot: Mapping[str, Any]) -> dict[str, Any]:
    """The frame that carries a snapshot."""
    return {"type": "job", "job": snapshot}


def within_limit(frame: Mapping[str, Any]) -> dict[str, Any]:
    """A job's frame; where it is too large for a socket, without links to the engine's own files, which REST gives."""
    images = frame["job"].get("images")
    if not images or len(encoded(frame)) <= MAX_FRAME_BYTES:
        return dict(frame)
    without = ("original_url", "original_content_type")
    fewer = [{name: value for name, value in one.items() if name not in without} for one in images]
    return {**frame, "job": {**frame["job"], "images": fewer}}


def with_previews(frame: Mapping[str, Any], previews: Iterable[str]) -> dict[str, Any]:
    """A job's frame with as many previews of its pictures as fit into it.

    Args:
        frame: The frame of a completed job.
        previews: The previews of its ``images``, in their order.
    """
    room = MAX_FRAME_BYTES - len(encoded(frame))
    images = [dict(one) for one in frame["job"]["images"]]
    for image, preview in zip(images, previews, strict=False):
        needs = len(encoded({"preview": preview}))  # its braces are as long as the comma, and one byte more
        if needs <= room:
            image["preview"] = preview
            room -= needs
    return {**frame, "job": {**frame["job"], "images": images}}
