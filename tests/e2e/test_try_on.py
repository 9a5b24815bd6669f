"""Does a client get their picture? One try-on, from the socket to the presigned link, and each guarantee alone."""

import base64
import hashlib
import io
import json
import time
from itertools import pairwise
from typing import Any

from PIL import Image

from local.shopper import Shopper
from tests.e2e.conftest import World, eventually
from tests.workflow.cases import HAPPY_PATH

STAGES = [
    ("created", None),
    ("processing", "validating"),
    ("processing", "queued"),
    ("processing", "generating"),
    ("processing", "storing"),
    ("completed", None),
]


def _of_job(shopper: Shopper, job: dict[str, Any]) -> list[dict[str, Any]]:
    """The snapshots of one job; a socket may also be told of its user's other jobs."""
    return [frame["job"] for frame in shopper.frames if frame["type"] == "job" and frame["job"]["id"] == job["id"]]


def _seen(shopper: Shopper, job: dict[str, Any]) -> list[tuple[str, str | None]]:
    return [(one["status"], one["stage"]) for one in _of_job(shopper, job)]


def _seqs(shopper: Shopper, job: dict[str, Any]) -> list[int]:
    return [one["seq"] for one in _of_job(shopper, job)]


def test_a_shopper_sees_every_stage_and_gets_the_picture(world: World, ada: Shopper) -> None:
    job = ada.try_on(**world.request())

    assert _seen(ada, job) == STAGES, "each stage comes as a snapshot of its own"
    assert _seqs(ada, job) == [1, 2, 3, 4, 5, 6]
    assert [(change["status"], change["stage"]) for change in job["stages"]] == STAGES
    assert all(earlier["at"] <= later["at"] for earlier, later in pairwise(job["stages"]))
    image = job["images"][0]
    shown = Image.open(io.BytesIO(ada.download(image["url"])))
    original = Image.open(io.BytesIO(ada.download(image["original_url"])))
    assert (shown.format, original.format) == ("WEBP", "PNG")
    assert shown.size == original.size == (image["width"], image["height"])
    preview = Image.open(io.BytesIO(base64.b64decode(image["preview"].removeprefix("data:image/webp;base64,"))))
    assert max(preview.size) == 256
    assert max(len(json.dumps(frame)) for frame in ada.frames) < 32 * 1024


def test_the_row_the_pictures_and_the_manifest_tell_the_same_story(world: World, ada: Shopper) -> None:
    job = ada.try_on(**world.request())

    row = world.row("jobs", id=job["id"])
    assert row is not None
    assert row["status"]["S"] == "completed"
    assert "open" not in row
    assert "lease_until" not in row, "a finished job is out of the sweep's sight"
    assert row["connection_id"]["S"]
    assert row["parameters"]["M"]["maskType"]["S"] == "GARMENT"
    (call,) = (one["M"] for one in row["ledger"]["L"])
    assert (call["call"]["N"], call["engine"]["S"], call["state"]["S"]) == ("1", "nova_canvas", "ok")
    assert (call["micro_usd"]["N"], row["cost_usd"]["N"]) == ("40000", "0.04")
    picture_url, bucket = row["result_s3_url"]["S"], world.endpoints.buckets["results"]
    assert picture_url == f"s3://{bucket}/results/{job['id']}/0.png"
    for name in ("0.png", "result.json"):
        stored = world.client("s3").get_object(Bucket=bucket, Key=f"results/{job['id']}/{name}")
        assert stored["Metadata"] == {"job-id": job["id"]}
        if name == "0.png":
            digest = hashlib.sha256(stored["Body"].read()).hexdigest()
            assert row["images"]["L"][0]["M"]["sha256"]["S"] == digest
    (execution,) = world.executions_of(job["id"])
    assert execution["name"] == job["id"]
    eventually(lambda: world.states_of(execution["executionArn"]) == HAPPY_PATH)


