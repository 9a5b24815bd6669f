"""Machines that read what is not there."""

from tests.template.lint.machines import MACHINE, PROJECT, broken, drop, put

STORE = "Store Result/Parameters/Payload"


def unwritten(state: str, path: str, like: str = "") -> str:
    """The line about a path that nothing writes."""
    close = f' (did you mean "{like}"?)' if like else ""
    problem = f"reads {path}, which is not in the input, and no state before it writes it"
    return f"{state}: written-paths: {problem}; write it before, or read what is there{close}"


# every Catch that could tell Failed what went wrong keeps nothing
NO_ERROR_KEPT = [
    put(f"{name}/Catch/{index}/ResultPath", None)
    for name, state in MACHINE.tasks.items()
    for index, _ in enumerate(state.get("Catch", []))
]

BROKEN = [
    broken(
        unwritten("Store Result", "$.generaton", "$.generation"),
        put(f"{STORE}/generation.$", "$.generaton"),
    ),
    broken(  # a part of what a ResultSelector selects
        unwritten("Store Result", "$.validation.cach_key", "$.validation.cache_key"),
        put(f"{STORE}/key.$", "States.Format('{}/{}', $.job_id, $.validation.cach_key[0].x)"),
    ),
    broken(  # written, but by states that come later
        unwritten("Store Result", "$.recorded"),
        put(f"{STORE}/recorded.$", "$.recorded"),
    ),
    broken(  # written by the state itself, and read before that
        unwritten("Store Result", "$.result.version"),
        put(f"{STORE}/version.$", "$.result.version"),
    ),
    broken(
        unwritten("Call Now?", "$.validation.twins", "$.validation.twin_waits"),
        put("Call Now?/Choices/1/And/1/Variable", "$.validation.twins"),
    ),
    broken(
        unwritten("Call Now?", "$.limits.twins"),
        put("Call Now?/Choices/1/And/1/NumericLessThanEqualsPath", "$.limits.twins"),
    ),
    broken(
        unwritten("Call Now?", "$.slot.wait_seconds", "$.slot.timeout_seconds"),
        drop("Reserve Slot/ResultSelector/wait_seconds.$"),
    ),
    broken(
        unwritten("Invoke Model", "$.slot.timeout", "$.slot.timeout_seconds"),
        put("Invoke Model/TimeoutSecondsPath", "$.slot.timeout"),
    ),
    broken(
        unwritten("Failed", "$.failure.Reason", "$.failure.Cause"),
        put("Failed/CausePath", "$.failure.Reason"),
    ),
    broken(unwritten("Failed", "$.failure.Error"), *NO_ERROR_KEPT),
    broken(  # the error is kept as a whole, where it is not looked for
        unwritten("Failed", "$.failure.Error"),
        *NO_ERROR_KEPT,
        put("Record Failure/Catch/0/ResultPath", "$.error"),
    ),
    broken(
        unwritten("Notify Client", "$.parts"),
        put("Notify Client/InputPath", "$.parts"),
    ),
    broken(  # below an InputPath, other paths begin there
        unwritten("Notify Client", "$.result.job_id"),
        put("Notify Client/InputPath", "$.result"),
    ),
    broken(
        unwritten("Wait For Slot", "$.told.twice", "$.told.once"),
        put("Job Told", {"Type": "Pass", "Result": {"once": 1}, "ResultPath": "$.told", "Next": "Wait For Slot"}),
        put("Call Now?/Choices/2/Next", "Job Told"),
        put("Wait For Slot/SecondsPath", "$.told.twice"),
    ),
    broken(
        unwritten("Validate Request", "$.job_id"),
        input={name: value for name, value in PROJECT.input.items() if name != "job_id"},
    ),
]
