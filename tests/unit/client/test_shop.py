"""What a shop's own program asks of a stack: `Vto`, and `AsyncVto`, which is the same with await."""

import asyncio
import inspect
import json
import threading
from collections.abc import Generator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.unit.client.service import JOB, LINK, TOKEN, URL, Service, answer, completed, job, refusal
from vto_client import (
    ApiError,
    AsyncVto,
    LostError,
    NotInTimeError,
    PictureRejectedError,
    TokenError,
    UploadRefusedError,
    Vto,
)
from vto_client.blocking import done
from vto_client.loop import Loop
from vto_client.pictures import type_of
from vto_client.ports import Call
from vto_client.thread import Thread

JPEG, PNG = b"\xff\xd8\xff\xe0 photo", b"\x89PNG\r\n\x1a\n mask"
FORM = {"url": "https://uploads.example.com/", "fields": {"key": "models/x.jpg", "policy": "SECRET"}}
OFFER = {**FORM, "upload_id": "photo-1-jpg", "s3_url": "s3://uploads/models/x.jpg", "model_id": "photo-1"}
COMPLETE = "POST /uploads/photo-1-jpg/complete"
MODEL = {"model_id": "photo-1", "name": "My photo", "readiness": "ready"}


def importing(state: str, model: Any = None, **more: Any) -> dict[str, Any]:
    return {"upload_id": "photo-1-jpg", "state": state, "model": model, **more}


# --- pages ------------------------------------------------------------------------------------------------------------


def test_products_are_fetched_page_after_page_as_they_are_asked_for() -> None:
    pages = [{"products": [{"product_id": "a"}], "next": "2"}, {"products": [], "next": "3"},
             {"products": [{"product_id": "b"}], "next": None}]  # fmt: skip
    service = Service().says("GET /products", *pages)
    found = service.vto.products(category="tops", search="blue shirt")
    assert next(found)["product_id"] == "a"
    assert len(service.asked) == 1
    assert [one["product_id"] for one in found] == ["b"], "an empty page is not the last one"
    assert [dict(one.url.params) for one in service.asked] == [
        {"category": "tops", "search": "blue shirt"},
        {"category": "tops", "search": "blue shirt", "cursor": "2"},
        {"category": "tops", "search": "blue shirt", "cursor": "3"},
    ]


def test_pages_that_go_round_end() -> None:
    service = Service().says("GET /try-ons", {"try_ons": [], "next": "2"})
    with pytest.raises(LostError, match="the same page again and again"):
        list(service.vto.history())


def test_an_export_is_all_its_pages_in_one() -> None:
    first = {"exported_at": "t1", "user_id": "u", "models": [{"model_id": "m"}], "try_ons": [], "next": "try_ons:1"}
    second = {"exported_at": "t2", "user_id": "u", "models": [], "try_ons": [{"id": "j"}], "next": None}
    whole = Service().says("GET /me/export", first, second).vto.export()
    assert whole == {"exported_at": "t1", "user_id": "u", "models": [{"model_id": "m"}], "try_ons": [{"id": "j"}]}


# --- uploads ----------------------------------------------------------------------------------------------------------


def test_a_photo_is_uploaded_as_it_is_without_the_token_and_waited_for(tmp_path: Path) -> None:
    service = Service().says("POST /uploads", OFFER).says("POST /", httpx.Response(204))
    service.says(COMPLETE, importing("importing"), importing("ready", MODEL))
    file = tmp_path / "me.heic"
    file.write_bytes(JPEG)
    assert service.vto.upload_photo(file, consent="7") == MODEL
    asked, sent, *looked = service.asked
    assert json.loads(asked.content) == {
        "kind": "photo", "content_type": "image/jpeg", "consent": {"policy_version": "7"}
    }  # fmt: skip
    assert sent.url.host == "uploads.example.com"
    assert "Authorization" not in sent.headers
    assert JPEG in sent.content
    assert sent.content.index(b"policy") < sent.content.index(JPEG), "S3 reads nothing behind the file"
    assert len(looked) == 2


def test_a_mask_is_told_by_its_address() -> None:
    service = Service().says("POST /uploads", OFFER).says("POST /", httpx.Response(204))
    service.says(COMPLETE, importing("ready"))
    assert service.vto.upload_mask(PNG, consent="1") == "s3://uploads/models/x.jpg"


def test_a_picture_that_cannot_be_used_is_told_with_the_reason() -> None:
    service = Service().says("POST /uploads", OFFER).says("POST /", httpx.Response(204))
    service.says(COMPLETE, importing("rejected", None, reason="The photo is too dark."))
    with pytest.raises(PictureRejectedError) as rejected:
        service.vto.upload_photo(JPEG, consent="1")
    assert (rejected.value.code, rejected.value.message) == ("picture_rejected", "The photo is too dark.")


def test_an_import_that_takes_too_long_is_not_waited_for_longer_than_was_said() -> None:
    service = Service().says("POST /uploads", OFFER).says("POST /", httpx.Response(204))
    service.says(COMPLETE, importing("importing"))
    with pytest.raises(NotInTimeError, match="the photo arrived, and was not ready within 10 s"):
        service.vto.upload_photo(JPEG, consent="1", seconds=10)
    assert service.time == 10


