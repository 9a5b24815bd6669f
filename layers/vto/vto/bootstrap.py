"""Builds the use cases from the environment, once for each container; the one place that knows all adapters.

Each builder imports what it builds: a function pays at its cold start for what it uses, not for what others use.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import boto3
import urllib3
from botocore.config import Config

from vto import telemetry

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import DynamoDBServiceResource, Table
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

    from vto.adapters.clock import SystemClock
    from vto.adapters.dynamodb.admissions import DynamoAdmissions
    from vto.adapters.dynamodb.budgets import DynamoBudgets
    from vto.adapters.dynamodb.catalogue import DynamoCatalogue
    from vto.adapters.dynamodb.connections import DynamoConnections
    from vto.adapters.dynamodb.controls import DynamoControls
    from vto.adapters.dynamodb.erasures import DynamoErasures
    from vto.adapters.dynamodb.guests import DynamoGuests
    from vto.adapters.dynamodb.jobs import DynamoJobs
    from vto.adapters.dynamodb.operations import DynamoOperations
    from vto.adapters.dynamodb.products import DynamoProducts
    from vto.adapters.dynamodb.results import DynamoResults
    from vto.adapters.erasure_queue import ErasureQueue
    from vto.adapters.models import BedrockModels
    from vto.adapters.operating import JobChanges, LambdaFunctions, SqsDeadLetters
    from vto.adapters.s3 import S3Pictures
    from vto.adapters.s3_versions import S3Versions
    from vto.adapters.sockets import ApiGatewaySockets
    from vto.adapters.sqs import ImportQueues, RetryQueue
    from vto.adapters.step_functions import StepFunctions
    from vto.adapters.webhook import EndedJobsQueue, HttpShopServer
    from vto.domain.pictures import Tier
    from vto.ports import Engine, Meanwhile, PictureTools
    from vto.use_cases.announce_end import AnnounceEnd
    from vto.use_cases.answer_message import AnswerMessage
    from vto.use_cases.browse import Browse
    from vto.use_cases.browse_products import BrowseProducts, CountCategories
    from vto.use_cases.browse_stock_models import BrowseStockModels
    from vto.use_cases.call_webhook import CallWebhook
    from vto.use_cases.cancel_try_on import CancelTryOn
    from vto.use_cases.check_lifecycle import CheckLifecycle
    from vto.use_cases.complete_upload import CompleteUpload
    from vto.use_cases.create_try_on import CreateTryOn
    from vto.use_cases.delete_photo import DeletePhoto
    from vto.use_cases.delete_try_on import DeleteTryOn
    from vto.use_cases.deliver_result import DeliverResult
    from vto.use_cases.erase_user import EraseUser
    from vto.use_cases.export_user import ExportUser
    from vto.use_cases.give_finished import FinishGiven, GiveFinished
    from vto.use_cases.import_picture import ImportPicture
    from vto.use_cases.invoke_model import InvokeModel
    from vto.use_cases.looking_ahead import LookAhead
    from vto.use_cases.manage_products import ManageProducts
    from vto.use_cases.offer_upload import OfferUpload
    from vto.use_cases.open_result import OpenResult
    from vto.use_cases.operate import Operate
    from vto.use_cases.plan_try_on import PlanTryOn
    from vto.use_cases.publish_job import PublishJob, Snapshots
    from vto.use_cases.reconcile_uploads import ReconcileUploads
    from vto.use_cases.record_failure import RecordFailure
    from vto.use_cases.remove_one import RemoveOne
    from vto.use_cases.rename_photo import RenamePhoto
    from vto.use_cases.request_erasure import RequestErasure
    from vto.use_cases.request_try_on import RequestTryOn
    from vto.use_cases.reserve_slot import ReserveSlot
    from vto.use_cases.sockets import AuthorizeSocket, IssueTicket, OpenSocket
    from vto.use_cases.spending import Spending
    from vto.use_cases.start_try_on import StartCreated, StartTryOn
    from vto.use_cases.store_result import StoreResult
    from vto.use_cases.sweep_jobs import SweepJobs
    from vto.use_cases.validate_request import ValidateRequest
    from vto.use_cases.welcome_guest import WelcomeGuest

# Seconds that the SDK waits for an answer, by the service's prefix in policies. Each lies below the timeout of every
# function that may call the service, so that the error says which one did not answer; `make lint` compares them.
READ_TIMEOUT = {
    "dynamodb": 5,
    "s3": 10,
    "states": 5,
    "execute-api": 2,
    "sqs": 5,
    "secretsmanager": 5,
    "bedrock": 5,
    "lambda": 60,  # what operators order may be a sweep, which takes most of a minute; engines have their own
}


class SettingsError(Exception):
    """The function's environment lacks something; a mistake of the deployment, not of a request."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The environment of a function; each function is given only the variables that it needs."""

    values: Mapping[str, str]

    def __getitem__(self, name: str) -> str:
        """A variable that must be there.

        Raises:
            SettingsError: It is missing or empty.
        """
        value = self.values.get(name)
        if not value:
            raise SettingsError(f"the environment variable {name} is missing: see this function in template.yaml")
        return value

    def number(self, name: str) -> float:
        """A variable that holds a number.

        Raises:
            SettingsError: It is missing or no number.
        """
        try:
            return float(self[name])
        except ValueError as problem:
            raise SettingsError(f"the environment variable {name} must be a number") from problem

    def is_on(self, name: str) -> bool:
        """Whether a switch stands on ``on``."""
        return self[name] == "on"

    @property
    def tier(self) -> Tier:
        """The price tier in which pictures are prepared."""
        from vto.domain.pictures import Tier

        return Tier(int(self.number("PICTURE_TIER")), by_side=self.measures_sides)

    @property
    def measures_sides(self) -> bool:
        """Whether a price tier limits the sides of a picture rather than its area."""
        return self["TIER_MEASURE"] == "side"

    @property
    def engines(self) -> list[str]:
        """The engines in their order of preference."""
        from vto.domain.engines import PROFILES

        named = [name.strip() for name in self["ENGINES"].split(",")]
        unknown = sorted({name for name in named if name and name not in PROFILES})
        if unknown:
            raise SettingsError(f"there is no engine {unknown[0]!r}: ENGINES may name {', '.join(PROFILES)}")
        return list(dict.fromkeys(filter(None, named)))  # an engine that is named twice is asked once

    def named(self, name: str) -> dict[str, str]:
        """A variable that holds ``name=value``, separated by commas."""
        pairs = (pair.partition("=") for pair in self[name].split(","))
        return {one.strip(): value for one, _, value in pairs}

    @property
    def paces(self) -> dict[str, float]:
        """How often each engine may be asked in a minute."""
        first, *others = self.engines
        pace = self.number("FALLBACK_REQUESTS_PER_MINUTE") or self.number("REQUESTS_PER_MINUTE")
        return {first: self.number("REQUESTS_PER_MINUTE"), **dict.fromkeys(others, pace)}

    @property
    def versions(self) -> dict[str, str]:
        """What the deployment says of its engines' versions: ``name=version``, separated by commas."""
        return self.named("ENGINE_VERSIONS")


