"""What a shopper agreed to before their photo was taken in: which text of the shop's policy, and when.

The server chooses both and pins them into the upload form, so what an object says of them is what was agreed to:
whoever leaves one out, or changes it, is refused by S3 itself.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self

from vto.domain import times
from vto.errors import PictureRejectedError, Violation

VERSION_KEY, TIME_KEY = "consent-version", "consent-time"
VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
SKEW = timedelta(minutes=5)  # clocks of two services may differ; a consent of tomorrow is none


@dataclass(frozen=True, slots=True)
class Consent:
    """One agreement: the version of the policy, and the moment (ISO-8601)."""

    policy_version: str
    time: str

    @classmethod
    def given(cls, policy_version: str, now: datetime) -> Self:
        """The consent of somebody who agrees at this moment."""
        return cls(policy_version, times.to_iso(now))

    @classmethod
    def of_metadata(cls, metadata: Mapping[str, str], now: datetime) -> Self:
        """The consent that an uploaded object carries.

        Args:
            metadata: The object's user metadata (names without ``x-amz-meta-``).
            now: This moment.

        Raises:
            PictureRejectedError: It carries none, or none that can have been given.
        """
        version, time = metadata.get(VERSION_KEY, ""), metadata.get(TIME_KEY, "")
        if VERSION.fullmatch(version) and is_moment(time) and times.from_iso(time) <= now + SKEW:
            return cls(version, time)
        remedy = f"ask POST /uploads for a form; a shop that writes photos itself sets {VERSION_KEY} and {TIME_KEY}"
        raise PictureRejectedError("consent", [Violation("consent", "was not given for this photo", remedy)])

    def metadata(self) -> dict[str, str]:
        """The consent as an object carries it."""
        return {VERSION_KEY: self.policy_version, TIME_KEY: self.time}


def is_moment(text: Any) -> bool:
    """Whether this is a moment as a consent says it, of a day that there was: such texts compare as their moments do.

    Example:
        >>> is_moment("2026-11-21T12:00:00.000Z"), is_moment("2026-02-30T12:00:00.000Z")
        (True, False)
    """
    if not isinstance(text, str) or not TIME.fullmatch(text):
        return False
    try:
        times.from_iso(text)
    except ValueError:
        return False
    return True


def violations(given: Any, current: str) -> list[Violation]:
    """What is wrong with the consent of an upload request.

    Args:
        given: The request's ``consent``, whatever it is.
        current: The version of the policy that holds now.

    Example:
        >>> violations({"policy_version": "1"}, "1"), violations(None, "2")[0].remedy
        ([], 'show the shopper version 2 of the policy, and send {"policy_version": "2"} once they agree')
    """
    agreed = f'{{"policy_version": "{current}"}}'
    remedy = f"show the shopper version {current} of the policy, and send {agreed} once they agree"
    if given is None:
        return [Violation("consent", "is missing", remedy)]
    if not isinstance(given, Mapping):
        return [Violation("consent", "must be an object", remedy)]
    version = given.get("policy_version")
    if version is None:
        return [Violation("consent.policy_version", "is missing", remedy)]
    if version != current:
        shown = f"version {version[:32]!r}" if isinstance(version, str) else "no text"
        problem = f"is {shown}; version {current} is the one that holds now"
        return [Violation("consent.policy_version", problem, remedy)]
    return []
