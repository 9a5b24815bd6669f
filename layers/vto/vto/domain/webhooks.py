"""What the shop's own server is told when a job ends, and how it can know that it was us: Standard Webhooks.

Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md (version 1.0.0)
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from vto.domain.job import Job

PREFIX = "whsec_"
LOOPBACK = {"127.0.0.1", "localhost", "::1"}
MOST_SECRETS = 2  # while one takes the other's place
LEAST_SECRET_BYTES = 24  # the specification's
WAITS = (5, 30, 120, 600, 1800, 3600, 7200, 14400, 32400)
ATTEMPTS = len(WAITS) + 1
"""How often a message is sent before it is a dead letter: for sixteen hours, so that no night's outage loses one."""


@dataclass(frozen=True, slots=True)
class End:
    """One end of one job: ``seq`` is the version at which it ended; a job that is run again ends once more."""

    job_id: str
    seq: int

    @property
    def message_id(self) -> str:
        """The ``webhook-id``: the same for every attempt to tell of this end, so that a receiver knows it again."""
        return f"{self.job_id}-{self.seq}"


class Reception(StrEnum):
    """What an answer of the shop's server means."""

    TAKEN = "taken"
    GONE = "gone"
    """It does not want to hear of this any more (410): it is not asked again."""
    DOUBTED = "doubted"
    """It may not know our signature: worth another look at the secret."""
    NOT_TAKEN = "not taken"


def reception(status: int) -> Reception:
    """What an HTTP status of the shop's server means; a redirect is not followed, and so takes nothing."""
    if 200 <= status < 300:
        return Reception.TAKEN
    if status == 410:
        return Reception.GONE
    return Reception.DOUBTED if status in (400, 401, 403) else Reception.NOT_TAKEN


def is_allowed(url: str) -> bool:
    """Whether a job's end may be told to this address: over TLS, or to the very machine that tells."""
    try:
        address = urlsplit(url)
        host = address.hostname
    except ValueError:
        return False
    if not host or address.username is not None:
        return False
    return address.scheme == "https" or (address.scheme == "http" and host in LOOPBACK)


def wait_seconds(receives: int) -> int:
    """Seconds until a message that was not taken so often is sent again; 0 when it is to become a dead letter at once.

    Example:
        >>> [wait_seconds(n) for n in (1, 2, 3, 9, 10)]
        [5, 30, 120, 32400, 0]
    """
    return WAITS[receives - 1] if receives < ATTEMPTS else 0


def message(job: Job) -> bytes:
    """What is told of a job that has ended: how, and under which names; no picture, no link, nobody's id.

    Equal for every attempt, byte for byte.
    """
    document: Mapping[str, Any] = {
        "type": f"try_on.{job.status.value}",
        "timestamp": job.updated_at,
        "data": {
            "job_id": job.id,
            "request_id": job.request_id,
            "seq": job.version,
            "status": job.status.value,
            "error_code": job.error_code,
        },
    }
    return json.dumps(document, separators=(",", ":")).encode()


def keys(secret: str) -> list[bytes]:
    """The keys of a secret: base64, with ``whsec_`` before it or not; two with a blank between while one goes.

    Raises:
        ValueError: It has none, too many, or one that is no base64 of at least 24 bytes; its value is not repeated.
    """
    words = secret.split()
    if not 1 <= len(words) <= MOST_SECRETS:
        raise ValueError(f"the secret must have one key, or two while one takes the other's place, not {len(words)}")
    found = []
    for word in words:
        try:
            key = base64.b64decode(word.removeprefix(PREFIX), validate=True)
        except ValueError:
            raise ValueError("a key of the secret is no base64") from None
        if len(key) < LEAST_SECRET_BYTES:
            raise ValueError(f"a key of the secret has {len(key)} bytes, fewer than {LEAST_SECRET_BYTES}")
        found.append(key)
    return found


def headers(message_id: str, sent_at: int, body: bytes, secret: str) -> dict[str, str]:
    """The headers that prove who sent a message, and when.

    Args:
        message_id: See :class:`End`.
        sent_at: Epoch seconds of this attempt; receivers refuse what is older than some minutes.
        body: The message.
        secret: Signs it with each of its keys.

    Raises:
        ValueError: The secret cannot be used.
    """
    signed = f"{message_id}.{sent_at}.".encode() + body
    digests = [hmac.new(key, signed, hashlib.sha256).digest() for key in keys(secret)]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(sent_at),
        "webhook-signature": " ".join(f"v1,{base64.b64encode(one).decode()}" for one in digests),
    }