@cache
def settings() -> Settings:
    """This container's environment, as it was when the first event came."""
    return Settings(dict(os.environ))


def prepare(*builders: Callable[[], object]) -> None:
    """Build, while Lambda initialises a function, what its events will need; anywhere else do nothing.

    Lambda initialises once for each container, sometimes before there is an event, and an event's own time limit does
    not run yet. What cannot be built is left to the first event, whose failure has a name and a metric.

    Nearly all that is made meanwhile stays for good: looking through it for garbage again and again, while it grows and
    with each later collection, finds nothing.

    Args:
        builders: Functions of this module.

    Source:
        https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
        https://docs.python.org/3.13/library/gc.html#gc.freeze
    """
    if "AWS_LAMBDA_INITIALIZATION_TYPE" not in os.environ:
        return
    gc.disable()
    try:
        with suppress(Exception):
            for build in builders:
                build()
    finally:
        gc.freeze()
        gc.enable()


# --- adapters, each built when something needs it -----------------------------------------------------------------


@cache
def clock() -> SystemClock:
    """The real time."""
    from vto.adapters.clock import SystemClock

    return SystemClock()


@cache
def meanwhile() -> Meanwhile:
    """What lets a step wait for several things at the same time."""
    from vto.adapters.threads import in_threads

    return in_threads


