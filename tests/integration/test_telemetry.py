"""What is logged and counted: every outcome by its name, and nothing of a person."""

import importlib.util
import io
import json
import logging
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.integration.conftest import REGION, UPLOADS, OneAtATime
from vto import bootstrap, telemetry
from vto.domain.job import Job, StoredImage
from vto.domain.storage import S3Url
from vto.errors import ContentBlockedError, InternalError, InvalidRequestError, ModelTimeoutError, Violation
from vto.testing import NOON

ROOT = Path(__file__).parents[2]
CONTEXT = SimpleNamespace(
    aws_request_id="request-7", function_name="f", memory_limit_in_mb=1, invoked_function_arn="arn", log_group_name="l"
)


def handler_of(function: str) -> Callable[[Any, Any], Any]:
    """A function's handler, loaded as Lambda loads it: by its file."""
    spec = importlib.util.spec_from_file_location(f"handler_{function}", ROOT / "functions" / function / "app.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.handler  # type: ignore[no-any-return]


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "vto")
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "vto")
    telemetry.logger.cache_clear()
    telemetry.metrics.cache_clear()
    telemetry.metrics().clear_metrics()  # other tests' counts, which nobody has flushed


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[dict[str, Any]]]:
    """All that was written so far: log lines, and metrics in CloudWatch's embedded form."""
    log = io.StringIO()
    telemetry.logger()
    for handler in logging.getLogger("vto").handlers:
        monkeypatch.setattr(handler, "stream", log)

    def read() -> list[dict[str, Any]]:
        written = log.getvalue() + capsys.readouterr().out
        return [json.loads(line) for line in written.splitlines() if line.strip()]

    return read


def counted(lines: list[dict[str, Any]]) -> set[str]:
    return {
        metric["Name"]
        for line in lines
        if "_aws" in line
        for group in line["_aws"]["CloudWatchMetrics"]
        for metric in group["Metrics"]
    }


def test_a_refusal_is_logged_as_information_and_counted_by_its_class(lines: Any) -> None:
    @telemetry.observed("validate_request")
    def handler(event: Any, context: Any) -> None:
        raise InvalidRequestError("model gone", [Violation("model_id", "is gone", "choose another")])

    with pytest.raises(InvalidRequestError):
        handler({"job_id": "job-1", "execution_arn": "arn:1"}, CONTEXT)
    written = lines()
    (log,) = [line for line in written if "level" in line]
    assert (log["level"], log["error_code"], log["function"]) == ("INFO", "invalid_request", "validate_request")
    assert (log["job_id"], log["execution_arn"], log["request_id"]) == ("job-1", "arn:1", "request-7")
    assert counted(written) == {"InvalidRequestError"}


def test_a_failure_is_logged_as_an_error(lines: Any) -> None:
    @telemetry.observed("invoke_model")
    def handler(event: Any, context: Any) -> None:
        raise ModelTimeoutError("no answer")

    with pytest.raises(ModelTimeoutError):
        handler({"job_id": "job-1"}, CONTEXT)
    (log,) = [line for line in lines() if "level" in line]
    assert (log["level"], log["detail"]) == ("ERROR", "no answer")


def test_what_nobody_foresaw_is_logged_with_where_it_happened_and_raised_on_as_ours(lines: Any) -> None:
    @telemetry.observed("store_result")
    def handler(event: Any, context: Any) -> None:
        try:
            int(event["name"])
        except ValueError as problem:
            raise ZeroDivisionError from problem

    with pytest.raises(InternalError, match=r"^ZeroDivisionError$"):
        handler({"name": "ada@example.com"}, CONTEXT)
    written = lines()
    (log,) = [line for line in written if "level" in line]
    first, _, last = log["exception"].partition("ValueError: invalid literal for int() with base 10: (…)")
    assert (log["exception_name"], last.splitlines()[-1]) == ("ZeroDivisionError", "ZeroDivisionError")
    assert all("test_telemetry.py" in one for one in (first, last))
    assert "raise ZeroDivisionError from problem" in last
    assert counted(written) == {"UnexpectedError"}


