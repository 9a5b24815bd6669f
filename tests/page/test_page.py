"""The page's files: small, without a build, strict, and saying the same words as the service in every language."""

import gzip
import json
import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from scripts import contract, facts, page_states
from scripts.page_config import NEEDED, headers, page_config, policy_of
from vto.domain.catalogue import Upload
from vto.domain.job import Stage
from vto.domain.parameters import GARMENT_CLASSES
from vto.errors import all_errors

ROOT = Path(__file__).parents[2]
WEB = ROOT / "web"
FILES = sorted(
    path for path in WEB.rglob("*") if path.suffix in (".html", ".css", ".js") and "examples" not in path.parts
)
LANGUAGES = sorted(path.stem for path in (WEB / "strings").glob("??.js"))
MOST = 80_000
"""Bytes that a shopper's browser fetches until the fitting room can be used, and of all there is, as hosts send it."""

node = pytest.mark.skipif(shutil.which("node") is None, reason="there is no Node.js on this machine")


def strings(language: str) -> dict[str, str]:
    """A language's words."""
    text = "".join((WEB / "strings" / name).read_text() for name in (f"{language}.js", f"{language}-more.js"))
    found = re.findall(r'^  (\w+): ("(?:[^"\\]|\\.)*"),$', text, re.MULTILINE)
    assert len({key for key, _ in found}) == len(found), "a key is there twice"
    assert len(found) == len(re.findall(r"^  \w+:", text, re.MULTILINE)), 'a line is not `key: "text",`'
    return {key: json.loads(value) for key, value in found}


def code() -> str:
    return "\n".join(path.read_text() for path in FILES if path.suffix == ".js" and path.parent.name != "strings")


# --- words ------------------------------------------------------------------------------------------------------------