@cache
def _dynamodb() -> DynamoDBServiceResource:
    return boto3.resource("dynamodb", config=Config(connect_timeout=2, read_timeout=READ_TIMEOUT["dynamodb"]))


@cache
def _table(variable: str) -> Table:
    return _dynamodb().Table(settings()[variable])  # one client for all tables


@cache
def jobs() -> DynamoJobs:
    """``vto-jobs``."""
    from vto.adapters.dynamodb.jobs import DynamoJobs

    # a function that is not given the table of controls moves no money and admits nobody
    return DynamoJobs(_table("JOBS_TABLE"), _table("CONTROLS_TABLE") if "CONTROLS_TABLE" in settings().values else None)


@cache
def budgets() -> DynamoBudgets:
    """The part of ``vto-controls`` that is about money."""
    from vto.adapters.dynamodb.budgets import DynamoBudgets

    return DynamoBudgets(_table("CONTROLS_TABLE"))


@cache
def catalogue() -> DynamoCatalogue:
    """``vto-products`` and ``vto-models``."""
    from vto.adapters.dynamodb.catalogue import DynamoCatalogue

    return DynamoCatalogue(_table("PRODUCTS_TABLE"), _table("MODELS_TABLE"))


@cache
def products() -> DynamoProducts:
    """``vto-products``, as shoppers look at it and as the shop writes it by hand."""
    from vto.adapters.dynamodb.products import DynamoProducts

    return DynamoProducts(_table("PRODUCTS_TABLE"))


@cache
def connections() -> DynamoConnections:
    """``vto-connections``."""
    from vto.adapters.dynamodb.connections import DynamoConnections

    return DynamoConnections(_table("CONNECTIONS_TABLE"))


@cache
def controls() -> DynamoControls:
    """``vto-controls``."""
    from vto.adapters.dynamodb.controls import DynamoControls

    return DynamoControls(_table("CONTROLS_TABLE"))


@cache
def operations() -> DynamoOperations:
    """Operators' orders and the notes of scheduled work, in ``vto-controls``."""
    from vto.adapters.dynamodb.operations import DynamoOperations

    return DynamoOperations(_table("CONTROLS_TABLE"))


@cache
def results() -> DynamoResults:
    """``vto-results``."""
    from vto.adapters.dynamodb.results import DynamoResults

    return DynamoResults(_table("RESULTS_TABLE"))


@cache
def admissions() -> DynamoAdmissions:
    """What an admission reads of several tables at once."""
    from vto.adapters.dynamodb.admissions import DynamoAdmissions

    return DynamoAdmissions(
        _table("JOBS_TABLE"),
        _table("PRODUCTS_TABLE"),
        _table("MODELS_TABLE"),
        _table("RESULTS_TABLE"),
        _table("CONTROLS_TABLE"),
    )


@cache
def guests() -> DynamoGuests:
    """Guests in ``vto-controls``."""
    from vto.adapters.dynamodb.guests import DynamoGuests

    return DynamoGuests(_table("CONTROLS_TABLE"))


@cache
def erasures() -> DynamoErasures:
    """Erasures in ``vto-controls``."""
    from vto.adapters.dynamodb.erasures import DynamoErasures

    return DynamoErasures(_table("CONTROLS_TABLE"))


@cache
def _s3() -> S3Client:
    config = Config(
        signature_version="s3v4",
        # the bucket's host in its own Region: otherwise links outside us-east-1 name S3's global host, which answers
        # a new bucket with a redirect that breaks the signature
        s3={"addressing_style": "virtual"},
        connect_timeout=2,
        read_timeout=READ_TIMEOUT["s3"],
    )
    return boto3.client("s3", config=config)


@cache
def pictures() -> S3Pictures:
    """The two buckets."""
    from vto.adapters.s3 import S3Pictures

    return S3Pictures(_s3())


@cache
def versions() -> S3Versions:
    """The two buckets with all that lay in them before."""
    from vto.adapters.s3_versions import S3Versions

    return S3Versions(_s3())


