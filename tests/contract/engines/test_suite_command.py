"""The conformance suite's command: what it takes, what it prints, how it ends."""

import io
import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from canvas.capabilities import Capabilities
from conformance.cases import ALL
from conformance.cli import BROKEN, DONE, NOT_RUN, STOPPED, chosen, main
from conformance.clients import BadAnswerError, HttpClient, LostError, RefusalError
from scripts.facts import ROOT

from .local import Local
from .painter import Painter


def test_the_list_names_every_case_and_sends_nothing() -> None:
    output = io.StringIO()
    assert main(["--list"], output) == 0
    lines = output.getvalue().splitlines()
    assert len(lines) == len(ALL) + 1
    assert re.fullmatch(r"\d+ cases, at most \d+ of which draw pictures", lines[-1])


def test_cases_can_be_chosen() -> None:
    assert {case.group for case in chosen("seeds")} == {"seeds"}
    assert all("seed" in case.name for case in chosen("*seed -1*"))
    assert not any(case.decided for case in chosen(documented=True))
    assert len(chosen(quick=True)) < len(ALL)


HERE = ["--endpoint", "http://127.0.0.1:1"]


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["--endpoint", "ftp://x"], "is no http:// or https:// address"),
        ([*HERE, "--only", "nothing like this"], "no case's name or group fits 'nothing like this'"),
        (HERE, "http://127.0.0.1:1: [Errno 111] Connection refused"),
        ([*HERE, "--capabilities", "pyproject.toml"], "Connection refused"),
    ],
)
@pytest.mark.enable_socket
def test_what_cannot_begin_ends_with_2(argv: list[str], words: str) -> None:
    output = io.StringIO()
    assert main(argv, output) == 2
    assert output.getvalue().startswith("cannot begin: ")
    assert words in output.getvalue()


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        ([], "Give --endpoint URL; or --client boto3 to ask AWS itself, which costs money"),
        ([*HERE, "--parallel", "0"], "'0' is no number from 1 to 64"),
        ([*HERE, "--json", "no/such/folder/x.json"], "--json: there is no folder no/such/folder"),
        ([*HERE, "--client", "grpc"], "invalid choice: 'grpc'"),
    ],
)
def test_a_command_line_that_makes_no_sense_ends_with_2(
    argv: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(argv)
    assert words in " ".join(capsys.readouterr().err.split())


def test_without_credentials_aws_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("boto3.session.Session.get_credentials", lambda _: None)
    output = io.StringIO()
    assert main(["--client", "boto3", "--region", "us-east-1"], output) == 2
    assert output.getvalue().startswith("cannot begin: there are no AWS credentials: ")


class Gone:
    """A client whose engine never answers."""

    def invoke(self, body: bytes) -> Any:
        raise LostError("connection reset")


def test_an_engine_that_answers_nothing_was_not_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("conformance.cli.client_for", lambda _: Gone())
    output = io.StringIO()
    assert main(["--client", "boto3", "--only", "refused"], output) == 2
    assert re.fullmatch(r"cannot begin: none of \d+ calls was answered: connection reset\n", output.getvalue())


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"maskTypes": "GARMENT"}, "maskTypes must be a list of texts"),
        ({"maxImages": 0}, "maxImages must be a whole number above 0"),
        ({"maskTypes": []}, "maskTypes must hold at least one of GARMENT, IMAGE, PROMPT"),
        ({"maskTypes": ["MAGIC"]}, "maskTypes must hold at least one of GARMENT, IMAGE, PROMPT"),
        ({"garmentClasses": []}, "garmentClasses must hold at least one, or maskTypes no GARMENT"),
        ({"maxPixels": 102_399}, "maxPixels must be at least 102400, 320×320"),
        ({"deterministic": "yes"}, "deterministic must be true or false"),
        ([], "holds no JSON object"),
    ],
)
def test_capabilities_that_are_none_are_told(said: Any, words: str, tmp_path: Path) -> None:
    file = tmp_path / "mine.json"
    file.write_text(json.dumps(said))
    output = io.StringIO()
    assert main(["--client", "boto3", "--capabilities", str(file)], output) == 2
    assert words in output.getvalue()


def test_every_option_and_every_exit_code_is_documented() -> None:
    help_text = io.StringIO()
    with redirect_stdout(help_text), pytest.raises(SystemExit):
        main(["--help"])
    document = (ROOT / "docs" / "conformance.md").read_text()
    options = set(re.findall(r"--[a-z][a-z-]+", help_text.getvalue())) - {"--help"}
    assert len(options) > 8
    assert {one for one in options if f"| `{one}" not in document} == set()
    assert {f"| {code} |" for code in (DONE, BROKEN, NOT_RUN, STOPPED) if f"| {code} |" not in document} == set()


# --- how it ends ------------------------------------------------------------------------------------------------------


