"""The client's types name what the stack answers with: no field is missing from them, and none is made up."""

import json
from typing import Any

from scripts.facts import ROOT
from tests.unit.vto.world import ALICE, EXECUTION, World, new_job, photo, shirt
from vto.domain.catalogue import Readiness
from vto.domain.consent import Consent
from vto.errors import ModelTimeoutError
from vto_client import documents

ONLY_ON_THE_WIRE = {"action", "request_id", "dry_run"}
"""What the client says by itself: over the socket, as a header, and by `plan`."""


def agree(kind: Any, *answers: dict[str, Any]) -> None:
    """Every field of the answers is in the type, and every one of the type in an answer; needed ones in all of them."""
    fields = kind.__required_keys__ | kind.__optional_keys__
    assert set().union(*answers) == fields
    for answer in answers:
        assert set(answer) >= kind.__required_keys__


def test_snapshots_of_a_job_in_every_state() -> None:
    world, failed = World(), World()
    world.completed_job()
    failed.claimed_job()
    failed.record_failure("job-1", EXECUTION, {"Error": ModelTimeoutError.__name__, "Cause": ""})
    told = [
        world.snapshots(new_job()),
        *(one.snapshots(job) for one in (world, failed) if (job := one.jobs.get("job-1"))),
    ]
    assert [one["status"] for one in told] == ["created", "completed", "error"]
    agree(documents.Job, *told)
    agree(documents.Stage, told[0]["stages"][0])
    pushed = world.frames.of(world.jobs.rows["job-1"])()["job"]
    agree(documents.Image, told[1]["images"][0], pushed["images"][0])


def test_models_own_and_of_the_shop() -> None:
    world, given = World(), Consent("1", "2026-11-21T12:00:00.000Z")
    rejected = photo("bad", ALICE, readiness=Readiness.REJECTED, readiness_reason="Too dark.", consent=given)
    world.stock(photo(), rejected)
    agree(documents.Model, *world.browse.models(ALICE)["models"])


def test_plans() -> None:
    world = World()
    world.stock(photo(), shirt())
    agree(documents.Plan, world.plan_try_on({"product_id": "blue-shirt", "model_id": "stock-anna"}, ALICE))


def test_erasures_and_pages() -> None:
    world = World()
    agree(documents.Erasure, world.request_erasure(ALICE))
    agree(documents.JobPage, world.browse.try_ons(ALICE, None))


def test_requests_have_the_fields_of_their_schema() -> None:
    kind = documents.TryOnRequest
    schema = json.loads((ROOT / "layers/vto/vto/schemas/try_on.schema.json").read_text())
    assert kind.__required_keys__ | kind.__optional_keys__ == set(schema["properties"]) - ONLY_ON_THE_WIRE
    assert kind.__required_keys__ == set(schema["required"])
