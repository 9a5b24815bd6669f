"""vto for Python: `Vto` and `AsyncVto` for a shop's own programs, and the command line `vto`.

    from vto_client import SignIn, Vto

    token = SignIn(pool_id="eu-central-1_AbCdEfGhI", client_id="…", user="ada@example.com", password="…")
    with Vto("https://….amazonaws.com", token, socket_url="wss://….amazonaws.com/live") as shop:
        photo = shop.upload_photo(Path("me.jpg"), consent="1")
        job = shop.wait(shop.try_on(product_id="striped-t-shirt-5f4bca55", model_id=photo["model_id"]))

It imports nothing of the layer, so that it can be installed by itself; the few facts of the layer that it needs stand
in `vto_client.facts` and `vto_client.documents`, and contract tests compare them.
"""

from vto_client.aio import AsyncVto
from vto_client.blocking import Vto
from vto_client.errors import (
    ApiError,
    LostError,
    NotInTimeError,
    PictureRejectedError,
    TokenError,
    UploadRefusedError,
    Violation,
)
from vto_client.login import SignIn

__version__ = "0.1.0"
__all__ = [
    "ApiError",
    "AsyncVto",
    "LostError",
    "NotInTimeError",
    "PictureRejectedError",
    "SignIn",
    "TokenError",
    "UploadRefusedError",
    "Violation",
    "Vto",
]