def test_what_is_no_picture_is_not_offered() -> None:
    service = Service()
    with pytest.raises(ValueError, match="no JPEG, PNG or WebP picture"):
        service.vto.upload_photo(b"GIF89a", consent="1")
    assert service.asked == []
    assert type_of(b"RIFF\x00\x00\x00\x00WEBPVP8 ") == "image/webp"


def test_a_place_that_does_not_take_a_picture_is_told_without_its_form() -> None:
    refused = httpx.Response(400, text="<Error><Code>EntityTooLarge</Code><Policy>SECRET</Policy></Error>")
    service = Service().says("POST /uploads", OFFER).says("POST /", refused)
    with pytest.raises(UploadRefusedError, match=r"\(400\): it is larger than a picture may be") as error:
        service.vto.upload_photo(JPEG, consent="1")
    assert "SECRET" not in str(error.value)


# --- the shop's own products ------------------------------------------------------------------------------------------


def product(readiness: str | None, updated_at: str, **more: Any) -> dict[str, Any]:
    return {"product_id": "shirt-1", "readiness": readiness, "updated_at": updated_at, **more}


def test_a_product_is_put_with_what_is_said_of_it_only() -> None:
    service = Service().says("PUT /products/shirt-1", answer(201, product(None, "t1")))
    service.vto.put_product("shirt-1", name="Shirt", category="tops", garment_class="UPPER_BODY")
    assert service.bodies() == [{"name": "Shirt", "category": "tops", "garment_class": "UPPER_BODY"}]


def test_a_new_picture_is_waited_for_though_the_old_one_is_ready() -> None:
    service = Service().says("POST /products/shirt-1/picture", {**FORM, "product_id": "shirt-1"})
    service.says("POST /", httpx.Response(204))
    old, new = product("ready", "t1"), product("ready", "t2")
    service.says("GET /products/shirt-1", old, old, old, new)
    assert service.vto.upload_product_picture("shirt-1", PNG) == new
    (offered,) = [one for one in service.asked if one.url.path.endswith("/picture")]
    assert json.loads(offered.content) == {"content_type": "image/png", "bytes": len(PNG)}
    service.says("GET /products/shirt-1", new, product("rejected", "t3", reason="Too small."))
    with pytest.raises(PictureRejectedError, match=r"Too small\."):
        service.vto.upload_product_picture("shirt-1", PNG)


def test_who_is_no_admin_is_refused_by_the_services_own_word() -> None:
    service = Service().says("PUT /products/x", refusal(403, "forbidden"))
    with pytest.raises(ApiError) as refused:
        service.vto.put_product("x", name="X", category="y")
    assert (refused.value.code, refused.value.status) == ("forbidden", 403)


# --- results, and what is deleted -------------------------------------------------------------------------------------


def test_a_result_is_fetched_where_it_lies_without_the_token() -> None:
    service = Service().says(f"GET /try-ons/{JOB}/result", answer(303, None, Location=LINK))
    service.says("GET /0.png", httpx.Response(200, content=b"png"))
    assert service.vto.result(JOB, 2) == b"png"
    asked, fetched = service.asked
    assert dict(asked.url.params) == {"image": "2"}
    assert "Authorization" in asked.headers
    assert "Authorization" not in fetched.headers
    service.vto.result(JOB, original=True)
    assert dict(service.asked[2].url.params) == {"image": "0", "original": "true"}


def test_a_result_that_is_not_there_is_refused() -> None:
    service = Service().says(f"GET /try-ons/{JOB}/result", refusal(404, "not_found"))
    with pytest.raises(ApiError):
        service.vto.result(JOB)


def test_what_was_deleted_by_a_request_whose_answer_was_lost_is_deleted() -> None:
    service = Service().says(f"DELETE /try-ons/{JOB}", httpx.ReadTimeout("lost"), refusal(404, "not_found"))
    service.vto.delete_try_on(JOB)
    with pytest.raises(ApiError):
        Service().says(f"DELETE /try-ons/{JOB}", refusal(404, "not_found")).vto.delete_try_on(JOB)
    Service().says("DELETE /models/m", httpx.Response(204)).vto.delete_model("m")
    Service().says("DELETE /products/p", httpx.Response(204)).vto.delete_product("p")


# --- keys and tokens --------------------------------------------------------------------------------------------------


def test_a_key_is_made_once_kept_over_all_attempts_and_told_when_no_answer_came() -> None:
    service = Service().says("POST /try-ons", httpx.ReadTimeout("lost"))
    with pytest.raises(LostError) as lost:
        service.vto.try_on(product_id="shirt", model_id="anna")
    (key,) = {one.headers["Idempotency-Key"] for one in service.asked}
    assert lost.value.key == key


