"""A shopper deletes one of their photos: it is theirs no longer at once, and the eraser removes what lies anywhere."""

from dataclasses import dataclass

from vto.domain import times
from vto.domain.catalogue import Kind
from vto.domain.log_text import shown_id
from vto.domain.removal import Removal
from vto.errors import NotFoundError, Violation
from vto.ports import Catalogue, Clock, ErasureRequests


@dataclass(frozen=True, slots=True)
class DeletePhoto:
    """Takes the wish, and hides the photo."""

    catalogue: Catalogue
    requests: ErasureRequests
    clock: Clock

    def __call__(self, model_id: str, user_id: str) -> None:
        """Delete a photo.

        Args:
            model_id: Which one.
            user_id: Who asks.

        Raises:
            NotFoundError: It is none of theirs, or a stock model; or it was deleted before.
            StorageUnavailableError: It is not known to be deleted: ask again. Once the wish is stored, it goes.
        """
        photo = self.catalogue.get(Kind.MODEL, model_id)
        if photo is None or photo.user_id != user_id or photo.erased_at is not None:
            raise no_photo(model_id)
        # the wish first: whoever takes it up does the rest, should we not live to mark the row
        self.requests.remove(Removal(user_id, model_id=model_id))
        self.catalogue.mark_erased(model_id, user_id, times.to_iso(self.clock.now()))


def no_photo(model_id: str) -> NotFoundError:
    """What is said of a photo that is not there and of one that is somebody else's: the same."""
    found = [Violation("model_id", "is none of your photos", "choose one of GET /models with is_own true")]
    return NotFoundError(shown_id(model_id), found)
