"""Functions run and fail as on Lambda."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from botocore.config import Config

pytestmark = pytest.mark.enable_socket


def test_a_raised_exception_reaches_the_caller_by_its_class(probe):
    error, answer = probe.invoke("WorkFunction", {"case": "refuse"})
    assert error == "Unhandled"
    assert answer["errorType"] == "InvalidRequestError"
    assert answer["errorMessage"] == "product_id: unknown"
    assert any("in work" in line for line in answer["stackTrace"])


def test_a_worker_survives_an_exception(probe):
    _, before = probe.invoke("WorkFunction", {"case": "where"})
    probe.invoke("WorkFunction", {"case": "refuse"})
    _, after = probe.invoke("WorkFunction", {"case": "where"})
    assert after["pid"] == before["pid"]
    assert after["request"] != before["request"]


def test_a_function_that_runs_too_long_is_reported_as_timed_out(probe):
    error, answer = probe.invoke("WorkFunction", {"case": "slow"})
    assert error == "Unhandled"
    assert answer == {"errorType": "Sandbox.Timedout", "errorMessage": "Task timed out after 2.00 seconds"}
    assert probe.invoke("WorkFunction", {"case": "ok"}) == (None, "done")


def test_a_function_that_exits_is_reported_as_an_exit(probe):
    _, answer = probe.invoke("WorkFunction", {"case": "exit"})
    assert answer["errorType"] == "Runtime.ExitError"
    assert probe.invoke("WorkFunction", {"case": "ok"}) == (None, "done")


def test_a_package_of_the_developers_environment_is_not_there_for_a_function(probe):
    _, answer = probe.invoke("BrokenImportFunction")
    assert answer["errorType"] == "Runtime.ImportModuleError"
    assert answer["errorMessage"] == "Unable to import module 'broken': No module named 'moto'"


def test_a_function_sees_its_layers_and_its_own_code_before_them(probe):
    _, answer = probe.invoke("WorkFunction", {"case": "where"})
    assert answer["layers"] == [1, 2]
    code = next(place for place, path in enumerate(answer["path"]) if path.endswith("/code"))
    layers = [place for place, path in enumerate(answer["path"]) if "/layer_" in path]
    assert code < min(layers)


def test_a_function_sees_nothing_of_the_shell_and_nothing_of_the_emulator(probe, monkeypatch):
    _, answer = probe.invoke("WorkFunction", {"case": "where"})
    seen = set(answer["environment"])
    allowed = {"PATH", "PYTHONPATH", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE", "PYTHONNOUSERSITE", "LANG"}
    allowed |= {"TZ", "HOME", "TMPDIR", "ITEMS", "LC_CTYPE"}
    of_lambda = ("AWS_", "_LAMBDA", "LAMBDA_", "_MINISTACK", "_X_")
    assert {name for name in seen - allowed if not name.startswith(of_lambda)} == set()
    assert answer["environment"]["AWS_ACCESS_KEY_ID"].startswith("ASIA")  # the role's, never the root key


def test_a_function_without_a_permission_is_refused(probe):
    _, answer = probe.invoke("DeniedFunction")
    assert "AccessDenied" in answer["errorMessage"]
    assert "dynamodb:GetItem" in answer["errorMessage"]
    assert probe.invoke("AllowedFunction") == (None, None)


def test_a_function_calls_another_one_and_sees_its_error(probe):
    _, answer = probe.invoke("CallerFunction", {"case": "refuse"})
    assert answer["error"] == "Unhandled"
    assert answer["answer"]["errorType"] == "InvalidRequestError"


def test_changed_variables_count_from_the_next_call(probe):
    functions, name = probe.client("lambda"), probe.stack.function_name("CallerFunction")
    before = functions.get_function_configuration(FunctionName=name)["Environment"]
    functions.update_function_configuration(FunctionName=name, Environment={"Variables": {"OTHER": "nobody"}})
    try:
        error, _ = probe.invoke("CallerFunction")
        assert error == "Unhandled"
    finally:
        functions.update_function_configuration(FunctionName=name, Environment=before)
    assert probe.invoke("CallerFunction")[0] is None


def pids(probe, calls, seconds=0.0):
    with ThreadPoolExecutor(calls) as pool:
        asked = [{"case": "where", "seconds": seconds}] * calls
        answers = pool.map(lambda event: probe.invoke("WorkFunction", event), asked)
        return {answer["pid"] for _, answer in answers}


def test_many_calls_at_once_share_a_few_workers(probe):
    assert len(pids(probe, 12)) <= 3


def test_long_calls_at_the_same_time_get_workers_of_their_own(probe):
    assert len(pids(probe, 2, seconds=1.5)) == 2


def test_workers_share_what_their_function_brings_unpacked_and_compiled_once(probe):
    with ThreadPoolExecutor(2) as pool:
        asked = pool.map(lambda event: probe.invoke("WorkFunction", event), [{"case": "where", "seconds": 1.5}] * 2)
        (_, one), (_, other) = asked
    assert one["pid"] != other["pid"]
    for ending in ("/code", "/layer_0/python", "/layer_1/python"):
        places = {next(path for path in answer["path"] if path.endswith(ending)) for answer in (one, other)}
        assert len(places) == 2, "each has a name of its own for it"
        (place,) = {Path(path).resolve() for path in places}
        assert list(place.rglob("__pycache__/*.pyc"))


def test_reserved_concurrency_of_one_throttles_the_second_call(probe):
    once = probe.endpoints.client("lambda", config=Config(retries={"total_max_attempts": 1}))
    name = probe.stack.function_name("ReservedFunction")
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(probe.invoke, "ReservedFunction", {"case": "wait"})
        time.sleep(0.7)
        with pytest.raises(once.exceptions.TooManyRequestsException):
            once.invoke(FunctionName=name)
        assert first.result() == (None, "done")
