"""`Vto`: what `AsyncVto` does, for programs that wait.

The rules are written once, as coroutines. Here every step of theirs waits for itself, so that nothing is left to a
loop: a coroutine runs from its beginning to its end in one go. (The EdgeDB and Gel clients for Python do the same.)
"""

from collections.abc import AsyncGenerator, Awaitable, Iterator
from typing import Any, Self, Unpack, cast

from vto_client.aio import LONGEST, READY_SECONDS, AsyncVto
from vto_client.asking import TRIES, is_local
from vto_client.documents import (
    Category,
    Erasure,
    Export,
    Job,
    JobPage,
    Model,
    Plan,
    Product,
    ProductPage,
    TryOnRequest,
)
from vto_client.pictures import Picture
from vto_client.ports import TokenSource, World
from vto_client.thread import Thread


def done[T](work: Awaitable[T]) -> T:
    """What a coroutine comes to, if all that it waits for waits for itself."""
    try:
        next(work.__await__())
    except StopIteration as end:
        return cast(T, end.value)
    raise RuntimeError("a step of this client waits for a loop, and there is none")


def each[T](work: AsyncGenerator[T]) -> Iterator[T]:
    """What an asynchronous generator yields, one after the other; ends it in any case."""
    try:
        while True:
            try:
                one = done(anext(work))
            except StopAsyncIteration:
                return
            yield one
    finally:
        done(work.aclose())


class Vto:
    """One caller at one stack. Arguments, errors and methods are those of `AsyncVto`, without ``await``.

    Example:
        with Vto(url, token) as shop:
            job = shop.try_on(product_id="…", model_id="…", key="order-17")
            job = shop.wait(job)
    """

    def __init__(
        self,
        url: str,
        token: TokenSource,
        *,
        socket_url: str | None = None,
        tries: int = TRIES,
        world: World | None = None,
    ) -> None:
        own = world or Thread(token, is_in_reach=is_local(url))
        self._all = AsyncVto(url, token, socket_url=socket_url, tries=tries, world=own)
        self.url, self.socket_url = self._all.url, self._all.socket_url

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of all connections."""
        done(self._all.close())

    # --- the catalogue ------------------------------------------------------------------------------------------------

    def config(self) -> dict[str, Any]:
        """Limits, classes, how long things are kept, the policy's version; needs no token."""
        return done(self._all.config())

    def products_page(
        self,
        *,
        category: str | None = None,
        search: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> ProductPage:
        """One page of products, 1 to 50 of them; ``cursor`` is ``next`` of the page before."""
        return done(self._all.products_page(category=category, search=search, limit=limit, cursor=cursor))

    def products(self, *, category: str | None = None, search: str | None = None) -> Iterator[Product]:
        """All products of a category and with these words, page after page, as they are asked for."""
        return each(self._all.products(category=category, search=search))

    def product(self, product_id: str) -> Product:
        """One product."""
        return done(self._all.product(product_id))

    def categories(self) -> list[Category]:
        """The categories, and how many products each has."""
        return done(self._all.categories())

    # --- who tries on -------------------------------------------------------------------------------------------------

    def models(self) -> list[Model]:
        """The caller's own photos and the shop's models."""
        return done(self._all.models())

    def upload_photo(self, photo: Picture, *, consent: str, seconds: float = READY_SECONDS) -> Model:
        """Upload a photo (bytes or file) of somebody who agreed to the policy ``consent``; wait until it is ready."""
        return done(self._all.upload_photo(photo, consent=consent, seconds=seconds))

    def upload_mask(self, mask: Picture, *, consent: str, seconds: float = READY_SECONDS) -> str:
        """Upload a mask, black where the product goes; its ``s3://`` address."""
        return done(self._all.upload_mask(mask, consent=consent, seconds=seconds))

    def rename_model(self, model_id: str, name: str) -> Model:
        """Give an own photo another name."""
        return done(self._all.rename_model(model_id, name))

    def delete_model(self, model_id: str) -> None:
        """Delete an own photo, with all that was made of it to try things on."""
        done(self._all.delete_model(model_id))

    # --- try-ons ------------------------------------------------------------------------------------------------------

    def plan(self, **request: Unpack[TryOnRequest]) -> Plan:
        """What a try-on would come to; nothing is made or spent."""
        return done(self._all.plan(**request))

    def try_on(self, *, key: str | None = None, **request: Unpack[TryOnRequest]) -> Job:
        """Ask for a try-on under a key of one's own; with that of an earlier one, the same job is answered."""
        return done(self._all.try_on(key=key, **request))

    def job(self, job_id: str) -> Job:
        """A try-on's current snapshot, with new links."""
        return done(self._all.job(job_id))

    def watch(self, job: str | Job, *, seconds: float | None = None) -> Iterator[Job]:
        """A try-on's snapshots, each newer than the one before, up to the one with which it has ended."""
        return each(self._all.watch(job, seconds=seconds))

    def wait(self, job: str | Job, *, seconds: float = LONGEST) -> Job:
        """A try-on's last snapshot, once it has ended; ``error`` in it says why, where it did not work."""
        return done(self._all.wait(job, seconds=seconds))

    def cancel(self, job_id: str) -> Job:
        """End a try-on that only waits."""
        return done(self._all.cancel(job_id))

    def history_page(self, *, cursor: str | None = None) -> JobPage:
        """One page of the caller's own try-ons, the newest first."""
        return done(self._all.history_page(cursor=cursor))

    def history(self) -> Iterator[Job]:
        """The caller's own try-ons, the newest first, page after page, as they are asked for."""
        return each(self._all.history())

    def result(self, job_id: str, image: int = 0, *, original: bool = False) -> bytes:
        """One picture of a completed try-on, from 0; the engine's own file, or the lighter one that is shown."""
        return done(self._all.result(job_id, image, original=original))

    def download(self, link: str) -> bytes:
        """The picture behind a link of a snapshot, a product or a model."""
        return done(self._all.download(link))

    def delete_try_on(self, job_id: str) -> None:
        """Delete a try-on and its pictures."""
        done(self._all.delete_try_on(job_id))

    # --- the caller themselves ----------------------------------------------------------------------------------------

    def export(self) -> Export:
        """All that is kept about the caller, with links to every picture, which work for minutes."""
        return done(self._all.export())

    def erase(self) -> Erasure:
        """Have everything about the caller erased; the receipt of one that is under way, if there is one."""
        return done(self._all.erase())

    def erasure(self, receipt: str) -> Erasure:
        """How far an erasure of the caller is."""
        return done(self._all.erasure(receipt))

    # --- the shop's own catalogue; for members of the group admin -----------------------------------------------------

    def put_product(
        self,
        product_id: str,
        *,
        name: str,
        category: str,
        description: str | None = None,
        garment_class: str | None = None,
    ) -> Product:
        """Make a product, or change what is said of it; without a picture it is not shown to shoppers yet."""
        more = {"description": description, "garment_class": garment_class}
        return done(self._all.put_product(product_id, name=name, category=category, **more))

    def upload_product_picture(self, product_id: str, picture: Picture, *, seconds: float = READY_SECONDS) -> Product:
        """Upload a product's picture as it is, and wait until it can be tried on."""
        return done(self._all.upload_product_picture(product_id, picture, seconds=seconds))

    def delete_product(self, product_id: str) -> None:
        """Delete a product and its pictures."""
        done(self._all.delete_product(product_id))
