"""Functions on AWS's own runtime client under its emulator: what the emulator leaves to its caller is done."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from local.artefacts import built
from local.emulate import Row, chosen, report
from local.processes import Processes, StackError
from local.rie import Emulated, read_answer
from tests.local.conftest import PROBE, ROOT

FUNCTIONS = ["ApiFunction", "StoreResultFunction"]


@pytest.fixture(scope="module")
def emulated(probe, tmp_path_factory):
    """The probe's work function, two seconds of timeout, as built."""
    work = tmp_path_factory.mktemp("emulate")
    name = probe.stack.function_name("WorkFunction")
    configuration = probe.client("lambda").get_function_configuration(FunctionName=name)
    processes = Processes(work)
    with built(ROOT, PROBE, work) as build:
        artefact = build.lay_out("WorkFunction", work / "run")
    try:
        with Emulated(ROOT, artefact, configuration, probe.endpoints, processes) as running:
            yield running
    finally:
        processes.stop()


@pytest.fixture
def call(emulated):
    return lambda **event: emulated.invoke(json.dumps(event))


@pytest.mark.enable_socket
def test_an_answer_is_an_answer_and_an_error_bears_its_class(call):
    assert (call(case="ok").value, call(case="ok").error) == ("done", "")
    refused = call(case="refuse")
    assert (refused.error, refused.value["errorMessage"]) == ("InvalidRequestError", "product_id: unknown")


@pytest.mark.enable_socket
def test_a_function_that_takes_too_long_is_timed_out_and_works_again(call):
    slow = call(case="slow")
    assert (slow.error, slow.value["errorMessage"]) == ("Sandbox.Timedout", "Task timed out after 2.00 seconds")
    assert call(case="ok").value == "done"


@pytest.mark.enable_socket
def test_calls_at_the_same_time_wait_for_each_other(call):
    with ThreadPoolExecutor(4) as pool:
        assert [one.value for one in pool.map(lambda _: call(case="ok"), range(4))] == ["done"] * 4


@pytest.mark.enable_socket
def test_a_function_sees_its_layers_its_role_and_nothing_of_the_shell(call, monkeypatch):
    seen = call(case="where").value
    assert seen["layers"] == [1, 2]
    assert seen["environment"]["AWS_ACCESS_KEY_ID"].startswith("ASIA")
    assert "VIRTUAL_ENV" not in seen["environment"]
    assert not [path for path in seen["path"] if "/.venv/" in path]


@pytest.mark.enable_socket
def test_memory_is_measured(emulated, call):
    call(case="ok")
    assert 10 < emulated.peak_megabytes < 500


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (200, b'{"statusCode": 200}', ""),
        (200, b"null", ""),
        (200, b"", ""),
        (200, b'{"errorType": "JobClosedError", "errorMessage": "x", "requestId": "r"}', "JobClosedError"),
        (200, b"Task timed out after 3.00 seconds", "Sandbox.Timedout"),
        (200, b"2026-11-21T12:00:00Z 8f5a Task timed out after 3.00 seconds\n\n", "Sandbox.Timedout"),
        (502, b'{"errorType": "Runtime.ImportModuleError", "errorMessage": "x"}', "Runtime.ImportModuleError"),
        (502, b"<html>", "HTTP 502"),
        (500, b"{}", "HTTP 500"),
    ],
)  # fmt: skip
def test_an_error_is_told_by_what_came_back_since_its_status_is_200(status, body, error):
    assert read_answer(status, body, 1.0).error == error


def test_everything_is_run_unless_something_is_chosen():
    everything = chosen(FUNCTIONS, "", "")
    assert list(everything) == FUNCTIONS
    assert {path.stem for path in everything["StoreResultFunction"]} >= {"accepted"}


@pytest.mark.parametrize(
    ("function", "event"),
    [
        ("store_result", "accepted"),
        ("StoreResultFunction", "accepted.json"),
        ("", "events/store_result/accepted.json"),
        ("store_result", "events/store_result/accepted.json"),
    ],
)
def test_one_event_can_be_chosen_by_its_name_or_its_file(function, event):
    [(name, [path])] = chosen(FUNCTIONS, function, event).items()
    assert (name, path.parent.name, path.stem) == ("StoreResultFunction", "store_result", "accepted")


@pytest.mark.parametrize(
    ("function", "event", "problem"),
    [
        ("nobody", "", "the template has no function nobody; it has api, store_result"),
        ("", "events/nobody/accepted.json", "the template has no function nobody"),
        (
            "store_result",
            "refused",
            "no sample event refused of store_result; it is one of accepted, ref",
        ),
    ],
)
def test_what_there_is_not_is_named_with_what_there_is(function, event, problem):
    with pytest.raises(StackError, match=problem):
        chosen(FUNCTIONS, function, event)


def test_the_report_shows_figures_and_what_is_not_as_expected():
    rows = [Row("api", "accepted", "", 812.4, 21.0, 71.2, 6.03), Row("api", "refused", "an answer instead of X")]
    heading, good, bad = report(rows).splitlines()
    assert heading.split()[:4] == ["function", "event", "cold", "ms"]
    assert good.split() == ["api", "accepted", "812", "21", "71", "6.0", "as", "expected"]
    assert bad.split() == ["api", "refused", "✗", "an", "answer", "instead", "of", "X"]
