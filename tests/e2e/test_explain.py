"""`vto explain` as an operator types it, against jobs that really ran."""

import json
import os
import re
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from local.shopper import Shopper
from tests.e2e.conftest import ROOT, World, eventually

VTO = Path(sys.executable).parent / "vto"
ALWAYS = 99


def vto(world: World, *words: str, width: int = 200) -> subprocess.CompletedProcess[str]:
    """Run the installed command, with nothing in its environment but what points it at the stack."""
    environment = {"PATH": os.environ["PATH"], "COLUMNS": str(width), **world.endpoints.environment()}
    return subprocess.run(
        [VTO, *words, "--stack", world.endpoints.name],
        capture_output=True, text=True, check=False, env=environment, cwd=ROOT.parent,
    )  # fmt: skip


def explained(world: World, job_id: str, *words: str) -> dict[str, Any]:
    ran = vto(world, "explain", job_id, "--json", *words)
    assert ran.returncode == 0, ran.stderr
    document: dict[str, Any] = json.loads(ran.stdout)
    return document


def ended(world: World, job_id: str) -> None:
    """Wait for the execution, which ends a moment after its job."""
    eventually(lambda: all(one["status"] != "RUNNING" for one in world.executions_of(job_id)))


def test_a_completed_job(world: World, ada: Shopper) -> None:
    job = ada.try_on(**world.request())
    ended(world, job["id"])
    story = explained(world, job["id"])

    assert re.fullmatch(r"Completed in [\d.]+ m?s by nova_canvas, one model call\.", story["headline"])
    assert story["cost"]["model_calls"] == story["cost"]["may_be_billed"] == 1
    assert (story["cost"]["state_transitions"], story["cost"]["functions_run"]) == (6, 5)
    assert story["told"]["delivered"] == story["told"]["version"] == job["seq"]
    assert story["user"] == world.login("ada").user_id
    assert story["gaps"] == []
    states = [visit["state"] for visit in story["executions"][0]["visits"]]
    assert states == world.states_of(world.executions_of(job["id"])[0]["executionArn"])
    spent = sum(span["seconds"] for span in story["stages"])
    assert abs(spent - story["seconds"]) < 0.01

    told = vto(world, "explain", job["id"])
    assert told.returncode == 0
    assert told.stdout.startswith("Completed in ")
    assert "model" in told.stdout
    assert not re.search(r"X-Amz|s3://|@example", told.stdout + json.dumps(story))


def test_a_job_that_failed(world: World, ada: Shopper) -> None:
    world.faults({"kind": "timeout", "times": ALWAYS})
    job = ada.try_on(**world.request())
    ended(world, job["id"])
    story = explained(world, job["id"])

    assert story["headline"].startswith("Failed in Invoke Model with model_timeout after ")
    assert story["headline"].endswith("and 2 model calls; both may have been billed.")
    assert story["error"]["runbook"] == "docs/runbook.md#model_timeout"
    (visit,) = [one for one in story["executions"][0]["visits"] if one["state"] == "Invoke Model"]
    assert [one["error"] for one in visit["attempts"]] == ["ModelTimeoutError"] * 2
    assert [line["error_code"] for line in story["logs"]["lines"]] == ["model_timeout"] * 2
    assert {line["function"] for line in story["logs"]["lines"]} == {"invoke_model"}
    assert story["next"][0].startswith("aws logs filter-log-events ")


def test_a_job_that_was_refused(world: World, ada: Shopper) -> None:
    world.faults({"kind": "block_image", "times": ALWAYS})
    job = ada.try_on(**world.request())
    ended(world, job["id"])
    story = explained(world, job["id"], "--no-logs")

    assert story["outcome"] == "refused"
    assert story["headline"].startswith("Refused in Invoke Model with picture_blocked")
    assert story["executions"][0]["status"] == "SUCCEEDED"
    assert (story["logs"], story["next"]) == (None, [])


def test_a_running_job_and_one_that_was_stopped(world: World, ada: Shopper) -> None:
    world.faults({"kind": "slow", "seconds": 15})
    request_id = f"explained-{time.time_ns()}"
    ada.send({"action": "tryOn", "request_id": request_id, **world.request()})
    job_id = ""
    for snapshot in ada.snapshots(request_id=request_id):
        job_id = snapshot["id"]
        if snapshot["stage"] == "generating":
            running = explained(world, job_id)
            execution = world.executions_of(job_id)[0]["executionArn"]
            world.client("stepfunctions").stop_execution(executionArn=execution, error="Operator", cause="by hand")
    stopped = explained(world, job_id)

    assert running["outcome"] == "running"
    assert running["headline"].startswith("Working in Invoke Model for ")
    assert running["next"] == [f"vto explain {job_id} --stack {world.endpoints.name} --region {world.endpoints.region}"]
    assert running["stages"][-1]["is_open"]
    assert stopped["headline"].startswith("Failed in Invoke Model with execution_lost")
    assert (stopped["executions"][0]["status"], stopped["error"]["name"]) == ("ABORTED", "Operator")


