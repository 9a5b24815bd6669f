"""What an admission reads of several tables: each time in one request, where one after another would be waited for."""

from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING

from vto.adapters.dynamodb.catalogue import is_deleted, item_to_catalogue
from vto.adapters.dynamodb.items import get_together
from vto.adapters.dynamodb.jobs import item_to_job
from vto.adapters.dynamodb.results import ready_of
from vto.domain import times
from vto.domain.budgets import STOPPED, SWITCH
from vto.domain.catalogue import Kind
from vto.domain.pacing import Counter
from vto.ports import Named, Outlook

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table


class DynamoAdmissions:
    """The ``Admissions`` port."""

    def __init__(self, jobs: "Table", products: "Table", models: "Table", results: "Table", controls: "Table") -> None:
        self._jobs, self._products, self._models = jobs, products, models
        self._results, self._controls = results, controls

    def named(self, *, job_id: str | None, product_id: str | None, model_id: str | None) -> Named:
        """A job, a product and a model; None is not asked for."""
        # there is no item without a name, so what is not asked for is not read
        job, product, model = get_together(
            [
                (self._jobs, {"id": job_id or ""}),
                (self._products, {"product_id": product_id or ""}),
                (self._models, {"model_id": model_id or ""}),
            ]
        )
        return Named(
            earlier=item_to_job(job) if job else None,
            product=item_to_catalogue(Kind.PRODUCT, product) if product and not is_deleted(product) else None,
            model=item_to_catalogue(Kind.MODEL, model) if model and not is_deleted(model) else None,
        )

    def outlook(self, key: str | None, counters: Collection[tuple[Counter, str]], now: datetime) -> Outlook:
        """The result under a key (None: of none), whether spending is stopped, and how far counters of engines are."""
        result, switch, *rows = get_together(
            [
                (self._results, {"cache_key": key or ""}),
                (self._controls, {"control_id": SWITCH}),
                *((self._controls, {"control_id": f"{counter.value}#{engine}"}) for counter, engine in counters),
            ]
        )
        taken = [(row or {}).get("last_taken") for row in rows]
        return Outlook(
            result=ready_of(result or {}, now),
            is_stopped=(switch or {}).get("state") == STOPPED,
            last_taken={one: times.from_iso(last) if last else None for one, last in zip(counters, taken, strict=True)},
        )
