"""How long a model will still be there: the warning that comes before ``ModelRetiredError``.

Source: https://docs.aws.amazon.com/bedrock/latest/userguide/model-lifecycle.html
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

WARN_DAYS = 120  # the alarm of the template compares with the same number
NOTICE = timedelta(days=180)  # a model stays at least six months in Legacy, says AWS


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """What Bedrock says of a model in one Region.

    Args:
        status: ``ACTIVE``, ``LEGACY``, or our word ``gone`` for a model that Bedrock no longer knows.
        legacy_at: When it enters, or entered, Legacy.
        end_at: When it is no longer available.
    """

    status: str
    legacy_at: datetime | None = None
    end_at: datetime | None = None

    def days_left(self, now: datetime) -> int | None:
        """Whole days until the end, never less than 0; None while no end is in sight.

        Without a date of its end a Legacy model has the six months of notice from the day that it became one; without
        that day either it counts as gone, since nobody can say that it is not.
        """
        if self.status == GONE.status:
            return 0
        end = self.end_at or (self.legacy_at + NOTICE if self.legacy_at else None)
        if end is None:
            return 0 if self.status == "LEGACY" else None
        return max(0, (end - now).days)


GONE = Lifecycle("gone")