@cache
def erasure_queue() -> ErasureQueue:
    """The queue that makes erasures go on."""
    from vto.adapters.erasure_queue import ErasureQueue

    client = boto3.client("sqs", config=Config(connect_timeout=2, read_timeout=READ_TIMEOUT["sqs"]))
    return ErasureQueue(client, settings()["ERASURES_QUEUE_URL"])


@cache
def picture_tools() -> PictureTools:
    """Pillow; only functions that carry it may ask."""
    from vto.adapters.pillow import PillowTools  # most functions do not carry Pillow

    return PillowTools()


@cache
def workflow() -> StepFunctions:
    """The state machine."""
    from vto.adapters.step_functions import StepFunctions

    client = boto3.client("stepfunctions", config=Config(connect_timeout=2, read_timeout=READ_TIMEOUT["states"]))
    return StepFunctions(client, settings()["STATE_MACHINE_ARN"])


@cache
def sockets() -> ApiGatewaySockets:
    """The live sockets."""
    from vto.adapters.sockets import ApiGatewaySockets

    client = boto3.client(
        "apigatewaymanagementapi",
        endpoint_url=settings()["SOCKET_ENDPOINT"],
        # one attempt, well within a delivery claim: a push that is repeated in secret would be seen twice
        config=Config(retries={"total_max_attempts": 1}, connect_timeout=1, read_timeout=READ_TIMEOUT["execute-api"]),
    )
    return ApiGatewaySockets(client)


@cache
def _sqs() -> SQSClient:
    return boto3.client("sqs", config=Config(connect_timeout=2, read_timeout=READ_TIMEOUT["sqs"]))


@cache
def results_queue() -> RetryQueue:
    """The queue that tells of finished results."""
    from vto.adapters.sqs import RetryQueue

    return RetryQueue(_sqs(), settings()["RESULTS_QUEUE_URL"])


@cache
def upload_queues() -> RetryQueue:
    """The two queues that tell of uploads."""
    from vto.adapters.sqs import RetryQueue

    return RetryQueue(_sqs(), settings()["PRODUCT_UPLOADS_QUEUE_URL"], settings()["MODEL_UPLOADS_QUEUE_URL"])


@cache
def ended_jobs() -> EndedJobsQueue | None:
    """The queue of ends that the shop's own server is to hear of; None where the shop wants none."""
    from vto.adapters.webhook import EndedJobsQueue

    url = settings().values.get("WEBHOOK_QUEUE_URL")
    return EndedJobsQueue(_sqs(), url) if url else None


@cache
def webhook_queue() -> RetryQueue:
    """The same queue, for who tells the shop's server."""
    from vto.adapters.sqs import RetryQueue
    from vto.domain.webhooks import wait_seconds as webhook_wait

    return RetryQueue(_sqs(), settings()["WEBHOOK_QUEUE_URL"], wait=webhook_wait)


@cache
def shop_server() -> HttpShopServer:
    """The shop's own server; raises SettingsError when it may not be told at its address."""
    from vto.adapters.secrets import SecretKey
    from vto.adapters.webhook import HttpShopServer

    config = Config(retries={"total_max_attempts": 1}, connect_timeout=2, read_timeout=READ_TIMEOUT["secretsmanager"])
    secret = SecretKey(boto3.client("secretsmanager", config=config), settings()["WEBHOOK_SECRET"])
    try:
        return HttpShopServer(urllib3.PoolManager(), settings()["WEBHOOK_URL"], secret)
    except ValueError as problem:
        raise SettingsError(str(problem)) from problem


@cache
def import_queue() -> ImportQueues:
    """The same two, to tell of uploads that S3 did not tell of."""
    from vto.adapters.sqs import ImportQueues

    return ImportQueues(_sqs(), settings()["PRODUCT_UPLOADS_QUEUE_URL"], settings()["MODEL_UPLOADS_QUEUE_URL"])


@cache
def dead_letters() -> SqsDeadLetters:
    """The dead-letter queues."""
    from vto.adapters.operating import SqsDeadLetters

    return SqsDeadLetters(_sqs(), settings().named("DEAD_LETTER_QUEUES"), settings().named("SOURCE_QUEUES"))


