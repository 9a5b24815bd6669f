"""A history becomes states with attempts, whatever its integration, order and gaps."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.client.evidence import after, events, execution, history_of
from vto_client.explain.history import UNKNOWN_STATE, execution_of

NAMES = ("completed", "model_timeout", "throttled_once", "content_blocked", "reused", "stopped", "generating")
LAMBDA = {"resourceType": "lambda", "resource": "invoke"}


@pytest.mark.parametrize(
    ("name", "status", "transitions", "retries", "functions"),
    [
        ("completed", "SUCCEEDED", 9, 0, 5),
        ("model_timeout", "FAILED", 9, 1, 6),
        ("throttled_once", "SUCCEEDED", 12, 0, 7),
        ("content_blocked", "SUCCEEDED", 10, 0, 5),
        ("reused", "SUCCEEDED", 6, 0, 3),
        ("stopped", "ABORTED", 6, 0, 3),
        ("generating", "RUNNING", 6, 0, 3),
    ],
)
def test_recorded_executions_are_counted_as_they_are_billed(
    name: str, status: str, transitions: int, retries: int, functions: int
) -> None:
    found = execution_of(*history_of(name), now=after(3600 * 24 * 365))
    assert found.status == status
    assert (found.transitions, found.retries, found.functions_run) == (transitions, retries, functions)
    assert all(visit.seconds is not None for visit in found.visits if not visit.is_open)


def test_a_retry_is_an_attempt_after_a_pause_with_the_error_before_it() -> None:
    found = execution_of(*history_of("model_timeout"), now=after(0))
    (visit,) = [one for one in found.visits if one.state == "Invoke Model"]
    assert [one.outcome for one in visit.attempts] == ["failed", "failed"]
    assert [one.error for one in visit.attempts] == ["ModelTimeoutError"] * 2
    assert visit.attempts[0].cause == (
        "ModelTimeoutException: Model has timed out in processing the request. Try your request again."
    )
    assert visit.attempts[1].waited_seconds > 0
    spent = sum((one.seconds or 0) + one.waited_seconds for one in visit.attempts)
    assert spent <= (visit.seconds or 0) <= spent + 0.05


def test_plain_functions_and_service_integrations_read_alike() -> None:
    found = execution(
        events(
            (0, "ExecutionStarted", {"input": "{}"}),
            (0, "TaskStateEntered", "Old Style"),
            (0, "LambdaFunctionScheduled", {"resource": "arn:aws:lambda:…"}),
            (0.1, "LambdaFunctionStarted"),
            (2.1, "LambdaFunctionTimedOut", {"error": "States.Timeout", "cause": "too slow"}),
            (3.1, "LambdaFunctionScheduled", {"resource": "arn:aws:lambda:…"}),
            (3.2, "LambdaFunctionStarted"),
            (3.7, "LambdaFunctionSucceeded", {"output": "{}"}),
            (3.7, "TaskStateExited", "Old Style"),
            (3.7, "TaskStateEntered", "New Style"),
            (3.7, "TaskScheduled", LAMBDA),
            (3.8, "TaskStarted", LAMBDA),
            (4.8, "TaskTimedOut", {**LAMBDA, "cause": "slow again"}),
            (4.8, "ExecutionFailed", {"error": "States.Timeout"}),
        )
    )
    old, new = found.visits
    assert [one.outcome for one in old.attempts] == ["timed out", "succeeded"]
    assert old.attempts[1].waited_seconds == 1.0
    assert old.service == new.service == "lambda"
    assert (new.attempts[0].outcome, new.attempts[0].error) == ("timed out", "States.Timeout")
    assert (found.status, found.seconds, found.functions_run, found.transitions) == ("FAILED", 4.8, 3, 3)
    assert not new.is_open


def test_a_function_that_was_turned_away_did_not_run() -> None:
    found = execution(
        events(
            (0, "TaskStateEntered", "Invoke Model"),
            (0, "TaskScheduled", LAMBDA),
            (0, "TaskStarted", LAMBDA),
            (0, "TaskFailed", {**LAMBDA, "error": "Lambda.TooManyRequestsException", "cause": "Rate Exceeded."}),
            (1, "TaskScheduled", LAMBDA),
            (1, "TaskStarted", LAMBDA),
            (2, "TaskSucceeded", LAMBDA),
        )
    )
    assert (found.functions_run, found.transitions, found.retries) == (1, 2, 1)


def test_an_aborted_execution_ends_what_it_was_doing() -> None:
    found = execution_of(*history_of("stopped"), now=after(0))
    last = found.last
    assert last is not None
    assert (last.state, last.is_open, last.attempts[0].outcome) == ("Invoke Model", False, "aborted")
    assert (found.error, found.cause) == ("Operator", "stopped by hand")


def test_a_running_execution_says_where_it_is() -> None:
    described, given_events = history_of("generating")
    found = execution_of(described, given_events, now=after(60))
    assert found.last is not None
    assert (found.last.state, found.last.is_open, found.last.attempts[0].outcome) == ("Invoke Model", True, "running")


def test_a_history_that_begins_in_the_middle_names_no_state_it_does_not_know() -> None:
    found = execution(events((5, "TaskSucceeded", LAMBDA), (5, "TaskStateExited", "Store Result"), (6, "Unheard")))
    (visit,) = found.visits
    assert (visit.state, visit.entered, visit.seconds) == ("Store Result", None, None)
    found = execution(events((5, "TaskFailed", {**LAMBDA, "error": "X"})))
    assert (found.visits[0].state, found.visits[0].error) == (UNKNOWN_STATE, "X")


@given(name=st.sampled_from(NAMES), data=st.data())
def test_the_order_in_which_events_come_does_not_matter(name: str, data: st.DataObject) -> None:
    described, whole = history_of(name)
    shuffled: list[dict[str, Any]] = data.draw(st.permutations(whole))
    repeated = data.draw(st.lists(st.sampled_from(whole), max_size=5))
    assert execution_of(described, shuffled + repeated, now=after(0)) == execution_of(described, whole, now=after(0))


@given(name=st.sampled_from(NAMES), data=st.data())
def test_missing_events_lose_only_what_they_would_have_told(name: str, data: st.DataObject) -> None:
    described, whole = history_of(name)
    kept = data.draw(st.lists(st.sampled_from(whole), unique_by=lambda one: one["id"]))
    found, full = execution_of(described, kept, now=after(0)), execution_of(described, whole, now=after(0))
    assert {visit.state for visit in found.visits} <= {visit.state for visit in full.visits} | {UNKNOWN_STATE}
    assert found.transitions <= full.transitions
    assert all((visit.seconds or 0) >= 0 for visit in found.visits)
    assert (found.status, found.seconds) == (full.status, full.seconds)


@given(name=st.sampled_from(NAMES))
def test_the_states_of_an_ended_execution_add_up_to_it(name: str) -> None:
    found = execution_of(*history_of(name), now=after(0))
    if found.status != "RUNNING":
        spent = sum(visit.seconds or 0 for visit in found.visits)
        assert abs(spent - (found.seconds or 0)) < 0.05
