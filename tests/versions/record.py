"""Writes down what a version of the code leaves behind: rows, objects, events, and the document before every state.

::

    python -m tests.versions.record NAME COMMIT     # tests/versions/recorded/NAME.json.gz, by the code of that commit

Record a version when it is released; ``tests/versions`` then shows that what it began is finished by the next ones.
"""

import gzip
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
RECORDED = Path(__file__).parent / "recorded"
PATHS = (".", "layers/vto", "canvas", "client")


def record(name: str, commit: str) -> None:
    """Run the stories with the code of a commit, in a working tree of its own that is removed afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        git = ("git", "-C", str(ROOT), "worktree")
        subprocess.run([*git, "add", "--quiet", "--detach", str(tree), commit], check=True)
        try:
            # its own code comes first; this module is found here where that version does not have it yet
            paths = [*(str(tree / path) for path in PATHS), str(ROOT)]
            environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
            command = [sys.executable, "-m", "tests.versions.record"]
            written = subprocess.run(command, check=True, env=environment, cwd=folder, stdout=subprocess.PIPE)
        finally:
            subprocess.run([*git, "remove", "--force", str(tree)], check=True)
    commit = subprocess.check_output(["git", "-C", str(ROOT), "rev-parse", commit], text=True).strip()
    text = written.stdout.decode()
    for path in (str(tree), str(ROOT), sys.prefix, sys.base_prefix):  # stack traces in causes: as they are on AWS
        text = text.replace(path, "/var/task")
    document = {"commit": commit, **json.loads(text)}
    RECORDED.mkdir(exist_ok=True)
    told = json.dumps(document, separators=(",", ":"), sort_keys=True).encode()
    # the same histories again and again: packed it is a twentieth; without a time, so that the same stays the same
    (RECORDED / f"{name}.json.gz").write_bytes(gzip.compress(told, mtime=0))


@dataclass
class Story:
    """One job, and what happens to it.

    Args:
        request: What the shopper asks for.
        script: By state, what its calls come to: an error's name or a happening's; None just runs.
        before: A happening before the execution.
    """

    request: dict[str, Any] = field(default_factory=dict)
    script: dict[str, list[str | None]] = field(default_factory=dict)
    before: str | None = None


GARMENT = {"maskType": "GARMENT", "garmentBasedMask": {"garmentClass": "UPPER_BODY"}}
STORIES = {
    "plain": Story({"parameters": GARMENT}),
    "private photo with a mask": Story({"parameters": {"maskType": "IMAGE"}}),
    "two pictures and a seed": Story(
        {"parameters": {**GARMENT, "imageGenerationConfig": {"seed": 7, "numberOfImages": 2}}}
    ),
    "throttled, then the next engine": Story(
        {"parameters": GARMENT}, {"Invoke Model": ["ModelThrottledError", "ModelRetiredError"]}
    ),
    "used again": Story({"parameters": GARMENT}, before="an equal job"),
    "after its twin": Story({"parameters": GARMENT}, {"Validate Request": [None, None, "the twin ends"]}, "a twin"),
    "after a pause of all engines": Story(
        {"parameters": GARMENT}, {"Reserve Slot": ["pause", None, "go on"], "Invoke Model": [None]}
    ),
    "refused": Story({"parameters": GARMENT}, {"Validate Request": ["remove the product"]}),
    "failed": Story({"parameters": GARMENT}, {"Store Result": ["BadModelOutputError"]}),
    "claimed by another": Story({"parameters": GARMENT}, before="another execution"),
    "closed meanwhile": Story({"parameters": GARMENT}, {"Reserve Slot": ["end the job"]}),
}


@dataclass
class Pool:
    """Rows and objects, each once, however often it is found again unchanged."""

    things: list[Any] = field(default_factory=list)
    numbers: dict[str, int] = field(default_factory=dict)

    def number(self, thing: Any) -> int:
        """Where a thing stands."""
        text = json.dumps(thing, sort_keys=True)
        if text not in self.numbers:
            self.numbers[text] = len(self.things)
            self.things.append(thing)
        return self.numbers[text]

    def put(self, stored: dict[str, Any]) -> dict[str, Any]:
        """A storage with numbers in place of its rows and objects."""
        return {
            "tables": {name: [self.number(row) for row in rows] for name, rows in stored["tables"].items() if rows},
            "objects": {url: self.number(one) for url, one in stored["objects"].items()},
        }


def taken_out(stored: dict[str, Any], things: list[Any]) -> dict[str, Any]:
    """What :meth:`Pool.put` was given."""
    return {
        "tables": {name: [things[number] for number in rows] for name, rows in stored["tables"].items()},
        "objects": {url: things[number] for url, number in stored["objects"].items()},
    }


def happenings() -> dict[str, Callable[[Any], None]]:
    """What may happen before a call, by name."""
    from tests.versions.replica import ENGINES
    from vto import bootstrap

    def pause(replica: Any) -> None:
        for name in ENGINES:
            item = {"control_id": {"S": f"engine#{name}"}, "state": {"S": "paused"}}
            replica.dynamodb.put_item(TableName="vto-controls", Item=item)

    def go_on(replica: Any) -> None:
        for name in ENGINES:
            replica.dynamodb.delete_item(TableName="vto-controls", Key={"control_id": {"S": f"engine#{name}"}})

    def remove_the_product(replica: Any) -> None:
        replica.dynamodb.delete_item(TableName="vto-products", Key={"product_id": {"S": "hoodie"}})

    def the_twin_ends(replica: Any) -> None:
        [row] = [one for one in replica.written_down()["tables"]["vto-results"] if one["state"]["S"] == "making"]
        bootstrap.results().release(row["cache_key"]["S"], row["job_id"]["S"])

    def end_the_job(replica: Any) -> None:
        [row] = replica.written_down()["tables"]["vto-jobs"]
        bootstrap.record_failure().lost(row["id"]["S"], row["execution_arn"]["S"], "ended by somebody else")

    return {
        "pause": pause,
        "go on": go_on,
        "remove the product": remove_the_product,
        "the twin ends": the_twin_ends,
        "end the job": end_the_job,
    }


def script_of(story: Story, made: Mapping[str, int] | None = None) -> dict[str, list[Any]]:
    """What calls come to, by state; without those that were made already."""
    from vto import errors

    known = {**vars(errors), **happenings()}

    def outcome(name: str | None) -> Any:
        return name and (known[name](name) if isinstance(known[name], type) else known[name])

    return {
        state: [outcome(name) for name in names[(made or {}).get(state, 0) :]] for state, names in story.script.items()
    }


def play(story: Story, pool: Pool) -> dict[str, Any]:
    """Play a story and write down what is stored before each call, and what each state is given."""
    import pytest
    from moto import mock_aws

    from tests.versions.replica import MACHINE, SOCKET, USER, Replica, machine_of_this_version
    from vto import bootstrap

    with mock_aws(), pytest.MonkeyPatch.context() as monkeypatch:
        replica = Replica(monkeypatch)
        model_id, mask = furnish(replica)
        replica.connect()
        request = {
            "action": "tryOn",
            "request_id": "first",
            "product_id": "hoodie",
            "model_id": "robin",
            **story.request,
        }
        if request["parameters"]["maskType"] == "IMAGE":
            masked = {**request["parameters"], "imageBasedMask": {"maskImage": mask}}
            request |= {"model_id": model_id, "parameters": masked}
        if story.before in ("an equal job", "a twin"):
            twin = replica.say(**{**request, "request_id": "twin"})[0]["job"]["id"]
            run_twin(replica, twin, to_the_end=story.before == "an equal job")
        job_id = replica.say(**request)[0]["job"]["id"]
        if story.before == "another execution":
            arn = f"arn:aws:states:us-east-1:123456789012:execution:{MACHINE}:{job_id}-1"
            claim(job_id, arn)
        rows = [replica.job(job_id)]
        states: list[dict[str, Any]] = []

        def note(call: Any = None) -> None:
            at, told = replica.clock.now().isoformat(), len(replica.notifier.sent.get(SOCKET, []))
            states.append({"stored": pool.put(replica.written_down()), "told": told, "at": at})
            rows.append(replica.job(job_id))

        replica.before_call = note
        replica.script = script_of(story)
        run = replica.execute(machine_of_this_version(), job_id, input_of(job_id))
        note()
        visits, calls = [], 0
        for visit in run.visits:
            visits.append(
                {"state": visit.state, "document": visit.document, "calls": calls, "made": len(visit.attempts)}
            )
            calls += len(visit.attempts)
        frames = replica.notifier.sent.get(SOCKET, [])
        told = [{"type": "job", "job": {name: one["job"][name] for name in ("id", "seq", "status")}} for one in frames]
        bootstrap.reset()
    return {
        "user": USER,
        "job_id": job_id,
        "request": request,
        "visits": visits,
        "moments": states,
        "told": told,
        "stream": stream(job_id, rows),
        "status": run.status,
        "error": run.error,
        "ended_as": ended_as(rows[-1]),
    }


def input_of(job_id: str) -> dict[str, Any]:
    """What this version starts an execution with."""
    from vto.domain.job import execution_input

    document: dict[str, Any] = execution_input(job_id)
    return document


def ended_as(row: dict[str, Any]) -> str:
    """A row's status, and its error's code."""
    return " ".join(row[name]["S"] for name in ("status", "error_code") if name in row)


def stream(job_id: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The table's stream: the first row's INSERT and a MODIFY for each later one that differs."""
    keys = {"id": {"S": job_id}}
    records = [{"eventName": "INSERT", "dynamodb": {"SequenceNumber": "100", "Keys": keys, "NewImage": rows[0]}}]
    for number, (old, new) in enumerate(pairwise(rows), start=101):
        if old != new:
            images = {"SequenceNumber": str(number), "Keys": keys, "OldImage": old, "NewImage": new}
            records.append({"eventName": "MODIFY", "dynamodb": images})
    return records


