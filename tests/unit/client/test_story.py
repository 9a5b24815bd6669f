"""Evidence becomes a story that says what happened in its first sentence, and what is not known."""

import json
import re
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.client.evidence import BEGIN, JOB, MACHINE, after, events, evidence, execution, recorded, row
from vto_client.explain.history import without_data
from vto_client.explain.parts import LogRecord
from vto_client.explain.story import logs_about, parameters, spans, tell
from vto_client.problems import Gap
from vto_client.text import iso

LAMBDA = {"resourceType": "lambda", "resource": "invoke"}
QUEUED = ((0, "created", None), (0.1, "processing", "validating"), (0.5, "processing", "queued"))


def attempts(state: str, *errors: str | None) -> Iterable[tuple[Any, ...]]:
    """The events of a state whose attempts end with these errors; None succeeds."""
    yield 1, "TaskStateEntered", state
    for error in errors:
        yield 1, "TaskScheduled", LAMBDA
        yield 1, "TaskStarted", LAMBDA
        yield (2, "TaskFailed", {**LAMBDA, "error": error, "cause": "why"}) if error else (2, "TaskSucceeded", LAMBDA)
    yield 2, "TaskStateExited", state


# --- the first sentence -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "outcome", "sentence"),
    [
        ("completed", "completed", r"Completed in [\d.]+ m?s by nova_canvas, one model call\."),
        ("throttled_once", "completed", r"Completed in [\d.]+ s by nova_canvas, 2 model calls\."),
        ("reused", "completed", r"Completed in \d+ ms from an equal finished result by nova_canvas, no model call\."),
        (
            "model_timeout",
            "failed",
            r"Failed in Invoke Model with model_timeout after .* and 2 model calls; both may have been billed\.",
        ),
        (
            "content_blocked",
            "refused",
            r"Refused in Invoke Model with content_blocked after .* and one model call; none is billed by .*\.",
        ),
        ("failover", "completed", r"Completed in 5\.1 s by preview after nova_canvas failed, 3 model calls\."),
        ("stopped", "failed", r"Failed in Invoke Model with execution_lost after .* it may have been billed\."),
        ("generating", "running", r"Working in Invoke Model for [\d.]+ m?s\."),
    ],
)
def test_the_first_sentence_says_how_a_recorded_job_stands(name: str, outcome: str, sentence: str) -> None:
    story = tell(recorded(name))
    assert story.outcome == outcome
    assert re.fullmatch(sentence, story.headline), story.headline


def test_a_refusal_before_any_model_call_says_that_none_was_made() -> None:
    ran = execution(
        events(*attempts("Validate Request", "PictureMissingError"), *attempts("Record Failure", None)),
        status="SUCCEEDED",
    )
    found = row("error", *QUEUED[:2], (0.6, "error", None), error_code="picture_missing", execution_arn=ran.arn)
    story = tell(evidence(found, ran))
    assert story.headline == "Refused in Validate Request with picture_missing after 600 ms; no model call."
    assert story.next == ()


def test_calls_of_the_preview_engine_are_billed_by_nobody() -> None:
    found = row("error", *QUEUED, (9, "error", None), error_code="model_timeout", engine="preview", attempts=2)
    assert "and 2 model calls; none is billed by a model's provider." in tell(evidence(found)).headline


def test_throttled_calls_are_not_billed() -> None:
    ran = execution(
        events(
            *attempts("Invoke Model", "ModelThrottledError"),
            *attempts("Invoke Model", "ModelTimeoutError", "ModelTimeoutError"),
            *attempts("Record Failure", None),
        ),
        status="FAILED",
    )
    found = row(
        "error", *QUEUED, (9, "error", None),
        error_code="model_timeout", engine="nova_canvas", attempts=3, execution_arn=ran.arn,
    )  # fmt: skip
    story = tell(evidence(found, ran))
    assert (story.cost.model_calls, story.cost.may_be_billed) == (3, 2)
    assert story.headline.endswith("and 3 model calls; 2 of them may have been billed.")