def test_one_event_leaves_nothing_in_the_next_ones_log(lines: Any) -> None:
    @telemetry.observed("validate_request")
    def handler(event: Any, context: Any) -> str:
        return "fine"

    handler({"job_id": "job-1"}, CONTEXT)
    handler({}, CONTEXT)
    first, second = [line for line in lines() if "level" in line]
    assert first["job_id"] == "job-1"
    assert "job_id" not in second


def test_a_jobs_ending_is_one_line_with_what_operators_ask_of_it_and_nothing_of_its_owner(lines: Any) -> None:
    job = Job.create(
        job_id="job-1", user_id="alice", request_id="request", request_fingerprint="print", product_id="product",
        product_picture_s3_url="s3://b/product.jpg", model_id="model", model_picture_s3_url="s3://b/me.jpg",
        parameters={"imageGenerationConfig": {"numberOfImages": 1, "seed": 0}}, connection_id="socket",
        now=NOON, retention_days=30,
    )  # fmt: skip
    ended = job.claimed("arn:1", NOON + timedelta(seconds=2)).fail(
        ContentBlockedError("why"), NOON + timedelta(seconds=5)
    )
    telemetry.ended(ended)
    (line,) = lines()
    told = {name: line[name] for name in line if name not in ("level", "location", "timestamp", "service")}
    assert told == {
        "message": "job ended",
        "job_id": "job-1",
        "execution_arn": "arn:1",
        "status": "error",
        "error_code": "content_blocked",
        "lane": "shopper",
        "attempts": 0,
        "cost_usd": 0.0,
        "seconds": 5.0,
        "stages": {"created": 2.0, "validating": 3.0},
        "requested_images": 1,
        "delivered_images": 0,
        "warnings": [],
    }


def test_a_result_with_fewer_pictures_than_were_asked_for_is_counted(lines: Any) -> None:
    @telemetry.observed("store_result")
    def handler(event: Any, context: Any) -> None:
        picture = StoredImage("s3://b/0.png", "digest", 800, 1200)
        job = Job.create(
            job_id="job-1", user_id="alice", request_id="request", request_fingerprint="print", product_id="product",
            product_picture_s3_url="s3://b/product.jpg", model_id="model", model_picture_s3_url="s3://b/me.jpg",
            parameters={"imageGenerationConfig": {"numberOfImages": 2, "seed": 0}}, connection_id=None,
            now=NOON, retention_days=30,
        ).claimed("arn:1", NOON)  # fmt: skip
        telemetry.ended(job.complete(images=(picture,), mask_s3_url=None, engine="preview", now=NOON, is_filtered=True))

    handler({}, CONTEXT)
    written = lines()
    (line,) = [one for one in written if one.get("message") == "job ended"]
    assert (line["delivered_images"], line["warnings"]) == (1, ["some_results_blocked"])
    assert counted(written) == {"SomeResultsBlocked"}


def test_telling_is_logged_with_the_job_and_how_many_sockets_heard_it(lines: Any) -> None:
    assert telemetry.told("job-1", 2) == 2
    (line,) = lines()
    assert (line["message"], line["job_id"], line["sockets"]) == ("told", "job-1", 2)


