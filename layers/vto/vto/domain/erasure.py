"""Erasing everything about somebody: what it covers, how long it has to look again, and the receipt for it.

A request to be erased withdraws every consent given until then. So what tells old from new is when the consent was
given on which a thing rests, not when the thing was written: a photo that arrives late with a form of before is erased,
one whose form was asked for afterwards is not.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from vto.domain import times
from vto.domain.storage import user_model_prefix

SKEW_SECONDS = 5  # clocks of two functions may differ: what happens so shortly after the request counts as before it
FORM_SECONDS = 300  # how long an upload form is good for
UPLOAD_SECONDS = 900  # the slowest upload that began with it
WRITER_SECONDS = 400  # longer than any function may run: whoever worked on a job when it was erased is done by then
REUSE_SECONDS = 600  # whoever found a result before it was withdrawn has copied its pictures by then
TICKET_SECONDS = 30  # how long a socket ticket is good for: says when it was sold
RECEIPT_DAYS = 90

KINDS = ("jobs", "photos", "objects", "cached_results", "sockets", "control_items")
"""What a receipt counts; ``objects`` are versions and delete markers in S3."""


@dataclass(frozen=True, slots=True)
class Erasure:
    """An erasure that is not done yet.

    Args:
        user_id: Whose.
        receipt: Its name for its owner.
        requested_at: When it was first asked for (ISO-8601).
        before: What rests on a consent, or was made, until then is erased; asking again moves it.
        removed: What was removed so far, by kind.
    """

    user_id: str
    receipt: str
    requested_at: str
    before: str
    removed: Mapping[str, int] = field(default_factory=dict)

    def covers(self, at: str | None) -> bool:
        """Whether something of this moment (ISO-8601) is to go; of an unknown moment, it is."""
        return not at or at <= self.before

    def covers_all_written(self, at: str) -> bool:
        """Whether all that was written at this moment (ISO-8601) is to go, on whatever consent: none can be newer."""
        return at <= times.after(times.from_iso(self.before), -SKEW_SECONDS)

    def may_end(self, now: datetime) -> bool:
        """Whether by now nobody can write any more what it covers."""
        longest = timedelta(seconds=FORM_SECONDS + UPLOAD_SECONDS + WRITER_SECONDS)
        return now >= times.from_iso(self.before) + longest

    def public(self) -> dict[str, Any]:
        """The erasure as its owner sees it."""
        return _public(self.receipt, "erasing", self.requested_at, None, self.removed)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What remains of an erasure that is done: nothing that says whose it was, but for who knows both names."""

    receipt: str
    requested_at: str
    done_at: str
    removed: Mapping[str, int]

    def public(self) -> dict[str, Any]:
        """The receipt as its owner sees it."""
        return _public(self.receipt, "done", self.requested_at, self.done_at, self.removed)


def owner_of(receipt: str, user_id: str) -> str:
    """What a receipt keeps to recognise its owner by: a digest of two secrets, that leads back to neither."""
    return hashlib.sha256(f"{receipt}/{user_id}".encode()).hexdigest()


def has_passed(since: str, seconds: float, now: datetime) -> bool:
    """Whether so many seconds have gone by since a moment (ISO-8601)."""
    return now >= times.from_iso(since) + timedelta(seconds=seconds)


def is_control_of(
    item: Mapping[str, Any],
    *,
    user_id: str | None,
    before: str,
    job_ids: frozenset[str],
    with_limits: bool,
) -> bool:
    """Whether an item of ``vto-controls`` is about somebody, or about one of these jobs.

    Args:
        item: Its ``control_id``, and ``user_id``, ``expires_at`` and ``after`` where it has them.
        user_id: About whom; None to ask for the jobs alone.
        before: The moment of the erasure (ISO-8601): a ticket that was sold later is of the time after it.
        job_ids: Jobs of theirs.
        with_limits: Whether to count what keeps limits, which also speaks of what they do after the erasure.
    """
    name = str(item["control_id"])
    if name.partition("#")[0] in ("erase", "receipt"):
        return False
    if not job_ids.isdisjoint(name.split("#")):
        return True
    return user_id is not None and _is_about(item, name, user_id, before=before, with_limits=with_limits)


def _is_about(item: Mapping[str, Any], name: str, user_id: str, *, before: str, with_limits: bool) -> bool:
    if name.startswith("ticket#"):
        limit = times.epoch(times.from_iso(before), seconds=TICKET_SECONDS)
        return item.get("user_id") == user_id and int(item.get("expires_at", 0)) <= limit
    if name.startswith("place#"):  # without it the comparison of uploads with the catalogue begins anew
        return str(item.get("after", "")).startswith(user_model_prefix(user_id))
    if name.startswith(f"budget#user#{user_id}#"):
        # that of the day itself goes a day later by itself: nobody gets a new budget by having everything erased
        return name.rpartition("#")[2] < before[:10]
    is_limit = name == f"open#{user_id}" or name.startswith(f"open#{user_id}#")
    return with_limits and (is_limit or item.get("user_id") == user_id)


def _public(
    receipt: str, state: str, requested_at: str, done_at: str | None, removed: Mapping[str, int]
) -> dict[str, Any]:
    counts = {kind: int(removed.get(kind, 0)) for kind in KINDS}
    return {"receipt": receipt, "state": state, "requested_at": requested_at, "done_at": done_at, "removed": counts}
