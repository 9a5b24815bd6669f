"""What every handler tells the people who operate it: structured logs and one metric for each outcome.

Nothing of a person goes into a log line: no picture, token, link or e-mail; ids of jobs and users only. What a handler
raises is a log line as well: Lambda's runtime writes its message.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator, Mapping
from functools import cache, wraps
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from vto.domain.log_text import unforeseen, without_values
from vto.errors import FailureError, VtoError

if TYPE_CHECKING:
    from vto.domain.job import Job
    from vto.domain.webhooks import Reception

type Handler = Callable[[Any, Any], Any]


@cache
def logger() -> Logger:
    """The one logger; made on first use, so that importing a handler reads no environment."""
    return Logger()


@cache
def metrics() -> Metrics:
    """The one metrics sink."""
    return Metrics()


def observed(name: str) -> Callable[[Handler], Handler]:
    """Log and count what a handler does, under its verb.

    Args:
        name: The function's folder, for example ``"validate_request"``.

    Returns:
        A decorator. Our own errors are logged with their code and raised on, so that the caller's retry rules apply;
        what nobody foresaw is logged with where it happened, and becomes an InternalError.
    """

    def decorate(handler: Handler) -> Handler:
        @wraps(handler)
        def wrapped(event: Any, context: Any) -> Any:
            log = logger()
            log.append_keys(function=name, request_id=getattr(context, "aws_request_id", None), **_job(event))
            try:
                answer = handler(event, context)
            except VtoError as error:
                count(type(error).__name__)
                level = log.error if isinstance(error, FailureError) else log.info
                level("error", error_code=error.code, detail=without_values(error.detail))
                raise
            except Exception as error:
                unexpected("unexpected error", error)
                raise unforeseen(error) from error
            else:
                log.info("done")
                return answer
            finally:
                if metrics().metric_set:  # flushing nothing would warn on every quiet call
                    metrics().flush_metrics()
                log.clear_state()

        return wrapped

    return decorate


def count(name: str) -> None:
    """Count one occurrence under the project's vocabulary (an error's class, a verb)."""
    metrics().add_metric(name=name, unit=MetricUnit.Count, value=1)


def report(what: str, error: VtoError) -> None:
    """Log and count an error that was answered rather than raised."""
    count(type(error).__name__)
    logger().warning(what, error_code=error.code, detail=without_values(error.detail))


def unexpected(what: str, error: Exception) -> None:
    """Log and count an exception that nobody foresaw: what it is and where it happened, with all that led to it."""
    count("UnexpectedError")
    logger().error(what, exception_name=type(error).__name__, exception="\n".join([*_story(error)][::-1]))


def _story(error: BaseException | None) -> Iterator[str]:
    while error is not None:
        said = without_values(str(error))
        yield f"{''.join(traceback.format_tb(error.__traceback__))}{type(error).__name__}{': ' if said else ''}{said}"
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def ended(job: Job) -> None:
    """Log a job's ending with what an operator asks of endings; told again when the step that ended it is repeated."""
    if any(one["code"] == "some_results_blocked" for one in job.warnings):
        count("SomeResultsBlocked")
    logger().info(
        "job ended",
        job_id=job.id,
        execution_arn=job.execution_arn,
        status=job.status.value,
        error_code=job.error_code,
        lane=job.lane.value,
        engine=job.engine,
        attempts=job.attempts,
        cost_usd=job.cost_usd,
        seconds=round(sum(job.seconds_by_stage.values()), 3),
        stages=job.seconds_by_stage,
        requested_images=job.requested_images,
        delivered_images=len(job.images),
        warnings=[one["code"] for one in job.warnings],
    )


def budget_used(per_cent: float) -> None:
    """Say how much of the shop's budget for the day is used, for the alarm that rings before it is exhausted."""
    metrics().add_metric(name="BudgetUsed", unit=MetricUnit.Percent, value=per_cent)


def opened(engine: str, error_code: str, until: str) -> None:
    """Log and count that an engine is not asked for a while, because it is gone or down."""
    count("EngineOpened")
    logger().warning("engine opened", engine=engine, error_code=error_code, until=until)


def lifecycle(model_id: str, status: str, days: int | None) -> None:
    """Log what is known of a model's end, and count the days for the alarm, where an end is in sight."""
    if days is not None:
        metrics().add_metric(name="DaysToEndOfLife", unit=MetricUnit.Count, value=days)
    logger().info("model lifecycle", model_id=model_id, status=status, days_to_end_of_life=days)


def swept(counts: Mapping[str, int]) -> None:
    """Count that a sweep came to its end, which is what the alarm waits for, and what it had to repair."""
    count("SweepDone")
    for name, number in counts.items():
        if number:
            metrics().add_metric(name=f"Sweep{name.title().replace('_', '')}", unit=MetricUnit.Count, value=number)
    logger().info("swept", extra=dict(counts))


def reconciled(kind: str, item_id: str, why: str) -> None:
    """Log and count an upload that is imported because its row, or its prepared picture, was missing."""
    count("UploadsReconciled")
    logger().warning("upload reconciled", kind=kind, item_id=item_id, why=why)


def lost(kind: str, item_id: str, what: str) -> None:
    """Log and count a picture that a row names and S3 has not: nobody but its shop can bring it back."""
    count("PicturesLost")
    logger().warning("picture lost", kind=kind, item_id=item_id, what=what)


def webhook(job_id: str, reception: Reception | None, why: str) -> None:
    """Log and count what came of telling the shop's own server of a job's end; without a reception nobody was asked."""
    from vto.domain.webhooks import Reception  # noqa: PLC0415 - who tells of it has it; nobody else needs it

    match reception:
        case Reception.TAKEN:
            count("WebhookTaken")
        case Reception.GONE:
            count("WebhookGone")
        case Reception.NOT_TAKEN:
            count("WebhookNotTaken")
    level = logger().info if reception in (None, Reception.TAKEN) else logger().warning
    level("webhook", job_id=job_id, outcome=reception.value if reception else "not told", why=why)


def told(job_id: str, sockets: int) -> int:
    """Log to how many of its owner's sockets a job was told something new, and pass the number on."""
    logger().info("told", job_id=job_id, sockets=sockets)
    return sockets


def _job(event: Any) -> dict[str, Any]:
    if isinstance(event, dict) and isinstance(event.get("job_id"), str):
        return {"job_id": event["job_id"], "execution_arn": event.get("execution_arn")}
    return {}