def test_the_row_counts_what_may_be_billed_and_the_histories_tell_of_earlier_runs_and_of_the_preview() -> None:
    story = tell(recorded("failover"))
    # a timeout of nova_canvas may be billed, its retirement is not, and the preview's call is nobody's bill
    assert (story.cost.model_calls, story.cost.may_be_billed) == (3, 1)
    first = execution(events(*attempts("Invoke Model", "ModelTimeoutError", "ModelRetiredError")), status="FAILED")
    second = execution(events(*attempts("Invoke Model", None)), name=f"{JOB}-1", status="SUCCEEDED")
    found = row(
        "completed", *QUEUED, (9, "completed", None),
        engine="nova_canvas", attempts=3, billable_calls=1, execution_arn=second.arn,
    )  # fmt: skip
    assert tell(evidence(found, first, second)).cost.may_be_billed == 2
    assert tell(evidence(found, second)).cost.may_be_billed == 1
    assert tell(evidence(found)).cost.may_be_billed == 1


@pytest.mark.parametrize(
    ("error", "may_be_billed"),
    [
        ("ModelTimeoutError", 1),
        ("ResultsBlockedError", 1),
        ("States.Timeout", 1),
        ("KeyError", 1),
        ("ModelThrottledError", 0),
        ("ModelUnavailableError", 0),
        ("PromptBlockedError", 0),
        ("Lambda.TooManyRequestsException", 0),
    ],
)
def test_a_row_that_does_not_count_bills_is_judged_by_its_errors(error: str, may_be_billed: int) -> None:
    ran = execution(events(*attempts("Invoke Model", error), *attempts("Record Failure", None)), status="FAILED")
    found = row("error", *QUEUED, (9, "error", None), engine="nova_canvas", attempts=1, execution_arn=ran.arn)
    assert tell(evidence(found, ran)).cost.may_be_billed == may_be_billed


def test_the_engines_that_the_job_was_given_to_are_told_with_their_errors() -> None:
    story = tell(recorded("failover"))
    assert [(one.engine, one.error) for one in story.engines] == [
        ("nova_canvas", "ModelRetiredError"),
        ("preview", None),
    ]
    throttled = tell(recorded("throttled_once"))
    assert [(one.engine, one.error) for one in throttled.engines] == [("nova_canvas", None)], "no other engine took it"
    assert tell(recorded("reused")).engines == (), "it was made by an engine, but none was asked"


def test_each_call_is_told_of_the_engine_that_its_input_names() -> None:
    # nova_canvas was down, nobody else could do it, the job waited; the preview came back first, then nova_canvas
    happened = events(
        *attempts("Invoke Model", "ModelUnavailableError"),
        *attempts("Invoke Model", "ModelTimeoutError"),
        *attempts("Invoke Model", None),
    )
    engines = iter(("nova_canvas", "preview", "nova_canvas"))
    for one in happened:
        if one["type"] == "TaskStateEntered":
            picture = "s3://uploads/models/users/ada/1.jpg"
            document = {"slot": {"engine": next(engines)}, "validation": {"source": picture}}
            one["taskStateEnteredEventDetails"] |= {"input": json.dumps(document), "inputDetails": {"truncated": False}}
    kept = [without_data(one) for one in happened]
    ran = execution(kept, status="SUCCEEDED")
    found = row("completed", *QUEUED, engine="nova_canvas", attempts=3, billable_calls=2, execution_arn=ran.arn)

    story = tell(evidence(found, ran))

    assert "s3://" not in str(kept)
    assert [(one.engine, one.error) for one in story.engines] == [
        ("nova_canvas", None),
        ("preview", "ModelTimeoutError"),
    ]
    assert (story.cost.model_calls, story.cost.may_be_billed) == (3, 1), "the preview is billed by nobody"


