"""What operators order: dead letters worked off, the state of things, and switches; each harmless when given twice."""

import json
from datetime import timedelta
from typing import Any

import pytest

from tests.unit.vto.world import EXECUTION, World
from vto.domain.dead_letters import QUEUES
from vto.errors import InvalidRequestError
from vto.testing import NOON, FakeChanges, FakeDeadLetters, FakeFunctions
from vto.use_cases.operate import MAX_JOBS, Operate
from vto.use_cases.redrive_letters import RedriveLetters
from vto.use_cases.report_status import ReportStatus
from vto.use_cases.rerun_job import RerunJob
from vto.use_cases.say_bye import SayBye

STREAM = {"DDBStreamBatchInfo": {"shardId": "s-1", "startSequenceNumber": "100", "endSequenceNumber": "103"}}
ARN = "arn:aws:lambda:us-east-1:123456789012:function:vto-"


class Desk:
    """Where an operator sits."""

    def __init__(self) -> None:
        self.world = World()
        self.letters = FakeDeadLetters()
        self.functions = FakeFunctions()
        self.changes = FakeChanges([("100", "job-1"), ("103", "job-2"), ("104", "job-3")])
        self.order = Operate(
            ReportStatus(self.world.jobs, self.world.operations, self.letters, self.world.clock, ["preview"]),
            RedriveLetters(self.letters, self.functions, self.changes, self.world.clock, "vto", self.world.report),
            RerunJob(
                self.world.jobs,
                self.world.catalogue,
                self.world.pictures,
                self.world.workflow,
                self.world.clock,
            ),
            SayBye(
                self.world.connections,
                self.world.notifier,
                self.world.operations,
                self.world.clock,
                self.world.report,
            ),
            self.world.operations,
            self.functions,
            self.world.clock,
            ["preview"],
        )

    def redrive(self, queue: str, **more: Any) -> dict[str, Any]:
        return self.order({"order": "redrive", "queue": queue, **more})


@pytest.fixture
def desk() -> Desk:
    return Desk()


# --- redrive ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("queue", ["product_uploads", "model_uploads", "results", "erasures"])
def test_messages_go_back_where_they_came_from_before_they_are_removed(desk: Desk, queue: str) -> None:
    for n in range(25):
        desk.letters.put(queue, f"body {n}")
    answer = desk.redrive(queue)
    assert answer == {
        **{"queue": queue, "found": 25, "redriven": 25, "expired": 0, "unreadable": 0, "failed": 0},
        **{"is_complete": True, "problems": []},
    }
    assert desk.letters.sent_back == [(queue, f"body {n}") for n in range(25)]
    assert desk.letters.count(queue) == 0
    assert desk.redrive(queue)["redriven"] == 0


@pytest.mark.parametrize("queue", ["start_try_on", "publish_job"])
def test_records_are_read_again_and_given_to_the_function_that_failed_on_them(desk: Desk, queue: str) -> None:
    desk.letters.put(queue, STREAM)
    assert desk.redrive(queue)["redriven"] == 1
    ((function, event),) = desk.functions.invoked
    assert function == queue
    assert [one["dynamodb"]["Keys"]["id"]["S"] for one in event["Records"]] == ["job-1", "job-2"]


def test_records_that_the_stream_no_longer_has_are_repaired_by_the_sweep_where_jobs_wait_to_be_started(
    desk: Desk,
) -> None:
    desk.changes.records = None
    desk.letters.put("start_try_on", STREAM)
    desk.letters.put("publish_job", STREAM)
    assert [desk.redrive(queue)["expired"] for queue in ("start_try_on", "publish_job")] == [1, 1]
    assert desk.functions.invoked == [("sweep_jobs", {})]
    assert desk.letters.count("start_try_on") == desk.letters.count("publish_job") == 0


def test_events_are_given_again_to_the_function_that_they_were_for(desk: Desk) -> None:
    ended = {"source": "aws.states", "detail": {"name": "job-1"}}
    desk.letters.put("events", ended, TARGET_ARN=f"{ARN}record_failure", RULE_ARN="r", ERROR_CODE="e")
    context = {"functionArn": f"{ARN}sweep_jobs:$LATEST", "condition": "RetriesExhausted"}
    desk.letters.put("events", {"requestContext": context, "requestPayload": {"source": "aws.events"}})
    assert desk.redrive("events")["redriven"] == 2
    assert desk.functions.invoked == [("record_failure", ended), ("sweep_jobs", {"source": "aws.events"})]


