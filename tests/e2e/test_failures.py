"""A broken part behind the pipeline: the job ends in the right error, after the promised retries and no others."""

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local.shopper import Shopper
from tests.e2e.conftest import World, eventually
from vto.errors import NoEngineError

ALWAYS = 99


@pytest.mark.parametrize(
    ("fault", "code", "calls"),
    [
        ({"kind": "timeout", "times": ALWAYS}, "model_timeout", 2),
        ({"kind": "throttle", "times": ALWAYS}, "model_throttled", 4),
        ({"kind": "block_text", "times": ALWAYS}, "prompt_blocked", 1),
        ({"kind": "block_image", "times": ALWAYS}, "picture_blocked", 1),
        ({"kind": "block_all", "times": ALWAYS}, "results_blocked", 1),  # the request names its seed
        ({"kind": "not_json", "times": ALWAYS}, "bad_model_output", 1),
        ({"kind": "garbage_json", "times": ALWAYS}, "bad_model_output", 1),
        ({"kind": "garbage_image", "times": ALWAYS}, "bad_model_output", 1),
    ],
    ids=lambda value: value["kind"] if isinstance(value, dict) else "",
)
def test_a_failing_model_ends_the_job_with_its_own_error(
    world: World, ada: Shopper, fault: dict[str, Any], code: str, calls: int
) -> None:
    world.faults(fault)
    job = ada.try_on(**world.request())

    assert job["status"] == "error"
    assert job["error"]["code"] == code
    assert job["error"]["message"].endswith(".")
    assert "Exception" not in json.dumps(job["error"]), "no AWS name reaches the shopper"
    assert world.model_calls() == calls
    (execution,) = world.executions_of(job["id"])
    status = "SUCCEEDED" if code.endswith("_blocked") else "FAILED"
    eventually(lambda: world.executions_of(job["id"])[0]["status"] == status)
    path = world.states_of(execution["executionArn"])
    assert path[-1] == ("Refused" if code.endswith("_blocked") else "Failed")


@pytest.mark.parametrize(
    ("kind", "calls"),
    [("unavailable", 3), ("retired", 1)],
)
def test_a_job_whose_model_is_down_or_gone_waits_for_it_and_says_so(
    world: World, ada: Shopper, kind: str, calls: int
) -> None:
    world.faults({"kind": kind, "times": ALWAYS})
    request_id = f"waits-{time.time_ns()}"
    ada.send({"action": "tryOn", "request_id": request_id, **world.request()})
    notices, called = [], 0
    for snapshot in ada.snapshots(request_id=request_id):
        if snapshot["notice"]:
            called = world.model_calls()
            notices.append(snapshot["notice"])
            world.faults()  # it is back, and what was known of it is forgotten: jobs look every 15 seconds

    assert notices == [NoEngineError.message]
    assert called == calls
    assert (snapshot["status"], snapshot["engine"]) == ("completed", "nova_canvas")
    assert world.model_calls() == 1


@pytest.mark.parametrize("kind", ["unavailable", "throttle", "timeout"])
def test_a_model_that_fails_once_costs_a_moment_and_no_picture(world: World, ada: Shopper, kind: str) -> None:
    world.faults({"kind": kind, "times": 1})
    job = ada.try_on(**world.request())

    assert job["status"] == "completed"
    assert world.model_calls() == 2


def test_some_blocked_pictures_leave_the_others(world: World, ada: Shopper) -> None:
    world.faults({"kind": "block_some"})
    request = world.request()
    request["parameters"]["imageGenerationConfig"]["numberOfImages"] = 3
    job = ada.try_on(**request)

    assert job["status"] == "completed"
    assert 0 < len(job["images"]) == job["delivered_images"] < job["requested_images"] == 3
    assert [one["code"] for one in job["warnings"]] == ["some_results_blocked"]


