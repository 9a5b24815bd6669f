"""SQS: somebody asked to have everything about them erased; their message comes again until it is done."""

from typing import Any

from vto import bootstrap
from vto.adapters.batches import ComesAgain, erased_users, with_partial_failures
from vto.telemetry import count, observed


@observed("erase_user")
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Make one pass of each erasure; those that are not done come again after a while."""
    erase_user = bootstrap.erase_user()

    def serve(user_id: str) -> None:
        if not erase_user(user_id):
            raise ComesAgain
        count("UserErased")

    answer = with_partial_failures(erased_users(event), serve)
    bootstrap.erasure_queue().come_again(event, answer)
    return answer
