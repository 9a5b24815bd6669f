"""The page in this machine's Chromium, against the end-to-end stack. Without a Chromium these tests are skipped."""

import io
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Browser, Page, Route, sync_playwright

from local.page import serving
from local.stack import Endpoints
from tests.e2e.conftest import eventually

SCREENS = Path(__file__).parents[3] / "out" / "screens"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge")
STRICT = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
# it sees only this page; its camera shows a test picture
ARGUMENTS = ["--no-sandbox", "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"]
DESK, PHONE = (1280, 860), (360, 740)

# Keeps the page's sockets, so that a test can cut them, and the pictures that it sends, so that one can look at them.
KEEP = """
window.pictures = [];
const send = window.fetch;
window.fetch = (url, options) => {
    if (options?.body instanceof FormData) window.pictures.push(options.body.get("file"));
    return send(url, options);
};
window.sockets = [];
window.WebSocket = class extends WebSocket { constructor(url) { super(url); window.sockets.push(this); } };
"""
PICTURES_IN_SIGHT = """Promise.all([...document.images]
    .filter((image) => image.offsetParent && image.getBoundingClientRect().top < innerHeight)
    .map((image) => image.decode().catch(() => {})))"""


def chromium() -> str | None:
    """Where this machine's Chromium is."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


def refusals_of_axe(page: Page) -> list[Any]:
    """Whom a view shuts out: each rule that it breaks, and where."""
    found = Axe().run(page, options=STRICT).response["violations"]
    return [(one["id"], one["help"], [node["html"] for node in one["nodes"]]) for one in found]


def jpeg(width: int, height: int, colour: Any = (150, 140, 130), **options: Any) -> bytes:
    """A plain photo."""
    made = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(made, "JPEG", **options)
    return made.getvalue()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip these tests before anything is started for them, where there is nothing to run them in."""
    if chromium() is None:
        why = f"there is no Chromium on this machine (looked for {', '.join(NAMES)})"
        for item in items:
            if Path(__file__).parent in item.path.parents:
                item.add_marker(pytest.mark.skip(reason=why))


class Visit:
    """One shopper at the page, in a browser of their own."""

    def __init__(self, page: Page, address: str, endpoints: Endpoints) -> None:
        self.page, self.address, self.endpoints = page, address, endpoints
        self.page.set_default_timeout(30_000)
        self.told: list[str] = []
        self.asked: list[tuple[str, str]] = []
        """Method and path of each request that left the page."""
        page.on("console", lambda message: self.told.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self.told.append(str(error)))
        page.on("request", lambda request: self.asked.append((request.method, request.url)))

    def open(self, path: str = "") -> "Visit":
        """Go to a view."""
        self.page.goto(f"{self.address}#/{path}")
        return self

    def until(self, expression: str) -> None:
        """Wait until something is so; `wait_for_function` would need what the page's policy forbids."""
        eventually(lambda: self.page.evaluate(expression))

    def sent(self) -> bytes:
        """The last picture that the page has sent."""
        content: list[int] = self.page.evaluate("pictures.at(-1).arrayBuffer().then((b) => [...new Uint8Array(b)])")
        return bytes(content)

    def words(self) -> dict[str, str]:
        """The page's own words, in the language it speaks."""
        found: dict[str, str] = self.page.evaluate(
            "Promise.all(['', '-more'].map((part) => import(`/strings/${document.documentElement.lang}${part}.js`)))"
            ".then((all) => Object.assign({}, ...all.map((one) => one.default)))"
        )
        return found

    def files(self) -> dict[str, int]:
        """The page's own files that were fetched since it was opened, each with its bytes; without pictures."""
        found: list[tuple[str, int]] = self.page.evaluate(
            "performance.getEntries().filter((one) => one.decodedBodySize)"
            ".map((one) => [one.name, one.decodedBodySize])"
        )
        own = [(url.removeprefix(self.address), size) for url, size in found if url.startswith(self.address)]
        named = {name.partition("#")[0] or "index.html": size for name, size in own}
        return {name: size for name, size in named.items() if not name.startswith(("pictures/", "config.json"))}

    def to(self, product: str) -> "Visit":
        """Open the fitting room of a product."""
        self.open(f"try/{product}").page.wait_for_selector(".people label")
        return self

    def choose(self, name: str = "Robin") -> "Visit":
        """Choose a sample person."""
        self.page.locator(".people label", has=self.page.get_by_alt_text(name, exact=True)).click()
        return self

    def press_try(self) -> "Visit":
        """Ask for the picture."""
        self.page.locator(".go button").click()
        return self

    def done(self) -> dict[str, Any]:
        """Wait for the picture; what its address, its size and its label are."""
        # the first job of a new stack starts all of its functions, which takes long where the machine is busy
        self.page.wait_for_selector(".stage .badge", timeout=120_000)
        shown = self.page.locator(".stage .compare img").first
        shown.evaluate("(image) => image.decode()")
        return {
            "job_id": self.page.url.rpartition("/")[2],
            "width": shown.evaluate("(image) => image.naturalWidth"),
            "label": self.page.locator(".badge").inner_text(),
        }

    def answer(self, path: str, status: int, body: Any, *, method: str = "POST") -> None:
        """Have the API answer something of the test's choosing; plans go through."""

        def reply(route: Route) -> None:
            if route.request.method != method or "dry_run" in (route.request.post_data or ""):
                route.continue_()
                return
            route.fulfill(status=status, json=body, headers={"Access-Control-Allow-Origin": "*"})

        self.page.route(f"{self.endpoints.api_url}{path}", reply)

    def look(self, name: str, *, full: bool = False) -> None:
        """Write a screenshot of the view, and check that nobody is shut out of it."""
        SCREENS.mkdir(parents=True, exist_ok=True)
        self.page.evaluate(PICTURES_IN_SIGHT)
        self.page.screenshot(path=str(SCREENS / f"{name}.png"), full_page=full)
        wide = self.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, f"{name} is {wide} px wider than the window"
        assert refusals_of_axe(self.page) == [], name


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """This machine's Chromium."""
    with sync_playwright() as play:
        started = play.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        yield started
        started.close()