def test_a_letter_whose_work_fails_again_stays(desk: Desk) -> None:
    desk.functions.broken.add("record_failure")
    desk.functions.answers["publish_job"] = {"batchItemFailures": [{"itemIdentifier": "103"}]}
    desk.letters.put("events", {}, TARGET_ARN=f"{ARN}record_failure")
    desk.letters.put("publish_job", STREAM)
    answers = [desk.redrive(queue) for queue in ("events", "publish_job")]
    assert [one["failed"] for one in answers] == [1, 1]
    assert [one["problems"] for one in answers] == [
        ["record_failure failed"],
        ["publish_job failed on 1 of the records"],
    ]
    assert len(desk.world.reports) == 2
    assert [desk.letters.count(queue) for queue in ("events", "publish_job")] == [1, 1]


@pytest.mark.parametrize("queue", ["start_try_on", "publish_job", "events"])
@pytest.mark.parametrize("body", ["no JSON", "[]", "{}", '{"requestPayload": {}, "requestContext": 3}'])
def test_a_letter_that_nobody_understands_stays_and_is_told(desk: Desk, queue: str, body: str) -> None:
    desk.letters.put(queue, body)
    answer = desk.redrive(queue)
    assert answer["unreadable"] == len(answer["problems"]) == 1
    assert (desk.letters.count(queue), desk.functions.invoked) == (1, [])


def test_a_dry_run_only_counts(desk: Desk) -> None:
    desk.letters.put("results", "body")
    assert desk.redrive("results", dry_run=True)["found"] == 1
    assert (desk.letters.sent_back, desk.letters.count("results")) == ([], 1)


def test_a_redrive_that_runs_out_of_time_says_so_and_leaves_the_rest(desk: Desk) -> None:
    send = desk.letters.send_back

    def slow(*told: Any) -> None:
        desk.world.clock.advance(10)
        send(*told)

    desk.letters.send_back = slow  # type: ignore[method-assign]
    for n in range(12):
        desk.letters.put("results", f"body {n}")
    answer = desk.redrive("results")
    assert (answer["redriven"], answer["is_complete"], desk.letters.count("results")) == (5, False, 7)


def test_letters_that_were_just_received_are_not_told_as_done(desk: Desk) -> None:
    desk.letters.put("events", {"requestContext": {"functionArn": "vto-sweep_jobs"}, "requestPayload": {}})
    desk.functions.broken.add("sweep_jobs")
    assert desk.redrive("events")["failed"] == 1
    desk.functions.broken.clear()
    again = desk.redrive("events")  # SQS hides them for two minutes from whoever asks next
    assert (again["found"], again["redriven"], again["is_complete"]) == (1, 0, False)
    assert again["problems"] == ["1 were received a moment ago, and are hidden until two minutes after that"]


def test_a_redrive_that_died_between_sending_and_removing_repeats_the_letter(desk: Desk) -> None:
    desk.letters.put("results", "body")
    remove, desk.letters.remove = desk.letters.remove, lambda *_: 1 / 0  # type: ignore[method-assign,assign,return-value]
    with pytest.raises(ZeroDivisionError):
        desk.redrive("results")
    desk.letters.remove = remove  # type: ignore[method-assign]
    desk.letters.hidden.clear()
    assert desk.redrive("results")["redriven"] == 1
    assert len(desk.letters.sent_back) == 2


# --- status -----------------------------------------------------------------------------------------------------------


def noted(desk: Desk) -> None:
    for work in ("sweep_jobs", "reconcile_uploads"):
        desk.world.operations.note_run(work, desk.world.clock.now(), {"started": 0})


def test_a_stack_that_needs_nobody_says_so(desk: Desk) -> None:
    noted(desk)
    desk.world.add_job()
    desk.world.clock.advance(60 + 119)  # over its lease, and the next sweep is on its way
    assert desk.order({"order": "status"})["needs"] == []