@pytest.mark.parametrize("said", [None, "", "[]", "{", '{"slot": []}', '{"slot": {"engine": 5}}'])
def test_an_input_that_names_no_engine_leaves_it_unknown(said: str | None) -> None:
    event = {"type": "TaskStateEntered", "stateEnteredEventDetails": {"name": "Invoke Model", "input": said}}
    assert without_data(event)["stateEnteredEventDetails"] == {"name": "Invoke Model"}


def test_engines_are_told_without_a_history_and_while_the_next_one_is_awaited() -> None:
    found = row("processing", *QUEUED, failed_engines=["nova_canvas"], attempts=3, notice="Try-on is paused.")
    story = tell(evidence(found, now=10))
    assert [(one.engine, one.error) for one in story.engines] == [("nova_canvas", None)]
    assert (story.engine, story.notice) == (None, "Try-on is paused.")


def test_what_came_otherwise_than_asked_is_told() -> None:
    adaptations = [{"path": "parameters.mergeStyle", "change": "BALANCED instead of DETAILED"}]
    warnings = [{"code": "some_results_blocked", "message": "The content filter kept 1 of 3 back.", "path": ""}]
    images = [{"s3_url": "s3://results/a/0.png"}] * 2
    found = row(
        "completed", *QUEUED, (9, "completed", None),
        engine="preview", attempts=1, requested_images=3, images=images, warnings=warnings, adaptations=adaptations,
    )  # fmt: skip
    story = tell(evidence(found))
    assert (story.requested_images, story.delivered_images) == (3, 2)
    assert (story.adaptations, story.warnings) == (tuple(adaptations), tuple(warnings))
    assert "s3://" not in json.dumps(story.as_json())
    assert tell(evidence(row("processing", *QUEUED, requested_images=3))).delivered_images is None


def test_a_job_that_waits_for_its_slot_says_when_that_is() -> None:
    ran = execution(events((1, "WaitStateEntered", "Wait For Slot")), now=13, status="RUNNING")
    found = row("processing", *QUEUED, slot_at=iso(after(40)), execution_arn=ran.arn)
    story = tell(evidence(found, ran, now=13))
    assert story.outcome == "waiting"
    assert story.headline == "Waiting in Wait For Slot for 12.0 s; its slot is at 12:00:40Z."
    assert story.next == (f"vto explain {JOB} --stack vto --region eu-central-1",)


def test_a_step_in_its_second_attempt_says_so() -> None:
    given_events = events(
        (1, "TaskStateEntered", "Store Result"),
        (1, "TaskScheduled", LAMBDA),
        (2, "TaskFailed", {**LAMBDA, "error": "StorageUnavailableError"}),
        (3, "TaskScheduled", LAMBDA),
    )
    ran = execution(given_events, now=4, status="RUNNING")
    found = row("processing", *QUEUED, (1, "processing", "storing"), execution_arn=ran.arn)
    headline = tell(evidence(found, ran, now=4)).headline
    assert headline == "Working in Store Result for 3.0 s; attempt 2, after StorageUnavailableError."


def test_a_job_without_an_execution_says_who_will_start_it() -> None:
    found = row("created", (0, "created", None), lease_until=iso(after(60)))
    assert tell(evidence(found, now=12)).headline == (
        "Accepted 12.0 s ago and not started yet; the sweep starts it within two minutes after 12:01:00Z."
    )
    assert tell(evidence(found, now=70)).headline.endswith("12:01:00Z (overdue).")


def test_a_job_whose_execution_has_ended_without_it_is_stuck() -> None:
    ran = execution([], status="TIMED_OUT", startDate=after(1), stopDate=after(3601))
    found = row("processing", *QUEUED, execution_arn=ran.arn, lease_until=iso(after(900)))
    headline = tell(evidence(found, ran, now=3650)).headline
    assert headline.startswith(
        "Stuck: its execution is TIMED_OUT, but the row still says processing; the sweep ends it"
    )