@dataclass
class Asked:
    """The command, run over a client of this process."""

    code: int
    printed: str
    document: dict[str, Any]


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Asked]:
    """ask(client, only="*", **declared)"""

    def run(client: Any, only: str = "*", **declared: Any) -> Asked:
        monkeypatch.setattr("conformance.cli.client_for", lambda _: client)
        mine, results, output = tmp_path / "mine.json", tmp_path / "results.json", io.StringIO()
        mine.write_text(json.dumps({"engine": "mine", "deterministic": True} | declared))
        options = ["--client", "boto3", "--capabilities", str(mine), "--json", str(results), "--quick", "--only", only]
        code = main(options, output)
        return Asked(code, output.getvalue(), json.loads(results.read_text()) if results.exists() else {})

    return run


SOME = "masks ?????_BODY where*"


def test_all_that_is_offered_kept_ends_with_0(ask: Callable[..., Asked]) -> None:
    ended = ask(Local(Painter()), SOME)
    assert ended.code == DONE
    assert ended.document["counts"] == {"passed": 2, "failed": 0, "not offered": 0, "skipped": 0}
    assert re.search(r"^masks +2 +0 +0 +0$", ended.printed, re.MULTILINE)
    assert re.search(r"^2 cases, 2 calls, [\d.]+ s$", ended.printed, re.MULTILINE)


def test_what_is_not_offered_is_counted_apart_and_named(ask: Callable[..., Asked]) -> None:
    few = Capabilities("few", "1", garment_classes=frozenset({"UPPER_BODY"}))
    ended = ask(Local(Painter(few)), SOME, garmentClasses=["UPPER_BODY"])
    assert ended.code == DONE
    assert ended.document["counts"] == {"passed": 1, "failed": 0, "not offered": 1, "skipped": 0}
    assert "not offered: garmentClass:LOWER_BODY" in ended.printed.splitlines()


def test_one_broken_case_ends_with_1(ask: Callable[..., Asked]) -> None:
    ended = ask(Local(Painter(), spoil=lambda document: document.update(seed=1)), SOME)
    assert (ended.code, ended.document["counts"]["failed"]) == (BROKEN, 2)
    assert "failed       masks UPPER_BODY where it is worn" in ended.printed.splitlines()


class Never:
    """Refuses whatever it is asked for, and names what it has declared to lack."""

    def invoke(self, body: bytes) -> Any:
        raise RefusalError(400, "ValidationException", "#/virtualTryOnParams/sourceImage: too large for me")


def test_an_engine_that_never_draws_is_none(ask: Callable[..., Asked]) -> None:
    ended = ask(Never(), "masks", maxPixels=320 * 320)
    assert ended.code == BROKEN
    assert ended.document["counts"]["passed"] == ended.document["counts"]["failed"] == 0
    drawing = ended.document["counts"]["not offered"]
    assert f"nothing was drawn: the engine does not offer one of the {drawing} cases that draw" in ended.printed


def test_an_engine_s_own_words_are_printed_as_text(ask: Callable[..., Asked]) -> None:
    ended = ask(Local(Painter()), SOME, engine="\ud800\x1b[2J")
    assert ended.printed.splitlines()[0] == r"engine: \ud800\x1b[2J"


# --- what comes over HTTP ---------------------------------------------------------------------------------------------

GOOD = json.dumps({"message": "no"}).encode()


@pytest.mark.parametrize(
    ("status", "content_type", "body", "words"),
    [
        (200, "text/html", b'{"images": []}', "200 came as text/html, not as application/json"),
        (200, "", b'{"images": []}', "200 came as text/plain, not as application/json"),
        (400, "text/html", GOOD, "400 came as text/html, not as application/json"),
        (400, "application/json", b"<html>Bad Gateway</html>", "the body is no JSON (JSONDecodeError): b'<html>Bad"),
        (400, "application/json", b'"no"', "400 came without a message: b'\"no\"'"),
        (500, "application/json", b'{"Message": "no"}', "500 came without a message"),
        (503, "application/json", b'{"message": 5}', "503 came without a message"),
    ],
)
@pytest.mark.enable_socket
def test_what_is_not_in_aws_s_form_is_no_answer(status: int, content_type: str, body: bytes, words: str) -> None:
    with answering(status, {"Content-Type": content_type} if content_type else {}, body) as url:
        for client in (HttpClient(url), HttpClient(url, sagemaker=True)):
            with pytest.raises(BadAnswerError) as caught:
                client.invoke(b"{}")
            assert words in str(caught.value)


@pytest.mark.enable_socket
def test_an_error_in_aws_s_form_is_read_with_its_type_and_without_its_namespace() -> None:
    headers = {
        "Content-Type": "application/json",
        "x-amzn-ErrorType": "ValidationException:http://internal.amazon.com/",
    }
    with answering(400, headers, GOOD) as url, pytest.raises(RefusalError) as caught:
        HttpClient(url).invoke(b"{}")
    assert (caught.value.status, caught.value.error_type, caught.value.message) == (400, "ValidationException", "no")


@contextmanager
def answering(status: int, headers: dict[str, str], body: bytes) -> Iterator[str]:
    """A server that always answers the same."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
