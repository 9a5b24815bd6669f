"""Every sample event in events/ goes to its real handler; AWS is moto, sockets and the preview's client are ours."""

import copy
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.backends import get_backend
from PIL import Image, ImageDraw

from local.outcomes import EVENTS, contains, read_outcomes
from local.scene import COAT
from tests.contract.deployed import (
    ACCOUNT,
    FUNCTIONS,
    REGION,
    ROOT,
    WITH_A_WEBHOOK,
    create_storage,
    environment,
    function_of,
    handler,
    kept,
    module,
    replace_builders,
    resolved,
    resources,
    use_environment,
)
from vto import bootstrap
from vto.adapters.dynamodb.jobs import item_to_job, job_to_item
from vto.adapters.preview import Preview
from vto.domain.consent import Consent
from vto.domain.curating import picture_key
from vto.domain.job import Job, StoredImage
from vto.domain.lifecycle import Lifecycle
from vto.domain.results import packed
from vto.testing import FakeClock, FakeModels, FakeNotifier, FakeShopServer

ROWS = json.loads((EVENTS / "rows.json").read_text(), parse_float=Decimal)
JOB = ROWS["vto-jobs"][0]
PRODUCT, MODEL = ROWS["vto-products"][0], ROWS["vto-models"][0]
USER, JOB_ID, SOCKET = JOB["user_id"], JOB["id"], JOB["connection_id"]
UPLOADS, RESULTS = f"vto-uploads-{ACCOUNT}-{REGION}", f"vto-results-{ACCOUNT}-{REGION}"
COAT_ID = str(COAT["product_id"])
ERASED, RECEIPT = "c41d7e02-8a95-4b1f-9d36-2f0e6a7b5c18", "6a1f0c9be24d4f7d8f35b0a97c21d4e6"
MODEL_ID = "amazon.nova-canvas-v1:0"
PHOTO = f"models/users/{USER}/0d9e3f5b7a1c4e6f8a2b4c6d8e0f1a2b.jpg"

CONSENT = Consent("1", "2026-11-21T11:59:40.010Z")


def picture(kind: str) -> bytes:
    """A picture with something in its middle."""
    image = Image.new("RGB", (384, 512), "white")
    ImageDraw.Draw(image).rounded_rectangle((112, 96, 272, 480), 40, fill="seagreen")
    out = io.BytesIO()
    image.save(out, kind)
    return out.getvalue()


_first_rows: list[Any] = []