@cache
def functions() -> LambdaFunctions:
    """The other functions of this stack, each asked once: whoever orders asks again."""
    from vto.adapters.operating import LambdaFunctions

    config = Config(retries={"total_max_attempts": 1}, connect_timeout=2, read_timeout=READ_TIMEOUT["lambda"])
    return LambdaFunctions(boto3.client("lambda", config=config), settings()["STACK"])


@cache
def changes() -> JobChanges:
    """The stream of ``vto-jobs``."""
    from vto.adapters.operating import JobChanges

    config = Config(connect_timeout=2, read_timeout=READ_TIMEOUT["dynamodb"])
    return JobChanges(boto3.client("dynamodbstreams", config=config), settings()["JOBS_STREAM"])


@cache
def models() -> BedrockModels:
    """What Bedrock says of its models."""
    from vto.adapters.models import BedrockModels

    return BedrockModels(
        boto3.client("bedrock", config=Config(connect_timeout=2, read_timeout=READ_TIMEOUT["bedrock"]))
    )


@cache
def engine(name: str) -> Engine:
    """One engine by its name.

    Raises:
        SettingsError: There is no such engine.
    """
    from vto.adapters.bedrock import NovaCanvas
    from vto.adapters.fashn import FashnApi
    from vto.adapters.preview import Preview
    from vto.adapters.sagemaker import CanvasEndpoint
    from vto.adapters.secrets import SecretKey
    from vto.domain.engines import PROFILES

    def once(read_timeout: int) -> Config:
        """One attempt: the state machine owns the retries, and each hidden one could be billed."""
        return Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=read_timeout)

    if name == "nova_canvas":
        bedrock = boto3.client("bedrock-runtime", config=once(PROFILES[name].read_timeout_seconds))
        return NovaCanvas(bedrock, pictures(), settings()["MODEL_ID"])
    if name == "preview":
        functions = boto3.client("lambda", config=once(PROFILES[name].read_timeout_seconds))
        return Preview(functions, settings()["PREVIEW_FUNCTION"])
    if name == "sagemaker":
        endpoint = boto3.client("sagemaker-runtime", config=once(PROFILES[name].read_timeout_seconds))
        return CanvasEndpoint(endpoint, pictures(), settings()["CANVAS_ENDPOINT"])
    if name == "fashn_api":
        secrets = boto3.client("secretsmanager", config=once(READ_TIMEOUT["secretsmanager"]))
        key = SecretKey(secrets, settings()["FASHN_SECRET"])
        return FashnApi(key, pictures(), clock(), urllib3.PoolManager(), PROFILES[name].read_timeout_seconds)
    raise SettingsError(f"there is no engine {name!r}: ENGINES may name {', '.join(PROFILES)}")


def preferred_engine() -> Engine:
    """The engine that is asked first."""
    return engine(settings().engines[0])


class _EnginesByName(dict[str, "Engine"]):
    """All engines; each is built when it is first asked for."""

    def __missing__(self, name: str) -> Engine:
        self[name] = engine(name)
        return self[name]


# --- use cases, one for each verb ---------------------------------------------------------------------------------


@cache
def import_picture() -> ImportPicture:
    """Registers uploads."""
    from vto.use_cases.import_picture import ImportPicture

    retention = settings().number("RETENTION_DAYS")
    return ImportPicture(
        catalogue(), pictures(), versions(), erasures(), picture_tools(), clock(), retention, settings().tier
    )


@cache
def create_try_on() -> CreateTryOn:
    """Admits try-ons."""
    from vto import schemas
    from vto.use_cases.create_try_on import CreateTryOn

    schemas.ready("try_on")  # before anybody waits for it
    return CreateTryOn(
        jobs(),
        admissions(),
        clock(),
        settings()["UPLOADS_BUCKET"],
        settings().number("RETENTION_DAYS"),
        settings().engines,
        look_ahead(),
        int(settings().number("MAX_JOBS_PER_USER")),
        lets_guests_in(),
    )


@cache
def look_ahead() -> LookAhead:
    """Looks at queues and finished results."""
    from vto.use_cases.looking_ahead import LookAhead
    from vto.use_cases.spending import Switch

    switch = Switch(budgets(), settings().is_on("SPENDING"))
    return LookAhead(
        admissions(),
        results(),
        controls(),
        clock(),
        settings().engines,
        settings().versions,
        settings().paces,
        switch,
    )


