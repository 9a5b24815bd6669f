"""What a shopper does at the page, in a real browser: from the first click to a picture, and whatever comes between."""

import io
import re
import uuid
from collections.abc import Callable
from typing import Any

from PIL import Image

from tests.e2e.browser.conftest import PHONE, Visit, jpeg, sign_in
from tests.e2e.conftest import ROOT, World
from tests.page.test_page import MOST, WEB, first_load
from vto.errors import all_errors

type Open = Callable[..., Visit]

BY_THE_API = sorted({error.code for error in all_errors().values()})


def slow(seconds: float) -> dict[str, Any]:
    """An order to the model: answer late."""
    return {"kind": "slow", "seconds": seconds}


def test_a_first_try_with_a_sample_person_takes_three_clicks_after_signing_in(visit: Open, world: World) -> None:
    one = visit(signed_in=False).open()
    page = one.page
    one.page.wait_for_selector("form")
    one.look("desk-1-sign-in")
    sign_in(one, world)
    one.look("desk-2-products", full=True)
    page.locator(".card", has_text="Breton").click()
    page.wait_for_selector(".people label")
    one.choose()
    page.wait_for_selector(".go button:enabled")
    fetched = one.files()
    assert fetched == {str(path.relative_to(WEB)): path.stat().st_size for path in first_load("en")}
    assert sum(fetched.values()) < MOST
    page.wait_for_selector(".go .hint:not(:empty)")
    one.look("desk-3-fitting-room")
    world.faults(slow(3))
    one.press_try()
    page.wait_for_selector(
        ".steps .now:has-text('Making the picture')", timeout=120_000
    )  # of a new stack, as in done()
    assert "s left" in page.locator(".time").inner_text()
    page.locator("summary", has_text="How it is made").click()
    page.get_by_role("img", name="Now: Invoke Model.").wait_for()
    one.look("desk-4-progress", full=True)
    made = one.done()
    one.look("desk-5-result", full=True)
    assert made["width"] >= 320
    assert made["label"] == "AI-generated"
    row = world.row("jobs", id=made["job_id"])
    assert row is not None
    assert row["status"] == {"S": "completed"}
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    assert re.fullmatch(r"try-on-breton-t-shirt-\w{8}\.\w+", download.value.suggested_filename)
    Image.open(download.value.path()).load()


def test_a_photo_of_ones_own_is_sent_upright_small_and_bare_and_only_once_agreed(visit: Open, world: World) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held upright
    exif[0x010F] = "Secret Camera"
    person = Image.open(ROOT / "out" / "samples" / "standing-person.png").convert("RGB").resize((3000, 4000))
    stored = io.BytesIO()
    person.rotate(90, expand=True).save(stored, "JPEG", quality=95, exif=exif)
    one = visit().to(world.garment)
    page = one.page
    page.locator(".people .add").click()
    one.look("desk-6-photo")
    page.locator("dialog input[type=file]").first.set_input_files(
        {"name": "me.jpg", "mimeType": "image/jpeg", "buffer": stored.getvalue()}
    )
    use = page.get_by_role("button", name="Use this photo")
    use.wait_for()
    one.look("desk-7-consent")
    assert use.is_disabled()
    assert "30 days" in page.locator("dialog").inner_text()
    assert not [url for method, url in one.asked if "/uploads" in url], "something was sent before the shopper agreed"
    page.get_by_role("checkbox").check()
    with page.expect_request(
        lambda request: request.method == "POST" and world.endpoints.buckets["uploads"] in request.url
    ):
        use.click()
    page.wait_for_selector("dialog", state="detached")
    page.wait_for_selector(".people :checked + img[alt='your photo']")
    assert [url for method, url in one.asked if method == "POST" and url.endswith("/complete")]
    content = one.sent()
    sent = Image.open(io.BytesIO(content))
    assert (sent.format, sent.size) == ("JPEG", (1536, 2048))
    assert len(content) < 1_000_000
    assert not sent.getexif()
    assert b"Secret" not in content
    one.press_try()
    assert one.done()["width"] >= 320
    one.open("me")
    page.get_by_role("button", name="Rename: your photo").first.click()
    page.get_by_role("textbox").fill("At the sea")
    page.keyboard.press("Enter")
    one.look("desk-13-data", full=True)
    page.get_by_role("button", name="Delete: At the sea").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    page.wait_for_selector("#said:has-text('Deleted.')", state="attached")
    assert page.get_by_text("At the sea").count() == 0


