"""The catalogue as shoppers look at it: pages of a category, what they search for, one product, and the categories."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from vto.domain.catalogue import CatalogueItem, Readiness
from vto.domain.log_text import shown_id
from vto.domain.searching import Question
from vto.errors import NotFoundError, Violation
from vto.ports import Clock, Pictures, Products
from vto.use_cases.showing_catalogue import product_view

ROWS = 1000  # that one request looks at; whoever searches goes on with the cursor
PAGE = 250  # rows that are read at a time where many are looked for; DynamoDB gives at most 1 MB whatever is asked for
MOST_PAGES = 20  # of 1 MB, that a count of categories reads: some 20,000 products
KEPT = timedelta(minutes=1)  # a count of more than one page serves so long


@dataclass(frozen=True, slots=True)
class BrowseProducts:
    """Answers questions about products; changes nothing."""

    products: Products
    pictures: Pictures

    def __call__(self, query: Mapping[str, str]) -> dict[str, Any]:
        """A page of products that can be tried on.

        Args:
            query: ``category``, ``search``, ``limit`` and ``cursor`` of the request, each of which may be missing.

        Returns:
            ``products``, at most as many as asked for, and ``next``: None behind the last page. A page may be short, or
            empty, and there be more behind it: only so many rows are looked at for one request.

        Raises:
            InvalidRequestError: A part of the query cannot be used, or the cursor is of another category or search.
        """
        question = Question.of(query)
        found, following = self._found(question)
        return {
            "products": [product_view(item, self.pictures) for item in found],
            "next": None if following is None else question.cursor(following),
        }

    def one(self, product_id: str) -> dict[str, Any]:
        """One product, with the reason where its picture was rejected.

        Raises:
            NotFoundError: There is none under that id.
        """
        item = self.products.product(product_id)
        if item is None:
            raise no_product(product_id)
        return product_view(item, self.pictures)

    def _found(self, question: Question) -> tuple[list[CatalogueItem], str | None]:
        """What a request's share of the rows has of it, and the id behind which to go on."""
        found: list[CatalogueItem] = []
        after, left = question.after, ROWS
        while True:
            # a page of what can be tried on is mostly one look; where much cannot, small looks would be very many
            is_first = after == question.after and not question.words
            rows = min(question.limit if is_first else PAGE, left)
            page, following = self.products.products_behind(after, category=question.category, limit=rows)
            for number, item in enumerate(page):
                if item.readiness is Readiness.READY and question.matches(item):
                    found.append(item)
                    if len(found) == question.limit:
                        is_last = following is None and number == len(page) - 1
                        return found, None if is_last else item.item_id
            left -= rows
            if following is None or left <= 0:
                return found, following
            after = following


@dataclass(slots=True)
class CountCategories:
    """Counts what can be tried on in each category.

    DynamoDB keeps no such count, so the index of categories is read: for some thousand products one page of 1 MB, each
    time anew. A count that took more pages is kept for a minute in this container, and none takes more than
    :data:`MOST_PAGES`.
    """

    products: Products
    clock: Clock
    _kept: tuple[datetime, dict[str, Any]] | None = field(default=None, init=False)

    def __call__(self) -> dict[str, Any]:
        """The categories in alphabetical order, and whether all products were looked at."""
        now = self.clock.now()
        if self._kept is not None and now < self._kept[0]:
            return self._kept[1]
        counted, mark, pages = Counter[str](), None, 0
        while pages < MOST_PAGES:
            categories, mark = self.products.categories_behind(mark)
            counted.update(categories)
            pages += 1
            if mark is None:
                break
        listed = [{"category": name, "products": count} for name, count in sorted(counted.items())]
        answer = {"categories": listed, "is_complete": mark is None}
        self._kept = (now + KEPT, answer) if pages > 1 else None
        return answer


def no_product(product_id: str) -> NotFoundError:
    """There is no product under that id."""
    found = [Violation("product_id", "is not in the catalogue", "choose one of GET /products")]
    return NotFoundError(shown_id(product_id), found)