def test_without_a_history_the_stage_is_told() -> None:
    found = row("processing", *QUEUED, execution_arn=f"{MACHINE}:{JOB}")
    assert tell(evidence(found, now=10)).headline == (
        "Under way in stage queued (Reserve Slot or Wait For Slot or Wait For Engine) for 9.5 s."
    )


def test_a_job_without_row_is_told_by_its_execution() -> None:
    ran = execution(events(*attempts("Notify Client", None)), status="SUCCEEDED", startDate=BEGIN, stopDate=after(3))
    story = tell(evidence(None, ran))
    assert story.outcome == "gone"
    assert story.headline.startswith("Its row is gone: erased, or past its retention. ")
    assert story.headline.endswith(" Its last execution ended SUCCEEDED in Notify Client after 3.0 s.")
    unreadable = tell(evidence(None, ran, gaps=[Gap("row", "the permission dynamodb:GetItem is missing")]))
    assert unreadable.headline.startswith("Its row could not be read.")


# --- the parts --------------------------------------------------------------------------------------------------------


def test_the_error_has_its_state_its_cause_and_its_page_in_the_runbook() -> None:
    error = tell(recorded("model_timeout")).error
    assert error is not None
    assert (error.code, error.state, error.name) == ("model_timeout", "Invoke Model", "ModelTimeoutError")
    assert error.runbook == "docs/runbook.md#model_timeout"
    assert (
        error.cause == "ModelTimeoutException: Model has timed out in processing the request. Try your request again."
    )


def test_what_to_do_next_is_a_command_for_the_logs_of_the_state_that_failed() -> None:
    (command,) = tell(recorded("model_timeout")).next
    where = "--region eu-central-1 --log-group-name /aws/lambda/vto-invoke_model --start-time "
    assert command.startswith(f"aws logs filter-log-events {where}")


def test_a_lost_execution_is_described_next() -> None:
    described = f"describe-execution --region eu-central-1 --execution-arn {recorded('stopped').executions[0].arn} "
    assert any(described in command for command in tell(recorded("stopped")).next)


def test_a_rerun_has_two_executions_and_no_stage_between_them() -> None:
    first = execution(events(*attempts("Invoke Model", "InternalError")), status="FAILED")
    second = execution(events(*attempts("Invoke Model", None)), name=f"{JOB}-1", status="SUCCEEDED")
    found = row(
        "completed", *QUEUED, (3, "error", None), (600, "created", None), (600.2, "processing", "validating"),
        (601, "completed", None), execution_arn=second.arn, attempts=2, engine="preview",
    )  # fmt: skip
    story = tell(evidence(found, first, second))
    assert [one.name for one in story.executions] == [JOB, f"{JOB}-1"]
    assert sum(span.seconds for span in story.stages) == 4.0
    assert story.headline == "Completed in 4.0 s by preview, 2 model calls."
    assert story.cost.state_transitions == first.transitions + second.transitions


def test_of_a_private_photo_neither_id_nor_address_is_told() -> None:
    url = "s3://uploads/models/users/user/secret.jpg"
    found = row("created", (0, "created", None), model_id="secret-id", model_picture_s3_url=url)
    story = tell(evidence(found))
    assert story.model == "private photo"
    assert "secret" not in json.dumps(story.as_json())


def test_parameters_are_told_in_short_and_without_what_a_person_wrote() -> None:
    given_ones = {
        "maskType": "PROMPT",
        "promptBasedMask": {"maskPrompt": "my wedding dress"},
        "imageGenerationConfig": {"numberOfImages": 2, "quality": "premium", "cfgScale": 6.5, "seed": 7},
    }
    assert parameters(given_ones) == "PROMPT, 2 images, premium, cfg 6.5, seed 7"


def test_how_it_was_told_is_the_socket_that_asked_and_the_machine() -> None:
    told = tell(recorded("completed")).told
    assert told is not None
    assert told.delivered == told.version == 6
    assert told.by_machine == "Notify Client succeeded"
    assert told.asked_over == "socket"
    over_http = tell(evidence(row("created", (0, "created", None)))).told
    assert over_http is not None
    assert over_http.asked_over == "HTTP"


