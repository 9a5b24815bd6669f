"""What an admission reads of several tables comes in one request, and as the tables' own repositories tell it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.integration.conftest import create_table
from tests.unit.vto.world import ALICE, new_job, photo, shirt
from vto.adapters.dynamodb.admissions import DynamoAdmissions
from vto.adapters.dynamodb.catalogue import DynamoCatalogue
from vto.adapters.dynamodb.controls import DynamoControls
from vto.adapters.dynamodb.jobs import DynamoJobs
from vto.adapters.dynamodb.operations import DynamoOperations
from vto.adapters.dynamodb.products import DynamoProducts
from vto.adapters.dynamodb.results import DynamoResults
from vto.domain.catalogue import Kind
from vto.domain.pacing import Counter
from vto.errors import StorageUnavailableError
from vto.ports import CachedResult, Named, Outlook
from vto.testing import NOON

FAR = NOON + timedelta(hours=1)
NOTHING = Named(None, None, None)
COUNTERS = [(Counter.SLOTS, "preview"), (Counter.TURNS, "preview"), (Counter.SLOTS, "nova_canvas")]


class Shop:
    """All tables of an admission, and how often they were asked."""

    def __init__(self) -> None:
        names = ("jobs", "products", "models", "results", "controls")
        self.tables = {name: create_table(name) for name in names}
        self.admissions = DynamoAdmissions(*self.tables.values())
        self.requests: list[str] = []
        self.client.meta.events.register("before-call", lambda model, **_: self.requests.append(model.name))

    @property
    def client(self) -> Any:
        return self.tables["jobs"].meta.client


@pytest.fixture
def shop(aws: Any) -> Shop:
    return Shop()


def test_a_job_a_product_and_a_model_come_in_one_request(shop: Shop) -> None:
    job, model = new_job(cache_key="key"), photo("me", ALICE)
    DynamoJobs(shop.tables["jobs"]).create(job)
    catalogue = DynamoCatalogue(shop.tables["products"], shop.tables["models"])
    for item in (shirt(), model):
        assert catalogue.record_import(replace(item, source_sequencer="1", source_time="1"))
    shop.requests.clear()
    found = shop.admissions.named(job_id=job.id, product_id="blue-shirt", model_id="me")
    assert shop.requests == ["BatchGetItem"]
    assert found.earlier == job
    assert found.product == catalogue.get(Kind.PRODUCT, "blue-shirt") is not None
    assert found.model == catalogue.get(Kind.MODEL, "me") is not None


@pytest.mark.parametrize("names", [(None, None, None), ("job", "shirt", "model"), (None, "x" * 3000, "é" * 1500)])
def test_what_is_not_there_or_cannot_be_is_nothing_and_no_error(shop: Shop, names: tuple[Any, Any, Any]) -> None:
    job_id, product_id, model_id = names
    assert shop.admissions.named(job_id=job_id, product_id=product_id, model_id=model_id) == NOTHING


def test_a_product_that_was_deleted_is_not_there(shop: Shop) -> None:
    DynamoCatalogue(shop.tables["products"], shop.tables["models"]).record_import(
        replace(shirt(), source_sequencer="1", source_time="1")
    )
    DynamoProducts(shop.tables["products"]).delete_product("blue-shirt", NOON)
    assert shop.admissions.named(job_id=None, product_id="blue-shirt", model_id=None) == NOTHING


def test_the_outlook_is_what_each_table_tells_by_itself(shop: Shop) -> None:
    controls, results = DynamoControls(shop.tables["controls"]), DynamoResults(shop.tables["results"])
    nothing = shop.admissions.outlook("key", COUNTERS, NOON)
    assert nothing == Outlook(None, False, dict.fromkeys(COUNTERS))

    results.put_ready("key", CachedResult("job", ("s3://r/0.png",), None, "preview"), ttl=2**33)
    controls.take_slot("preview", 60, NOON, latest=FAR)
    controls.take_slot("preview", 60, NOON, latest=FAR)
    DynamoOperations(shop.tables["controls"]).stop_spending("enough", NOON)
    shop.requests.clear()
    seen = shop.admissions.outlook("key", COUNTERS, NOON)
    assert shop.requests == ["BatchGetItem"]
    assert seen.result == results.get_ready("key", NOON) is not None
    assert seen.is_stopped
    assert seen.last_taken == {one: NOON + timedelta(seconds=1) if one == COUNTERS[0] else None for one in COUNTERS}
    assert shop.admissions.outlook(None, [], NOON) == Outlook(None, True, {})


def test_rows_that_are_kept_back_are_asked_for_again_and_not_for_ever(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    DynamoJobs(shop.tables["jobs"]).create(new_job())
    real, asked = shop.client.batch_get_item, []

    def sparing(RequestItems: Any) -> Any:  # noqa: N803 - botocore's own name
        asked.append(RequestItems)
        if len(asked) == 1:
            left = {name: {"Keys": one["Keys"]} for name, one in RequestItems.items()}
            return {"Responses": {}, "UnprocessedKeys": left}
        return real(RequestItems=RequestItems)

    monkeypatch.setattr(shop.client, "batch_get_item", sparing)
    found = shop.admissions.named(job_id="job-1", product_id="blue-shirt", model_id="me")
    assert found.earlier == new_job()
    assert asked[0] == asked[1]
    assert all(one["ConsistentRead"] for request in asked for one in request.values())

    keeps_all = {"Responses": {}, "UnprocessedKeys": {"vto-jobs": {"Keys": [{"id": "job-1"}]}}}
    monkeypatch.setattr(shop.client, "batch_get_item", lambda **_: keeps_all)
    with pytest.raises(StorageUnavailableError, match=r"1 row\(s\) of vto-jobs"):
        shop.admissions.named(job_id="job-1", product_id=None, model_id=None)