def test_a_photo_that_cannot_be_used_is_refused_before_it_is_sent(visit: Open, world: World) -> None:
    one = visit().to(world.garment)
    one.page.locator(".people .add").click()
    for name, kind, content, said in (
        ("small.jpg", "image/jpeg", jpeg(300, 900), "too small: both sides need 320"),
        ("strip.jpg", "image/jpeg", jpeg(2000, 400), "too narrow"),
        ("night.jpg", "image/jpeg", jpeg(800, 800, (9, 9, 12)), "too dark"),
        ("broken.jpg", "image/jpeg", b"\xff\xd8 nothing", "cannot be read"),
        ("notes.pdf", "application/pdf", b"%PDF-1.4", "no photo"),
    ):
        chosen = one.page.locator("dialog input[type=file]").first
        chosen.set_input_files({"name": name, "mimeType": kind, "buffer": content})
        one.page.wait_for_selector(f"dialog .wrong:has-text('{said}')")
    assert not [url for _, url in one.asked if "/uploads" in url]


def test_a_photo_may_be_pasted_or_dropped(visit: Open, world: World) -> None:
    one = visit().to(world.garment)
    make = """async (kind) => {
        const canvas = new OffscreenCanvas(600, 800);
        canvas.getContext("2d").fillStyle = "#b98"; canvas.getContext("2d").fillRect(0, 0, 600, 800);
        const data = new DataTransfer();
        data.items.add(new File([await canvas.convertToBlob({type: "image/png"})], "me.png", {type: "image/png"}));
        const event = kind === "paste" ? new ClipboardEvent("paste", {clipboardData: data, bubbles: true})
            : new DragEvent("drop", {dataTransfer: data, bubbles: true, cancelable: true});
        document.querySelector(".stage").dispatchEvent(event);
    }"""
    for kind in ("paste", "drop"):
        one.page.evaluate(make, kind)
        one.page.wait_for_selector("dialog .preview")
        one.page.keyboard.press("Escape")
        one.page.wait_for_selector("dialog", state="detached")


def test_a_photo_may_be_taken_with_the_camera(visit: Open, world: World) -> None:
    one = visit().to(world.garment)
    one.page.locator(".people .add").click()
    one.page.get_by_role("button", name="Take a photo").click()
    one.page.get_by_role("button", name="Take it now").click()
    one.page.wait_for_selector("dialog img.preview")
    assert (
        one.page.locator("dialog img.preview").evaluate("(image) => image.decode().then(() => image.naturalWidth)")
        >= 320
    )


def test_a_shops_own_product_page_opens_the_fitting_room_over_it(visit: Open, world: World) -> None:
    one = visit()
    one.page.goto(f"{one.address}examples/shop.html")
    one.page.get_by_role("button", name="See it on me").click()
    room = one.page.frame_locator("iframe")
    room.locator(".people label").first.wait_for()
    assert room.locator("h1").inner_text() == "Breton T-shirt"
    one.look("desk-14-shop")
    one.page.get_by_role("button", name="Close").click()
    one.page.wait_for_selector("iframe", state="detached")


