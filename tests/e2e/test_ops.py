"""`vto ops` as the person on call types it, against what really went wrong."""

import json
import time
import uuid
from typing import Any

from local.shopper import Shopper
from tests.e2e.conftest import World, eventually
from tests.e2e.test_explain import ALWAYS, ended, vto
from vto.domain.catalogue import product_id_of


def queue_url(world: World, logical_id: str) -> str:
    found = world.client("cloudformation").describe_stack_resource(
        StackName=world.endpoints.name, LogicalResourceId=logical_id
    )
    url: str = found["StackResourceDetail"]["PhysicalResourceId"]
    return url


def redriven(world: World, queue: str) -> dict[str, Any]:
    ran = vto(world, "ops", "redrive", queue, "--yes", "--json")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    (answer,) = json.loads(ran.stdout)["queues"]
    return dict(answer)


def test_a_failed_job_is_run_again_once_and_a_completed_one_is_not(world: World, ada: Shopper) -> None:
    world.faults({"kind": "not_json", "times": ALWAYS})
    job = ada.try_on(**world.request())
    assert job["error"]["code"] == "bad_model_output"
    ended(world, job["id"])
    world.faults()

    unasked = vto(world, "ops", "rerun", job["id"])
    assert unasked.returncode == 2
    assert "add --yes" in unasked.stderr
    ran = vto(world, "ops", "rerun", job["id"], "--yes")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stdout.startswith(f"✓ {job['id']}: started as {job['id']}-{job['seq'] + 1}")
    *_, again = ada.snapshots(job["id"])
    assert again["status"] == "completed"
    assert again["seq"] > job["seq"]
    assert world.model_calls() == 1

    refused = vto(world, "ops", "rerun", job["id"], "--yes")
    assert refused.returncode == 3
    assert "is completed: only a job in error can be run again" in refused.stdout
    assert len(world.executions_of(job["id"])) == 2


def test_a_job_whose_stream_record_died_is_started_once_by_the_redrive(world: World, ada: Shopper) -> None:
    with (
        world.environment("MessageFunction", DIRECT_START="off"),
        world.environment("StartTryOnFunction", STATE_MACHINE_ARN=f"{world.endpoints.state_machine_arn}-gone"),
    ):
        request_id = f"dead-{time.time_ns()}"
        ada.send({"action": "tryOn", "request_id": request_id, **world.request()})
        job_id = next(ada.snapshots(request_id=request_id))["id"]
        url = queue_url(world, "StartTryOnDeadLetterQueue")
        eventually(lambda: _waiting(world, url), timeout=40)
    row = world.row("jobs", id=job_id)
    assert row is not None
    assert row["status"]["S"] == "created"

    assert redriven(world, "start_try_on")["failed"] == 0
    *_, job = ada.snapshots(job_id)
    assert job["status"] == "completed"
    assert len(world.executions_of(job_id)) == 1
    assert _waiting(world, url) == 0


def test_a_dead_upload_redriven_twice_changes_its_row_once(world: World) -> None:
    key = f"products/tops/{uuid.uuid4().hex}.jpg"
    source = world.endpoints.buckets["uploads"]
    body = world.client("s3").get_object(Bucket=source, Key="products/tops/striped-t-shirt.jpg")["Body"].read()
    world.put(key, body)
    item_id = product_id_of(key)
    before = eventually(lambda: world.row("products", product_id=item_id))
    record = {
        "eventTime": before["source_time"]["S"],
        "s3": {"bucket": {"name": source}, "object": {"key": key, "sequencer": before["source_sequencer"]["S"]}},
    }
    dead, queue = queue_url(world, "ProductUploadsDeadLetterQueue"), queue_url(world, "ProductUploadsQueue")
    for _ in range(2):
        world.client("sqs").send_message(QueueUrl=dead, MessageBody=json.dumps({"Records": [record]}))

    assert redriven(world, "product_uploads")["redriven"] == 2
    eventually(lambda: _waiting(world, queue) == 0)
    assert world.row("products", product_id=item_id) == before


def test_the_switches_are_thrown_and_seen_and_the_looks_are_harmless(world: World) -> None:
    for words in (["sweep"], ["reconcile", "--whole"]):
        ran = vto(world, "ops", *words)
        assert ran.returncode == 0, ran.stderr
    assert "0 sent to be imported" in ran.stdout

    assert vto(world, "ops", "stop-spending", "--reason", "a test", "--yes").returncode == 0
    assert vto(world, "ops", "engine", "pause", "nova_canvas", "--yes").returncode == 0
    status = vto(world, "ops", "status", "--json")
    assert status.returncode == 3
    told = json.loads(status.stdout)
    assert told["spending"]["reason"] == "a test"
    assert {"Stop all spending", "Pause an engine"} <= {one["heading"] for one in told["needs"]}
    assert vto(world, "ops", "resume-spending", "--yes").stdout == "spending goes on\n"
    assert vto(world, "ops", "engine", "resume", "nova_canvas", "--yes").returncode == 0
    unknown = vto(world, "ops", "engine", "pause", "dall_e", "--yes")
    assert unknown.returncode == 1
    assert "engine is none of this stack's engines: use one of nova_canvas" in unknown.stderr


def _waiting(world: World, url: str) -> int:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    told = world.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return sum(map(int, told.values()))