@cache
def start_try_on() -> StartTryOn:
    """Starts executions."""
    from vto.use_cases.start_try_on import StartTryOn

    return StartTryOn(workflow())


@cache
def start_created() -> StartCreated:
    """Starts executions of jobs that still wait for one."""
    from vto.use_cases.start_try_on import StartCreated

    return StartCreated(jobs(), start_try_on())


@cache
def validate_request() -> ValidateRequest:
    """State Validate Request."""
    from vto.use_cases.validate_request import ValidateRequest

    return ValidateRequest(
        jobs(),
        catalogue(),
        results(),
        pictures(),
        picture_tools(),
        clock(),
        settings().engines,
        settings().versions,
        settings().measures_sides,
        meanwhile(),
    )


@cache
def spending() -> Spending:
    """What calls may cost."""
    from vto.domain.budgets import Limits
    from vto.domain.ledger import micro_usd
    from vto.use_cases.spending import Spending

    limits = Limits(
        shop=micro_usd(settings().number("DAILY_BUDGET")),
        user=micro_usd(settings().number("DAILY_BUDGET_PER_USER")),
        guests=micro_usd(settings().number("GUEST_DAILY_BUDGET")),
        may_spend=settings().is_on("SPENDING"),
    )
    return Spending(budgets(), limits, settings().number("PRICE_PER_IMAGE"), telemetry.budget_used)


@cache
def reserve_slot() -> ReserveSlot:
    """State Reserve Slot."""
    from vto.use_cases.reserve_slot import ReserveSlot

    return ReserveSlot(jobs(), controls(), settings().engines, settings().paces, clock(), spending(), meanwhile())


@cache
def invoke_model() -> InvokeModel:
    """State Invoke Model."""
    from vto.use_cases.invoke_model import InvokeModel

    return InvokeModel(
        jobs(),
        _EnginesByName(),
        results(),
        controls(),
        pictures(),
        clock(),
        settings()["RESULTS_BUCKET"],
        settings().paces,
        telemetry.opened,
        spending(),
        meanwhile(),
    )


@cache
def store_result() -> StoreResult:
    """State Store Result."""
    from vto.use_cases.store_result import StoreResult

    return StoreResult(
        jobs(),
        results(),
        pictures(),
        picture_tools(),
        clock(),
        settings()["RESULTS_BUCKET"],
        settings().number("RETENTION_DAYS"),
        settings().engines,
        telemetry.ended,
        meanwhile(),
    )


@cache
def snapshots() -> Snapshots:
    """Public views of jobs."""
    from vto.use_cases.publish_job import Snapshots

    return Snapshots(pictures(), clock())


@cache
def publish_job() -> PublishJob:
    """Pushes snapshots to sockets."""
    from vto.use_cases.publish_job import Frames, PublishJob

    frames = Frames(snapshots(), pictures())
    return PublishJob(jobs(), connections(), controls(), sockets(), frames, clock(), meanwhile())


@cache
def announce_end() -> AnnounceEnd:
    """Has the shop's own server told of ended jobs."""
    from vto.use_cases.announce_end import AnnounceEnd

    return AnnounceEnd(jobs(), ended_jobs())


@cache
def call_webhook() -> CallWebhook:
    """Tells it."""
    from vto.use_cases.call_webhook import CallWebhook

    return CallWebhook(jobs(), shop_server(), clock(), telemetry.webhook)


@cache
def deliver_result() -> DeliverResult:
    """Publishes finished results."""
    from vto.use_cases.deliver_result import DeliverResult

    return DeliverResult(jobs(), publish_job())


@cache
def record_failure() -> RecordFailure:
    """State Record Failure."""
    from vto.use_cases.finish_result import FinishResult
    from vto.use_cases.record_failure import RecordFailure

    finish_result = FinishResult(pictures(), results(), settings()["RESULTS_BUCKET"])
    return RecordFailure(jobs(), results(), clock(), telemetry.report, telemetry.ended, finish_result)