@pytest.fixture(scope="module")
def address(_world: Any, page_port_of_the_stack: int) -> Iterator[str]:
    """Where the page is served."""
    with serving(_world.endpoints, page_port_of_the_stack) as found:
        yield found


@pytest.fixture(scope="module")
def tokens(browser: Browser, address: str, _world: Any) -> str:
    """What the page keeps once a shopper has signed in through its form."""
    visit = Visit(browser.new_page(locale="en-GB"), address, _world.endpoints).open()
    sign_in(visit, _world)
    kept: str = visit.page.evaluate("JSON.stringify(sessionStorage)")
    visit.page.close()
    return kept


def sign_in(visit: Visit, world: Any, name: str = "ada") -> None:
    """Fill in the form."""
    login = world.login(name)
    visit.page.get_by_label("E-mail").fill(login.email)
    visit.page.get_by_label("Password").fill(login.password)
    visit.page.locator("form button.main").click()
    visit.page.wait_for_selector(".grid .card")


@pytest.fixture
def visit(browser: Browser, address: str, tokens: str, world: Any) -> Iterator[Callable[..., Visit]]:
    """Opens the page for a signed-in shopper; at the end nothing may have gone wrong unseen."""
    visits = []

    def opened(size: tuple[int, int] = DESK, *, language: str = "en-GB", signed_in: bool = True, **more: Any) -> Visit:
        window = {"width": size[0], "height": size[1]}
        context = browser.new_context(viewport=window, locale=language, reduced_motion="reduce", **more)
        page = context.new_page()
        page.add_init_script(KEEP)
        if signed_in:
            restore = f"if (!sessionStorage.length) Object.assign(sessionStorage, {tokens})"
            page.add_init_script(restore)
        visits.append(Visit(page, address, world.endpoints))
        return visits[-1]

    yield opened
    for one in visits:
        one.page.context.close()
        # what the API refuses, the browser logs; everything else is a fault of the page
        assert [text for text in one.told if "Failed to load resource" not in text] == []
        hosts = {url.split("/")[2] for _, url in one.asked if url.startswith("http")}
        assert hosts <= {address.split("/")[2], world.endpoints.aws.split("/")[2]}