def test_a_killed_execution_brings_its_job_to_an_error(world: World, ada: Shopper) -> None:
    world.faults({"kind": "slow", "seconds": 15})
    request_id = f"killed-{time.time_ns()}"
    ada.send({"action": "tryOn", "request_id": request_id, **world.request()})
    job_id = ""
    for snapshot in ada.snapshots(request_id=request_id):
        job_id = snapshot["id"]
        if snapshot["stage"] == "generating":
            (execution,) = world.executions_of(job_id)
            world.client("stepfunctions").stop_execution(executionArn=execution["executionArn"])
    row = world.row("jobs", id=job_id)

    assert row is not None
    assert row["error_code"]["S"] == "execution_lost"
    assert snapshot["error"]["retryable"] is True


def test_a_created_job_that_nobody_started_is_started_by_the_sweep(world: World, ada: Shopper) -> None:
    with world.environment("MessageFunction", DIRECT_START="off"), world.without_events("StartTryOnFunction"):
        request_id = f"forgotten-{time.time_ns()}"
        ada.send({"action": "tryOn", "request_id": request_id, **world.request()})
        first = next(ada.snapshots(request_id=request_id))
        job_id = first["id"]
        _expire_lease(world, job_id)
        swept = world.invoke("SweepJobsFunction", {"source": "aws.events"})
        *_, job = ada.snapshots(job_id)

    assert swept["started"] == 1
    assert job["status"] == "completed"
    assert len(world.executions_of(job_id)) == 1


def test_a_paused_engine_keeps_jobs_waiting_and_then_serves_them(world: World, ada: Shopper) -> None:
    controls = world.endpoints.tables["controls"]
    item = {"control_id": {"S": "engine#nova_canvas"}, "state": {"S": "paused"}}
    world.client("dynamodb").put_item(TableName=controls, Item=item)
    request_id = f"paused-{time.time_ns()}"
    ada.send({"action": "tryOn", "request_id": request_id, **world.request()})
    stages = []
    for snapshot in ada.snapshots(request_id=request_id):
        stages.append(snapshot["stage"])
        if snapshot["stage"] == "queued":
            world.client("dynamodb").delete_item(TableName=controls, Key={"control_id": item["control_id"]})

    assert stages[-1] is None
    assert world.model_calls() == 1


def test_while_spending_is_stopped_jobs_are_refused_and_no_model_is_called(world: World, ada: Shopper) -> None:
    controls, key = world.endpoints.tables["controls"], {"control_id": {"S": "spending"}}
    world.client("dynamodb").put_item(TableName=controls, Item={**key, "state": {"S": "stopped"}})
    try:
        job = ada.try_on(**world.request())
    finally:
        world.client("dynamodb").delete_item(TableName=controls, Key=key)

    assert (job["status"], job["error"]["code"], job["error"]["retryable"]) == ("error", "spending_stopped", True)
    assert world.model_calls() == 0


def test_a_retired_model_is_replaced_by_the_next_engine_and_asked_by_no_other_job(world: World, ada: Shopper) -> None:
    order = "nova_canvas,preview"
    with (
        world.environment("ReserveSlotFunction", ENGINES=order),
        world.environment("StoreResultFunction", ENGINES=order),
    ):
        world.faults({"kind": "retired", "times": ALWAYS})
        jobs = [ada.try_on(**world.request()) for _ in range(2)]

    assert [(job["status"], job["engine"]) for job in jobs] == [("completed", "preview")] * 2
    assert [len(world.executions_of(job["id"])) for job in jobs] == [1, 1]
    assert world.model_calls() == 1


def _expire_lease(world: World, job_id: str) -> None:
    long_ago = (datetime.now(UTC) - timedelta(minutes=5)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    world.client("dynamodb").update_item(
        TableName=world.endpoints.tables["jobs"],
        Key={"id": {"S": job_id}},
        UpdateExpression="SET lease_until = :then",
        ExpressionAttributeValues={":then": {"S": long_ago}},
    )