@cache
def sweep_jobs() -> SweepJobs:
    """The scheduled repair."""
    from vto.use_cases.sweep_jobs import SweepJobs

    return SweepJobs(jobs(), workflow(), record_failure(), clock(), telemetry.report, operations())


@cache
def reconcile_uploads() -> ReconcileUploads:
    """The scheduled look for uploads that nobody imported."""
    from vto.use_cases.reconcile_uploads import ReconcileUploads

    return ReconcileUploads(
        catalogue(),
        pictures(),
        operations(),
        import_queue(),
        clock(),
        settings()["UPLOADS_BUCKET"],
        telemetry.reconciled,
        telemetry.lost,
        telemetry.report,
    )


@cache
def operate() -> Operate:
    """Operators' orders."""
    from vto.use_cases.operate import Operate
    from vto.use_cases.redrive_letters import RedriveLetters
    from vto.use_cases.report_status import ReportStatus
    from vto.use_cases.rerun_job import RerunJob
    from vto.use_cases.say_bye import SayBye

    engines = settings().engines
    return Operate(
        ReportStatus(jobs(), operations(), dead_letters(), clock(), engines),
        RedriveLetters(dead_letters(), functions(), changes(), clock(), settings()["STACK"], telemetry.report),
        RerunJob(jobs(), catalogue(), pictures(), workflow(), clock()),
        SayBye(connections(), sockets(), operations(), clock(), telemetry.report),
        operations(),
        functions(),
        clock(),
        engines,
    )


@cache
def check_lifecycle() -> CheckLifecycle:
    """The scheduled look at the model's end of life."""
    from vto.use_cases.check_lifecycle import CheckLifecycle

    return CheckLifecycle(models(), settings()["MODEL_ID"], clock(), telemetry.lifecycle)


@cache
def issue_ticket() -> IssueTicket:
    """Sells socket tickets."""
    from vto.use_cases.sockets import IssueTicket

    return IssueTicket(controls(), clock())


def lets_guests_in() -> bool:
    """Whether this deployment lets guests in."""
    return settings().is_on("GUEST_TRY_ONS")


@cache
def browse_stock_models() -> BrowseStockModels:
    """Shows guests the stock models."""
    from vto.use_cases.browse_stock_models import BrowseStockModels

    return BrowseStockModels(catalogue(), pictures())


@cache
def welcome_guest() -> WelcomeGuest:
    """Lets guests in."""
    from vto.use_cases.welcome_guest import WelcomeGuest

    return WelcomeGuest(guests(), controls(), clock())


@cache
def authorize_socket() -> AuthorizeSocket:
    """Takes socket tickets."""
    from vto.use_cases.sockets import AuthorizeSocket

    return AuthorizeSocket(controls(), clock())


@cache
def open_socket() -> OpenSocket:
    """Registers sockets."""
    from vto.use_cases.sockets import OpenSocket

    return OpenSocket(connections(), clock())


@cache
def offer_upload() -> OfferUpload:
    """Makes upload forms."""
    from vto.use_cases.offer_upload import OfferUpload

    return OfferUpload(pictures(), clock(), settings()["UPLOADS_BUCKET"], settings()["CONSENT_VERSION"])


@cache
def request_try_on() -> RequestTryOn:
    """Admits and starts try-ons."""
    from vto.use_cases.request_try_on import RequestTryOn

    is_direct = settings().is_on("DIRECT_START")
    return RequestTryOn(create_try_on(), give_finished(), start_try_on(), is_direct, telemetry.report, meanwhile())


@cache
def give_finished() -> GiveFinished:
    """Gives new jobs what is finished already."""
    from vto.use_cases.give_finished import GiveFinished

    return GiveFinished(jobs(), results(), pictures(), clock(), settings()["RESULTS_BUCKET"], telemetry.ended)


@cache
def finish_given() -> FinishGiven:
    """Writes the manifests of those."""
    from vto.use_cases.give_finished import FinishGiven

    return FinishGiven(jobs(), pictures(), settings()["RESULTS_BUCKET"])


@cache
def plan_try_on() -> PlanTryOn:
    """Answers dry runs."""
    from vto.use_cases.plan_try_on import PlanTryOn

    return PlanTryOn(create_try_on(), look_ahead(), settings().measures_sides)


