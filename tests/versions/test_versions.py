"""What an earlier version of the code began is finished by this one: once, told once, whatever state it had come to.

Two ways a job meets new code: an execution in flight keeps the machine that it began with and calls the new functions;
a rerun begins with the new machine on the old row. Both are tried, from the document before every recorded state.
"""

import gzip
import json
from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import pytest
from moto import mock_aws

from tests.contract.deployed import handler
from tests.hostile.shop import FULL
from tests.versions.record import RECORDED, STORIES, script_of, taken_out
from tests.versions.replica import SOCKET, Replica, machine_of_this_version
from vto import bootstrap
from vto.domain.job import execution_input

VERSIONS = sorted(path.name.removesuffix(".json.gz") for path in RECORDED.glob("*.json.gz"))
LATER = timedelta(hours=2)
INSTEAD = {"Claim Job": "Validate Request", "Already Generated?": "Validate Request", "Job Completed": "Notify Client"}
"""Where the new machine does what an old one did in a state of its own."""
UNTOUCHED = {"claimed by another"}  # its own execution ends in peace; whose it is now is not this execution's business


@cache
def recorded(version: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(gzip.decompress((RECORDED / f"{version}.json.gz").read_bytes()))
    return document


@dataclass(frozen=True)
class Interruption:
    """An execution that was interrupted before a state, or after the first call of its Task had run unheard."""

    version: str
    story: str
    number: int
    unheard: bool = False

    @property
    def of_story(self) -> dict[str, Any]:
        played: dict[str, Any] = recorded(self.version)["stories"][self.story]
        return played

    @property
    def visit(self) -> dict[str, Any]:
        visited: dict[str, Any] = self.of_story["visits"][self.number]
        return visited

    @property
    def made(self) -> Counter[str]:
        """Calls that were made before, by state."""
        made = Counter[str]()
        for visit in self.of_story["visits"][: self.number]:
            made[visit["state"]] += visit["made"]
        made[self.visit["state"]] += self.unheard
        return made

    @property
    def was_answered(self) -> bool:
        """Whether the Task's first call ran; one that was made to fail did nothing that could go unheard."""
        outcomes = STORIES[self.story].script.get(self.visit["state"], [])[self.made[self.visit["state"]] :]
        return bool(self.visit["made"]) and not (outcomes and str(outcomes[0]).endswith("Error"))

    def __str__(self) -> str:
        return f"{self.version}: {self.story} {'within' if self.unheard else 'before'} {self.visit['state']}"


def interruptions(version: str, *, theirs: bool) -> list[Interruption]:
    """Every visit of every story, by both machines, in ``make fuzz``; otherwise every state once, by one of them."""
    everything = [
        one
        for story, played in recorded(version)["stories"].items()
        for number in range(len(played["visits"]))
        for one in (Interruption(version, story, number), Interruption(version, story, number, unheard=True))
        if not one.unheard or one.was_answered
    ]
    if FULL:
        return everything
    some: dict[str, Interruption] = {}
    for one in everything:  # unheard where it can be: the later one says more
        some[one.visit["state"]] = one
    return [one for turn, one in enumerate(some.values()) if turn % 2 == (theirs ^ (version == VERSIONS[0]))]


@pytest.fixture(scope="module")
def replica() -> Iterator[Replica]:
    """One stack for all; each test sets up what was stored."""
    with mock_aws(), pytest.MonkeyPatch.context() as monkeypatch:
        yield Replica(monkeypatch)
    bootstrap.reset()


def return_to(replica: Replica, at: Interruption) -> None:
    """The stack as it was at that moment."""
    moment = at.of_story["moments"][at.visit["calls"] + at.unheard]
    replica.set_up(taken_out(moment["stored"], recorded(at.version)["pool"]))
    replica.clock.moment = datetime.fromisoformat(moment["at"])
    replica.notifier.sent = {SOCKET: deepcopy(at.of_story["told"][: moment["told"]])}
    replica.workflow.started.clear()
    replica.script = script_of(STORIES[at.story], at.made)
    for model in replica.models.values():
        model.requests.clear()


def settle(replica: Replica, job_id: str) -> None:
    """What comes after every execution: the stream's and the bucket's events, and two hours later the sweep."""
    row = replica.job(job_id)
    before = {**row, "version": {"N": "0"}}
    record = {"dynamodb": {"SequenceNumber": "1", "Keys": {"id": {"S": job_id}}, "NewImage": row, "OldImage": before}}
    handler("publish_job")({"Records": [record]})
    replica.clock.moment += LATER
    handler("sweep_jobs")({})
    replica.clock.moment -= LATER  # the socket is still open when the stream tells of it
    handler("publish_job")({"Records": [record]})
    for url in replica.objects():
        if url.endswith("/result.json"):
            handler("deliver_result")({"Records": [manifest(url)]})


def manifest(url: str) -> dict[str, str]:
    """The queue's message about a manifest."""
    bucket, _, key = url.removeprefix("s3://").partition("/")
    s3 = {"bucket": {"name": bucket}, "object": {"key": key, "sequencer": "01"}}
    body = json.dumps({"Records": [{"eventTime": "2026-11-21T12:00:00.000Z", "s3": s3}]})
    return {"messageId": "m", "receiptHandle": "r", "body": body}


def ends(row: dict[str, Any]) -> list[str]:
    statuses = [one["M"]["status"]["S"] for one in row["timeline"]["L"]]
    return [one for one in statuses if one in ("completed", "error")]


def ended_once_and_told_once(replica: Replica, job_id: str) -> None:
    row = replica.job(job_id)
    assert len(ends(row)) == 1
    assert "open" not in row
    assert replica.seqs(job_id) == list(range(1, int(row["version"]["N"]) + 1))


def machine(version: str | None) -> str:
    return machine_of_this_version() if version is None else json.dumps(recorded(version)["machine"])


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("theirs", [True, False], ids=["by its own machine", "by the new machine"])
def test_an_execution_of_an_earlier_version_is_finished_from_every_state(
    replica: Replica, version: str, theirs: bool
) -> None:
    for at in interruptions(version, theirs=theirs):
        finish(replica, at, machine(version if theirs else None), at.visit["state"] if theirs else now_called(at))


def now_called(at: Interruption) -> str:
    """The state of the new machine that an execution would be in."""
    state: str = at.visit["state"]
    return INSTEAD.get(state, state)


def finish(replica: Replica, at: Interruption, definition: str, start_at: str | None = None) -> None:
    """Go on from an interruption with a machine, and check that the job ends as it was recorded, once and told once."""
    return_to(replica, at)
    job_id, expected = at.of_story["job_id"], at.of_story["ended_as"]
    run = replica.execute(definition, job_id, at.visit["document"], start_at=start_at or at.visit["state"])
    try:
        assert (run.status, as_recorded(replica, job_id)) == (at.of_story["status"], expected)
        settle(replica, job_id)
        ended_once_and_told_once(replica, job_id)
        assert as_recorded(replica, job_id) == expected or at.story in UNTOUCHED
    except AssertionError as problem:
        raise AssertionError(f"{at}:\n{run}") from problem


@pytest.mark.parametrize("lacking", ["adaptations", "v"])
def test_new_code_that_demands_a_field_which_old_documents_lack_would_be_caught(
    replica: Replica, monkeypatch: pytest.MonkeyPatch, lacking: str
) -> None:
    oldest = VERSIONS[-1]
    visits = recorded(oldest)["stories"]["plain"]["visits"]
    [number] = [n for n, one in enumerate(visits) if one["state"] == "Store Result"]
    here = Interruption(oldest, "plain", number)
    finish(replica, here, machine(oldest))
    store = bootstrap.store_result()

    def demanding(**given: Any) -> Any:
        assert given["generation"][lacking] is not None
        return store(**given)

    monkeypatch.setattr(bootstrap, "store_result", lambda: demanding)
    with pytest.raises(AssertionError, match="Store Result"):
        finish(replica, here, machine(oldest))


def as_recorded(replica: Replica, job_id: str) -> str:
    row = replica.job(job_id)
    return " ".join(row[name]["S"] for name in ("status", "error_code") if name in row)


# --- rows and events --------------------------------------------------------------------------------------------------

ENDED = [name for name in STORIES if name not in UNTOUCHED]
each_version = pytest.mark.parametrize("version", VERSIONS)


def at(version: str, story: str, number: int) -> Interruption:
    """A moment of a story by its visit; negative ones count from the end."""
    return Interruption(version, story, range(len(recorded(version)["stories"][story]["visits"]))[number])


@each_version
def test_every_state_of_every_version_was_recorded(version: str) -> None:
    visited = {visit["state"] for played in recorded(version)["stories"].values() for visit in played["visits"]}
    assert visited == set(recorded(version)["machine"]["States"])
    assert recorded(version)["stories"].keys() == STORIES.keys()


@each_version
@pytest.mark.parametrize("story", ENDED)
def test_an_old_job_is_shown_to_its_owner_and_the_same_request_finds_it(
    replica: Replica, version: str, story: str
) -> None:
    moment = at(version, story, -1)
    return_to(replica, moment)
    job_id = moment.of_story["job_id"]
    status, shown = replica.rest(f"GET /try-ons/{job_id}")
    assert (status, shown["status"], shown["id"]) == (200, moment.of_story["ended_as"].partition(" ")[0], job_id)
    assert job_id in [one["id"] for one in replica.rest("GET /try-ons")[1]["try_ons"]]
    [frame] = replica.say(**moment.of_story["request"])
    assert (frame["type"], frame["job"]["id"]) == ("job", job_id)
    [watched] = replica.say(action="watchJob", job_id=job_id)
    assert watched["job"]["stages"] == frame["job"]["stages"] == shown["stages"]
    assert replica.workflow.started == []


@each_version
def test_an_old_accepted_job_is_started_by_its_old_stream_record_or_by_the_sweep(
    replica: Replica, version: str
) -> None:
    moment = at(version, "plain", 0)
    job_id, [insert, *modified] = moment.of_story["job_id"], moment.of_story["stream"]
    return_to(replica, moment)
    assert handler("start_try_on")({"Records": [insert]}) == {"batchItemFailures": []}
    assert replica.workflow.started == [job_id]
    assert handler("publish_job")({"Records": modified}) == {"batchItemFailures": []}
    return_to(replica, moment)
    replica.clock.moment += LATER
    handler("sweep_jobs")({})
    assert replica.workflow.started == [job_id]


@each_version
def test_an_old_job_whose_execution_is_gone_is_ended_by_the_sweep_or_by_the_rule(
    replica: Replica, version: str
) -> None:
    moment = at(version, "plain", 5)
    job_id = moment.of_story["job_id"]
    return_to(replica, moment)
    settle(replica, job_id)
    assert as_recorded(replica, job_id) == "error execution_lost"
    ended_once_and_told_once(replica, job_id)
    return_to(replica, moment)
    arn = replica.job(job_id)["execution_arn"]["S"]
    told = json.dumps({**moment.of_story["visits"][0]["document"]})
    detail = {"executionArn": arn, "name": job_id, "status": "TIMED_OUT", "input": told}
    handler("record_failure")({"source": "aws.states", "detail": detail})
    settle(replica, job_id)
    assert as_recorded(replica, job_id) == "error execution_lost"
    ended_once_and_told_once(replica, job_id)


@each_version
def test_an_old_result_is_delivered_by_its_manifest_once(replica: Replica, version: str) -> None:
    finished = at(version, "two pictures and a seed", -1)
    job_id = finished.of_story["job_id"]
    return_to(replica, finished)
    table = {"TableName": "vto-controls"}
    for row in replica.dynamodb.scan(**table)["Items"]:  # nothing is known to have been delivered
        if row["control_id"]["S"].startswith("delivered#"):
            replica.dynamodb.delete_item(**table, Key={"control_id": row["control_id"]})
    replica.notifier.sent.clear()
    [url] = [url for url in replica.objects() if url.endswith(f"{job_id}/result.json")]
    for _ in range(2):
        assert handler("deliver_result")({"Records": [manifest(url)]}) == {"batchItemFailures": []}
    *_, frame = replica.notifier.sent[SOCKET]  # who asked is told all versions
    assert replica.seqs(job_id) == list(range(1, frame["job"]["seq"] + 1))
    assert (frame["job"]["id"], frame["job"]["status"]) == (job_id, "completed")
    assert len(frame["job"]["images"]) == len(replica.job(job_id)["images"]["L"]) > 0


@each_version
def test_an_old_finished_result_is_read_and_used_again_where_its_key_is_still_the_same(
    replica: Replica, version: str
) -> None:
    finished = at(version, "plain", -1)
    return_to(replica, finished)
    [row] = replica.written_down()["tables"]["vto-results"]
    result = bootstrap.results().get_ready(row["cache_key"]["S"], replica.clock.now())
    assert result is not None
    assert result.job_id == finished.of_story["job_id"]
    asked = {**finished.of_story["request"], "request_id": "again"}
    job_id = replica.say(**asked)[0]["job"]["id"]
    run = replica.execute(machine(None), job_id, execution_input(job_id))
    assert run.status == "SUCCEEDED"
    ended_once_and_told_once(replica, job_id)


@each_version
def test_an_old_machine_begins_with_the_input_that_new_code_gives(replica: Replica, version: str) -> None:
    moment = at(version, "plain", 0)
    return_to(replica, moment)
    job_id = moment.of_story["job_id"]
    assert replica.execute(machine(version), job_id, execution_input(job_id)).status == "SUCCEEDED"
    settle(replica, job_id)
    ended_once_and_told_once(replica, job_id)
