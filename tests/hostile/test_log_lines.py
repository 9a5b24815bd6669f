"""Whatever stands in an event, however it came there: the lines that a function logs do not repeat it.

Each field of each sample event is replaced by something that no log may hold, one after the other, so that every
handler gets as far as it would; with what API Gateway, S3, SQS, DynamoDB and Step Functions put around it. Unlike the
rules that read every line of a test run, this finds also what has no look of its own, like a shopper's own words.
"""

import copy
import io
import json
import logging
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from zlib import crc32

import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from tests.contract.deployed import FUNCTIONS, environment, handler, module, replace_builders, use_environment
from tests.contract.test_events import (
    BEFORE,
    JOB_ID,
    OUTCOMES,
    PHOTO,
    UPLOADS,
    FunctionsInProcess,
    System,
    picture,
    read,
)
from tests.hostile.shop import FULL
from vto import bootstrap, telemetry
from vto.adapters.preview import Preview

MARK = "Zq7canary"
CANARIES = {
    "a document of everything": (
        f"the scar on my knee {MARK} {MARK}@mail.example.com eyJraWQiOiJ{MARK}.eyJzdWIiOiI1YjFlNmQwYSJ9.c2lnbmF0dXJl"
        f" https://b.s3.amazonaws.com/{MARK}.jpg?X-Amz-Signature={MARK} /9j/4AAQ{MARK}{'AAD/2wBDAAUDBAQEAwUE' * 9}"
        f' it\'s "{MARK}" {{}} %s\n'
    ),
    "a ticket, shaped like an id": f"hY3qT9xB0vLk2RwZ7nPfM5sJd8GcA1eUo4{MARK}",
}

# These take what comes from outside; all others are sent what our own steps and functions wrote.
DOORS = ("api", "authorize_socket", "check_lifecycle", "connect", "disconnect", "import_picture", "message")

# Ids of jobs and executions, and addresses of objects, are in the log on purpose: our own code made them, and they say
# nothing without our tables. So are the names of buckets. What else the preview is sent was checked by a schema before.
OURS = ("job_id", "execution_arn", "executionArn", "output_prefix", "source", "reference", "mask", "parameters", "name")
OURS_BELOW = (("generation", "images"), ("dynamodb", "Keys"))

SENT_OURS = ("notify_client", "render_preview")  # and nothing else

type Path = tuple[Any, ...]
INSIDE = "(json)"  # in a path: what follows is inside a document that stands there as text


def leaves(value: Any, path: Path = ()) -> Iterator[Path]:
    """Every place of an event that holds text or a number, also inside documents that are texts themselves."""
    if isinstance(value, dict | list):
        for key, one in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(one, (*path, key))
        return
    yield path
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            yield from leaves(json.loads(value), (*path, INSIDE))
        except ValueError:
            return


def is_ours(path: Path) -> bool:
    """Whether only our own code, or AWS, can have written what stands there."""
    return path[0] != "body" and (
        any(part in OURS for part in path)
        or any(below == path[at : at + 2] for below in OURS_BELOW for at in range(len(path)))
    )


def replaced(value: Any, path: Path, canary: str) -> Any:
    """The event with a canary in one place: instead of what was there, or at the end of an address."""
    if not path:
        is_address = isinstance(value, str) and "/" in value
        return f"{value.rpartition('/')[0]}/{canary}" if is_address else canary
    if path[0] == INSIDE:
        return json.dumps(replaced(json.loads(value), path[1:], canary))
    changed = copy.copy(value)
    changed[path[0]] = replaced(value[path[0]], path[1:], canary)
    return changed


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """All that any logger says at the level at which Lambda listens, or louder, and all that is printed."""
    written = io.StringIO()
    monkeypatch.setattr(sys, "stdout", written)
    use_environment(monkeypatch, environment("api"))
    telemetry.logger()
    for one in logging.getLogger("vto").handlers:
        monkeypatch.setattr(one, "stream", written)
    everything = logging.StreamHandler(written)
    monkeypatch.setattr(logging.root, "handlers", [everything])
    monkeypatch.setattr(logging.root, "level", logging.INFO)
    return written


@pytest.fixture(scope="module")
def system() -> Iterator[System]:
    """One system for all of them; each event finds the rows as it would alone."""
    with mock_aws(config={"core": {"reset_boto3_session": False}}):
        yield System()
    bootstrap.reset()