def test_a_painted_area_becomes_the_mask(visit: Open, world: World) -> None:
    one = visit().to(world.garment).choose()
    page = one.page
    page.locator("summary", has_text="Options").click()
    page.get_by_label("What is replaced").select_option("paint")
    assert page.locator(".go button").is_disabled(), "there is nothing to try before something is painted"
    page.get_by_role("button", name="Paint the area").click()
    canvas = page.locator(".painter canvas")
    box = canvas.bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] * 0.35, box["y"] + box["height"] * 0.3)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.65, box["y"] + box["height"] * 0.4, steps=4)
    page.mouse.up()
    canvas.press("ArrowDown")
    canvas.press("Space")
    one.look("desk-8-painting")
    page.get_by_role("button", name="Use this area").click()
    page.get_by_role("button", name="Area painted").wait_for()
    one.press_try()
    row = world.row("jobs", id=one.done()["job_id"])
    assert row is not None
    address = row["parameters"]["M"]["imageBasedMask"]["M"]["maskImage"]["S"]
    assert address.startswith(f"s3://{world.endpoints.buckets['uploads']}/masks/users/")
    mask = Image.open(io.BytesIO(one.sent())).convert("L")
    photo = world.row("models", model_id=world.person)
    assert photo is not None
    assert mask.size == (int(photo["width"]["N"]), int(photo["height"]["N"]))
    black, white = mask.histogram()[0], mask.histogram()[255]
    assert black + white == mask.width * mask.height
    assert 0.005 < black / white < 0.5
    assert mask.getpixel((mask.width // 2, round(mask.height * 0.35))) == 0


def test_several_pictures_and_what_was_changed_can_be_looked_at(visit: Open, world: World) -> None:
    one = visit().to(world.garment).choose()
    page = one.page
    page.locator("summary", has_text="Options").click()
    page.get_by_label("Pictures").select_option("2")
    page.get_by_label("Also show what was changed").check()
    one.look("desk-9-options", full=True)
    one.press_try().done()
    page.locator(".variants label").nth(1).click()
    page.get_by_role("button", name="Show what was changed").click()
    page.wait_for_selector(".compare canvas")
    one.look("desk-10-variants", full=True)
    tinted = page.locator(".compare canvas").evaluate(
        "(c) => c.getContext('2d').getImageData(0, 0, c.width, c.height).data.filter((v, i) => i % 4 === 3 && v).length"
    )
    assert tinted > 1000
    page.get_by_role("link", name="Compare two").click()
    page.wait_for_selector(".two .compare")
    one.look("desk-15-compare")
    page.get_by_role("button", name="Side by side").click()
    one.look("desk-16-side-by-side")
    assert page.locator("figure img").evaluate_all("(all) => new Set(all.map((one) => one.src)).size") == 2


def test_a_lost_socket_a_lost_network_and_a_reload_do_not_lose_the_picture(visit: Open, world: World) -> None:
    one = visit().to(world.garment).choose()
    page = one.page
    page.locator("summary", has_text="Options").click()
    page.get_by_label("Seed").fill("4711")  # a picture that nobody has yet
    world.faults(slow(6))
    one.press_try()
    page.wait_for_selector(".steps .now:has-text('Making the picture')")
    one.until("sockets.some((socket) => socket.readyState === 1)")
    page.evaluate("sockets.forEach((socket) => socket.close())")
    one.until("sockets.length > 1")
    page.context.set_offline(True)
    page.wait_for_selector("text=No connection.")
    page.context.set_offline(False)
    page.reload()
    page.wait_for_selector(".steps")
    one.open()
    page.get_by_role("link", name="being made").click()  # left, and come back to
    one.done()
    assert world.model_calls() == 1


def test_every_error_has_one_sentence_and_one_action(visit: Open, world: World) -> None:
    one = visit().to(world.garment).choose()
    page, words = one.page, one.words()
    answer: dict[str, Any] = {}
    page.route(
        f"{world.endpoints.api_url}/try-ons",
        lambda route: (
            route.continue_()
            if "dry_run" in (route.request.post_data or "")
            else route.fulfill(
                status=answer["status"], json=answer["body"], headers={"Access-Control-Allow-Origin": "*"}
            )
        ),
    )
    for code in BY_THE_API:
        answer |= {"status": 422, "body": {"code": code, "message": f"said by the service: {code}", "retryable": False}}
        one.press_try()
        shown = page.locator(".problem")
        shown.get_by_text(_said(code, words), exact=True).wait_for()
        assert shown.locator("button").count() == 1, code
        assert shown.locator("button").inner_text() in {words[f"do_{name}"] for name in ACTS}, code
    assert page.locator("#said").inner_text() == _said(code, words), "those who do not see it are told as well"
    one.look("desk-11-error")
    answer |= {"body": {"code": "queue_full", "message": "m", "retryable": True, "retry_after_seconds": 2}}
    one.press_try()
    again = page.get_by_role("button", name="Try again")
    assert again.is_disabled()
    one.until("!document.querySelector('.problem button').disabled")


ACTS = ("again", "sign_in", "photo", "product", "options", "history")


def _said(code: str, words: dict[str, str]) -> str:
    return f"said by the service: {code}" if code == "picture_rejected" else words[f"e_{code}"]


def test_a_job_that_fails_says_so_and_can_be_tried_again(visit: Open, world: World) -> None:
    one = visit().to(world.garment).choose()
    page = one.page
    page.locator("summary", has_text="Options").click()
    page.get_by_label("Seed").fill("815")
    world.faults({"kind": "block_image"})
    one.press_try()
    page.wait_for_selector(".problem:has-text('did not let one of the pictures through')")
    assert "Number:" in page.locator(".problem small").inner_text()
    one.press_try()
    one.done()


def test_the_keyboard_is_enough(visit: Open, world: World) -> None:
    one = visit().open()
    page = one.page
    page.wait_for_selector(".card")
    page.locator(".card").first.focus()
    page.keyboard.press("ArrowRight")
    focused = "document.activeElement.textContent"
    second = page.evaluate(focused)
    assert second != page.locator(".card").first.inner_text()
    page.keyboard.press("Enter")
    page.wait_for_selector(".people label")
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.name") == "model":
            break
    page.keyboard.press("Space")
    page.wait_for_selector(".go button:enabled")
    for _ in range(6):
        page.keyboard.press("Tab")
        if "Try it on" in page.evaluate(focused):
            break
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid", "one has to see where one is"
    page.keyboard.press("Enter")
    one.done()
    for _ in range(6):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.type") == "range":
            break
    for _ in range(10):
        page.keyboard.press("ArrowRight")
    assert page.locator(".compare").evaluate("(box) => box.style.getPropertyValue('--split')") == "60"


def test_products_are_found_by_words_and_by_category(visit: Open, world: World) -> None:
    page = visit().open().page
    page.wait_for_selector(".card")
    page.get_by_role("searchbox").fill("navy STRIPES")
    page.wait_for_selector("#said:has-text('1 products')", state="attached")
    assert page.locator(".card strong").all_inner_texts() == ["Breton T-shirt"]
    page.get_by_role("searchbox").fill("zebra")
    page.wait_for_selector("text=Nothing found")
    page.get_by_role("searchbox").fill("")
    page.get_by_role("button", name="tops").click()
    page.wait_for_selector("#said:has-text('2 products')", state="attached")
    assert page.locator(".card").count() == 2


def test_earlier_try_ons_are_there_to_look_at_and_to_go_on_from(visit: Open, world: World) -> None:
    one = visit().to(world.garment).choose()
    one.press_try().done()
    one.open("history").page.wait_for_selector(".card.photo img")
    one.look("desk-12-history")
    one.page.locator(".card.photo").first.click()
    one.done()
    one.page.get_by_role("link", name="Try something else").click()
    one.page.locator(".card", has_text="hoodie").click()
    one.page.wait_for_selector(".people :checked")  # the same person, and another garment
    one.page.wait_for_selector(".go button:enabled")
    job_id = one.press_try().done()["job_id"]
    one.open("history").page.wait_for_selector(".kept")
    one.page.locator(".kept", has=one.page.locator(f"a[href$='{job_id}']")).get_by_role("button").click()
    one.look("desk-17-delete")
    one.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    one.page.wait_for_selector("#said:has-text('Deleted.')", state="attached")
    assert one.page.locator(f"a[href$='{job_id}']").count() == 0
    one.page.reload()
    one.page.wait_for_selector(".kept")
    assert one.page.locator(f"a[href$='{job_id}']").count() == 0, "the service has deleted it"


def test_cancelling_and_erasing_where_the_service_offers_them_and_where_not(visit: Open, world: World) -> None:
    one = visit().open("me")
    page, words = one.page, one.words()
    for status, body, said in (
        (404, {"message": "Not Found"}, words["erase_missing"]),
        (202, {"receipt": "r1", "state": "erasing"}, words["erase_done"].format(receipt="r1")),
    ):
        one.answer("/me", status, body, method="DELETE")
        one.answer("/me/erasures/r1", 200, {"receipt": "r1", "state": "done"}, method="GET")
        page.get_by_role("button", name="Delete everything now").click()
        page.locator("dialog button.main").click()
        page.wait_for_selector(f"text={said}")
    one.to(world.garment).choose()
    page.locator("summary", has_text="Options").click()
    page.get_by_label("Seed").fill(str(uuid.uuid4().int % 2_147_483_646))
    one.answer("/try-ons/*/cancel", 409, {"code": "too_late", "message": "m", "retryable": False})
    world.faults(slow(2))
    one.press_try()
    page.get_by_role("button", name="Cancel").click()
    page.wait_for_selector(f"text={words['e_too_late']}")
    one.done()


def test_a_session_that_is_over_leads_back_to_signing_in(visit: Open, world: World) -> None:
    one = visit().open()
    one.page.wait_for_selector(".card")
    one.page.evaluate("""() => { for (const key of Object.keys(sessionStorage)) {
        const kept = JSON.parse(sessionStorage[key]);
        sessionStorage[key] = JSON.stringify({...kept, access: "x.y.z", refresh: "gone"}); } }""")
    one.page.reload()
    one.page.wait_for_selector("form input[name=email]")
    one.told[:] = [text for text in one.told if "CORS" not in text]  # the local API's 401 has no CORS headers


def test_whoever_has_no_account_can_try_without_one_and_open_one(visit: Open, world: World) -> None:
    one = visit(signed_in=False).open()
    page = one.page
    page.get_by_role("button", name="Try without an account").click()
    page.locator(".card", has_text="Breton").click()
    one.choose().press_try()
    assert one.done()["label"] == "AI-generated"
    one.look("desk-18-guest")
    page.get_by_role("button", name="Sign in").first.click()
    page.get_by_role("button", name="Create an account").click()
    page.get_by_label("New password").fill("A-good-password-1")  # first: the form before this one has an e-mail, too
    page.get_by_label("E-mail").fill("new@example.com")
    page.locator("form button.main").click()
    page.get_by_label("Code from the e-mail").fill("123456")  # the local pool's code
    page.locator("form button.main").click()
    page.wait_for_selector(".grid .card")
    assert not [text for text in page.evaluate("Object.values(localStorage)") if "password" in text]


def test_a_phone_of_360_pixels_has_room_for_all_of_it(visit: Open, world: World) -> None:
    one = visit(PHONE, has_touch=True, is_mobile=True).open()
    page = one.page
    page.wait_for_selector(".card img")
    one.look("phone-1-products")
    one.to(world.garment).choose()
    page.wait_for_selector(".go .hint:not(:empty)")
    one.look("phone-2-fitting-room")
    button = page.locator(".go button").bounding_box()
    assert button
    assert button["y"] + button["height"] <= PHONE[1], "the button is where the thumb is, without scrolling"
    one.press_try().done()
    one.look("phone-3-result", full=True)
    page.locator(".people .add").click()
    page.get_by_role("button", name="Take a photo").wait_for()
    one.look("phone-4-photo")
    page.keyboard.press("Escape")
    one.open("history").page.wait_for_selector(".card")
    one.look("phone-5-history")
    one.open("me").page.wait_for_selector(".text")
    one.look("phone-6-data")


def test_it_speaks_japanese_and_is_dark_where_the_shopper_wants_it(visit: Open, world: World) -> None:
    one = visit(language="ja-JP", color_scheme="dark").open()
    page, words = one.page, None
    page.wait_for_selector(".card img")
    words = one.words()
    assert page.locator("html").get_attribute("lang") == "ja"
    assert page.locator("h1").inner_text() == words["products_title"] == "何を試着しますか？"
    one.look("dark-1-products")
    one.to(world.garment).choose().press_try().done()
    one.look("dark-2-result", full=True)
    page.get_by_role("button", name="English").click()
    page.wait_for_selector("text=AI-generated")
    page.reload()
    page.wait_for_selector("text=AI-generated")  # it was chosen, so it stays


def test_the_client_alone_does_what_its_document_says(visit: Open, world: World) -> None:
    (snippet,) = re.findall(r"```js\n(.*?)```", (ROOT / "docs" / "page.md").read_text(), re.DOTALL)
    login = world.login("bob")
    code = snippet.replace("shopper@example.com", login.email).replace(
        'import { VtoClient } from "./vto-client.js";', 'const { VtoClient } = await import("/vto-client.js");'
    )
    one = visit(signed_in=False)
    one.page.goto(one.address)
    link = one.page.evaluate(
        f"async (password) => {{ const image = new Image();\n{code}\nreturn image.src; }}", login.password
    )
    assert world.endpoints.buckets["results"] in link


def test_what_is_read_from_the_right_is_mirrored(visit: Open, world: World) -> None:
    one = visit().to(world.garment).choose()
    one.page.evaluate("document.documentElement.dir = 'rtl'")
    stage, side = (one.page.locator(name).bounding_box() for name in (".stage", ".side"))
    assert stage
    assert side
    assert stage["x"] > side["x"]
    one.look("rtl-fitting-room")
