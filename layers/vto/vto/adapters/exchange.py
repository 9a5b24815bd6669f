"""What engines have in common: pictures are read at once, the answer's are kept as they are."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    IncompleteReadError,
    ReadTimeoutError,
    ResponseStreamingError,
)

# the standard library takes thirty times as long for a picture, in a function with a fifth of a processor
from pybase64 import b64decode, b64encode

from vto.domain.contract import MAX_BODY_BYTES
from vto.domain.engines import Adaptation
from vto.domain.nova_canvas import read_answer, request_body
from vto.domain.storage import S3Url
from vto.errors import ModelTimeoutError, ModelUnavailableError, StorageUnavailableError, VtoError
from vto.ports import Generation, Pictures, TryOnRequest


def exchange(
    request: TryOnRequest,
    pictures: Pictures,
    ask: Callable[[bytes], tuple[bytes, tuple[Adaptation, ...]]],
    *,
    max_bytes: int = MAX_BODY_BYTES,
) -> Generation:
    """One call of an engine that speaks Nova Canvas's contract: pictures into a body, its answer into pictures.

    Args:
        request: What to make.
        pictures: Where pictures are read and kept.
        ask: Sends a body; returns the answer's, and what the engine says beside it that it did otherwise than asked;
            raises an error of ours.
        max_bytes: The largest body that the engine takes.
    """
    read = read_pictures(request, pictures)
    mask_picture = read[2] if request.mask else None
    body = request_body(read[0], read[1], mask_picture, request.parameters, max_bytes=max_bytes, encode=b64encode)
    content, adaptations = ask(body)
    answer = read_answer(content, decode=b64decode)
    images, mask = keep(request.output, pictures, answer.images, answer.mask)
    return Generation(images, mask, answer.warning, adaptations)


@contextmanager
def told(error_of: Callable[[ClientError], VtoError]) -> Iterator[None]:
    """Turn whatever boto3 raises while an engine is called into an error of ours.

    Args:
        error_of: What an answer of the service itself means.
    """
    try:
        yield
    except ClientError as error:
        raise error_of(error) from error
    except ReadTimeoutError as error:
        raise ModelTimeoutError("no answer within the read timeout") from error
    except (ConnectionClosedError, ResponseStreamingError, IncompleteReadError) as error:
        # the request was sent, so the model may have worked, and may be billed
        raise ModelTimeoutError(f"the answer was lost: {type(error).__name__}") from error
    except BotoCoreError as error:
        raise ModelUnavailableError(type(error).__name__) from error


def read_pictures(request: TryOnRequest, pictures: Pictures) -> list[bytes]:
    """The source, the reference and the mask, if there is one; three reads from S3 take as long as one."""
    if request.begun:
        return [one() for one in request.begun]
    wanted = (request.source, request.reference, *([request.mask] if request.mask else []))
    with ThreadPoolExecutor(max_workers=3) as pool:
        return list(pool.map(pictures.read, wanted))


def keep(
    folder: S3Url, pictures: Pictures, images: Sequence[bytes], mask: bytes | None = None
) -> tuple[tuple[str, ...], str | None]:
    """Store an answer's pictures, their bytes untouched, and return their addresses.

    Raises:
        ModelTimeoutError: They could not be kept. The answer is paid for; as a storage error the call would be
            repeated, and paid, four times more.
    """

    def store(name: str, content: bytes) -> str:
        url = S3Url(folder.bucket, folder.key + name)
        pictures.write(url, content, "image/png")
        return str(url)

    try:
        kept = tuple(store(f"{i}.png", image) for i, image in enumerate(images))
        return kept, store("mask.png", mask) if mask else None
    except StorageUnavailableError as error:
        raise ModelTimeoutError(f"the answer could not be kept: {error.detail}") from error