def test_there_are_english_and_japanese() -> None:
    assert LANGUAGES == ["en", "ja"]
    assert set(re.findall(r"(\w+): \"", _one("page/i18n.js", r"LANGUAGES = \{(.*?)\}"))) == set(LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_the_same_keys_and_places_to_fill_in(language: str) -> None:
    english, other = strings("en"), strings(language)
    assert other.keys() == english.keys()
    for key, text in other.items():
        assert text.strip(), key
        assert set(re.findall(r"\{\w+\}", text)) == set(re.findall(r"\{\w+\}", english[key])), key


def test_every_key_that_the_page_uses_is_there_and_no_other() -> None:
    used = set(re.findall(r"\bt\(\s*\"(\w+)\"", code())) | set(re.findall(r"\"(\w+)\"", code()))
    used |= set(re.findall(r"(\w+): \[", _one("page/options.js", r"STYLING = \{(.*?)\};")))
    keys = {key for key in strings("en") if not key.startswith(("e_", "w_", "stage_", "tip_", "do_"))}
    assert keys - used == set()
    assert set(re.findall(r"\bt\(\"(\w+)\"", code())) <= strings("en").keys()


def test_every_error_of_the_service_has_a_sentence_and_exactly_one_action() -> None:
    codes = {error.code for error in all_errors().values()}
    sentences = {key.removeprefix("e_") for key in strings("en") if key.startswith("e_")} - {""}
    assert codes <= sentences
    actions = re.findall(r"[\"`]([a-z_ ]+)[\"`]", _one("page/rules-more.js", r"ACTIONS = \{(.*?)\n\}"))
    acted = " ".join(actions).split()
    assert len(acted) == len(set(acted)), "a code has two actions"
    assert codes <= set(acted)
    signing_in = {name for name in sentences - set(acted) if name not in codes}
    assert signing_in <= set(re.findall(r"\"(\w+)\"", (WEB / "client" / "cognito.js").read_text()))


def test_every_stage_and_every_warning_of_the_service_has_its_words() -> None:
    keys = strings("en").keys()
    assert {f"stage_{one.value}" for one in Stage} <= keys
    assert re.findall(r"\"(\w+)\"", _one("client/job.js", r"STAGES = \[(.*?)\]")) == [one.value for one in Stage]
    warnings = set(re.findall(r"^\| `(\w+)`", contract.warnings(), re.MULTILINE))
    assert len(warnings) > 10
    of_results = {"w_some_results_blocked", "w_fewer_results"}
    assert {f"w_{name}" for name in warnings} | of_results == {key for key in keys if key.startswith("w_")}


def test_a_photo_without_a_name_is_known_by_what_the_service_calls_it() -> None:
    unnamed = _one("page/rules.js", r"UNNAMED = (\".*?\");")
    assert unnamed == json.dumps(Upload.from_key("models/users/u/a.jpg", {}).name)


def test_what_can_be_chosen_is_what_the_contract_takes() -> None:
    schema = json.loads((ROOT / "layers/vto/vto/schemas/parameters.schema.json").read_text())["properties"]
    styling = schema["garmentBasedMask"]["properties"]["garmentStyling"]["properties"]
    offered = _one("page/options.js", r"STYLING = \{(.*?)\};")
    for field, values in styling.items():
        assert re.findall(r"\"(\w+)\"", _within(offered, rf"{field}: \[(.*?)\]")) == values["enum"]
    assert re.findall(r"\"(\w+)\"", _one("page/options.js", r"KEEP = \[(.*?)\]")) == [
        *schema["maskExclusions"]["properties"]
    ]
    assert '["BALANCED", "SEAMLESS", "DETAILED"]' in code()
    assert "UPPER_BODY" in GARMENT_CLASSES


def _one(file: str, pattern: str) -> str:
    return _within((WEB / file).read_text(), pattern)


def _within(text: str, pattern: str) -> str:
    (found,) = re.findall(pattern, text, re.DOTALL)
    return str(found)


# --- files ------------------------------------------------------------------------------------------------------------


def size(files: Iterable[Path]) -> int:
    return sum(path.stat().st_size for path in files)


def imports(path: Path) -> set[Path]:
    """A module and what it cannot do without."""
    found, todo = set[Path](), [path]
    while todo:
        module = todo.pop()
        if module not in found:
            found.add(module)
            names = re.findall(r"^(?:import|export) .*?from \"(\..*?)\"", module.read_text(), re.MULTILINE | re.DOTALL)
            todo += [(module.parent / name).resolve() for name in names]
    return found


def first_load(language: str) -> set[Path]:
    """What a browser fetches until a shopper who has just signed in can use the fitting room, without pictures."""
    page = [WEB / "index.html", WEB / "style.css", WEB / "strings" / f"{language}.js"]
    return {*page, *imports(WEB / "page" / "main.js"), *imports(WEB / "page" / "sign-in.js")}


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_needed_at_first_is_small(language: str) -> None:
    assert size(first_load(language)) < MOST


def test_all_of_the_page_is_small_as_hosts_send_it() -> None:
    assert sum(len(gzip.compress(path.read_bytes())) for path in FILES) < MOST


def test_the_figures_of_the_document_are_those_of_the_files() -> None:
    stated = re.findall(r"^\| .*? \| ([\d.]+) kB \|$", (ROOT / "docs" / "page.md").read_text(), re.MULTILINE)
    compressed = sum(len(gzip.compress(path.read_bytes())) for path in FILES)
    actual = [*(size(first_load(language)) for language in LANGUAGES), size(FILES), compressed]
    for said, found in zip(map(float, stated), actual, strict=True):
        assert said - 4 < found / 1000 <= said, f"docs/page.md says {said} kB; it is {found / 1000:.1f} kB"


def test_what_is_fetched_later_is_nothing_that_is_there_at_first() -> None:
    """A module that is imported both ways is not folded away."""
    for path in FILES:
        if path.suffix == ".js":
            later = {(path.parent / name).resolve() for name in re.findall(r"import\(\"(.*?)\"\)", path.read_text())}
            assert all(one.exists() for one in later), path
            assert later & first_load("en") <= {WEB / "page" / "sign-in.js"}, path


def test_the_state_machine_that_the_page_draws_is_the_one_that_is_deployed() -> None:
    assert page_states.FILE.read_text() == page_states.page_states(), "run `make docs`"


def test_the_page_loads_nothing_from_elsewhere_and_runs_nothing_inline() -> None:
    html = (WEB / "index.html").read_text()
    assert re.findall(r"<(?:script|link)[^>]* (?:src|href)=\"(.*?)\"", html) == [
        "pictures/icon.svg",
        "style.css",
        "page/main.js",
    ]
    assert re.findall(r"<script[^>]*>(?!</script>)", html) == []
    assert not re.search(r"<style| style=| on\w+=", html)
    assert not [path for path in FILES if path.suffix == ".css" and "url(" in path.read_text()]
    imported = re.findall(r"(?:from|import)\s*\(?[\"`](.*?)[\"`]", re.sub(r"^\s*\*.*$", "", code(), flags=re.MULTILINE))
    assert imported
    assert all(name.startswith(".") for name in imported)
    assert not re.search(
        r"innerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|setAttribute\(\"style", code()
    )


def test_every_module_is_there_under_the_name_that_it_is_imported_by() -> None:
    for path in FILES:
        for name in re.findall(r"from \"(\.[^\"]+)\"", path.read_text()):
            assert (path.parent / name).exists(), f"{path.name} imports {name}"


def test_the_stylesheet_knows_no_left_and_right_but_for_the_slider() -> None:
    """Before is to the left of after in every language."""
    physical = r"(?<![\w-])(?:left|right|margin-left|margin-right|padding-left|padding-right|text-align: left)\s*:"
    styles = [path.read_text() for path in FILES if path.suffix == ".css"]
    lines = [line for style in styles for line in style.splitlines() if re.search(physical, line)]
    assert all(line.startswith((".knob", ".tag")) for line in lines), lines


def test_the_header_is_stricter_than_what_the_page_says_itself() -> None:
    outputs = {
        "ApiUrl": "https://a1.execute-api.eu-central-1.amazonaws.com",
        "SocketUrl": "wss://s1.execute-api.eu-central-1.amazonaws.com/live",
        "UserPoolId": "eu-central-1_x",
        "UserPoolClientId": "c",
        "UploadsBucket": "vto-uploads-1",
        "ResultsBucket": "vto-results-1",
    }
    policy = policy_of(outputs, "eu-central-1")
    for needed in ("https://vto-uploads-1.s3.", "https://cognito-idp.eu-central-1.", "wss://s1.", "https://a1."):
        assert needed in policy
    assert "unsafe" not in policy
    assert " https: " not in policy
    own = _one("index.html", r"http-equiv=\"Content-Security-Policy\" content=\"(.*?)\"")
    for rule in (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
    ):
        assert rule in policy
        assert rule in own
    assert headers(policy)["Content-Security-Policy"] == policy
    assert page_config(outputs, "eu-central-1") == {
        "apiUrl": outputs["ApiUrl"],
        "socketUrl": outputs["SocketUrl"],
        "userPoolId": "eu-central-1_x",
        "userPoolClientId": "c",
        "region": "eu-central-1",
    }
    with pytest.raises(KeyError, match="SocketUrl"):
        page_config({"ApiUrl": "https://x"}, "eu-central-1")


def test_the_document_shows_the_configuration_that_is_written() -> None:
    (shown,) = re.findall(r"```json\n(.*?)```", (ROOT / "docs" / "page.md").read_text(), re.DOTALL)
    outputs = dict.fromkeys(NEEDED, "x")
    assert json.loads(shown.replace("\n   ", "\n")).keys() == page_config(outputs, "eu-central-1").keys()


def test_the_outputs_that_the_page_needs_are_in_the_template() -> None:
    template: dict[str, Any] = facts.template()
    assert set(NEEDED) <= template["Outputs"].keys()


# --- rules ------------------------------------------------------------------------------------------------------------


@node
def test_the_rules_and_the_client_keep_their_own_tests() -> None:
    tests = sorted(str(path) for path in Path(__file__).parent.glob("*.test.mjs"))
    ran = subprocess.run(["node", "--test", *tests], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 0, ran.stdout[-3000:]
    assert int(re.findall(r"^# pass (\d+)", ran.stdout, re.MULTILINE)[0]) > 25