@dataclass
class System:
    """The tables and buckets with the rows and pictures that the events speak of."""

    clock: FakeClock = field(default_factory=FakeClock)
    notifier: FakeNotifier = field(default_factory=FakeNotifier)
    shop_server: FakeShopServer = field(default_factory=FakeShopServer)
    models: FakeModels = field(default_factory=lambda: FakeModels({MODEL_ID: Lifecycle("ACTIVE")}))

    def __post_init__(self) -> None:
        create_storage()
        self.dynamodb = kept(boto3.resource)("dynamodb", region_name=REGION)
        self.s3 = kept(boto3.client)("s3", region_name=REGION)
        self.sfn = kept(boto3.client)("stepfunctions", region_name=REGION)
        tables = get_backend("dynamodb")[ACCOUNT][REGION]
        if not _first_rows:
            self.rows()
            _first_rows.append(copy.deepcopy(tables.tables))
        tables.tables = copy.deepcopy(_first_rows[0])
        self.sqs = kept(boto3.client)("sqs", region_name=REGION)
        for queue in resources("AWS::SQS::Queue"):
            self.sqs.create_queue(QueueName=resolved({"Ref": queue}))
        jpeg, png = picture("JPEG"), picture("PNG")
        for row in (PRODUCT, MODEL):
            self.put(row["prepared_s3_url"], jpeg)
        for key in ("products/tops/green-hoodie.jpg", "models/stock/standing-person.png", "models/robin.jpg"):
            self.put(f"s3://{UPLOADS}/{key}", jpeg)
        self.put(f"s3://{UPLOADS}/{PHOTO}", jpeg, **CONSENT.metadata())
        self.put(f"s3://{UPLOADS}/products/tops/price list 2026.jpg", b"Moss hoodie; 49.90")
        self.put(f"s3://{RESULTS}/generated/{JOB_ID}/1/0.png", png)
        machine = resources("AWS::Serverless::StateMachine")["TryOnStateMachine"]
        self.machine = self.sfn.create_state_machine(
            name=resolved(machine["Name"]), definition="{}", roleArn=f"arn:aws:iam::{ACCOUNT}:role/vto-try-on"
        )["stateMachineArn"]

    def rows(self, changed: Callable[[dict[str, Any]], dict[str, Any]] = dict) -> None:
        """Write the rows as they are at first."""
        for table, rows in ROWS.items():
            for row in rows:
                self.dynamodb.Table(table).put_item(Item=changed(row))

    def put(self, url: str, content: bytes, **metadata: str) -> None:
        bucket, _, key = url.removeprefix("s3://").partition("/")
        self.s3.put_object(Bucket=bucket, Key=key, Body=content, Metadata=metadata)

    def row(self, table: str, **key: str) -> dict[str, Any]:
        return self.dynamodb.Table(table).get_item(Key=key).get("Item", {})

    @property
    def job(self) -> Job | None:
        item = self.row("vto-jobs", id=JOB_ID)
        return item_to_job(item) if item else None

    @property
    def started(self) -> list[str]:
        """Names of the executions."""
        return [one["name"] for one in self.sfn.list_executions(stateMachineArn=self.machine)["executions"]]

    @property
    def frames(self) -> list[str]:
        """What the socket was sent: type, and the job's status or the error's code."""
        sent = self.notifier.sent.get(SOCKET, [])
        words = [(one["type"], one.get("job", {}).get("status"), one.get("error", {}).get("code")) for one in sent]
        return [" ".join(filter(None, these)) for these in words]

    @property
    def last_frame(self) -> dict[str, Any]:
        return self.notifier.sent[SOCKET][-1]

    def messages(self, queue: str) -> list[dict[str, Any]]:
        """What a queue holds, by its logical id."""
        url = resolved({"Ref": queue})
        answer = self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0)
        return [json.loads(one["Body"]) for one in answer.get("Messages", [])]

    def product(self, product_id: str = "") -> dict[str, Any]:
        return self.row("vto-products", product_id=product_id or PRODUCT["product_id"])

    def rejected(self, table: str) -> dict[str, Any]:
        """The one row that was rejected."""
        [row] = [one for one in self.dynamodb.Table(table).scan()["Items"] if one["readiness"] == "rejected"]
        return row

    def metadata(self, key: str) -> dict[str, str]:
        return self.s3.head_object(Bucket=RESULTS, Key=key)["Metadata"]

    def keys(self, bucket: str, prefix: str) -> list[str]:
        return [one["Key"] for one in self.s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])]


