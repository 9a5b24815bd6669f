"""`vto catalogue import`: rows of a folder or a table, some at a time, each once, and bad ones told with what helps."""

import asyncio
import json
import signal
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner, Result

from tests.unit.client.service import TOKEN, URL
from vto_client import AsyncVto, connect, sign_in
from vto_client import stack as stacks
from vto_client.catalogue import source as sources
from vto_client.catalogue.importing import MOST_LOST, Import
from vto_client.catalogue.journal import PAUSE, Journal, beside
from vto_client.cli import app
from vto_client.loop import Loop
from vto_client.ports import TokenSource
from vto_client.problems import CommandError

PNG = b"\x89PNG\r\n\x1a\n "
HEADER = "product_id,name,category,picture,description,garment_class\n"


class Catalogue:
    """A shop's API: products with pictures; some are refused, or not answered."""

    def __init__(self) -> None:
        self.products: dict[str, dict[str, Any]] = {}
        self.asked: Counter[str] = Counter()
        self.refuses: dict[str, httpx.Response | Exception] = {}
        self.at_once = self.most_at_once = 0
        self.stops_after: int | None = None

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(0)
        try:
            return self._answer(request)
        finally:
            self.at_once -= 1

    def _answer(self, request: httpx.Request) -> httpx.Response:
        parts = request.url.path.strip("/").split("/")
        self.asked[request.method if parts[0] == "products" else "upload"] += 1
        if parts[0] != "products":
            item = self.products[request.content.partition(b"product=")[2].partition(b";")[0].decode()]
            item |= {"readiness": "ready", "updated_at": item["updated_at"] + "+"}
            if b"dark" in request.content:
                item |= {"readiness": "rejected", "reason": "The picture is too dark."}
            return httpx.Response(204)
        name = parts[1]
        if name in self.refuses:
            said = self.refuses[name]
            if isinstance(said, Exception):
                raise said
            return httpx.Response(said.status_code, content=said.content)
        if request.method == "PUT":
            if self.stops_after is not None and len(self.products) >= self.stops_after:
                signal.raise_signal(signal.SIGINT)  # Ctrl-C
            item = self.products.setdefault(name, {"product_id": name, "readiness": None, "updated_at": "t"})
            item |= json.loads(request.content)
        if len(parts) == 3:
            form = {"url": "https://uploads.example.com/x", "fields": {"note": f"product={name};"}}
            return httpx.Response(200, json={**form, "product_id": name})
        return httpx.Response(200, json=self.products[name])


