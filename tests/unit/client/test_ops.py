"""`vto ops`: what is ordered, what is asked before, how answers read, and which exit code a script sees."""

import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from typer.testing import CliRunner

from vto_client import stack as stacks
from vto_client.cli import app
from vto_client.ops import command
from vto_client.problems import CommandError

NOTHING = {
    "at": "2026-11-21T12:00:00.000Z",
    "dead_letters": {"results": 0, "events": 0},
    "overdue": {"jobs": [], "is_complete": True},
    "engines": [{"name": "preview", "is_paused": False, "open_until": None, "reason": None}],
    "spending": None,
    "sweep": {"at": "2026-11-21T11:59:30.000Z", "seconds_ago": 30, "did": {"started": 2, "ended": 0}},
    "reconcile": None,
    "needs": [],
}
LETTERS = {"found": 2, "redriven": 2, "expired": 0, "unreadable": 0, "failed": 0, "is_complete": True, "problems": []}
BYE = {"told": 2, "gone": 0, "failed": 0, "is_complete": True}
DONE = {"objects": 200, "rows": 0, "reconciled": 1, "lost": 0, "failed": 0, "is_complete": True}
JOB = {"job_id": "job-1", "version": 5, "execution": "arn:execution:job-1-5", "is_started": True}


class Stack:
    """A stack's functions: remembers what they were asked, and answers what a test says."""

    def __init__(self, *answers: Any) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.answers = list(answers)

    def __call__(self, service: str) -> Any:
        assert service == "lambda"
        return self

    def invoke(self, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803 - botocore's names
        self.asked.append((FunctionName, json.loads(Payload)))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        more = {"FunctionError": "Unhandled"} if "errorType" in answer else {}
        return {"Payload": io.BytesIO(json.dumps(answer).encode()), **more}


@pytest.fixture
def vto(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Runs a command against a stack."""

    def run(stack: Stack, *words: str, answer: str | None = None) -> Any:
        monkeypatch.setattr(stacks, "clients", lambda region: (stack, region or "eu-central-1"))
        # the runner's input is no terminal: whether there is one is the test's to say
        monkeypatch.setattr(command, "_is_terminal", lambda: answer is not None)
        result = CliRunner().invoke(app, ["ops", *words], input=answer)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return run


def denied(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": ""}}, "Invoke")


def test_a_stack_that_needs_nobody_ends_with_zero(vto: Callable[..., Any]) -> None:
    stack = Stack(NOTHING)
    result = vto(stack, "status")
    assert (result.exit_code, stack.asked) == (0, [("vto-operate", {"order": "status"})])
    assert result.output.splitlines() == [
        "Nothing needs a person.",
        "dead letters: results 0, events 0",
        "overdue jobs: 0",
        "engine: preview: in service",
        "spending: not stopped",
        "last sweep: 30 s ago: started 2",
        "last reconcile: none yet",
    ]


def test_what_needs_a_person_is_told_with_its_remedy_and_ends_with_three(vto: Callable[..., Any]) -> None:
    need = {"what": "2 dead letters in events", "remedy": "vto ops redrive events", "heading": "Dead letters"}
    answer = {
        **NOTHING,
        "needs": [need],
        "spending": {"reason": "the bill of ada@example.com", "at": "2026-11-21T11:00:00.000Z"},
        "engines": [{"name": "nova_canvas", "is_paused": False, "open_until": "12:10", "reason": "model_retired"}],
        "overdue": {"jobs": ["job-1"], "is_complete": False},
    }
    result = vto(Stack(answer), "status", "--stack", "shop")
    assert result.exit_code == 3
    assert "    → vto ops redrive events (runbook: Dead letters)" in result.output
    assert "engine: nova_canvas: left out until 12:10 (model_retired)" in result.output
    assert "overdue jobs: 1 or more\n  job-1" in result.output
    assert "ada@example.com" not in result.output
    assert json.loads(vto(Stack(answer), "status", "--json").output) == answer


@pytest.mark.parametrize(
    ("words", "order"),
    [
        (["redrive", "results"], {"order": "redrive", "queue": "results", "dry_run": False}),
        (["rerun", "job-1"], {"order": "rerun", "jobs": ["job-1"]}),
        (["stop-spending", "--reason", "dear"], {"order": "stop_spending", "reason": "dear"}),
        (["resume-spending"], {"order": "resume_spending"}),
        (["say-bye", "--reconnect-in", "60"], {"order": "say_bye", "reconnect_in_seconds": 60}),
        (["engine", "pause", "preview"], {"order": "pause_engine", "engine": "preview"}),
        (["engine", "resume", "preview"], {"order": "resume_engine", "engine": "preview"}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_changes_something_says_so_and_asks_first(
    vto: Callable[..., Any], words: list[str], order: dict[str, Any]
) -> None:
    answer = {**LETTERS, "queue": "results", "jobs": [JOB], "spending": {"reason": "dear"}, "changed": True, **BYE}
    unasked = Stack(answer)
    with pytest.raises(CommandError, match=r"This will, in the stack vto, .* add --yes") as refused:
        vto(unasked, *words)
    assert (refused.value.exit_code, unasked.asked) == (2, [])

    declined = Stack(answer)
    assert vto(declined, *words, answer="n\n").exit_code == 1
    assert declined.asked == []

    for options, typed in (([], "y\n"), (["--yes"], None)):
        ordered = Stack(answer)
        assert vto(ordered, *words, *options, answer=typed).exit_code == 0
        assert ordered.asked == [("vto-operate", order)]


def test_a_dry_run_of_all_queues_only_counts_and_asks_nobody(vto: Callable[..., Any]) -> None:
    stack = Stack({**LETTERS, "queue": "events", "redriven": 0})
    result = vto(stack, "redrive", "--all", "--dry-run")
    assert [one["queue"] for _, one in stack.asked] == list(command.facts.QUEUES)
    assert all(one["dry_run"] is True for _, one in stack.asked)
    assert result.output.splitlines()[0] == "events: about 2 dead letters; nothing was done"


@pytest.mark.parametrize("left", [{"failed": 1}, {"unreadable": 1}, {"is_complete": False}])
def test_a_redrive_that_leaves_something_ends_with_three(vto: Callable[..., Any], left: dict[str, Any]) -> None:
    answer = {**LETTERS, "queue": "events", "problems": ["invoke: AccessDenied"], **left}
    result = vto(Stack(answer), "redrive", "events", "--yes")
    assert "  because: invoke: AccessDenied" in result.output
    assert result.exit_code == 3
    assert "kept" in result.output or "there are more" in result.output


def test_letters_that_somebody_else_has_just_received_are_not_called_none(vto: Callable[..., Any]) -> None:
    answer = {**LETTERS, "queue": "events", "redriven": 0, "is_complete": False, "problems": ["2 were received"]}
    result = vto(Stack(answer), "redrive", "events", "--yes")
    assert result.output.splitlines() == [
        "events: nothing was done; there are more: order it again",
        "  because: 2 were received",
    ]
    assert result.exit_code == 3


@pytest.mark.parametrize("words", [[], ["results", "--all"], ["everything"]])
def test_a_redrive_names_one_queue_that_there_is_or_all(vto: Callable[..., Any], words: list[str]) -> None:
    with pytest.raises(CommandError) as refused:
        vto(Stack({}), "redrive", *words, "--yes")
    assert refused.value.exit_code == 2


def test_many_jobs_are_ordered_in_portions_and_refusals_are_told(vto: Callable[..., Any]) -> None:
    found = {"path": "job_id", "problem": "is completed", "remedy": "nothing to do"}
    refused = {"job_id": "job-2", "error": {"code": "invalid_request", "message": "", "details": [found]}}
    stack = Stack({"jobs": [JOB, {**JOB, "job_id": "job-3", "is_started": False}]}, {"jobs": [refused]})
    result = vto(stack, "rerun", *(f"job-{n}" for n in range(30)), "--yes")
    assert [len(one["jobs"]) for _, one in stack.asked] == [25, 5]
    assert result.output.splitlines() == [
        "✓ job-1: started as job-1-5",
        "✓ job-3: put back; the next sweep starts it",
        "✗ job-2: not run again: job_id is completed: nothing to do",
    ]
    assert result.exit_code == 3


@pytest.mark.parametrize(
    ("words", "answer", "told"),
    [
        (["rerun", *(f"job-{n}" for n in range(26))], {"jobs": [JOB]}, "✓ job-1: started as job-1-5"),
        (["redrive", "--all"], {**LETTERS, "queue": "events"}, "events: 2 done again"),
        (["reconcile"], {**DONE, "is_complete": False}, "200 uploads and 0 rows looked at"),
    ],
)
def test_what_was_done_is_told_also_when_a_later_order_fails(
    monkeypatch: pytest.MonkeyPatch, words: list[str], answer: dict[str, Any], told: str
) -> None:
    stack = Stack(answer, {"errorType": "StorageUnavailableError", "errorMessage": "get: Throttled"})
    monkeypatch.setattr(stacks, "clients", lambda region: (stack, "eu-central-1"))
    result = CliRunner().invoke(app, ["ops", *words, *([] if words == ["reconcile"] else ["--yes"])])
    assert isinstance(result.exception, CommandError)
    assert told in result.output


def test_a_reconciliation_goes_on_until_it_is_complete(vto: Callable[..., Any]) -> None:
    stack = Stack({**DONE, "is_complete": False}, {**DONE, "rows": 4, "lost": 1, "failed": 2})
    result = vto(stack, "reconcile", "--whole")
    assert stack.asked == [("vto-reconcile_uploads", {"whole": True})] * 2
    assert result.output.splitlines()[:2] == ["400 uploads and 4 rows looked at", "2 sent to be imported"]
    assert "1 pictures that rows name are not in S3" in result.output
    assert json.loads(vto(Stack(DONE), "reconcile", "--json").output)["reconciled"] == 1


def test_sockets_are_told_bye_until_all_were(vto: Callable[..., Any]) -> None:
    stack = Stack({**BYE, "is_complete": False}, {**BYE, "told": 1, "gone": 3})
    result = vto(stack, "say-bye", "--yes")
    assert stack.asked == [("vto-operate", {"order": "say_bye", "reconnect_in_seconds": 30})] * 2
    assert result.output.splitlines() == ["3 live sockets told", "3 gone already"]
    assert json.loads(vto(Stack(BYE), "say-bye", "--yes", "--json").output) == BYE
    unreached = vto(Stack({**BYE, "failed": 1}), "say-bye", "--yes")
    assert (unreached.exit_code, "1 could not be reached" in unreached.output) == (3, True)
    assert vto(Stack(BYE), "say-bye", "--yes", "--reconnect-in", "601").exit_code == 2


def test_a_sweep_tells_what_it_did(vto: Callable[..., Any]) -> None:
    assert vto(Stack({"sweep": {"started": 2, "left_running": 0}}), "sweep").output == "swept: 2 started\n"
    assert vto(Stack({"sweep": {"started": 0}}), "sweep").output == "swept: nothing was overdue\n"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (
            denied("AccessDeniedException"),
            "the permission lambda:InvokeFunction on the function vto-operate is missing",
        ),
        (denied("ResourceNotFoundException"), "there is no function vto-operate in eu-central-1: check --stack"),
        (denied("TooManyRequestsException"), "try again in a moment"),
        (denied("ServiceException"), "Invoke: ServiceException"),
        (EndpointConnectionError(endpoint_url="http://localhost:1"), "AWS cannot be reached"),
        (
            {
                "errorType": "InvalidRequestError",
                "errorMessage": json.dumps(
                    {"detail": "", "details": [{"path": "engine", "problem": "is none", "remedy": "use preview"}]}
                ),
            },
            "engine is none: use preview",
        ),
        ({"errorType": "StorageUnavailableError", "errorMessage": "get: Throttled"}, "StorageUnavailableError: get"),
        ({"errorType": "Sandbox.Timedout"}, "the stack could not do it: Sandbox.Timedout"),
    ],
)
def test_an_order_that_comes_to_nothing_says_why(vto: Callable[..., Any], answer: Any, words: str) -> None:
    with pytest.raises(CommandError, match=words):
        vto(Stack(answer), "sweep")
