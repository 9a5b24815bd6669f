"""The page in this machine's Chromium before a stand-in of the service: what the local stack does not show."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect, sync_playwright

from local.page import serving
from local.processes import free_ports
from local.stack import Endpoints
from tests.e2e.browser.conftest import ARGUMENTS, DESK, PHONE, chromium, jpeg, refusals_of_axe
from tests.page.stand_in import API, CONFIG, CORS, SOCKET, StandIn, model

pytestmark = [
    pytest.mark.enable_socket,
    pytest.mark.skipif(chromium() is None, reason="there is no Chromium on this machine"),
]

type Open = Callable[..., tuple[Page, StandIn]]

STACK = Endpoints(
    name="vto", aws=API, access_key="", secret_key="", region="us-east-1", canvas="", api_url=API, socket_url=SOCKET,
    user_pool_id="us-east-1_p", client_id="c", state_machine_arn="",
)  # fmt: skip
TOKENS = json.dumps({"access": "a", "refresh": "r", "until": 9e15, "user": "ada@example.com"})


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as play:
        started = play.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        yield started
        started.close()


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with serving(STACK, free_ports(1)[0]) as found:
        yield found


@pytest.fixture
def visit(browser: Browser, address: str) -> Iterator[Open]:
    """Opens the page before a stand-in; at the end nothing may have gone wrong unseen."""
    told: list[str] = []
    contexts = []

    def opened(size: tuple[int, int] = DESK, *, signed_in: bool = True, **more: Any) -> tuple[Page, StandIn]:
        window = {"width": size[0], "height": size[1]}
        context = browser.new_context(viewport=window, locale="en-GB", reduced_motion="reduce", **more)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("pageerror", lambda error: told.append(str(error)))
        if signed_in:
            page.add_init_script(f"sessionStorage['vto.tokens.c'] = JSON.stringify({TOKENS})")
        return page, StandIn(page, address)

    yield opened
    for context in contexts:
        context.close()
    assert told == []


def test_without_an_account_three_clicks_lead_to_a_picture_of_a_sample_person(visit: Open, address: str) -> None:
    page, service = visit(PHONE, signed_in=False, has_touch=True, is_mobile=True)
    service.models.append(model("mine", "", address, is_own=True))
    page.goto(address)
    page.get_by_role("button", name="Try without an account").click()
    page.locator(".card").first.click()  # one
    page.locator(".people label").first.click()  # two
    assert page.locator(".people .add").count() == 0, "there is nothing to send"
    page.get_by_text("Takes about 9 s").wait_for()
    service.until = "generating"
    page.locator(".go button").click()  # three
    page.get_by_text("Keep this page open").wait_for()
    page.wait_for_selector(".steps .now:has-text('Making the picture')")
    page.locator("summary", has_text="How it is made").click()
    page.wait_for_selector(".machine .now text:has-text('Invoke Model')")
    said = page.get_by_role("img", name="Now: Invoke Model.")
    assert "Done: Validate Request, Reserve Slot, " in (said.get_attribute("aria-label") or "")
    assert refusals_of_axe(page) == []
    service.until = "completed"
    page.reload()  # the guest is known again
    page.wait_for_selector(".badge")
    assert page.get_by_role("button", name="Delete").count() == 0
    assert page.locator("#bar nav a").count() == 0, "no history, no data"
    assert refusals_of_axe(page) == []
    public = ("/config", "/guests/")
    assert [path for _, path, _ in service.asked if not path.startswith(public)] == []
    assert {"guest": "secret"} in [body for _, path, body in service.asked if path == "/guests/tickets"]
    assert {frame["action"] for frame in service.frames} == {"tryOn", "watchJob"}
    page.get_by_role("button", name="Sign in").first.click()
    page.wait_for_selector("form input[name=email]")
    assert page.evaluate("Object.keys(sessionStorage)") == []
    assert page.url.endswith("#/"), "a guest's picture is not there for whoever signs in"


def test_a_shop_that_wants_no_guests_does_not_offer_it(
    visit: Open, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(CONFIG, "guests", False)
    page, _ = visit(signed_in=False)
    with page.expect_response("**/config"):
        page.goto(address)
    page.wait_for_selector("form")
    assert page.get_by_role("button", name="Try without an account").count() == 0


def test_the_service_searches_and_pages_and_a_late_answer_does_not_replace_a_newer_one(
    visit: Open, address: str
) -> None:
    page, service = visit()
    page.goto(address)
    page.wait_for_selector(".card")
    names = page.locator(".card strong")
    page.get_by_role("button", name="Shoes").click()
    page.get_by_role("status").filter(has_text="13 products").wait_for()
    assert page.get_by_role("button", name="Shoes").get_attribute("aria-pressed") == "true"
    page.get_by_role("searchbox").fill("product 38")
    page.get_by_role("status").filter(has_text="1 products").wait_for()
    assert names.all_inner_texts() == ["Product 38"], "found on the fourth page, as the first three are empty"
    late: list[Route] = []
    page.route("**/products?*search=slow*", lambda route, _request: late.append(route))
    with page.expect_request("**/products?*search=slow*"):
        page.get_by_role("searchbox").fill("slow")
    page.get_by_role("searchbox").fill("zebra")
    page.get_by_text("Nothing found").wait_for()
    late[0].fallback()
    page.get_by_role("searchbox").fill("product 38")
    page.get_by_text("Product 38", exact=True).wait_for()
    assert names.all_inner_texts() == ["Product 38"]
    page.get_by_role("searchbox").fill("")
    page.get_by_role("button", name="All").click()
    page.get_by_role("status").filter(has_text="and more").wait_for()
    page.get_by_role("button", name="Show more").focus()
    page.keyboard.press("Enter")
    page.get_by_text("Product 39", exact=True).wait_for()
    assert names.count() == 40
    page.get_by_text("Product 5", exact=True).click()
    page.wait_for_selector(".people label")
    page.go_back()
    page.wait_for_selector(".card")
    assert names.count() == 40, "who comes back finds what they had"
    asked = [path for _, path, _ in service.asked if path.startswith("/products?")]
    assert "/products?category=shoes&search=product+38&cursor=30" in asked


def test_two_try_ons_are_compared_over_each_other_and_side_by_side_by_keyboard(visit: Open, address: str) -> None:
    page, service = visit()
    service.job("a", images=2)
    service.job("b")
    page.goto(f"{address}#/history")
    page.get_by_role("button", name="Compare two").press("Enter")
    for box in page.get_by_role("checkbox").all():
        box.press("Space")
    slider = page.get_by_role("slider")
    slider.press("ArrowRight")
    assert page.locator(".compare").evaluate("(box) => box.style.getPropertyValue('--split')") == "51"
    page.get_by_role("button", name="Side by side").press("Enter")
    assert page.locator("figure img").count() == 2
    page.get_by_label("Picture 2", exact=True).select_option("a.1")
    assert page.url.endswith("#/compare/a.0/a.1")
    assert "Picture 2 of 2" in page.locator("figcaption").nth(1).inner_text()
    assert refusals_of_axe(page) == []


def test_one_try_on_and_one_photo_are_deleted_once_that_was_confirmed(visit: Open, address: str) -> None:
    page, service = visit()
    service.job("a")
    service.job("b")
    service.models.append(model("m1", "My photo", address, is_own=True))
    page.goto(f"{address}#/history")
    first = page.locator(".kept").first.get_by_role("button")
    first.click()
    page.get_by_role("button", name="Keep it").click()
    assert len(service.jobs) == 2
    first.click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    page.get_by_role("status").filter(has_text="Deleted.").wait_for()
    assert list(service.jobs) == ["b"]
    assert page.evaluate("document.activeElement.textContent") == "Delete", "the keyboard goes on where it was"
    page.goto(f"{address}#/me")
    page.get_by_role("button", name="Rename: your photo").click()
    page.get_by_role("textbox").fill("At the sea")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Delete: At the sea").click()
    assert refusals_of_axe(page) == []
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    page.get_by_text("No photo of yours is here.").wait_for()
    assert ("DELETE", "/models/m1", None) in service.asked


def test_more_of_the_history_comes_once_however_often_it_is_asked_for_and_says_why_it_does_not(
    visit: Open, address: str
) -> None:
    page, service = visit()
    first, second = service.job("first"), service.job("second")
    page.route(f"{API}/try-ons", lambda route: route.fulfill(json={"try_ons": [first], "next": "c"}, headers=CORS))
    late: list[Route] = []
    page.route(f"{API}/try-ons?cursor=c", lambda route, _request: late.append(route))
    page.goto(f"{address}#/history")
    more = page.get_by_role("button", name="Show more")

    def twice() -> Route:
        more.evaluate("one => (one.click(), one.click())")
        page.wait_for_timeout(200)
        assert len(late) == 1
        return late.pop()

    refusal = {"code": "invalid_request", "message": "No.", "retryable": False}
    twice().fulfill(status=400, json=refusal, headers=CORS)
    page.locator("p.wait:not(:empty)").wait_for()
    twice().fulfill(json={"try_ons": [second], "next": None}, headers=CORS)
    page.locator("li.kept").nth(1).wait_for()
    assert page.locator("li.kept").count() == 2
    assert page.locator("p.wait").inner_text() == "", "what went wrong is over"


def test_a_question_goes_with_the_view_that_asked_it(visit: Open, address: str) -> None:
    page, service = visit()
    service.job("job-0")
    page.goto(f"{address}#/history")
    page.locator("li.kept").wait_for()
    page.goto(f"{address}#/job/job-0")
    page.get_by_role("button", name="Delete").click()
    page.wait_for_selector("dialog")
    page.go_back()
    page.locator("li.kept").wait_for()
    page.wait_for_selector("dialog", state="detached")
    assert "job-0" in service.jobs


def test_a_picture_whose_link_has_grown_too_old_is_not_saved_as_an_error(visit: Open, address: str) -> None:
    page, service = visit()
    service.job("job-0")
    page.goto(f"{address}#/job/job-0")
    page.wait_for_selector(".badge")
    saved: list[str] = []
    page.on("download", lambda one: saved.append(one.suggested_filename))
    page.route("**/pictures/after.jpg?original", lambda route: route.fulfill(status=403, body="<Error/>"), times=1)
    with page.expect_request(f"{API}/try-ons/job-0"):
        page.get_by_role("button", name="Download").click()
    page.wait_for_selector(".badge")
    assert saved == []
    with page.expect_download():
        page.get_by_role("button", name="Download").click()


PIXEL = "data:image/webp;base64,UklGRiQAAABXRUJQVlA4IBgAAAAwAQCdASoBAAEAAUAmJaQAA3AA/v02aAA="


def test_a_preview_is_seen_before_the_picture_is_there_and_the_engines_own_file_is_saved(
    visit: Open, address: str
) -> None:
    page, service = visit()
    done = service.job("job-0")
    done["images"][0] |= {"preview": PIXEL}
    held: list[Any] = []
    page.route("**/pictures/after.jpg", lambda route: held.append(route))  # noqa: PLW0108 - Playwright marks it
    page.goto(f"{address}#/job/job-0")
    seen = page.locator(".compare img:not(.before)")
    expect(seen).to_have_attribute("src", PIXEL)
    assert seen.evaluate("it => it.decode().then(() => it.naturalWidth)") == 1  # the page's own policy lets it
    held[0].continue_()
    expect(seen).to_have_attribute("src", done["images"][0]["url"])
    with page.expect_request("**/pictures/after.jpg?original"), page.expect_download():
        page.get_by_role("button", name="Download").click()


def test_a_search_that_failed_is_not_said_to_have_found_anything(visit: Open, address: str) -> None:
    page, _ = visit()
    page.goto(address)
    page.wait_for_selector(".card")
    refusal = {"code": "invalid_request", "message": "No.", "retryable": False}
    page.route("**/products?*search=x*", lambda route: route.fulfill(status=400, json=refusal, headers=CORS))
    page.get_by_role("searchbox").fill("x")
    page.locator("p.wait:not(:empty)").wait_for()
    page.wait_for_timeout(100)
    assert "products" not in page.locator("#said").inner_text()


def test_a_picture_is_shared_as_a_file_where_there_is_a_sheet_and_as_a_link_elsewhere(
    visit: Open, address: str
) -> None:
    page, service = visit(permissions=["clipboard-read", "clipboard-write"])
    job = service.job("a")
    page.add_init_script(
        "window.handed = new Promise((done) => { navigator.share = async (it) => done(it); });"
        "navigator.canShare = (it) => it.files.length === 1;"
    )
    page.goto(f"{address}#/job/a")
    share = page.get_by_role("button", name="Share")
    share.click()
    shared = page.evaluate("handed.then((it) => [it.files[0].name, it.files[0].type, it.title])")
    assert shared == ["try-on-product-0-a.jpg", "image/jpeg", "Product 0"]
    page.evaluate("navigator.canShare = undefined")
    share.click()
    page.get_by_role("button", name="Link copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == job["images"][0]["url"]


def test_a_photo_that_was_taken_in_is_there_though_the_list_does_not_have_it_yet(visit: Open, address: str) -> None:
    page, service = visit()
    page.goto(f"{address}#/try/p0")
    page.locator(".people .add").click()
    chosen = page.locator("dialog input[type=file]").first
    chosen.set_input_files({"name": "me.jpg", "mimeType": "image/jpeg", "buffer": jpeg(600, 800)})
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name="Use this photo").click()
    page.wait_for_selector(".people :checked + img[alt='your photo']")
    asked = [path for _, path, _ in service.asked if "upload" in path]
    assert asked == ["/uploads", *2 * ["/uploads/photo-1/complete"]]


def test_who_was_signed_out_meanwhile_signs_in_again_and_the_page_speaks_the_language_that_was_chosen(
    visit: Open, address: str
) -> None:
    page, _ = visit()
    page.route(f"{API}/products**", lambda route: route.fulfill(status=401, json={}, headers=CORS))
    page.goto(address)
    page.wait_for_selector("form input[name=email]")
    page.get_by_role("button", name="日本語").click()
    page.get_by_role("button", name="サインイン").wait_for()
    assert page.locator("html").get_attribute("lang") == "ja"


def test_without_a_network_what_was_not_fetched_yet_is_missed_in_words(visit: Open, address: str) -> None:
    page, _ = visit()
    page.goto(f"{address}#/try/p0")
    page.wait_for_selector(".people label")
    page.route(f"{address}**", lambda route: route.abort())
    page.locator("summary", has_text="Options").click()
    page.get_by_text("There is no connection to the shop.").first.wait_for()