class Quick(Loop):
    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Catalogue:
    found = Catalogue()

    def vto(url: str, token: TokenSource, *, socket_url: str | None, tries: int) -> AsyncVto:
        return AsyncVto(url, token, tries=tries, world=Quick(token, transport=httpx.MockTransport(found)))

    monkeypatch.setattr(connect, "AsyncVto", vto)
    monkeypatch.setenv("VTO_TOKEN", TOKEN)
    monkeypatch.setenv("VTO_API_URL", URL)
    return found


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Three products with pictures of their own."""
    rows = [f"shirt-{n},Shirt {n},tops,pictures/{n}.png,,UPPER_BODY\n" for n in (1, 2, 3)]
    (tmp_path / "pictures").mkdir()
    for n in (1, 2, 3):
        (tmp_path / "pictures" / f"{n}.png").write_bytes(PNG + str(n).encode())
    path = tmp_path / "products.csv"
    path.write_text(HEADER + "".join(rows), encoding="utf-8")
    return path


def imported(*words: Any) -> Result:
    return CliRunner().invoke(app, ["catalogue", "import", *map(str, words)])


def told(ran: Result) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(ran.stdout)
    return document


def test_a_table_is_imported_and_again_does_nothing(shop: Catalogue, table: Path) -> None:
    ran = imported(table)
    assert ran.exit_code == 0, ran.output
    assert "3 imported, 0 unchanged, 0 not imported." in ran.stdout
    assert {one["readiness"] for one in shop.products.values()} == {"ready"}
    assert shop.products["shirt-2"]["garment_class"] == "UPPER_BODY"
    assert "description" not in shop.products["shirt-2"], "what is empty is not said"
    shop.asked.clear()
    again = told(imported(table, "--json"))
    assert (again["outcome"], again["imported"], again["unchanged"]) == ("complete", 0, 3)
    assert shop.asked == {}


def test_what_changed_is_imported_anew_and_nothing_else(shop: Catalogue, table: Path) -> None:
    imported(table)
    table.write_text(table.read_text().replace("Shirt 2", "Blouse 2"))
    (table.parent / "pictures" / "3.png").write_bytes(PNG + b"another")
    ran = told(imported(table, "--json"))
    assert (ran["imported"], ran["unchanged"]) == (2, 1)
    assert shop.products["shirt-2"]["name"] == "Blouse 2"
    assert told(imported(table, "--json", "--anew"))["imported"] == 3


def test_another_stack_has_its_own_notes_in_the_same_journal(
    shop: Catalogue, table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    imported(table)
    monkeypatch.setenv("VTO_API_URL", "https://other.example.com")
    assert told(imported(table, "--json"))["imported"] == 3
    monkeypatch.setenv("VTO_API_URL", URL)
    assert told(imported(table, "--json"))["unchanged"] == 3


def test_bad_rows_are_told_with_line_and_remedy_while_the_others_go_on(shop: Catalogue, table: Path) -> None:
    (table.parent / "dark.png").write_bytes(PNG + b"dark")
    (table.parent / "words.png").write_text("no picture")
    details = [{"path": "garment_class", "problem": "must be one of UPPER_BODY", "remedy": "send UPPER_BODY"}]
    refused = {"code": "invalid_request", "message": "No.", "details": details, "retryable": False}
    shop.refuses["odd"] = httpx.Response(400, json=refused)
    with table.open("a") as file:
        file.write(",Nameless,tops,pictures/1.png,,\n")
        file.write("shirt-1,Twice,tops,pictures/1.png,,\n")
        file.write('"long","Two\nlines",tops,nowhere.png,,\n')
        file.write("words,Words,tops,words.png,,\n")
        file.write("odd,Odd,tops,pictures/1.png,,HAT\n")
        file.write("night,Night,tops,dark.png,,\n")
    ran = imported(table)
    assert ran.exit_code == 3
    assert "3 imported, 0 unchanged, 6 not imported." in ran.stdout
    lines = [line for line in ran.stderr.splitlines() if line.startswith(("✗", "    →"))]
    assert [line.partition(":")[0] for line in lines if line.startswith("✗")] == [
        "✗ line 5 (no id)", "✗ line 6 (shirt-1)", "✗ line 8 (long)", "✗ line 9 (words)", "✗ line 10 (odd)",
        "✗ line 11 (night)",
    ]  # fmt: skip
    assert len(lines) == 12, "each with a remedy"
    assert "that of line 2 too" in ran.stderr
    assert "nowhere.png: No such file or directory" in ran.stderr
    assert "garment_class: must be one of UPPER_BODY" in ran.stderr
    assert "The picture is too dark." in ran.stderr
    again = told(imported(table, "--json"))
    assert (again["outcome"], again["unchanged"], len(again["failed"])) == ("partial", 3, 6)


def test_an_import_that_is_stopped_goes_on_where_it_was(shop: Catalogue, table: Path) -> None:
    shop.stops_after = 1
    stopped = told(imported(table, "--at-once", "1", "--json"))
    assert (stopped["outcome"], stopped["imported"], stopped["left"]) == ("stopped", 1, 2)
    assert "goes on where it was" in stopped["problem"]
    shop.stops_after = None
    rest = told(imported(table, "--json"))
    assert (rest["outcome"], rest["imported"], rest["unchanged"]) == ("complete", 2, 1)


def test_no_more_rows_are_at_work_at_once_than_was_said(shop: Catalogue, table: Path) -> None:
    with table.open("a") as file:
        file.writelines(f"more-{n},More,tops,pictures/1.png,,\n" for n in range(12))
    assert told(imported(table, "--at-once", "2", "--json"))["imported"] == 15
    assert shop.most_at_once == 2


@pytest.mark.parametrize(
    ("said", "outcome", "code", "problem"),
    [
        (httpx.Response(403, json={"code": "forbidden", "message": "Not yours."}), "refused", 1, "the group admin"),
        (httpx.Response(401, json={"message": "Unauthorized"}), "not_signed_in", 4, "VTO_TOKEN"),
    ],
)
def test_what_would_go_wrong_with_every_row_ends_it(
    shop: Catalogue, table: Path, said: httpx.Response, outcome: str, code: int, problem: str
) -> None:
    shop.refuses = dict.fromkeys(("shirt-1", "shirt-2", "shirt-3"), said)
    ran = imported(table, "--at-once", "1", "--json")
    document = told(ran)
    assert (document["outcome"], ran.exit_code, document["left"]) == (outcome, code, 3)
    assert problem in document["problem"]
    assert sum(shop.asked.values()) == 1, "the others are not tried"


def test_a_network_that_is_away_ends_it_after_a_few_rows(shop: Catalogue, table: Path) -> None:
    with table.open("a") as file:
        file.writelines(f"more-{n},More,tops,pictures/1.png,,\n" for n in range(20))
    shop.refuses = {f"more-{n}": httpx.ConnectError("away") for n in range(20)}
    document = told(imported(table, "--at-once", "1", "--json"))
    assert (document["outcome"], document["imported"]) == ("unknown", 3)
    assert len(document["failed"]) == MOST_LOST
    assert document["left"] == 20 - MOST_LOST


def test_where_nobody_answered_at_all_nothing_is_known(shop: Catalogue, table: Path) -> None:
    shop.refuses = dict.fromkeys(("shirt-1", "shirt-2", "shirt-3"), httpx.ConnectError("away"))
    ran = imported(table, "--json")
    assert (told(ran)["outcome"], ran.exit_code) == ("unknown", 5)


def test_a_dry_run_looks_at_the_source_and_sends_nothing(shop: Catalogue, table: Path) -> None:
    with table.open("a") as file:
        file.write(",Nameless,tops,pictures/1.png,,\n")
    ran = imported(table, "--dry-run")
    assert ran.exit_code == 3
    assert "3 can be imported, 1 cannot. Nothing was sent." in ran.stdout
    assert shop.asked == {}
    assert not beside(table).exists()


# --- sources ----------------------------------------------------------------------------------------------------------


def test_a_folder_is_read_by_its_folders_and_names(tmp_path: Path) -> None:
    for place in ("tops/Striped_T-shirt 2.PNG", "lamp.jpg", ".trash/old.png", "tops/notes.txt"):
        path = tmp_path / place
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(PNG)
    found = sources.read(tmp_path).rows
    assert [(one.where, one.product_id, one.name, one.category) for one in found] == [
        ("lamp.jpg", "lamp", "Lamp", "uncategorised"),
        ("tops/Striped_T-shirt 2.PNG", "striped-t-shirt-2", "Striped t shirt 2", "tops"),
    ]


def test_files_of_one_name_in_two_folders_are_not_one_product(tmp_path: Path) -> None:
    for place in ("men/shirt.png", "women/shirt.png"):
        (tmp_path / place).parent.mkdir()
        (tmp_path / place).write_bytes(PNG)
    found = sources.read(tmp_path)
    assert len(found.rows) == 1
    assert "each file a name of its own" in found.problems[0].remedy


def test_tables_as_spreadsheets_save_them_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(PNG)
    path = tmp_path / "products.csv"
    path.write_bytes("﻿Product_ID;Name;Category;Picture;Price\r\na;Hemd, blau;Hemden;a.png;9,90\r\n\r\n".encode())
    found = sources.read(path)
    assert [(one.product_id, one.name, one.category) for one in found.rows] == [("a", "Hemd, blau", "Hemden")]
    assert found.ignored == ("price",)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("product_id,name,categroy,picture\n", r"no column category \('categroy' is meant to be|is 'categroy' meant"),
        (HEADER, "has no rows below its column names"),
        ("", "has no column product_id, name, category, picture"),
        (HEADER + 'a,"broken\n', "cannot be read"),
    ],
)
def test_a_table_that_cannot_be_used_at_all_is_told_before_anything_is_sent(
    tmp_path: Path, text: str, says: str
) -> None:
    path = tmp_path / "products.csv"
    path.write_text(text)
    with pytest.raises(CommandError, match=says) as problem:
        sources.read(path)
    assert problem.value.exit_code == 2


def test_a_source_that_is_not_there_or_empty_is_told(tmp_path: Path) -> None:
    for path in (tmp_path / "nowhere", tmp_path):
        with pytest.raises(CommandError, match=r"no folder and no file|nothing to import"):
            sources.read(path)
    (tmp_path / "x.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CommandError, match="save it as CSV in UTF-8"):
        sources.read(tmp_path / "x.csv")


# --- the journal ------------------------------------------------------------------------------------------------------


def test_the_journal_is_whole_at_every_moment_and_written_at_most_once_a_second(tmp_path: Path) -> None:
    path, time = tmp_path / "j.json", [0.0]
    journal = Journal(path, "a", now=lambda: time[0])
    journal.note("x", "1")
    assert json.loads(path.read_text())["done"] == {"a": {}}
    time[0] += PAUSE
    journal.note("y", "2")
    assert json.loads(path.read_text())["done"] == {"a": {"x": "1", "y": "2"}}
    journal.note("z", "3")
    journal.close()
    again = Journal(path, "a")
    assert (again.has("z", "3"), again.has("z", "4"), again.has("w", "")) == (True, False, False)
    assert not Journal(path, "b").has("z", "3")
    assert sorted(one.name for one in tmp_path.iterdir()) == ["j.json"]


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"v": 2, "done": {}}', '{"v": 1, "done": {"a": []}}', "torn"])
def test_what_is_no_journal_is_not_overwritten(tmp_path: Path, text: str) -> None:
    path = tmp_path / "j.json"
    path.write_text(text)
    with pytest.raises(CommandError, match="is no journal of an import: remove it"):
        Journal(path, "a")
    assert path.read_text() == text


def test_where_no_journal_can_be_written_nothing_is_imported(shop: Catalogue, table: Path) -> None:
    ran = imported(table, "--journal", table.parent / "no" / "such" / "folder.json")
    assert isinstance(ran.exception, CommandError)
    assert (ran.exception.exit_code, shop.asked) == (2, {})
    assert "--journal FILE" in str(ran.exception)


def test_a_picture_that_goes_away_meanwhile_is_one_rows_problem(shop: Catalogue, table: Path) -> None:
    found = sources.read(table)
    found.rows[0].picture.unlink()

    async def run() -> Import:
        async with AsyncVto(URL, TOKEN, world=Quick(TOKEN, transport=httpx.MockTransport(shop))) as vto:
            going = Import(vto, Journal(beside(table), URL), 1, lambda: None)
            await going.run(found.rows)
            return going

    going = asyncio.run(run())
    assert (going.imported, [one.where for one in going.problems]) == (2, ["line 2"])


@pytest.fixture
def accounts(monkeypatch: pytest.MonkeyPatch) -> list[str | CommandError]:
    """What one sign-in after the other, by a password, comes to."""
    answers: list[str | CommandError] = []

    def access_token(*_: str) -> str:
        with pytest.raises(RuntimeError):  # a loop would keep Ctrl-C from whoever is asked for a password
            asyncio.get_running_loop()
        found = answers.pop(0)
        if isinstance(found, CommandError):
            raise found
        return found

    monkeypatch.delenv("VTO_TOKEN")
    monkeypatch.setenv("VTO_USER", "ada@example.com")
    monkeypatch.setenv("VTO_PASSWORD", "secret")
    monkeypatch.setattr(stacks, "clients", lambda _: (lambda _: None, "eu-central-1"))
    monkeypatch.setattr(stacks, "endpoints", lambda *_: stacks.Endpoints(URL, "eu-central-1_x", "client"))
    monkeypatch.setattr(sign_in.Pool, "access_token", access_token)
    return answers


def test_a_sign_in_that_fails_halfway_says_how_far_the_import_came(
    shop: Catalogue, table: Path, accounts: list[str | CommandError]
) -> None:
    accounts += ["first", CommandError("not signed in: wrong user or password", 4)]
    shop.refuses["shirt-3"] = httpx.Response(401, json={"message": "Unauthorized"})
    ran = imported(table, "--json", "--at-once", 1)
    assert (ran.exit_code, told(ran)["imported"], told(ran)["left"]) == (4, 2, 1), ran.exception
    assert "wrong user or password" in told(ran)["problem"]
    assert "secret" not in ran.output


def test_two_imports_at_once_do_not_break_each_others_journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, write = tmp_path / "journal.json", Path.replace
    one, other = Journal(path, URL), Journal(path, URL)
    other.note("b", "2")

    def meanwhile(self: Path, target: Path) -> Path:
        monkeypatch.setattr(Path, "replace", write)
        other.close()
        return write(self, target)

    monkeypatch.setattr(Path, "replace", meanwhile)
    one.note("a", "1")
    one.close()
    other.note("c", "3")
    other.close()
    assert Journal(path, URL).has("c", "3")
    assert [file.name for file in tmp_path.iterdir()] == ["journal.json"]


def test_a_journal_that_can_no_longer_be_written_ends_the_import(
    shop: Catalogue, table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Journal, *_: str) -> None:
        raise CommandError("no space left on device", 2)

    monkeypatch.setattr(Journal, "note", full)
    ran = imported(table, "--json", "--at-once", 1)
    assert (ran.exit_code, told(ran)["imported"], told(ran)["left"]) == (3, 1, 2), ran.exception
    assert told(ran)["problem"] == "no space left on device"


def test_pictures_that_are_not_taken_are_no_network_that_is_away(
    shop: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(MOST_LOST + 2):
        (tmp_path / f"{n}.png").write_bytes(PNG + (b"small" if n > MOST_LOST else b"large"))
    answered = shop._answer

    def answer(request: httpx.Request) -> httpx.Response:
        too_large = httpx.Response(400, text="<Error><Code>EntityTooLarge</Code></Error>")
        return too_large if b"large" in request.content else answered(request)

    monkeypatch.setattr(shop, "_answer", answer)
    ran = told(imported(tmp_path, "--json", "--at-once", 1))
    assert (ran["outcome"], ran["imported"], ran["left"]) == ("partial", 1, 0)
    assert {one["remedy"] for one in ran["failed"]} == {"name another picture"}


def test_line_breaks_within_a_cell_are_not_the_end_of_a_row(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(PNG)
    said = ["soft\u2028break", "vertical\x0btab", "next\x85line", '"quoted\r\nbreak"']
    lines = [f"id-{n},Shirt,tops,a.png,{text},\r\n" for n, text in enumerate(said)]
    (tmp_path / "t.csv").write_bytes((HEADER + "".join(lines)).encode())
    found = sources.read(tmp_path / "t.csv")
    assert found.problems == []
    assert [one.description for one in found.rows] == [*said[:3], "quoted\nbreak"]


def test_a_row_with_more_cells_than_columns_is_told_rather_than_cut(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(PNG)
    names, cell = "product_id,name,category,picture,description\n", "Shirt,tops,a.png,blue"
    (tmp_path / "t.csv").write_text(f"{names}a,{cell}, new\nb,{cell},,\n", encoding="utf-8")
    found = sources.read(tmp_path / "t.csv")
    assert [(one.where, one.product_id) for one in found.problems] == [("line 2", "a")]
    assert [one.product_id for one in found.rows] == ["b"], "empty cells at its end are a spreadsheet's"