@cache
def cancel_try_on() -> CancelTryOn:
    """Ends try-ons that only wait."""
    from vto.use_cases.cancel_try_on import CancelTryOn

    return CancelTryOn(jobs(), results(), clock(), telemetry.ended)


@cache
def answer_message() -> AnswerMessage:
    """Serves socket frames."""
    from vto.use_cases.answer_message import AnswerMessage

    return AnswerMessage(
        request_try_on(),
        plan_try_on(),
        cancel_try_on(),
        publish_job(),
        jobs(),
        sockets(),
        clock(),
        telemetry.report,
    )


@cache
def browse() -> Browse:
    """Answers questions."""
    from vto.use_cases.browse import Browse

    return Browse(
        catalogue(),
        jobs(),
        pictures(),
        snapshots(),
        settings().number("RETENTION_DAYS"),
        settings()["CONSENT_VERSION"],
        settings().engines,
        int(settings().number("MAX_JOBS_PER_USER")),
    )


@cache
def complete_upload() -> CompleteUpload:
    """Tells how far uploads are."""
    from vto.use_cases.complete_upload import CompleteUpload

    return CompleteUpload(catalogue(), pictures(), import_queue(), clock(), settings()["UPLOADS_BUCKET"])


@cache
def rename_photo() -> RenamePhoto:
    """Names photos."""
    from vto.use_cases.rename_photo import RenamePhoto

    return RenamePhoto(catalogue(), pictures(), clock())


@cache
def delete_photo() -> DeletePhoto:
    """Takes wishes that a photo goes."""
    from vto.use_cases.delete_photo import DeletePhoto

    return DeletePhoto(catalogue(), erasure_queue(), clock())


@cache
def delete_try_on() -> DeleteTryOn:
    """Takes wishes that a try-on goes."""
    from vto.use_cases.delete_try_on import DeleteTryOn

    return DeleteTryOn(jobs(), results(), erasure_queue(), clock(), telemetry.ended)


@cache
def open_result() -> OpenResult:
    """Makes links to finished pictures."""
    from vto.use_cases.open_result import OpenResult

    return OpenResult(jobs(), pictures(), clock())


@cache
def export_user() -> ExportUser:
    """Tells people what is kept of them."""
    from vto.use_cases.export_user import ExportUser

    return ExportUser(catalogue(), jobs(), pictures(), snapshots(), clock(), settings()["UPLOADS_BUCKET"])


@cache
def remove_one() -> RemoveOne:
    """Makes removals of one thing come true."""
    from vto.use_cases.remove_one import RemoveOne

    return RemoveOne(
        catalogue(),
        jobs(),
        results(),
        versions(),
        clock(),
        settings()["UPLOADS_BUCKET"],
        settings()["RESULTS_BUCKET"],
        telemetry.ended,
    )


@cache
def browse_products() -> BrowseProducts:
    """Answers questions about products."""
    from vto.use_cases.browse_products import BrowseProducts

    return BrowseProducts(products(), pictures())


@cache
def count_categories() -> CountCategories:
    """Counts products by category."""
    from vto.use_cases.browse_products import CountCategories

    return CountCategories(products(), clock())


@cache
def manage_products() -> ManageProducts:
    """Writes and deletes products."""
    from vto.use_cases.manage_products import ManageProducts

    return ManageProducts(products(), pictures(), versions(), clock(), settings()["UPLOADS_BUCKET"])


@cache
def request_erasure() -> RequestErasure:
    """Takes erasures."""
    from vto.use_cases.request_erasure import RequestErasure

    return RequestErasure(erasures(), erasure_queue(), clock())


@cache
def erase_user() -> EraseUser:
    """Makes erasures come true."""
    from vto.use_cases.erase_user import EraseUser

    return EraseUser(
        erasures(),
        jobs(),
        catalogue(),
        results(),
        connections(),
        controls(),
        sockets(),
        versions(),
        clock(),
        settings()["UPLOADS_BUCKET"],
        settings()["RESULTS_BUCKET"],
    )


def reset() -> None:
    """Forget everything that was built; for tests that change the environment."""
    for value in list(globals().values()):
        if hasattr(value, "cache_clear"):
            value.cache_clear()
