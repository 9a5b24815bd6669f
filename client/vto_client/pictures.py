"""Pictures on their way: what type their bytes are, uploads by a form, and downloads by a link."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import httpx

from vto_client.asking import Asker
from vto_client.errors import LostError, UploadRefusedError
from vto_client.ports import Call

TYPES: Final[Mapping[str, str]] = {"image/png": ".png", "image/jpeg": ".jpg", "image/webp": ".webp"}
"""What can be uploaded and comes back, with the ending of its file's name."""
REFUSALS: Final[Mapping[str, str]] = {
    "EntityTooLarge": "it is larger than a picture may be: see `upload.max_bytes` of GET /config",
    "EntityTooSmall": "it is empty",
}

type Picture = bytes | os.PathLike[str]
"""A picture's bytes, or the file that they are in."""


def bytes_of(picture: Picture) -> bytes:
    """A picture's bytes, as they are; raises OSError."""
    return picture if isinstance(picture, bytes) else Path(picture).read_bytes()


def type_of(content: bytes) -> str:
    """A picture's type, by its first bytes.

    Raises:
        ValueError: It is none that can be uploaded.
    """
    if content.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    raise ValueError("this is no JPEG, PNG or WebP picture: save it as one of them")


async def upload(asker: Asker, offer: Mapping[str, Any], content: bytes, content_type: str) -> None:
    """Send a picture to the place that was offered for it.

    Raises:
        UploadRefusedError: It was not taken.
        LostError: No answer came.
    """
    file = ("picture", content, content_type)
    answer, _ = await asker.send(Call("POST", str(offer["url"]), form=offer["fields"], file=file))
    if answer.is_success:
        return
    why = next((words for code, words in REFUSALS.items() if f"<Code>{code}</Code>" in answer.text), "")
    # the form is a key and the answer may repeat it: neither is told
    raise UploadRefusedError(f"the picture was not taken ({answer.status_code}){why and ': '}{why}")


async def download(asker: Asker, link: str) -> bytes:
    """The picture behind a link, which works without a token; raises LostError."""
    answer, _ = await asker.send(Call("GET", link, follow=True))
    if answer.status_code != httpx.codes.OK or not answer.content:
        raise LostError(f"the picture's link answers {answer.status_code}")  # the link itself is a key: not told
    return answer.content