def test_a_job_that_an_operator_ran_again(world: World, ada: Shopper) -> None:
    world.faults({"kind": "timeout", "times": 2})
    job = ada.try_on(**world.request())
    assert job["error"]["code"] == "model_timeout"
    ended(world, job["id"])
    world.faults()
    _put_back(world, job["id"])
    waiting = explained(world, job["id"])
    rerun = f"{job['id']}-{(world.row('jobs', id=job['id']) or {})['version']['N']}"
    states = world.client("stepfunctions")
    given = {
        "v": 1,
        "job_id": job["id"],
        "validation": {"twin_waits": 0},
        "slot": {"round": 0, "throttled": 0, "failed_engines": []},
        "generation": None,
        "failure": None,
    }
    states.start_execution(stateMachineArn=world.endpoints.state_machine_arn, name=rerun, input=json.dumps(given))
    eventually(lambda: (world.row("jobs", id=job["id"]) or {})["status"]["S"] == "completed")
    ended(world, job["id"])
    story = explained(world, job["id"])

    assert waiting["headline"].startswith("Accepted ")
    assert [one["name"] for one in story["executions"]] == [job["id"], rerun]
    assert [one["status"] for one in story["executions"]] == ["FAILED", "SUCCEEDED"]
    assert story["headline"].endswith("by nova_canvas, 3 model calls.")
    assert [span["stage"] for span in story["stages"]].count("created") == 2


def _put_back(world: World, job_id: str) -> None:
    """What the runbook does before a rerun."""
    now = datetime.now(UTC)
    at, lease = (
        moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        for moment in (now, now + timedelta(minutes=10))
    )
    world.client("dynamodb").update_item(
        TableName=world.endpoints.tables["jobs"],
        Key={"id": {"S": job_id}},
        UpdateExpression="SET #status = :created, #version = #version + :one, updated_at = :now, #open = :yes,"
        " #timeline = list_append(#timeline, :change), lease_until = :lease"
        " REMOVE #stage, error_code, error_message, error_details, execution_arn, slot_at, slot_round, eta_seconds,"
        " billable_calls, blocked_calls, failed_engines, call_turn",
        ConditionExpression="#status = :error",
        ExpressionAttributeNames={f"#{name}": name for name in ("status", "version", "timeline", "open", "stage")},
        ExpressionAttributeValues={
            ":created": {"S": "created"},
            ":error": {"S": "error"},
            ":one": {"N": "1"},
            ":now": {"S": at},
            ":lease": {"S": lease},
            ":yes": {"S": "yes"},
            ":change": {"L": [{"M": {"status": {"S": "created"}, "stage": {"NULL": True}, "at": {"S": at}}}]},
        },
    )


def test_an_erased_job_is_told_by_its_execution(world: World, ada: Shopper) -> None:
    job = ada.try_on(**world.request())
    ended(world, job["id"])
    world.client("dynamodb").delete_item(TableName=world.endpoints.tables["jobs"], Key={"id": {"S": job["id"]}})
    story = explained(world, job["id"])

    assert story["outcome"] == "gone"
    assert "ended SUCCEEDED in Notify Client" in story["headline"]
    assert (story["user"], story["product"]) == (None, None)


def test_what_cannot_be_explained(world: World) -> None:
    unknown = vto(world, "explain", "11111111-2222-3333-4444-555555555555")
    assert (unknown.returncode, unknown.stdout) == (1, "")
    assert f"the stack {world.endpoints.name} in us-east-1 has no job 11111111" in unknown.stderr
    assert "--stack" in unknown.stderr

    odd = vto(world, "explain", "../etc")
    assert odd.returncode == 1
    assert "cannot be the id of a job: 1 to 72 letters, digits, - and _" in odd.stderr

    nowhere = subprocess.run(
        [VTO, "explain", "some-job", "--stack", "no-such-stack"],
        capture_output=True, text=True, check=False, env={"PATH": "", **world.endpoints.environment()},
    )  # fmt: skip
    assert nowhere.returncode == 1
    assert "there is no stack no-such-stack" in nowhere.stderr


def test_without_credentials_the_command_says_how_to_get_some(tmp_path: Path) -> None:
    environment = {
        "PATH": "",
        "HOME": str(tmp_path),
        "AWS_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    }
    ran = subprocess.run([VTO, "explain", "job"], capture_output=True, text=True, check=False, env=environment)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr.startswith("✗ there are no AWS credentials")
    assert "Traceback" not in ran.stderr
