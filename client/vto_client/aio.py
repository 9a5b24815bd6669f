"""`AsyncVto`: everything that a shop's own program asks of a stack; the rules of it all stand here and below."""

import uuid
from collections.abc import AsyncGenerator
from typing import Any, Final, Self, Unpack, cast
from urllib.parse import quote

from vto_client import pictures
from vto_client.asking import TRIES, Asker, is_local, read, sound_address
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
    has_ended,
)
from vto_client.errors import LostError, NotInTimeError, PictureRejectedError
from vto_client.live import Watch
from vto_client.loop import Loop
from vto_client.pictures import Picture
from vto_client.ports import TokenSource, World

LONGEST: Final = 1800.0
"""Seconds in which every try-on ends."""
READY_SECONDS: Final = 120.0
"""Seconds in which an uploaded picture is ready, or rejected."""


class AsyncVto:
    """One caller at one stack, for programs that use asyncio; `Vto` is the same for all others.

    Args:
        url: The stack's output ``ApiUrl``.
        token: An access token, or what gives one (`SignIn`, or a function, async or not, that is called with True when
            the last one was not accepted).
        socket_url: The stack's output ``SocketUrl``; without it, try-ons are asked for instead of told live.
        tries: How often a request is sent when its answer is lost or the service is busy.
        world: Stands in for the network and time, in tests.

    Raises:
        ValueError: An address is none that a token may be sent to.

    All methods raise `ApiError` for what the service refuses, `TokenError` for a token that it does not accept, and
    `LostError` when no answer came.

    Example:
        async with AsyncVto(url, token) as shop:
            job = await shop.try_on(product_id="…", model_id="…", key="order-17")
            job = await shop.wait(job)
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
        self.url = sound_address(url, plain="http", secret="a token")  # noqa: S106 - the word
        self.socket_url = sound_address(socket_url, plain="ws", secret="a ticket") if socket_url else None  # noqa: S106
        self._world: World = world or Loop(token, is_in_reach=is_local(url))
        self._asker = Asker(self.url, self._world, tries)
        self._ask = self._asker.ask

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Let go of all connections."""
        await self._world.close()

    # --- the catalogue ------------------------------------------------------------------------------------------------

    async def config(self) -> dict[str, Any]:
        """Limits, classes, how long things are kept, the policy's version; needs no token."""
        return await self._ask("GET", "/config", is_public=True)

    async def products_page(
        self,
        *,
        category: str | None = None,
        search: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> ProductPage:
        """One page of products.

        Args:
            category: Only those of this category.
            search: Only those with all these words.
            limit: How many at most, 1 to 50.
            cursor: ``next`` of the page before; None for the first.
        """
        query = {"category": category, "search": search, "limit": limit, "cursor": cursor}
        return cast(ProductPage, await self._ask("GET", "/products", query=query))

    async def products(self, *, category: str | None = None, search: str | None = None) -> AsyncGenerator[Product]:
        """All products, page after page, as they are asked for; arguments as of `products_page`."""
        cursor = None
        while True:
            page = await self.products_page(category=category, search=search, cursor=cursor)
            for product in page["products"]:
                yield product
            cursor = self._following(cursor, page["next"])
            if cursor is None:
                return

    async def product(self, product_id: str) -> Product:
        """One product."""
        return cast(Product, await self._ask("GET", f"/products/{_quoted(product_id)}"))

    async def categories(self) -> list[Category]:
        """The categories, and how many products each has."""
        return list((await self._ask("GET", "/categories"))["categories"])

    # --- who tries on -------------------------------------------------------------------------------------------------

    async def models(self) -> list[Model]:
        """The caller's own photos and the shop's models."""
        return list((await self._ask("GET", "/models"))["models"])

    async def upload_photo(self, photo: Picture, *, consent: str, seconds: float = READY_SECONDS) -> Model:
        """Upload a photo as it is, and wait until it can be tried on with.

        Args:
            photo: JPEG, PNG or WebP: its bytes, or its file.
            consent: The version of the shop's policy that the person in it has agreed to (``consent.policy_version``
                of `config`).
            seconds: How long to wait.

        Raises:
            ValueError: It is no such picture.
            PictureRejectedError: It cannot be used; says why.
            NotInTimeError: It was not ready in time.
        """
        done = await self._uploaded("photo", photo, consent, seconds)
        return cast(Model, done["model"])

    async def upload_mask(self, mask: Picture, *, consent: str, seconds: float = READY_SECONDS) -> str:
        """Upload a mask of a photo's size, black where the product goes; arguments and errors as of `upload_photo`.

        Returns:
            Its ``s3://`` address, for ``imageBasedMask.maskImage``.
        """
        done = await self._uploaded("mask", mask, consent, seconds)
        return str(done["s3_url"])

    async def rename_model(self, model_id: str, name: str) -> Model:
        """Give an own photo another name."""
        return cast(Model, await self._ask("PATCH", f"/models/{_quoted(model_id)}", {"name": name}))

    async def delete_model(self, model_id: str) -> None:
        """Delete an own photo, with all that was made of it to try things on."""
        await self._ask("DELETE", f"/models/{_quoted(model_id)}")

    # --- try-ons ------------------------------------------------------------------------------------------------------

    async def plan(self, **request: Unpack[TryOnRequest]) -> Plan:
        """What a try-on would come to; nothing is made or spent."""
        return cast(Plan, await self._ask("POST", "/try-ons", {**request, "dry_run": True}))

    async def try_on(self, *, key: str | None = None, **request: Unpack[TryOnRequest]) -> Job:
        """Ask for a try-on; with the key of an earlier one, the same job is answered.

        Args:
            key: The caller's own name for this request; one is made where there is none, and kept over all attempts.
            request: ``product_id``; ``model_id`` or ``model_picture_s3_url``; ``parameters``; ``lane``.

        Returns:
            The job's snapshot.

        Raises:
            LostError: No answer came; its ``key`` asks again without making the try-on twice.
        """
        named = key or str(uuid.uuid4())
        try:
            return cast(Job, await self._ask("POST", "/try-ons", {**request}, headers={"Idempotency-Key": named}))
        except LostError as error:
            error.key = named
            raise

    async def job(self, job_id: str) -> Job:
        """A try-on's current snapshot, with new links."""
        return cast(Job, await self._ask("GET", f"/try-ons/{_quoted(job_id)}"))

    def watch(self, job: str | Job, *, seconds: float | None = None) -> AsyncGenerator[Job]:
        """A try-on's snapshots, each newer than the one before, up to the one with which it has ended.

        Args:
            job: Its id, or a snapshot, which is the first one then.
            seconds: How long to watch; None for to the end.

        Raises:
            LostError: Nothing was heard of the service for a minute.
        """
        job_id, known = (job, None) if isinstance(job, str) else (job["id"], job)
        return Watch(self._asker, self._world, job_id, self.socket_url).snapshots(known, seconds)

    async def wait(self, job: str | Job, *, seconds: float = LONGEST) -> Job:
        """A try-on's last snapshot, once it has ended; ``error`` in it says why, where it did not work.

        Args:
            job: Its id, or a snapshot.
            seconds: How long to wait.

        Raises:
            NotInTimeError: It had not ended by then; it goes on.
        """
        watched = self.watch(job, seconds=seconds)
        try:
            async for snapshot in watched:
                if has_ended(snapshot):
                    return snapshot
        finally:
            await watched.aclose()
        raise NotInTimeError(f"the try-on had not ended within {seconds:g} s; it goes on")

    async def cancel(self, job_id: str) -> Job:
        """End a try-on that only waits."""
        return cast(Job, await self._ask("POST", f"/try-ons/{_quoted(job_id)}/cancel", {}))

    async def history_page(self, *, cursor: str | None = None) -> JobPage:
        """One page of the caller's own try-ons, the newest first."""
        return cast(JobPage, await self._ask("GET", "/try-ons", query={"cursor": cursor}))

    async def history(self) -> AsyncGenerator[Job]:
        """The caller's own try-ons, the newest first, page after page, as they are asked for."""
        cursor = None
        while True:
            page = await self.history_page(cursor=cursor)
            for job in page["try_ons"]:
                yield job
            cursor = self._following(cursor, page["next"])
            if cursor is None:
                return

    async def result(self, job_id: str, image: int = 0, *, original: bool = False) -> bytes:
        """One picture of a completed try-on.

        Args:
            job_id: Whose.
            image: Which, from 0.
            original: The engine's own file in place of the lighter one that is shown.
        """
        path = f"/try-ons/{_quoted(job_id)}/result"
        query = {"image": image, **({"original": "true"} if original else {})}
        answer, _ = await self._asker.answer("GET", path, query=query)
        if answer.is_redirect:  # to where it lies, which the token is not for
            return await self.download(answer.headers["Location"])
        read(answer, self.url, f"GET {path}")
        raise LostError(f"{self.url} answers {answer.status_code} to GET {path}, and not with a link")

    async def download(self, link: str) -> bytes:
        """The picture behind a link of a snapshot, a product or a model."""
        return await pictures.download(self._asker, link)

    async def delete_try_on(self, job_id: str) -> None:
        """Delete a try-on and its pictures."""
        await self._ask("DELETE", f"/try-ons/{_quoted(job_id)}")

    # --- the caller themselves ----------------------------------------------------------------------------------------

    async def export(self) -> Export:
        """All that is kept about the caller, with links to every picture, which work for minutes."""
        whole: dict[str, Any] = {}
        cursor = None
        while True:
            page = await self._ask("GET", "/me/export", query={"cursor": cursor})
            following = page.pop("next", None)
            for name, value in page.items():
                whole[name] = [*whole.get(name, []), *value] if isinstance(value, list) else whole.get(name, value)
            cursor = self._following(cursor, following)
            if cursor is None:
                return cast(Export, whole)

    async def erase(self) -> Erasure:
        """Have everything about the caller erased; the receipt of one that is under way, if there is one."""
        return cast(Erasure, await self._ask("DELETE", "/me"))

    async def erasure(self, receipt: str) -> Erasure:
        """How far an erasure of the caller is."""
        return cast(Erasure, await self._ask("GET", f"/me/erasures/{_quoted(receipt)}"))

    # --- the shop's own catalogue; for members of the group admin -----------------------------------------------------

    async def put_product(
        self,
        product_id: str,
        *,
        name: str,
        category: str,
        description: str | None = None,
        garment_class: str | None = None,
    ) -> Product:
        """Make a product, or change what is said of it; without a picture it is not shown to shoppers yet.

        Args:
            product_id: The shop's own id of it.
            name: As shoppers read it.
            category: Where it is found.
            description: More words.
            garment_class: What the person wears where it goes, as ``UPPER_BODY``; its words decide where there is none.
        """
        given = {"name": name, "category": category, "description": description, "garment_class": garment_class}
        body = {field: value for field, value in given.items() if value is not None}
        return cast(Product, await self._ask("PUT", f"/products/{_quoted(product_id)}", body))

    async def upload_product_picture(
        self, product_id: str, picture: Picture, *, seconds: float = READY_SECONDS
    ) -> Product:
        """Upload a product's picture as it is, and wait until it can be tried on.

        Args:
            product_id: Of a product that there is.
            picture: JPEG, PNG or WebP: its bytes, or its file.
            seconds: How long to wait.

        Raises:
            ValueError: It is no such picture.
            PictureRejectedError: It cannot be used; says why.
            NotInTimeError: It was not ready in time.
        """
        content = pictures.bytes_of(picture)
        content_type = pictures.type_of(content)
        before = await self.product(product_id)
        asked = {"content_type": content_type, "bytes": len(content)}
        offer = await self._ask("POST", f"/products/{_quoted(product_id)}/picture", asked)
        await pictures.upload(self._asker, offer, content, content_type)
        until = self._world.now() + seconds
        while True:
            product = await self.product(product_id)
            if product["readiness"] and product.get("updated_at") != before.get("updated_at"):
                break
            await self._pause_until(until, f"the picture of {product_id}", seconds)
        if product["readiness"] == "rejected":
            raise PictureRejectedError(str(product.get("reason") or ""))
        return product

    async def delete_product(self, product_id: str) -> None:
        """Delete a product and its pictures."""
        await self._ask("DELETE", f"/products/{_quoted(product_id)}")

    # --- what several of them do --------------------------------------------------------------------------------------

    async def _uploaded(self, kind: str, picture: Picture, consent: str, seconds: float) -> dict[str, Any]:
        """Upload an own picture; how it was completed, with the offer's ``s3_url``."""
        content = pictures.bytes_of(picture)
        content_type = pictures.type_of(content)
        asked = {"kind": kind, "content_type": content_type, "consent": {"policy_version": consent}}
        offer = await self._ask("POST", "/uploads", asked)
        await pictures.upload(self._asker, offer, content, content_type)
        until = self._world.now() + seconds
        while True:
            done = await self._ask("POST", f"/uploads/{_quoted(str(offer['upload_id']))}/complete", {})
            if done.get("state") == "rejected":
                raise PictureRejectedError(str(done.get("reason") or ""))
            if done.get("state") == "ready":
                return {**done, "s3_url": offer["s3_url"]}
            await self._pause_until(until, f"the {kind}", seconds)

    async def _pause_until(self, until: float, what: str, seconds: float) -> None:
        if self._world.now() >= until:
            raise NotInTimeError(f"{what} arrived, and was not ready within {seconds:g} s; it may become ready later")
        await self._world.sleep(0.5)

    def _following(self, cursor: str | None, following: str | None) -> str | None:
        """The next page's cursor; raises LostError where pages go round."""
        if following is not None and following == cursor:
            raise LostError(f"{self.url} answers the same page again and again")
        return following


def _quoted(part: str) -> str:
    return quote(part, safe="")
