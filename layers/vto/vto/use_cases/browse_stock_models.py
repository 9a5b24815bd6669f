"""The shop's own models: all the photos that somebody without an account may be shown."""

from dataclasses import dataclass
from typing import Any

from vto.domain.catalogue import Readiness
from vto.ports import Catalogue, Pictures
from vto.use_cases.browse import PAGE
from vto.use_cases.showing_catalogue import model_view


@dataclass(frozen=True, slots=True)
class BrowseStockModels:
    """Answers a guest's question; changes nothing."""

    catalogue: Catalogue
    pictures: Pictures

    def __call__(self) -> dict[str, Any]:
        """The stock models; a row that only lies among them, and is somebody's or could not be used, is not shown."""
        stock = self.catalogue.models_of(None, limit=PAGE)
        ready = [one for one in stock if one.user_id is None and one.readiness is Readiness.READY]
        return {"models": [model_view(one, self.pictures) for one in ready]}