def test_neither_a_ticket_nor_a_link_nor_a_picture_is_ever_logged(
    table: Callable[[str], OneAtATime], s3: Any, lines: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("controls", "connections", "models", "products", "jobs"):
        table(name)
        monkeypatch.setenv(f"{name.upper()}_TABLE", f"vto-{name}")
    for name, value in {
        "UPLOADS_BUCKET": UPLOADS,
        "CONSENT_VERSION": "1",
        "RESULTS_BUCKET": "shop-results",
        "RETENTION_DAYS": "30",
        "ENGINES": "preview",
        "DIRECT_START": "off",
        "RESULTS_TABLE": "vto-results",
        "ENGINE_VERSIONS": "nova_canvas=1",
        "REQUESTS_PER_MINUTE": "60",
        "FALLBACK_REQUESTS_PER_MINUTE": "0",
        "MAX_JOBS_PER_USER": "10",
        "SPENDING": "on",
        "PRICE_PER_IMAGE": "0",
        "DAILY_BUDGET": "50",
        "DAILY_BUDGET_PER_USER": "2",
        "GUEST_DAILY_BUDGET": "1",
        "GUEST_TRY_ONS": "on",
        "TIER_MEASURE": "area",
        "STATE_MACHINE_ARN": f"arn:aws:states:{REGION}:123456789012:stateMachine:vto",
    }.items():
        monkeypatch.setenv(name, value)
    token = {"sub": "alice", "exp": "1900000000", "token_use": "access", "email": "alice@example.com"}

    def rest(method: str, path: str, body: Any = None) -> dict[str, Any]:
        event = {
            "version": "2.0",
            "rawPath": path,
            "headers": {"authorization": "Bearer secret-token"},
            "requestContext": {
                "http": {"method": method, "path": path},
                "stage": "$default",
                "authorizer": {"jwt": {"claims": token}},
            },
            "body": json.dumps(body),
        }
        answer = handler_of("api")(event, CONTEXT)
        return {**answer, "document": json.loads(answer["body"])}

    sold = rest("POST", "/socket-tickets")
    ticket = sold["document"]["ticket"]
    assert (sold["statusCode"], sold["document"]["expires_in"]) == (200, 30)
    connect = {"queryStringParameters": {"ticket": ticket}, "methodArn": "arn:connect"}
    allowed = handler_of("authorize_socket")(connect, CONTEXT)
    assert allowed["policyDocument"]["Statement"][0]["Effect"] == "Allow"
    denied = handler_of("authorize_socket")(connect, CONTEXT)
    assert denied["policyDocument"]["Statement"][0]["Effect"] == "Deny"
    form = rest(
        "POST", "/uploads", {"kind": "photo", "content_type": "image/jpeg", "consent": {"policy_version": "1"}}
    )["document"]
    link = bootstrap.pictures().link(S3Url(UPLOADS, "prepared/x.jpg"), seconds=60)
    assert rest("POST", "/try-ons", {"product_id": link, "model_id": ticket})["statusCode"] == 400
    monkeypatch.setenv("CONTROLS_TABLE", "no-such-table")
    bootstrap.reset()
    assert rest("POST", "/socket-tickets")["statusCode"] == 503

    written = json.dumps(lines())
    assert "done" in written
    assert "StorageUnavailableError" in written
    secrets = [ticket, form["fields"]["x-amz-signature"], form["fields"]["policy"], link, "X-Amz-Signature"]
    assert not [secret for secret in [*secrets, "secret-token", "alice@example.com"] if secret in written]


@pytest.mark.parametrize("function", sorted(path.parent.name for path in (ROOT / "functions").glob("*/app.py")))
def test_loading_a_handler_reads_no_environment_and_builds_no_client(
    function: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import boto3

    def refuse(*args: Any, **options: Any) -> None:
        raise AssertionError("built at import")

    for name in ("client", "resource", "Session"):
        monkeypatch.setattr(boto3, name, refuse)
    monkeypatch.setattr("os.environ", {})
    assert callable(handler_of(function))


def test_the_days_until_a_models_end_are_a_metric_of_this_stack_and_none_while_no_end_is_in_sight(
    lines: Callable[[], list[dict[str, Any]]],
) -> None:
    @telemetry.observed("check_lifecycle")
    def handler(event: Any, context: Any) -> None:
        telemetry.lifecycle("amazon.nova-canvas-v1:0", "LEGACY", event)

    handler(None, None)
    handler(90, None)
    told = lines()
    assert [one["DaysToEndOfLife"] for one in told if "DaysToEndOfLife" in one] == [[90.0]]
    assert [one["service"] for one in told if "DaysToEndOfLife" in one] == ["vto"]
    assert [one.get("days_to_end_of_life") for one in told if one.get("message") == "model lifecycle"] == [None, 90]