def test_a_failed_notification_says_that_the_stream_tells() -> None:
    ran = execution(events(*attempts("Notify Client", *["NotifierUnavailableError"] * 4)), status="SUCCEEDED")
    told = tell(evidence(row("completed", *QUEUED, (2, "completed", None), execution_arn=ran.arn), ran)).told
    assert told is not None
    assert told.by_machine == (
        "Notify Client failed after 3 retries with NotifierUnavailableError; the table's stream tells as well"
    )


def test_a_price_is_told_only_if_the_row_has_one() -> None:
    assert tell(recorded("completed")).cost.cost_usd is None
    assert tell(evidence(row("created", (0, "created", None), cost_usd=0.04))).cost.cost_usd == 0.04


# --- logs -------------------------------------------------------------------------------------------------------------


def line(level: str, message: str = "error", **more: Any) -> LogRecord:
    document = {"level": level, "message": message, "job_id": JOB, "timestamp": "2026-11-21 12:00:01,250+0000", **more}
    return LogRecord("invoke_model", after(9), json.dumps(document))


def test_warnings_are_shown_and_others_counted() -> None:
    found = logs_about(JOB, [line("INFO", "done"), line("WARNING", "b"), line("ERROR", "a"), line("DEBUG")])
    assert found is not None
    assert [(one.level, one.text) for one in found.lines] == [("WARNING", "b"), ("ERROR", "a")]
    assert found.lines[0].at == after(1.25), "when it was written, not when it was collected"
    assert found.others == 2


def test_lines_of_other_jobs_of_metrics_and_of_the_platform_do_not_count() -> None:
    others = [
        LogRecord("api", BEGIN, json.dumps({"level": "ERROR", "message": "error", "job_id": "another"})),
        LogRecord("api", BEGIN, json.dumps({"_aws": {}, "job_id": JOB})),
        LogRecord("api", BEGIN, f"END RequestId: {JOB}"),
    ]
    found = logs_about(JOB, others)
    assert found is not None
    assert (found.lines, found.others) == ((), 0)


def test_a_trace_is_its_last_line_and_the_runtimes_own_words_are_errors() -> None:
    trace = line(
        "ERROR", "unexpected error", exception="Traceback …\n  File …\nKeyError: 'x'", exception_name="KeyError"
    )
    words = LogRecord("invoke_model", BEGIN, f"[ERROR] Runtime.ExitError while working on {JOB}")
    found = logs_about(JOB, [trace, words])
    assert found is not None
    assert [one.text for one in found.lines] == [
        f"[ERROR] Runtime.ExitError while working on {JOB}",
        "unexpected error: KeyError: KeyError: 'x'",
    ]


@pytest.mark.parametrize(
    "secret",
    [
        "https://bucket.s3.amazonaws.com/results/x.png?X-Amz-Signature=SECRET",
        "SECRET@example.com",
        "s3://bucket/models/users/SECRET/photo.jpg",
        "s3://bucket/prepared/models/users/SECRET/photo.jpg",
        "s3://bucket/masks/users/SECRET/mask.png",
        "models/users/SECRET/photo.jpg",
        "https://bucket.s3.amazonaws.com/models/users/SECRET/photo.jpg?X-Amz-Signature=SECRET",
        "eyJSECRETSECRET.eyJzdWIiOiJ4In0.c2lnbmF0dXJl",
        "wss://socket/live?ticket=SECRETSECRET",
        "Authorization: Bearer SECRETSECRET",
        "iVBORw0KGgo" + "SECRET" * 60,
        "iVBORw0KGgo" + "SECRET" * 40_000,
    ],
)
def test_nothing_of_a_person_reaches_the_story(secret: str) -> None:
    cause = json.dumps({"errorMessage": f"cannot read {secret}", "errorType": "InternalError"})
    ran = execution(
        events(
            (1, "TaskStateEntered", "Store Result"),
            (1, "TaskScheduled", LAMBDA),
            (2, "TaskFailed", {**LAMBDA, "error": "InternalError", "cause": cause}),
            (2, "ExecutionFailed", {"error": "InternalError", "cause": cause}),
        )
    )
    details = [{"path": "model", "problem": f"{secret} is bad"}]
    found = row("error", *QUEUED, (2, "error", None), error_code="internal", error_details=details)
    logged = [
        line("ERROR", "error", detail=f"cannot read {secret}"),
        LogRecord("api", BEGIN, f"[ERROR] {JOB} {secret}"),
    ]
    assert "SECRET" not in json.dumps(tell(evidence(found, ran, logs=logged)).as_json())