def said_of(function: str, event: Any, lines: io.StringIO) -> str:
    """What a function's log has of an event: its lines, and what Lambda's runtime writes when it raises."""
    lines.seek(0)
    lines.truncate()
    try:
        handler(function)(event)
    except Exception as error:  # noqa: BLE001 - whatever it is, the runtime logs it
        lines.write(f"[ERROR] {type(error).__name__}: {error}")
    return lines.getvalue()


def deploy(function: str, system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    """The function as it is deployed, in this system."""
    use_environment(monkeypatch, environment(function))
    replace_builders(
        monkeypatch,
        clock=system.clock,
        sockets=system.notifier,
        models=system.models,
        engine=lambda _: Preview(FunctionsInProcess(), bootstrap.settings()["PREVIEW_FUNCTION"]),
    )
    module("render_preview")._s3.cache_clear()


def is_telling(path: Path, name: str, asked: set[Path]) -> bool:
    """Whether `make test` takes this place: what a person can write, and some of what AWS puts around it, once."""
    theirs = ("body", "rawPath", "queryStringParameters", "failure", "detail", "validation", "generation", "slot")
    is_envelope = not any(part in theirs for part in path)
    return (path not in asked or name not in OUTCOMES) and not (
        is_envelope and len(path) > 1 and crc32(repr(path).encode()) % 4
    )


def at(path: str) -> dict[str, Any]:
    """What the HTTP API is sent for a GET of this path."""
    event = read("api/accepted_the_list_of_products")
    context = {**event["requestContext"], "http": {**event["requestContext"]["http"], "path": path}}
    query = {"queryStringParameters": {"cursor": "next"}}
    return {"version": "2.0", "rawPath": path, "requestContext": context, "headers": {}, **query}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_no_line_repeats_what_stands_in_an_event(
    function: str, system: System, lines: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    deploy(function, system, monkeypatch)
    jobs = system.dynamodb.Table("vto-jobs")
    told: list[str] = []
    asked: set[Path] = set()
    samples = {name: read(name) for name in OUTCOMES if name.startswith(f"{function}/")}
    if function == "api":
        samples |= {path: at(path) for path in ("/products/hoodie", "/try-ons/one", "/try-ons")}
    for name, event in samples.items():
        system.rows()
        with suppress(ClientError):  # what an earlier event of this function started has started
            BEFORE[OUTCOMES[name].before if name in OUTCOMES else "as_it_is"](system)
        job = jobs.get_item(Key={"id": JOB_ID}).get("Item", {"id": "none"})
        for path in leaves(event):
            if is_ours(path) or not (FULL or is_telling(path, name, asked)):
                continue
            asked.add(path)
            for kind, canary in CANARIES.items():
                if FULL or function not in DOORS:  # a step does its part but once
                    jobs.put_item(Item=job)
                said = said_of(function, replaced(event, path, canary), lines)
                if MARK in said:
                    told.append(f"{name}: {kind} in {'.'.join(map(str, path))}: {said}")
    assert asked or function in SENT_OURS
    assert told == []


def with_canaries(row: dict[str, Any]) -> dict[str, Any]:
    """A row whose every text that came from a person, or describes one, is a canary."""
    canary = CANARIES["a document of everything"]
    theirs = ("name", "category", "description", "request_id", "request_fingerprint", "connection_id")
    mask = {"maskType": "PROMPT", "promptBasedMask": {"maskPrompt": canary}}
    return {
        **row,
        **{name: canary for name in theirs if name in row},
        **({"parameters": {**row["parameters"], **mask}} if "parameters" in row else {}),
    }


@pytest.mark.parametrize("name", [one for one in OUTCOMES if "accepted" in one])
def test_no_line_repeats_what_stands_in_a_row_or_belongs_to_a_picture(
    name: str, system: System, lines: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    function = name.partition("/")[0]
    deploy(function, system, monkeypatch)
    system.rows(with_canaries)
    told = dict.fromkeys(("name", "category", "description", "garment-class", "filename", "consent"), MARK)
    for key in ("products/tops/green-hoodie.jpg", PHOTO):
        body = picture("JPEG") + MARK.encode()
        system.s3.put_object(Bucket=UPLOADS, Key=key, Body=body, Metadata=told)

    said = said_of(function, read(name), lines)

    assert said
    assert MARK not in said
