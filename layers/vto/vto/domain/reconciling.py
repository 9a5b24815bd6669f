"""Which uploads have no row that says what became of them: their event was lost, or came to nothing.

S3 delivers events at least once, "typically in seconds but sometimes a minute or longer", and keeps no account of them.
Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/EventNotifications.html
"""

from datetime import datetime, timedelta

from vto.domain import times
from vto.domain.catalogue import CatalogueItem
from vto.domain.storage import USER_MODELS

GRACE_SECONDS = 15 * 60  # until then an upload is its own event's, whose tries take about as long (adapters/sqs.py)
PRIVATE_ORIGINAL_SECONDS = 24 * 60 * 60  # what the bucket's lifecycle promises; S3 may be a day late with it


def is_unregistered(key: str, modified: datetime, row: CatalogueItem | None, now: datetime) -> bool:
    """Whether an object that is there ought to be imported now.

    Args:
        key: Its key.
        modified: When it was written.
        row: The row that it would become; None where there is none.
        now: This moment.

    Returns:
        False also for one that is young, and for a private photo past its time. A rejected upload is registered; so is
        a row that a shop's own tools wrote with a picture that is ready.
    """
    if now - modified < timedelta(seconds=GRACE_SECONDS):
        return False
    if key.startswith(USER_MODELS):
        if now - modified >= timedelta(seconds=PRIVATE_ORIGINAL_SECONDS):
            return False
        if row is not None and row.is_past(times.epoch(now)):
            return False
    if row is None or (row.readiness is None and row.prepared_s3_url is None):
        return True
    # written again since: whole seconds are compared with milliseconds, so an object is never younger than its event
    return row.source_time is not None and modified > times.from_iso(row.source_time)


def sequencer_after(row: CatalogueItem | None, url: str) -> str:
    """A sequencer for an event of our own: behind what is recorded of this object, and before all that S3 has to say.

    S3's sequencers are compared as text, so what is recorded with one more character lies between it and the next one.
    """
    recorded = row.source_sequencer if row is not None and row.picture_s3_url == url else None
    return f"{recorded or ''}0"
