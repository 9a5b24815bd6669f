"""A shopper gives one of their photos a name."""

from dataclasses import dataclass
from typing import Any

from vto import schemas
from vto.domain import times
from vto.domain.catalogue import Kind
from vto.errors import InvalidRequestError
from vto.ports import Catalogue, Clock, Pictures
from vto.use_cases.delete_photo import no_photo
from vto.use_cases.showing_catalogue import model_view


@dataclass(frozen=True, slots=True)
class RenamePhoto:
    """Writes the name, and nothing else; a later import of the photo keeps it."""

    catalogue: Catalogue
    pictures: Pictures
    clock: Clock

    def __call__(self, model_id: str, request: Any, user_id: str) -> dict[str, Any]:
        """Rename a photo.

        Args:
            model_id: Which one.
            request: The document as the client sent it (``rename_photo.schema.json``).
            user_id: Who asks.

        Returns:
            The photo as ``GET /models`` shows it.

        Raises:
            InvalidRequestError: The request breaks the schema.
            NotFoundError: It is none of theirs, or a stock model; or it was deleted.
        """
        if found := schemas.violations("rename_photo", request):
            raise InvalidRequestError("schema", found)
        now = self.clock.now()
        photo = self.catalogue.get(Kind.MODEL, model_id)
        if photo is None or photo.user_id != user_id or photo.is_past(times.epoch(now)):
            raise no_photo(model_id)
        renamed = self.catalogue.rename_photo(model_id, user_id, request["name"].strip(), times.to_iso(now))
        if renamed is None:
            raise no_photo(model_id)
        return model_view(renamed, self.pictures)