def test_a_try_on_stands_on_the_budgets_of_the_day_and_a_refused_one_does_not(world: World, ada: Shopper) -> None:
    def spent() -> list[int]:
        names = (f"budget#shop#{day}", f"budget#user#{row['user_id']['S']}#{day}")
        found = [world.row("controls", control_id=name) for name in names]
        return [int(one["spent"]["N"]) for one in found if one]

    row = world.row("jobs", id=ada.try_on(**world.request())["id"]) or {}
    day = row["ledger"]["L"][0]["M"]["day"]["S"]
    before = spent()
    world.faults({"kind": "block_text", "times": 1})
    assert ada.try_on(**world.request())["status"] == "error"
    assert spent() == before
    ada.try_on(**world.request())
    assert spent() == [one + 40_000 for one in before]


def test_with_everything_on_there_is_one_execution_one_call_and_no_version_twice(world: World, ada: Shopper) -> None:
    with world.shopper("ada") as second_device:
        second_device.connect()
        job = ada.try_on(**world.request())
        time.sleep(3)  # the slower hops (stream, S3 → SQS) have come by now and found nothing to do
        while ada.receive(timeout=0.2):
            pass
        while second_device.receive(timeout=0.2):
            pass

    assert len(world.executions_of(job["id"])) == 1
    assert world.model_calls() == 1
    for device in (ada, second_device):
        seqs = _seqs(device, job)
        assert len(seqs) == len(set(seqs))
        assert seqs == sorted(seqs)
        assert seqs[-1] == 6


def test_with_the_direct_start_off_the_stream_starts_the_job(world: World, ada: Shopper) -> None:
    with world.environment("MessageFunction", DIRECT_START="off"):
        job = ada.try_on(**world.request())

    assert job["status"] == "completed"
    assert len(world.executions_of(job["id"])) == 1


def test_with_notify_client_and_the_stream_off_the_results_event_delivers(world: World, ada: Shopper) -> None:
    with world.environment("NotifyClientFunction", DIRECT_NOTIFY="off"), world.without_events("PublishJobFunction"):
        job = ada.try_on(**world.request())
        assert job["status"] == "completed"
        assert ada.download(job["images"][0]["url"])


def test_with_notify_client_and_the_results_event_off_the_stream_delivers_stages_and_pictures(
    world: World, ada: Shopper
) -> None:
    with world.environment("NotifyClientFunction", DIRECT_NOTIFY="off"), world.without_events("DeliverResultFunction"):
        job = ada.try_on(**world.request())

    assert job["status"] == "completed"
    assert _seen(ada, job) == STAGES


def test_with_notify_client_and_the_results_event_off_the_stream_delivers_errors(world: World, ada: Shopper) -> None:
    world.faults({"kind": "block_image"})
    with world.environment("NotifyClientFunction", DIRECT_NOTIFY="off"), world.without_events("DeliverResultFunction"):
        job = ada.try_on(**world.request())

    assert job["status"] == "error"
    assert job["error"]["code"] == "picture_blocked"


def test_the_same_request_again_is_the_same_job(world: World, ada: Shopper) -> None:
    request = world.request(request_id="again-and-again")
    first = ada.try_on(**request)
    second = ada.try_on(**request)

    assert second["id"] == first["id"]
    assert world.model_calls() == 1
    over_rest = ada.post("/try-ons", {k: v for k, v in request.items() if k != "request_id"}, **{
        "Idempotency-Key": "again-and-again"
    })  # fmt: skip
    assert over_rest["id"] == first["id"]


def test_an_equal_request_reuses_the_result_without_calling_the_model(world: World, ada: Shopper) -> None:
    request = world.request()
    first = ada.try_on(**request)
    with world.shopper("bob") as bob:  # the person is a stock model: anybody's equal request may share
        second = bob.try_on(**request)

        assert second["id"] != first["id"]
        assert _seen(bob, second) == [("completed", None)]
        for link in ("url", "original_url"):
            assert bob.download(second["images"][0][link]) == ada.download(first["images"][0][link])
        assert second["images"][0]["preview"] == first["images"][0]["preview"]
    assert world.model_calls() == 1
    bucket, manifest = world.endpoints.buckets["results"], f"results/{second['id']}/result.json"
    eventually(lambda: world.client("s3").list_objects_v2(Bucket=bucket, Prefix=manifest).get("Contents"))
    assert world.executions_of(second["id"]) == []


