"""One small shop in memory: the fakes of ``vto.testing``, wired to the use cases as ``vto.bootstrap`` wires AWS."""

from dataclasses import dataclass, field, replace
from typing import Any

from vto.domain import times
from vto.domain.budgets import Limits
from vto.domain.catalogue import CatalogueItem, Kind, Readiness
from vto.domain.job import Job, Status
from vto.domain.ledger import micro_usd
from vto.domain.parameters import canonical, for_garment_class
from vto.domain.storage import S3Url
from vto.errors import VtoError
from vto.ports import Connection
from vto.testing import (
    NOON,
    FakeAdmissions,
    FakeCatalogue,
    FakeClock,
    FakeConnections,
    FakeControls,
    FakeEngine,
    FakeErasureRequests,
    FakeErasures,
    FakeGuests,
    FakeJobs,
    FakeNotifier,
    FakeOperations,
    FakePictures,
    FakePictureTools,
    FakeResults,
    FakeWorkflow,
)
from vto.use_cases.answer_message import AnswerMessage
from vto.use_cases.browse import Browse
from vto.use_cases.browse_products import BrowseProducts
from vto.use_cases.cancel_try_on import CancelTryOn
from vto.use_cases.create_try_on import CreateTryOn
from vto.use_cases.delete_photo import DeletePhoto
from vto.use_cases.delete_try_on import DeleteTryOn
from vto.use_cases.deliver_result import DeliverResult
from vto.use_cases.erase_user import EraseUser
from vto.use_cases.finish_result import FinishResult
from vto.use_cases.give_finished import FinishGiven, GiveFinished
from vto.use_cases.import_picture import ImportPicture
from vto.use_cases.invoke_model import InvokeModel
from vto.use_cases.looking_ahead import LookAhead
from vto.use_cases.manage_products import ManageProducts
from vto.use_cases.plan_try_on import PlanTryOn
from vto.use_cases.publish_job import Frames, PublishJob, Snapshots
from vto.use_cases.record_failure import RecordFailure
from vto.use_cases.remove_one import RemoveOne
from vto.use_cases.request_erasure import RequestErasure
from vto.use_cases.request_try_on import RequestTryOn
from vto.use_cases.reserve_slot import ReserveSlot
from vto.use_cases.spending import Spending, Switch
from vto.use_cases.start_try_on import StartTryOn
from vto.use_cases.store_result import StoreResult
from vto.use_cases.sweep_jobs import SweepJobs
from vto.use_cases.validate_request import ValidateRequest
from vto.use_cases.welcome_guest import WelcomeGuest

UPLOADS = "shop-uploads"
RESULTS = "shop-results"
ALICE = "alice"
BOB = "bob"
EXECUTION = "arn:execution:first"
BLANK_SLOT: dict[str, Any] = {"round": 0, "throttled": 0, "failed_engines": []}
GARMENT = for_garment_class("UPPER_BODY")


def shirt(item_id: str = "blue-shirt", **changes: Any) -> CatalogueItem:
    """A product that is ready."""
    item = CatalogueItem(
        kind=Kind.PRODUCT,
        item_id=item_id,
        picture_s3_url=f"s3://{UPLOADS}/products/upper_body/{item_id}.jpg",
        name="Blue shirt",
        category="upper_body",
        description="Cotton",
        auto_imported=True,
        created_at=times.to_iso(NOON),
        updated_at=times.to_iso(NOON),
        readiness=Readiness.READY,
        prepared_s3_url=f"s3://{UPLOADS}/prepared/products/{item_id}/1.jpg",
        sha256="shirt-digest",
        width=800,
        height=1000,
        garment_class="UPPER_BODY",
    )
    return replace(item, **changes)


def photo(item_id: str = "stock-anna", user_id: str | None = None, **changes: Any) -> CatalogueItem:
    """A model that is ready: a stock model, or a shopper's own photo."""
    folder = f"users/{user_id}" if user_id else "stock"
    item = CatalogueItem(
        kind=Kind.MODEL,
        item_id=item_id,
        picture_s3_url=f"s3://{UPLOADS}/models/{folder}/{item_id}.jpg",
        name="Anna",
        category="stock",
        description="",
        auto_imported=True,
        created_at=times.to_iso(NOON),
        updated_at=times.to_iso(NOON),
        readiness=Readiness.READY,
        prepared_s3_url=f"s3://{UPLOADS}/prepared/models/{folder}/{item_id}/1.jpg",
        sha256=f"{item_id}-digest",
        width=800,
        height=1200,
        user_id=user_id,
    )
    return replace(item, **changes)


def new_job(job_id: str = "job-1", **changes: Any) -> Job:
    """A job as it is created."""
    attributes: dict[str, Any] = {
        "job_id": job_id,
        "user_id": ALICE,
        "request_id": "request-1",
        "request_fingerprint": "fingerprint",
        "product_id": "blue-shirt",
        "product_picture_s3_url": shirt().picture_s3_url,
        "model_id": "stock-anna",
        "model_picture_s3_url": photo().picture_s3_url,
        "parameters": canonical(GARMENT),
        "connection_id": None,
        "now": NOON,
        "retention_days": 30,
    }
    return Job.create(**{**attributes, **changes})