def test_a_token_that_ends_is_asked_for_anew_once() -> None:
    given: list[bool] = []

    def token(anew: bool) -> str:
        given.append(anew)
        return "new" if anew else "old"

    service = Service().says("GET /models", answer(401, {"message": "Unauthorized"}), {"models": []})
    world = Thread(token, transport=httpx.MockTransport(service))
    assert Vto(URL, token, world=world).models() == []
    assert [one.headers["Authorization"] for one in service.asked] == ["Bearer old", "Bearer new"]
    assert given == [False, True]
    service.says("GET /models", answer(401, {}))
    with pytest.raises(TokenError):
        Vto(URL, token, world=world).models()


def test_the_same_token_again_is_not_sent_again() -> None:
    service = Service().says("GET /models", answer(401, {}))
    with pytest.raises(TokenError):
        service.vto.models()
    assert len(service.asked) == 1


def test_what_is_public_is_asked_without_a_token() -> None:
    service = Service().says("GET /config", {"garment_classes": []})
    service.vto.config()
    assert "Authorization" not in service.asked[0].headers


# --- the other one ----------------------------------------------------------------------------------------------------


def test_both_have_the_same_methods_with_the_same_arguments() -> None:
    def methods(kind: type) -> dict[str, list[str]]:
        named = {name: one for name, one in vars(kind).items() if not name.startswith("_")}
        return {name: list(inspect.signature(one).parameters) for name, one in named.items()}

    assert methods(Vto) == methods(AsyncVto)
    assert all(one.__doc__ for name, one in vars(Vto).items() if not name.startswith("_"))


def test_asynchronous_programs_are_answered_the_same() -> None:
    service = Service().says("POST /try-ons", httpx.ReadTimeout("lost"), answer(202, job(1, "created")))
    service.says(f"GET /try-ons/{JOB}", completed()).says("GET /products", {"products": [{"product_id": "a"}]}, {})
    service.answers["GET /products"] = [answer(200, {"products": [{"product_id": "a"}], "next": None})]

    async def token(anew: bool) -> str:
        return TOKEN

    class Quick(Loop):
        async def sleep(self, seconds: float) -> None:
            service.passes(seconds)

        def now(self) -> float:
            return service.time

    async def play() -> tuple[Any, list[Any]]:
        async with AsyncVto(URL, token, world=Quick(token, transport=httpx.MockTransport(service))) as shop:
            found = [one async for one in shop.products()]
            return await shop.wait(await shop.try_on(product_id="a", model_id="m", key="k")), found

    ended, found = asyncio.run(play())
    assert ended["status"] == "completed"
    assert found == [{"product_id": "a"}]
    assert {one.headers["Authorization"] for one in service.asked} == {f"Bearer {TOKEN}"}


def test_a_function_that_waits_is_called_in_a_thread_of_its_own() -> None:
    seen: list[threading.Thread] = []

    def token(anew: bool) -> str:
        seen.append(threading.current_thread())
        return TOKEN

    assert asyncio.run(Loop(token).token(False)) == TOKEN
    assert seen[0] is not threading.main_thread()


def test_a_function_that_is_async_is_none_for_a_program_that_waits() -> None:
    async def token(anew: bool) -> str:
        return TOKEN

    given = token(False)
    with pytest.raises(TypeError, match="takes a function that is not async"):
        done(Thread(lambda anew: given).token(False))  # type: ignore[arg-type, return-value]
    given.close()


def test_a_step_that_waits_for_a_loop_is_a_mistake_and_said() -> None:
    class Waiting:
        def __await__(self) -> Generator[None]:
            yield

    with pytest.raises(RuntimeError, match="waits for a loop"):
        done(Waiting())


def test_a_request_is_told_to_httpx_as_it_is() -> None:
    call = Call("POST", URL, {"A": "b"}, {"q": "1"}, {"c": 1})
    assert call.options() == {
        "method": "POST", "url": URL, "follow_redirects": False, "headers": {"A": "b"}, "params": {"q": "1"},
        "json": {"c": 1},
    }  # fmt: skip


def test_what_was_throttled_did_not_run_so_what_is_not_there_was_not_deleted() -> None:
    busy = answer(429, {"message": "Too Many Requests"})
    service = Service().says(f"DELETE /try-ons/{JOB}", busy, refusal(404, "not_found"))
    with pytest.raises(ApiError, match="not_found"):
        service.vto.delete_try_on(JOB)


def test_a_lambda_that_calls_an_async_function_is_waited_for() -> None:
    seen: list[str] = []

    def service(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers["Authorization"])
        return httpx.Response(200, json={"models": []})

    async def fetched(*, anew: bool) -> str:
        return f"new-{anew}"

    async def asked() -> None:
        world = Loop(lambda anew: fetched(anew=anew), transport=httpx.MockTransport(service))
        async with AsyncVto(URL, TOKEN, world=world) as shop:
            await shop.models()

    asyncio.run(asked())
    assert seen == ["Bearer new-False"]


def test_a_try_on_that_has_ended_is_seen_however_short_one_waits() -> None:
    service = Service().says(f"GET /try-ons/{JOB}", completed())
    assert service.vto.wait(JOB, seconds=0)["status"] == "completed"