def test_two_equal_requests_at_once_make_one_picture(world: World, ada: Shopper) -> None:
    request = world.request()
    world.faults({"kind": "slow", "seconds": 2})
    with world.shopper("bob") as bob:
        bob.send({"action": "tryOn", "request_id": "twin", **request})
        first = ada.try_on(**request)
        *_, second = bob.snapshots(request_id="twin")

    assert first["status"] == second["status"] == "completed"
    assert world.model_calls() == 1


def test_five_pictures_and_the_mask_fit_one_frame(world: World, ada: Shopper) -> None:
    request = world.request()
    request["parameters"]["returnMask"] = True
    request["parameters"]["imageGenerationConfig"]["numberOfImages"] = 5
    job = ada.try_on(**request)

    assert len(job["images"]) == 5
    mask = Image.open(io.BytesIO(ada.download(job["mask"]["url"])))
    assert mask.size == (job["images"][0]["width"], job["images"][0]["height"])
    assert len(json.dumps(ada.frames[-1])) < 32 * 1024


def test_a_client_that_comes_back_gets_the_current_snapshot(world: World) -> None:
    with world.shopper("ada") as gone:
        request_id = f"gone-{time.time_ns()}"
        gone.send({"action": "tryOn", "request_id": request_id, **world.request()})
        job_id = next(gone.snapshots(request_id=request_id))["id"]
    eventually(lambda: (row := world.row("jobs", id=job_id)) and row["status"]["S"] == "completed")
    with world.shopper("ada") as back:
        back.send({"action": "watchJob", "job_id": job_id})
        answer = back.receive()

        assert answer is not None
        assert answer["job"]["status"] == "completed"
        assert back.download(answer["job"]["images"][0]["url"])


def test_the_preview_engine_as_a_function_of_the_stack_makes_a_picture(world: World, ada: Shopper) -> None:
    with (
        world.environment("ValidateRequestFunction", ENGINES="preview"),
        world.environment("ReserveSlotFunction", ENGINES="preview"),
        world.environment("InvokeModelFunction", ENGINES="preview"),
        world.environment("StoreResultFunction", ENGINES="preview"),
    ):
        job = ada.try_on(**world.request())

    assert job["status"] == "completed"
    assert job["engine"] == "preview"
    assert world.model_calls() == 0
    assert Image.open(io.BytesIO(ada.download(job["images"][0]["url"]))).size


def test_a_dry_run_says_what_would_be_made_over_both_ways_and_makes_nothing(world: World, ada: Shopper) -> None:
    request = {**world.request(), "dry_run": True}
    before = world.count("jobs")
    planned = ada.post("/try-ons", request)
    ada.send({"action": "tryOn", "request_id": "only-asking", **request})
    frame = ada.receive()

    assert frame is not None
    assert (frame["type"], frame["request_id"], frame["plan"]) == ("plan", "only-asking", planned)
    assert (planned["engine"], planned["cached"], planned["price"]["usd"]) == ("nova_canvas", False, 0.04)
    assert (
        planned["parameters"]["imageGenerationConfig"]["seed"] == request["parameters"]["imageGenerationConfig"]["seed"]
    )
    assert (world.count("jobs"), world.model_calls()) == (before, 0)


def test_what_a_dry_run_finds_finished_is_used_again(world: World, ada: Shopper) -> None:
    request = world.request()
    ada.try_on(**request)
    planned = ada.post("/try-ons", {**request, "dry_run": True})

    assert (planned["cached"], planned["price"]["usd"], planned["eta_seconds"]) == (True, 0.0, 0)