@dataclass
class World:
    """A shop with one shirt, one stock model, and whatever a test adds."""

    clock: FakeClock = field(default_factory=FakeClock)
    jobs: FakeJobs = field(default_factory=FakeJobs)
    catalogue: FakeCatalogue = field(default_factory=FakeCatalogue)
    connections: FakeConnections = field(default_factory=FakeConnections)
    controls: FakeControls = field(default_factory=FakeControls)
    results: FakeResults = field(default_factory=FakeResults)
    pictures: FakePictures = field(default_factory=FakePictures)
    erasures: FakeErasures = field(default_factory=FakeErasures)
    erasure_requests: FakeErasureRequests = field(default_factory=FakeErasureRequests)
    tools: FakePictureTools = field(default_factory=FakePictureTools)
    notifier: FakeNotifier = field(default_factory=FakeNotifier)
    workflow: FakeWorkflow = field(default_factory=FakeWorkflow)
    engine_order: list[str] = field(default_factory=lambda: ["preview"])
    reports: list[tuple[str, VtoError]] = field(default_factory=list)
    endings: list[Job] = field(default_factory=list)
    openings: list[tuple[str, str, str]] = field(default_factory=list)
    start_directly: bool = True
    limits: Limits = field(default_factory=lambda: Limits(shop=micro_usd(50), user=micro_usd(2), guests=micro_usd(1)))
    price_per_image: float = 0.0
    budget_used: list[float] = field(default_factory=list)
    max_jobs: int = 10
    guests: FakeGuests = field(default_factory=FakeGuests)
    lets_guests_in: bool = True

    def __post_init__(self) -> None:
        self.engine = FakeEngine(self.pictures)
        self.operations = FakeOperations(self.controls)
        self.pictures.time = lambda: times.to_iso(self.clock.now())
        self.stock(shirt(), photo())

    def stock(self, *items: CatalogueItem) -> None:
        """Add catalogue rows, with their prepared pictures where they have one."""
        self.catalogue.add(*items)
        for item in items:
            if item.prepared_s3_url:
                self.pictures.put(item.prepared_s3_url, item.item_id.encode())

    def connect(self, connection_id: str, user_id: str = ALICE) -> Connection:
        """Open a socket that lives for two hours."""
        ttl = times.epoch(self.clock.now(), seconds=7200)
        connection = Connection(connection_id, user_id, times.to_iso(self.clock.now()), ttl)
        self.connections.add(connection)
        return connection

    def report(self, what: str, error: VtoError) -> None:
        """Keep what would be logged."""
        self.reports.append((what, error))

    def opened(self, engine: str, error_code: str, until: str) -> None:
        """Keep what would be logged of an engine that is not asked for a while."""
        self.openings.append((engine, error_code, until))

    # --- the use cases ---

    @property
    def import_picture(self) -> ImportPicture:
        return ImportPicture(self.catalogue, self.pictures, self.pictures, self.erasures, self.tools, self.clock, 30)

    @property
    def browse_products(self) -> BrowseProducts:
        return BrowseProducts(self.catalogue, self.pictures)

    @property
    def manage_products(self) -> ManageProducts:
        return ManageProducts(self.catalogue, self.pictures, self.pictures, self.clock, UPLOADS)

    @property
    def create_try_on(self) -> CreateTryOn:
        return CreateTryOn(
            self.jobs,
            self.admissions,
            self.clock,
            UPLOADS,
            30,
            self.engine_order,
            self.look_ahead,
            self.max_jobs,
            self.lets_guests_in,
        )

    @property
    def welcome_guest(self) -> WelcomeGuest:
        return WelcomeGuest(self.guests, self.controls, self.clock)

    @property
    def look_ahead(self) -> LookAhead:
        versions = {"nova_canvas": "model-1"}
        switch = Switch(self.jobs.budgets, self.limits.may_spend)
        return LookAhead(
            self.admissions, self.results, self.controls, self.clock, self.engine_order, versions, self.paces, switch
        )

    @property
    def admissions(self) -> FakeAdmissions:
        return FakeAdmissions(self.jobs, self.catalogue, self.results, self.controls)

    @property
    def paces(self) -> dict[str, float]:
        return dict.fromkeys(self.engine_order, 60.0)

    @property
    def cancel_try_on(self) -> CancelTryOn:
        return CancelTryOn(self.jobs, self.results, self.clock, self.endings.append)

    @property
    def request_try_on(self) -> RequestTryOn:
        return RequestTryOn(
            self.create_try_on, self.give_finished, StartTryOn(self.workflow), self.start_directly, self.report
        )

    @property
    def validate_request(self) -> ValidateRequest:
        return ValidateRequest(
            self.jobs,
            self.catalogue,
            self.results,
            self.pictures,
            self.tools,
            self.clock,
            self.engine_order,
            {"nova_canvas": "model-1", "sagemaker": "image-1"},
        )

    @property
    def reserve_slot(self) -> ReserveSlot:
        return ReserveSlot(self.jobs, self.controls, self.engine_order, self.paces, self.clock, self.spending)

    @property
    def invoke_model(self) -> InvokeModel:
        engines = dict.fromkeys(self.engine_order, self.engine)
        return InvokeModel(
            self.jobs,
            engines,
            self.results,
            self.controls,
            self.pictures,
            self.clock,
            RESULTS,
            self.paces,
            self.opened,
            self.spending,
        )

    @property
    def spending(self) -> Spending:
        return Spending(self.jobs.budgets, self.limits, self.price_per_image, self.budget_used.append)

    @property
    def store_result(self) -> StoreResult:
        return StoreResult(
            self.jobs,
            self.results,
            self.pictures,
            self.tools,
            self.clock,
            RESULTS,
            30,
            self.engine_order,
            self.endings.append,
        )

    @property
    def snapshots(self) -> Snapshots:
        return Snapshots(self.pictures, self.clock)

    @property
    def frames(self) -> Frames:
        return Frames(self.snapshots, self.pictures)

    @property
    def give_finished(self) -> GiveFinished:
        return GiveFinished(self.jobs, self.results, self.pictures, self.clock, RESULTS, self.endings.append)

    @property
    def finish_given(self) -> FinishGiven:
        return FinishGiven(self.jobs, self.pictures, RESULTS)

    @property
    def publish_job(self) -> PublishJob:
        return PublishJob(self.jobs, self.connections, self.controls, self.notifier, self.frames, self.clock)

    @property
    def deliver_result(self) -> DeliverResult:
        return DeliverResult(self.jobs, self.publish_job)

    @property
    def record_failure(self) -> RecordFailure:
        finish_result = FinishResult(self.pictures, self.results, RESULTS)
        return RecordFailure(self.jobs, self.results, self.clock, self.report, self.endings.append, finish_result)

    @property
    def sweep_jobs(self) -> SweepJobs:
        return SweepJobs(self.jobs, self.workflow, self.record_failure, self.clock, self.report, self.operations)

    @property
    def answer_message(self) -> AnswerMessage:
        return AnswerMessage(
            self.request_try_on,
            self.plan_try_on,
            self.cancel_try_on,
            self.publish_job,
            self.jobs,
            self.notifier,
            self.clock,
            self.report,
        )

    @property
    def plan_try_on(self) -> PlanTryOn:
        return PlanTryOn(self.create_try_on, self.look_ahead, prices_by_side=False)

    @property
    def browse(self) -> Browse:
        return Browse(
            self.catalogue, self.jobs, self.pictures, self.snapshots, 30, "1", self.engine_order, self.max_jobs
        )

    @property
    def remove_one(self) -> RemoveOne:
        return RemoveOne(
            self.catalogue,
            self.jobs,
            self.results,
            self.pictures,
            self.clock,
            UPLOADS,
            RESULTS,
            self.endings.append,
        )

    @property
    def delete_photo(self) -> DeletePhoto:
        return DeletePhoto(self.catalogue, self.erasure_requests, self.clock)

    @property
    def delete_try_on(self) -> DeleteTryOn:
        return DeleteTryOn(self.jobs, self.results, self.erasure_requests, self.clock, self.endings.append)

    @property
    def request_erasure(self) -> RequestErasure:
        return RequestErasure(self.erasures, self.erasure_requests, self.clock)

    @property
    def erase_user(self) -> EraseUser:
        return EraseUser(
            self.erasures,
            self.jobs,
            self.catalogue,
            self.results,
            self.connections,
            self.controls,
            self.notifier,
            self.pictures,
            self.clock,
            UPLOADS,
            RESULTS,
        )

    # --- shortcuts to a certain point of a job's life ---

    def add_job(self, job_id: str = "job-1", **changes: Any) -> Job:
        """A created job."""
        job = new_job(job_id, **{"now": self.clock.now(), **changes})
        self.jobs.create(job)
        return job

    def claimed_job(self, job_id: str = "job-1", execution: str = EXECUTION, **changes: Any) -> Job:
        """A job that an execution has claimed."""
        self.add_job(job_id, **changes)
        assert self.jobs.claim(job_id, execution, self.clock.now())
        return self.jobs.rows[job_id]

    def generated_job(self, job_id: str = "job-1", **changes: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """A claimed job whose pictures have been made: what Validate Request and Invoke Model answered."""
        self.claimed_job(job_id, **changes)
        validation = self.validate_request(job_id, EXECUTION, 0)
        slot = self.reserve_slot(job_id, EXECUTION, BLANK_SLOT, None)
        return validation, self.invoke_model(job_id, EXECUTION, validation, slot)

    def completed_job(self, job_id: str = "job-1", **changes: Any) -> Job:
        """A job with its result."""
        validation, generation = self.generated_job(job_id, **changes)
        self.store_result(job_id, EXECUTION, validation, generation)
        return self.jobs.rows[job_id]

    def status_of(self, job_id: str = "job-1") -> Status:
        return self.jobs.rows[job_id].status

    def result_object(self, name: str, job_id: str = "job-1") -> bytes | None:
        """What lies in the results bucket."""
        return self.pictures.objects.get(str(S3Url(RESULTS, f"results/{job_id}/{name}")))
