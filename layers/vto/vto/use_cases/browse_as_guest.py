"""What somebody without an account may look at: the catalogue and the stock models, and nothing of anybody's."""

from dataclasses import dataclass
from typing import Any

from vto.domain.catalogue import Kind, Readiness
from vto.domain.log_text import shown_id
from vto.errors import NotFoundError, Violation
from vto.ports import Catalogue, Pictures
from vto.use_cases.browse import PAGE, view_of


@dataclass(frozen=True, slots=True)
class BrowseAsGuest:
    """Answers a guest's questions; changes nothing."""

    catalogue: Catalogue
    pictures: Pictures

    def products(self, cursor: str | None) -> dict[str, Any]:
        """A page of products that can be tried on.

        Args:
            cursor: ``next`` of the page before; None for the first page.
        """
        items, following = self.catalogue.products(limit=PAGE, cursor=cursor)
        ready = [view_of(item, self.pictures) for item in items if item.readiness is Readiness.READY]
        return {"products": ready, "next": following}

    def product(self, product_id: str) -> dict[str, Any]:
        """One product, with the reason where its picture was rejected.

        Raises:
            NotFoundError: There is none under that id.
        """
        item = self.catalogue.get(Kind.PRODUCT, product_id)
        if item is None:
            found = [Violation("product_id", "is not in the catalogue", "choose one of GET /guests/products")]
            raise NotFoundError(shown_id(product_id), found)
        return view_of(item, self.pictures)

    def models(self) -> dict[str, Any]:
        """The stock models; a row that only lies among them, and is somebody's or could not be used, is not shown."""
        stock = self.catalogue.models_of(None, limit=PAGE)
        ready = [one for one in stock if one.user_id is None and one.readiness is Readiness.READY]
        return {"models": [{**view_of(one, self.pictures), "is_own": False} for one in ready]}
