"""`Vto`: what `AsyncVto` does, for programs that wait.

The rules are written once, as coroutines. Here every step of theirs waits for itself, so that nothing is left to a
loop: a coroutine runs from its beginning to its end in one go. (The EdgeDB and Gel clients for Python do the same.)
"""

import inspect
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from typing import Any, Literal, Self, Unpack, cast

import httpx
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.sync.client import ClientConnection, connect

from vto_client.aio import LONGEST, READY_SECONDS, AsyncVto
from vto_client.asking import TRIES, host_of, is_local
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
from vto_client.ports import LARGEST_FRAME, TIMEOUT, Call, Socket, SocketClosedError, TokenSource, World


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

    def result(self, job_id: str, image: int = 0) -> bytes:
        """One picture of a completed try-on, from 0."""
        return done(self._all.result(job_id, image))

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


# --- one thread -------------------------------------------------------------------------------------------------------


class Thread:
    """The world of a program that waits; several of its threads may use it at once.

    Args:
        token: An access token, or what gives one.
        is_in_reach: Whether the stack runs on this machine: then no proxy is asked.
        transport: Stands in for the network, in tests.
        sleep: Waits; takes seconds.
        now: Seconds of a clock that never goes back.
    """

    def __init__(
        self,
        token: TokenSource,
        *,
        is_in_reach: bool = False,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._source, self._is_in_reach, self._sleep, self._now = token, is_in_reach, sleep, now
        self._http = httpx.Client(transport=transport, timeout=TIMEOUT, trust_env=not is_in_reach)

    async def send(self, call: Call) -> httpx.Response:
        """Send a request."""
        return self._http.request(**call.options())

    async def token(self, anew: bool) -> str:
        """An access token."""
        if isinstance(self._source, str):
            return self._source
        given = self._source(anew)
        if inspect.isawaitable(given):
            raise TypeError("token: Vto takes a function that is not async; AsyncVto takes both")
        return str(given)

    async def open(self, address: str) -> Socket:
        """Open a live socket."""
        proxy: Literal[True] | None = None if self._is_in_reach else True
        try:
            return ThreadSocket(connect(address, proxy=proxy, max_size=LARGEST_FRAME))
        except (OSError, TimeoutError, WebSocketException) as error:
            raise SocketClosedError(f"{host_of(address)}: {type(error).__name__}") from None  # the ticket is not told

    async def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self._sleep(seconds)

    def now(self) -> float:
        """Seconds."""
        return self._now()

    async def close(self) -> None:
        """Let go of all connections."""
        self._http.close()


class ThreadSocket:
    """A live socket of a thread."""

    def __init__(self, opening: AbstractContextManager[ClientConnection]) -> None:
        self._open = ExitStack()
        self._socket = self._open.enter_context(opening)

    async def send(self, text: str) -> None:
        """Say something."""
        try:
            self._socket.send(text)
        except ConnectionClosed as error:
            raise SocketClosedError(str(error)) from error

    async def receive(self, seconds: float) -> str | None:
        """The next frame, or None."""
        try:
            return str(self._socket.recv(timeout=seconds))
        except TimeoutError:
            return None
        except ConnectionClosed as error:
            raise SocketClosedError(str(error)) from error

    async def close(self) -> None:
        """Close it."""
        self._open.close()