class FunctionsInProcess:
    """The Lambda client of the preview engine: the function it names runs here."""

    def invoke(self, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803 - botocore's names
        answer = handler(function_of(FunctionName))(json.loads(Payload))
        return {"Payload": io.BytesIO(json.dumps(answer).encode())}


def load(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text())


def read(name: str) -> dict[str, Any]:
    """A sample event by ``function/case``."""
    return load(EVENTS / f"{name}.json")


# --- before ----------------------------------------------------------------------------------------------------------


def as_it_is(system: System) -> None:
    """The rows as events/rows.json has them: the job is claimed by its execution."""


def without_the_job(system: System) -> None:
    system.dynamodb.Table("vto-jobs").delete_item(Key={"id": JOB_ID})


def with_the_product(system: System) -> None:
    """The clock of the bucket is nobody's to set: the function's is."""
    system.clock.moment = datetime.now(UTC)
    system.dynamodb.Table("vto-products").put_item(Item=COAT)
    system.put(f"s3://{UPLOADS}/{picture_key(COAT_ID)}", b"as it was uploaded")
    system.put(f"s3://{UPLOADS}/prepared/products/{COAT_ID}/0.jpg", b"as it was prepared")


def without_the_product(system: System) -> None:
    """It is not in the rows of the story."""


def pictures_of_the_coat(system: System) -> list[str]:
    return [*system.keys(UPLOADS, picture_key(COAT_ID)), *system.keys(UPLOADS, f"prepared/products/{COAT_ID}/")]


def job_just_created(system: System) -> None:
    record = read("start_try_on/accepted")["Records"][0]
    boto3.client("dynamodb", region_name=REGION).put_item(TableName="vto-jobs", Item=record["dynamodb"]["NewImage"])


def job_forgotten_for_two_minutes(system: System) -> None:
    job_just_created(system)
    system.clock.advance(120)


def job_started(system: System) -> None:
    job_just_created(system)
    system.sfn.start_execution(stateMachineArn=system.machine, name=JOB_ID, input="{}")


def uploads_just_came(system: System) -> None:
    """The clock of the bucket is nobody's to set: the function's is."""
    system.clock.moment = datetime.now(UTC)


def half_an_hour_later(system: System) -> None:
    uploads_just_came(system)
    system.clock.advance(1800)


def the_model_is_gone(system: System) -> None:
    system.models.known.clear()


def job_completed(system: System) -> None:
    image = StoredImage(f"s3://{RESULTS}/results/{JOB_ID}/0.png", "0" * 64, 384, 512)
    shown = f"s3://{RESULTS}/derived/{JOB_ID}"
    system.put(f"{shown}/previews.json", packed([b"preview"]))
    done = item_to_job(JOB).complete(
        images=(image,),
        mask_s3_url=None,
        engine="preview",
        now=system.clock.now(),
        shown_s3_urls=(f"{shown}/0.webp",),
        previews_s3_url=f"{shown}/previews.json",
    )
    system.dynamodb.Table("vto-jobs").put_item(Item=job_to_item(done))


# --- what is expected ------------------------------------------------------------------------------------------------

type Check = Callable[[System], bool]


@dataclass(frozen=True)
class Effects:
    """What comes of one event besides its answer, which `events/outcomes.json` says.

    Args:
        frames: What the socket is sent.
        job: The job afterwards: its status with its stage or error code, or "none".
        more: What else the answer contains, with default parameters and nothing else stored.
        and_so: What else is true afterwards.
    """

    frames: tuple[str, ...] = ()
    job: str = "processing validating"
    more: Any = None
    and_so: Check = lambda system: True


def nothing_started(system: System) -> bool:
    return system.started == []


def controls_of_guests(system: System) -> int:
    """How many guests there are, and tickets of theirs."""
    found = system.dynamodb.Table("vto-controls").scan()["Items"]
    return sum(str(item["user_id"]).startswith("guest#") for item in found if "user_id" in item)


def keys_told_of(system: System) -> set[str]:
    """The uploads that wait in the import queues, as S3 writes their keys."""
    waiting = [*system.messages("ProductUploadsQueue"), *system.messages("ModelUploadsQueue")]
    return {record["s3"]["object"]["key"] for one in waiting for record in one["Records"]}


def image_of(system: System) -> bool:
    """The drawn picture is there, and it is one."""
    body = system.s3.get_object(Bucket=RESULTS, Key=f"generated/{JOB_ID}/1/0.png")["Body"].read()
    return Image.open(io.BytesIO(body)).size == (384, 512)


OUTCOMES = read_outcomes()
BEFORE = {
    "as_it_is": as_it_is,
    "without_the_job": without_the_job,
    "with_the_product": with_the_product,
    "without_the_product": without_the_product,
    "job_just_created": job_just_created,
    "job_forgotten_for_two_minutes": job_forgotten_for_two_minutes,
    "job_started": job_started,
    "job_completed": job_completed,
    "nothing_overdue": as_it_is,
    "the_model_is_gone": the_model_is_gone,
    "half_an_hour_later": half_an_hour_later,
    "uploads_just_came": uploads_just_came,
}
EFFECTS = {
    "api/accepted": Effects(job="created", and_so=lambda system: system.started == [JOB_ID]),
    "api/accepted_a_dry_run": Effects(
        job="none", more={"body": {"engine": "preview", "cached": False, "eta_seconds": 4}}, and_so=nothing_started
    ),
    "api/accepted_in_the_batch_lane": Effects(
        job="created",
        and_so=lambda system: (system.job is not None and system.job.lane, system.started) == ("batch", [JOB_ID]),
    ),
    "api/accepted_cancelling_a_job": Effects(job="error cancelled"),
    "api/accepted_deleting_a_try_on": Effects(
        job="completed",
        and_so=lambda system: (
            system.job is not None
            and system.job.erased_at is not None
            and [one["remove"]["job_id"] for one in system.messages("ErasuresQueue")] == [JOB_ID]
        ),
    ),
    "api/accepted_a_ticket_for_the_socket": Effects(
        and_so=lambda system: system.dynamodb.Table("vto-controls").scan()["Count"] == 3
    ),
    "api/accepted_health_without_a_token": Effects(),
    "api/accepted_the_list_of_products": Effects(
        more={"body": {"products": [{"product_id": PRODUCT["product_id"]}], "next": None}}
    ),
    "api/accepted_a_search_in_a_category": Effects(
        more={"body": {"products": [{"product_id": PRODUCT["product_id"]}]}}
    ),
    "api/accepted_the_list_of_categories": Effects(
        more={"body": {"categories": [{"category": PRODUCT["category"], "products": 1}]}}
    ),
    "api/refused_a_forged_cursor": Effects(),
    "manage_products/accepted": Effects(and_so=lambda system: system.product(COAT_ID)["name"] == "Red rain coat"),
    "manage_products/accepted_other_words_for_a_product": Effects(
        and_so=lambda system: system.product(COAT_ID)["name"] == "Scarlet rain coat"
    ),
    "manage_products/accepted_a_form_for_a_picture": Effects(and_so=lambda system: system.product(COAT_ID) == COAT),
    "manage_products/accepted_deleting_a_product": Effects(
        and_so=lambda system: "name" not in system.product(COAT_ID) and pictures_of_the_coat(system) == []
    ),
    "manage_products/refused_somebody_who_is_no_admin": Effects(
        and_so=lambda system: system.product(COAT_ID) == COAT and len(pictures_of_the_coat(system)) == 2
    ),
    "manage_products/refused_a_product_without_a_name": Effects(and_so=lambda system: system.product(COAT_ID) == {}),
    "manage_products/refused_a_picture_of_no_product": Effects(and_so=lambda system: system.product(COAT_ID) == {}),
    "api/refused_unknown_product": Effects(and_so=nothing_started),
    "api/refused_malformed_json": Effects(and_so=nothing_started),
    "api/refused_an_id_token": Effects(job="none", and_so=nothing_started),
    "api/refused_the_batch_lane": Effects(job="none", and_so=nothing_started),
    "api/refused_cancelling_a_finished_job": Effects(job="completed"),
    "api/refused_completing_an_upload_that_never_came": Effects(and_so=lambda system: keys_told_of(system) == set()),
    "api/refused_deleting_a_stock_model": Effects(and_so=lambda system: system.messages("ErasuresQueue") == []),
    "api/refused_somebody_elses_receipt": Effects(),
    "serve_guests/accepted": Effects(and_so=lambda system: controls_of_guests(system) == 2),
    "serve_guests/accepted_a_secret_whose_hour_is_over": Effects(and_so=lambda system: controls_of_guests(system) == 2),
    "serve_guests/accepted_the_list_of_products": Effects(
        more={"body": {"products": [{"product_id": PRODUCT["product_id"]}], "next": None}}
    ),
    "serve_guests/accepted_the_stock_models": Effects(more={"body": {"models": []}}),
    "serve_guests/refused_a_secret_that_is_no_text": Effects(and_so=lambda system: controls_of_guests(system) == 0),
    "authorize_socket/accepted": Effects(
        and_so=lambda system: system.dynamodb.Table("vto-controls").scan()["Count"] == 1  # used up
    ),
    "authorize_socket/refused_unknown_ticket": Effects(
        and_so=lambda system: system.dynamodb.Table("vto-controls").scan()["Count"] == 2
    ),
    "connect/accepted": Effects(
        and_so=lambda system: system.row("vto-connections", connection_id=SOCKET)["user_id"] == USER
    ),
    "connect/refused_without_an_authorizer": Effects(),
    "disconnect/accepted": Effects(and_so=lambda system: system.row("vto-connections", connection_id=SOCKET) == {}),
    "disconnect/refused_unknown_connection": Effects(
        and_so=lambda system: system.row("vto-connections", connection_id=SOCKET) != {}
    ),
    "message/accepted": Effects(
        job="created", frames=("job created",), and_so=lambda system: system.started == [JOB_ID]
    ),
    "message/accepted_a_dry_run": Effects(job="none", frames=("plan",), and_so=nothing_started),
    "message/accepted_watching_a_job": Effects(frames=("job processing",)),
    "message/accepted_cancelling_a_job": Effects(job="error cancelled", frames=("job error",)),
    "message/accepted_a_ping": Effects(frames=("pong",)),
    "message/refused_unknown_product": Effects(frames=("error invalid_request",), and_so=nothing_started),
    "message/refused_bad_parameters": Effects(
        frames=("error invalid_request",), and_so=lambda system: len(system.last_frame["error"]["details"]) == 3
    ),
    "message/refused_somebody_elses_photo": Effects(frames=("error invalid_request",), and_so=nothing_started),
    "message/refused_unknown_action": Effects(
        frames=("error invalid_request",), and_so=lambda system: system.last_frame["request_id"] == "dance-1"
    ),
    "message/refused_malformed_json": Effects(frames=("error invalid_request",), and_so=nothing_started),
    "import_picture/accepted": Effects(
        and_so=lambda system: system.product()["updated_at"] == "2026-11-21T12:00:00.000Z"
    ),
    "import_picture/accepted_a_private_photo": Effects(
        and_so=lambda system: (
            len(system.keys(UPLOADS, f"prepared/models/users/{USER}/")) == 1
            and system.keys(UPLOADS, "models/users/") == []
        )
    ),
    "import_picture/accepted_the_test_message_of_s3": Effects(and_so=lambda system: system.product() == PRODUCT),
    "import_picture/refused_a_text_file_named_jpg": Effects(
        and_so=lambda system: "is not a JPEG" in system.rejected("vto-products")["readiness_reason"]
    ),
    "import_picture/refused_a_misplaced_photo": Effects(
        and_so=lambda system: "models/stock/" in system.rejected("vto-models")["readiness_reason"]
    ),
    "start_try_on/accepted": Effects(job="created", and_so=lambda system: system.started == [JOB_ID]),
    "start_try_on/refused_a_job_that_was_started_before": Effects(
        job="created", and_so=lambda system: system.started == [JOB_ID]
    ),
    "publish_job/accepted": Effects(
        frames=("job created", "job processing"), and_so=lambda system: system.messages("WebhookQueue") == []
    ),
    "publish_job/accepted_an_end_that_an_operator_redrives": Effects(
        job="completed",
        frames=("job created", "job processing", "job completed"),
        and_so=lambda system: system.messages("WebhookQueue") == [{"job_id": JOB_ID, "seq": 3}],
    ),
    "publish_job/refused_an_erased_job": Effects(and_so=lambda system: system.messages("WebhookQueue") == []),
    "call_webhook/accepted": Effects(
        job="completed", and_so=lambda system: [one for one, _ in system.shop_server.told] == [f"{JOB_ID}-3"]
    ),
    "call_webhook/refused_an_erased_job": Effects(and_so=lambda system: system.shop_server.told == []),
    "call_webhook/refused_a_message_that_names_no_job": Effects(and_so=lambda system: system.shop_server.told == []),
    "deliver_result/accepted": Effects(
        job="completed",
        frames=("job created", "job processing", "job completed"),
        and_so=lambda system: f"derived/{JOB_ID}/0.webp" in system.last_frame["job"]["images"][0]["url"],
    ),
    "deliver_result/refused_not_completed_yet": Effects(),
    "deliver_result/refused_an_erased_job": Effects(),
    "record_failure/accepted": Effects(job="error content_blocked"),
    "record_failure/accepted_an_execution_without_its_input": Effects(job="error execution_lost"),
    "record_failure/accepted_an_aborted_execution": Effects(job="error execution_lost"),
    "record_failure/refused_a_job_of_another_execution": Effects(),
    "sweep_jobs/accepted": Effects(job="created", and_so=lambda system: system.started == [JOB_ID]),
    "sweep_jobs/refused_nothing_is_overdue": Effects(),
    "erase_user/accepted": Effects(
        and_so=lambda system: (
            system.row("vto-controls", control_id=f"erase#{ERASED}") == {}
            and system.row("vto-controls", control_id=f"receipt#{RECEIPT}")["jobs"] == 3
            and ERASED not in str(system.dynamodb.Table("vto-controls").scan()["Items"])
        )
    ),
    "erase_user/accepted_again_after_it_was_done": Effects(),
    "erase_user/accepted_one_try_on_half_way": Effects(
        job="error erased",
        and_so=lambda system: (
            system.keys(RESULTS, f"generated/{JOB_ID}/") == []
            and system.row("vto-controls", control_id=f"erase#{ERASED}") != {}
        ),
    ),
    "erase_user/refused_a_message_that_names_nobody": Effects(
        and_so=lambda system: system.row("vto-controls", control_id=f"erase#{ERASED}") != {}
    ),
    "check_lifecycle/accepted": Effects(more={"status": "ACTIVE", "days_to_end_of_life": None}),
    "check_lifecycle/refused_a_model_that_is_gone": Effects(),
    "reconcile_uploads/accepted": Effects(
        more={"reconciled": 3, "lost": 0, "rows": 1},
        and_so=lambda system: keys_told_of(system) == {"products/tops/price+list+2026.jpg", PHOTO, "models/robin.jpg"},
    ),
    "reconcile_uploads/refused_uploads_that_are_young": Effects(
        more={"reconciled": 0}, and_so=lambda system: keys_told_of(system) == set()
    ),
    "operate/accepted": Effects(
        more={"dead_letters": {"events": 0}, "engines": [{"name": "preview", "is_paused": False}], "sweep": None}
    ),
    "operate/accepted_saying_bye": Effects(frames=("bye",), more={"told": 1, "gone": 0}),
    "operate/refused_a_job_that_has_not_failed": Effects(),
    "operate/refused_an_unknown_order": Effects(),
    "validate_request/accepted": Effects(
        more={"source": MODEL["prepared_s3_url"], "reference": PRODUCT["prepared_s3_url"], "reuse": "none"}
    ),
    "validate_request/refused_a_job_of_another_execution": Effects(),
    "validate_request/refused_an_erased_job": Effects(),
    "reserve_slot/accepted": Effects(
        job="processing queued", more={"engine": "preview", "wait_seconds": 0, "turn": False, "timeout_seconds": 25}
    ),
    "reserve_slot/accepted_an_equal_result": Effects(),
    "reserve_slot/accepted_again_after_a_throttled_call": Effects(job="processing queued", more={"wait_seconds": 1}),
    "reserve_slot/refused_throttled_for_the_fourth_time": Effects(),
    "reserve_slot/refused_a_job_of_another_execution": Effects(),
    "invoke_model/accepted": Effects(job="processing generating", and_so=image_of),
    "invoke_model/refused_a_job_of_another_execution": Effects(),
    "render_preview/accepted": Effects(and_so=image_of),
    "render_preview/refused_a_picture_that_is_not_there": Effects(),
    "render_preview/refused_without_a_product": Effects(),
    "store_result/accepted": Effects(
        job="completed",
        and_so=lambda system: system.metadata(f"results/{JOB_ID}/result.json") == {"job-id": JOB_ID},
    ),
    "store_result/refused_a_picture_that_is_not_there": Effects(
        job="processing storing", and_so=lambda system: system.keys(RESULTS, "results/") == []
    ),
    "notify_client/accepted": Effects(frames=("job created", "job processing")),
    "notify_client/refused_an_erased_job": Effects(),
}


def outcome_of(function: str, event: dict[str, Any]) -> tuple[Any, str]:
    """What a handler answers, as Lambda hands it on; or the name of the class that it raises."""
    try:
        return json.loads(json.dumps(handler(function)(event))), ""
    except Exception as error:  # noqa: BLE001 - any class may be the expected one
        return {}, type(error).__name__


def state_of(job: Job | None) -> str:
    if job is None:
        return "none"
    return " ".join([job.status, *([job.stage] if job.stage else []), *([job.error_code] if job.error_code else [])])


@pytest.fixture
def system() -> Iterator[System]:
    with mock_aws(config={"core": {"reset_boto3_session": False}}):  # keeps botocore's models, which load slowly
        yield System()
    bootstrap.reset()


@pytest.mark.parametrize("name", OUTCOMES)
def test_a_sample_event_has_the_outcome_that_its_name_says(
    system: System, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    outcome, effects, function = OUTCOMES[name], EFFECTS[name], name.partition("/")[0]
    BEFORE[outcome.before](system)
    use_environment(monkeypatch, environment(function, GuestTryOns="on", **WITH_A_WEBHOOK))
    replace_builders(
        monkeypatch,
        clock=system.clock,
        sockets=system.notifier,
        models=system.models,
        shop_server=system.shop_server,
        engine=lambda _: Preview(FunctionsInProcess(), bootstrap.settings()["PREVIEW_FUNCTION"]),
    )
    module("render_preview")._s3.cache_clear()

    answer, error = outcome_of(function, read(name))

    assert outcome.problem(answer, error) == "", answer
    assert contains(answer, effects.more or {}), answer
    assert tuple(system.frames) == effects.frames
    assert state_of(system.job) == effects.job
    assert effects.and_so(system)


def test_every_event_has_an_expected_outcome() -> None:
    assert {f"{path.parent.name}/{path.stem}" for path in EVENTS.glob("*/*.json")} == OUTCOMES.keys() == EFFECTS.keys()


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_function_has_an_accepted_and_a_refused_event(function: str) -> None:
    names = {path.stem for path in (EVENTS / function).glob("*.json")}

    assert "accepted" in names
    assert any(name.startswith("refused_") for name in names)


def payloads() -> Iterator[tuple[str, str, set[str]]]:
    """State, function and the keys that the state machine sends it."""
    machine = resources("AWS::Serverless::StateMachine")["TryOnStateMachine"]
    functions = {
        f"${{{name}}}": function_of(arn)
        for name, arn in resolved(machine["DefinitionSubstitutions"]).items()
        if name.endswith("Arn")
    }
    for name, state in json.loads((ROOT / machine["DefinitionUri"]).read_text())["States"].items():
        if "Payload" in state.get("Parameters", {}):
            keys = {key.removesuffix(".$") for key in state["Parameters"]["Payload"]}
            yield name, functions[state["Parameters"]["FunctionName"]], keys


@pytest.mark.parametrize(("state", "function", "keys"), list(payloads()))
def test_the_events_of_a_step_are_what_the_state_machine_sends(state: str, function: str, keys: set[str]) -> None:
    from_machine = [event for path in (EVENTS / function).glob("*.json") if "job_id" in (event := load(path))]

    assert from_machine
    assert all(event.keys() == keys for event in from_machine)


def test_the_events_of_the_preview_are_what_its_client_sends(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[dict[str, Any]] = []
    monkeypatch.setattr(module("render_preview"), "handler", lambda event, _: sent.append(event) or {"images": ["x"]})
    use_environment(monkeypatch, environment("invoke_model"))
    replace_builders(
        monkeypatch, clock=system.clock, engine=lambda _: Preview(FunctionsInProcess(), "vto-render_preview")
    )

    handler("invoke_model")(read("invoke_model/accepted"))

    assert sent == [read("render_preview/accepted")]