def run_twin(replica: Any, job_id: str, *, to_the_end: bool) -> None:
    """Run an equal job to its end, or as far as its claim of the result."""
    from tests.versions.replica import MACHINE, machine_of_this_version

    if to_the_end:
        assert replica.execute(machine_of_this_version(), job_id, input_of(job_id)).status == "SUCCEEDED"
        return
    claim(job_id, f"arn:aws:states:us-east-1:123456789012:execution:{MACHINE}:{job_id}")


def claim(job_id: str, arn: str) -> None:
    """The first step of an execution that is not written down."""
    from tests.contract.deployed import handler

    handler("validate_request")({"job_id": job_id, "execution_arn": arn, "twin_waits": 0})


def furnish(replica: Any) -> tuple[str, str]:
    """A product, a stock model, the shopper's own photo and a mask; the photo's id and the mask's address."""
    from tests.contract.deployed import handler
    from tests.versions.replica import USER

    uploads = replica.buckets[1] if "uploads" in replica.buckets[1] else replica.buckets[0]
    keys = ("products/tops/hoodie.jpg", "models/stock/robin.jpg", f"models/users/{USER}/{'a' * 32}.jpg")
    for key in keys:
        replica.s3.put_object(Bucket=uploads, Key=key, Body=key.encode())
        s3 = {"bucket": {"name": uploads}, "object": {"key": key, "sequencer": "01"}}
        body = json.dumps({"Records": [{"eventTime": "2026-11-21T12:00:00.000Z", "s3": s3}]})
        answer = handler("import_picture")({"Records": [{"messageId": "m", "receiptHandle": "r", "body": body}]})
        assert answer == {"batchItemFailures": []}
    rows = {name: replica.dynamodb.scan(TableName=f"vto-{name}")["Items"] for name in ("products", "models")}
    for name, wanted in (("products", "hoodie"), ("models", "robin")):
        id_name = f"{name[:-1]}_id"
        row = next(one for one in rows[name] if one[id_name]["S"].startswith(wanted))
        replica.dynamodb.put_item(TableName=f"vto-{name}", Item={**row, id_name: {"S": wanted}})
    [photo] = [one["model_id"]["S"] for one in rows["models"] if one["model_id"]["S"].startswith("photo-")]
    mask = f"masks/users/{USER}/{'b' * 32}.png"
    replica.s3.put_object(Bucket=uploads, Key=mask, Body=b"mask")
    return photo, f"s3://{uploads}/{mask}"


def main() -> None:
    """With two arguments, record a commit; with none, play with the code that is on the path and print it."""
    if len(sys.argv) == 3:
        record(sys.argv[1], sys.argv[2])
        return
    from tests.versions.replica import machine_of_this_version

    out = sys.stdout
    sys.stdout = sys.stderr  # handlers print their metrics
    pool = Pool()
    played = {name: play(story, pool) for name, story in STORIES.items()}
    json.dump({"machine": json.loads(machine_of_this_version()), "stories": played, "pool": pool.things}, out)


if __name__ == "__main__":
    main()
