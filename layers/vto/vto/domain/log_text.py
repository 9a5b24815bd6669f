"""What a log may repeat of words that others wrote."""

import re

from vto.errors import InternalError

_QUOTED = re.compile(r"""(?<!\w\w)["'](?:.*["']|.*)""", re.DOTALL)  # to the end where a long message was cut
_DATA = re.compile(r"(?<=\?)\S{8,}|\S+@\S+|\S{200,}")  # a link's query, an e-mail address, a picture
_ERROR_NAME = re.compile(r"(?:[A-Za-z]{1,40}\.)?[A-Za-z_]{1,60}")
_ID = re.compile(r"[0-9A-Za-z-]{1,40}")
LONGEST = 300


def without_values(message: str) -> str:
    """A message of a library or a service without the values it quotes, for they may be anybody's.

    Args:
        message: What an exception that nobody foresaw says, what an engine answers, or a cause that Step Functions
            passed on.

    Example:
        >>> without_values("invalid literal for int() with base 10: 'ada@example.com'")
        'invalid literal for int() with base 10: (…)'
    """
    return _DATA.sub("(…)", _QUOTED.sub("(…)", message))[:LONGEST]


def error_name(name: str) -> str:
    """The name of an error as Step Functions gives it, if it is one; whoever stops an execution may write another."""
    return name if _ERROR_NAME.fullmatch(name) else "(no name)"


def shown_id(text: str) -> str:
    """An id that a client sent, if it could be one of ours; otherwise it may be anything."""
    return text if _ID.fullmatch(text) else "(no id of ours)"


def unforeseen(problem: Exception) -> InternalError:
    """An exception that nobody foresaw as one of ours, without the values in its message."""
    said = without_values(str(problem))
    return InternalError(f"{type(problem).__name__}: {said}" if said else type(problem).__name__)
