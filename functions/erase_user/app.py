"""SQS: somebody wants everything about them erased, or one thing removed; the message comes again until it is done."""

from typing import Any

from vto import bootstrap
from vto.adapters.batches import ComesAgain, with_partial_failures
from vto.adapters.erasure_queue import erasures
from vto.domain.removal import Removal
from vto.telemetry import count, observed

bootstrap.prepare(bootstrap.erase_user, bootstrap.remove_one, bootstrap.erasure_queue)


@observed("erase_user")
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Make one pass of each erasure; those that are not done come again after a while."""
    erase_user, remove_one = bootstrap.erase_user(), bootstrap.remove_one()

    def serve(wish: str | Removal) -> None:
        if isinstance(wish, Removal):
            if not remove_one(wish):
                raise ComesAgain
            return
        if not erase_user(wish):
            raise ComesAgain
        count("UserErased")

    answer = with_partial_failures(erasures(event), serve)
    bootstrap.erasure_queue().come_again(event, answer)
    return answer
