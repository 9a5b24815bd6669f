"""What somebody asks the catalogue for: a category, words, and where their page begins.

A page's cursor says where it begins and, in a few letters, what was asked: whoever asks something else with it would be
shown a part of another list.
"""

import base64
import hashlib
import json
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from vto.domain.catalogue import CatalogueItem
from vto.errors import InvalidRequestError, Violation

MOST = 50
MAX_SEARCH = 200
MAX_KEY_BYTES = 2048  # of a category and of an id: DynamoDB takes no longer keys, so there are none
MAX_SORT_KEY_BYTES = 1024  # which an id is in the index of categories
MAX_CURSOR = 4096
ACCENTS = dict.fromkeys(range(0x0300, 0x0370))


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked for.

    Args:
        category: The category, written as it is; None for all.
        words: What a product has to say of itself, all of it, as :func:`folded` writes it.
        limit: How many products at most.
        after: The id behind which the page begins; None for the first one.
    """

    category: str | None = None
    words: tuple[str, ...] = ()
    limit: int = MOST
    after: str | None = None

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Self:
        """Read a request's query.

        Args:
            query: ``category``, ``search``, ``limit`` and ``cursor``, each of which may be missing.

        Raises:
            InvalidRequestError: One of them cannot be used; all of those are named.
        """
        found: list[Violation] = []
        category, search = query.get("category"), query.get("search", "")
        if category is not None and not 0 < _size(category) <= MAX_KEY_BYTES:
            found.append(Violation("category", "is none that a product can have", "choose one of GET /categories"))
        if len(search) > MAX_SEARCH:
            problem = f"has {len(search)} characters; at most {MAX_SEARCH} are looked for"
            found.append(Violation("search", problem, "send the few words that matter"))
            search = ""
        limit = query.get("limit", str(MOST))
        if not (limit.isascii() and limit.isdigit() and len(limit) < 5 and 1 <= int(limit) <= MOST):
            found.append(Violation("limit", "is no number of products", f"send a whole number from 1 to {MOST}"))
            limit = str(MOST)
        asked = cls(category, tuple(dict.fromkeys(folded(search).split())), int(limit))
        try:
            after = asked._place(query.get("cursor"))
        except InvalidRequestError as bad:
            found += bad.violations
        if found:
            raise InvalidRequestError("query", found)
        return cls(asked.category, asked.words, asked.limit, after)

    def matches(self, item: CatalogueItem) -> bool:
        """Whether a product says all the words of itself, in whatever case and with or without accents."""
        if not self.words:
            return True
        text = folded(f"{item.name}\n{item.category}\n{item.description}")
        return all(word in text for word in self.words)

    def cursor(self, after: str) -> str:
        """What a client sends to have the page behind this product."""
        return base64.urlsafe_b64encode(json.dumps([after, self._print()], ensure_ascii=False).encode()).decode()

    def _place(self, cursor: str | None) -> str | None:
        if not cursor:
            return None
        found = [Violation("cursor", "is not the `next` of a page", "leave it out to begin with the first page")]
        try:
            after, asked = json.loads(base64.b64decode(cursor[:MAX_CURSOR], altchars=b"-_", validate=True))
        except (ValueError, TypeError, RecursionError) as problem:
            raise InvalidRequestError("cursor", found) from problem
        longest = MAX_KEY_BYTES if self.category is None else MAX_SORT_KEY_BYTES
        if not (isinstance(after, str) and 0 < _size(after) <= longest and isinstance(asked, str)):
            raise InvalidRequestError("cursor", found)
        if asked != self._print():
            remedy = "send category and search as they were, or leave the cursor out to begin with the first page"
            raise InvalidRequestError("cursor", [Violation("cursor", "is of another category or search", remedy)])
        return after

    def _print(self) -> str:
        asked = json.dumps([self.category, sorted(self.words)])
        return hashlib.sha256(asked.encode()).hexdigest()[:12]


def folded(text: str) -> str:
    """Text as it is compared: no capitals, no accents, nothing invisible.

    Example:
        >>> folded("Kleid, CRÈME") == folded("kleid, creme"), folded("ガウン") == folded("カウン")
        (True, False)
    """
    if not text.isascii():
        # the marks of Latin, Greek and Cyrillic letters only: in other scripts a mark makes another word
        text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKD", text).translate(ACCENTS))
    text = text.casefold()
    return text if text.isprintable() else "".join(one if one.isprintable() else " " for one in text)


def _size(text: str) -> int:
    """Bytes of a text; none of one that holds half a character, which no table takes."""
    try:
        return len(text.encode())
    except UnicodeEncodeError:
        return 0