# --- durations --------------------------------------------------------------------------------------------------------

CHANGES = st.lists(
    st.tuples(
        st.integers(-5_000, 500_000),
        st.sampled_from(["created", "processing", "completed", "error"]),
        st.sampled_from([None, "validating", "queued", "generating", "storing"]),
    ),
    max_size=12,
)


@given(CHANGES, st.integers(0, 600_000))
def test_durations_are_never_negative_and_shares_add_up(changes: list[tuple[int, str, str | None]], now: int) -> None:
    timeline = [{"at": iso(after(at / 1000)), "status": status, "stage": stage} for at, status, stage in changes]
    found = spans(timeline, now=after(now / 1000))
    assert all(span.seconds >= 0 for span in found)
    assert [span.started for span in found] == sorted(span.started for span in found)
    whole = sum(span.seconds for span in found)
    assert sum(span.share for span in found) == pytest.approx(1.0 if whole else 0.0, abs=0.001)


@given(st.lists(st.integers(0, 60_000), min_size=2, max_size=8))
def test_the_stages_of_an_ended_job_add_up_to_its_time(moments: list[int]) -> None:
    ordered = sorted(moments)
    timeline = [{"at": iso(after(at / 1000)), "status": "processing", "stage": "queued"} for at in ordered[:-1]]
    timeline.append({"at": iso(after(ordered[-1] / 1000)), "status": "completed", "stage": None})
    whole = sum(span.seconds for span in spans(timeline, now=BEGIN + timedelta(days=1)))
    assert whole == pytest.approx((ordered[-1] - ordered[0]) / 1000, abs=0.0001)


def test_a_clock_that_is_behind_costs_no_negative_duration() -> None:
    found = spans(
        row("processing", (0, "created", None), (5, "processing", "queued"), (4, "completed", None))["timeline"],
        now=after(9),
    )
    assert [span.seconds for span in found] == [5.0, 0.0]


LEDGER = [
    {"call": 1, "engine": "nova_canvas", "state": "failed", "micro_usd": 40_000, "day": "2026-11-21", "at": "x"},
    {"call": 2, "engine": "nova_canvas", "state": "unknown", "micro_usd": 40_000, "day": "2026-11-21", "at": "x"},
    {"call": 3, "engine": "preview", "state": "ok", "micro_usd": 0, "day": "2026-11-21", "at": "x"},
]


def test_the_ledger_says_which_calls_may_be_billed_also_where_the_histories_are_gone() -> None:
    told = tell(evidence(row("completed", *QUEUED, attempts=3, ledger=LEDGER, cost_usd=0.04)))
    assert (told.cost.model_calls, told.cost.may_be_billed, told.cost.cost_usd) == (3, 1, 0.04)
    assert [(one["call"], one["state"], one["usd"]) for one in told.cost.ledger] == [
        (1, "failed", 0.04),
        (2, "unknown", 0.04),
        (3, "ok", 0.0),
    ]


def test_a_ledger_that_begins_after_the_first_call_does_not_hide_it() -> None:
    """An earlier version of the code made the first call, and wrote no ledger."""
    told = tell(evidence(row("completed", *QUEUED, attempts=3, billable_calls=2, ledger=LEDGER[1:])))
    assert told.cost.may_be_billed == 2