@pytest.mark.parametrize(
    ("heading", "remedy"),
    [
        ("Dead letters", "vto ops redrive events"),
        ("The sweep", "vto ops sweep"),
        ("Pause an engine", "vto ops engine resume preview"),
        ("An engine that failed", "look at its log"),
        ("Stop all spending", "vto ops resume-spending"),
        ("Uploads that nobody imported", "vto ops reconcile"),
    ],
)
def test_what_needs_a_person_is_told_with_its_remedy(desk: Desk, heading: str, remedy: str) -> None:
    noted(desk)
    match heading:
        case "Dead letters":
            desk.letters.put("events", {})
        case "The sweep":
            desk.world.claimed_job()
            desk.world.clock.advance(179)
            assert desk.order({"order": "status"})["needs"] == []
            desk.world.clock.advance(2)
            noted(desk)
        case "Pause an engine":
            desk.order({"order": "pause_engine", "engine": "preview"})
        case "An engine that failed":
            desk.world.controls.fail_engine("preview", "job", NOON, gone=True, reason="model_retired")
        case "Stop all spending":
            desk.order({"order": "stop_spending", "reason": "the bill"})
        case _:
            del desk.world.operations.runs["reconcile_uploads"]
    (need,) = desk.order({"order": "status"})["needs"]
    assert (need["heading"], need["remedy"]) == (heading, remedy)


def test_a_sweep_that_has_not_run_for_three_minutes_needs_a_person(desk: Desk) -> None:
    noted(desk)
    desk.world.clock.advance(181)
    (need,) = desk.order({"order": "status"})["needs"]
    assert need["what"] == "the last sweep ran 3 minutes ago"


def test_jobs_that_are_overdue_are_named(desk: Desk) -> None:
    desk.world.claimed_job()
    desk.world.clock.advance(timedelta(minutes=20).total_seconds())
    status = desk.order({"order": "status"})
    assert status["overdue"] == {"jobs": ["job-1"], "is_complete": True}
    assert json.loads(json.dumps(status)) == status


# --- switches and the rest --------------------------------------------------------------------------------------------


def test_spending_is_stopped_with_a_reason_and_resumed(desk: Desk) -> None:
    for _ in range(2):
        stopped = desk.order({"order": "stop_spending", "reason": "the bill"})
        assert stopped["spending"]["reason"] == "the bill"
    assert desk.order({"order": "resume_spending"}) == {"changed": True}
    assert desk.order({"order": "resume_spending"}) == {"changed": False}


def test_a_paused_engine_is_none_that_jobs_find_open(desk: Desk) -> None:
    desk.order({"order": "pause_engine", "engine": "preview"})
    assert "preview" in desk.world.controls.paused
    assert desk.order({"order": "resume_engine", "engine": "preview"}) == {"changed": True}
    assert desk.order({"order": "resume_engine", "engine": "preview"}) == {"changed": False}


def test_reruns_are_ordered_for_several_jobs_each_once(desk: Desk) -> None:
    desk.world.claimed_job()
    desk.world.record_failure.lost("job-1", EXECUTION, "gone")
    answer = desk.order({"order": "rerun", "jobs": ["job-1", "job-1", "job-2"]})
    assert ["error" in one for one in answer["jobs"]] == [False, True]


def test_a_sweep_can_be_ordered(desk: Desk) -> None:
    desk.functions.answers["sweep_jobs"] = {"started": 1}
    assert desk.order({"order": "sweep"}) == {"sweep": {"started": 1}}


@pytest.mark.parametrize(
    ("order", "path"),
    [
        (None, "order"),
        ([], "order"),
        ({}, "order"),
        ({"order": ["status"]}, "order"),
        ({"order": "dance"}, "order"),
        ({"order": "redrive"}, "queue"),
        ({"order": "redrive", "queue": "everything"}, "queue"),
        ({"order": "rerun"}, "jobs"),
        ({"order": "rerun", "jobs": "job-1"}, "jobs"),
        ({"order": "rerun", "jobs": [1]}, "jobs"),
        ({"order": "rerun", "jobs": ["job"] * (MAX_JOBS + 1)}, "jobs"),
        ({"order": "pause_engine", "engine": "nova_canvas"}, "engine"),
        ({"order": "resume_engine"}, "engine"),
    ],
)
def test_an_order_that_cannot_be_done_is_refused_with_the_field_and_the_remedy(
    desk: Desk, order: Any, path: str
) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        desk.order(order)
    (found,) = refused.value.violations
    assert (found.path, bool(found.remedy)) == (path, True)


def test_every_dead_letter_queue_can_be_redriven(desk: Desk) -> None:
    assert all(desk.redrive(queue)["is_complete"] for queue in QUEUES)
