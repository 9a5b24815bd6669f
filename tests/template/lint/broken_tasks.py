"""Machines whose Tasks do the wrong thing when something goes wrong."""

from tests.template.lint.machines import MACHINE, broken, drop, put

BROKEN = [
    broken(
        "Store Result: task-timeout: has no timeout; add TimeoutSeconds above the function's own timeout",
        drop("Store Result/TimeoutSeconds"),
    ),
    broken(
        "Invoke Model: task-timeout: nobody declares what stands in $.slot.seconds; "
        "declare its seconds in the project's facts",
        put("Invoke Model/TimeoutSecondsPath", "$.slot.seconds"),
    ),
    broken(
        "Store Result: task-timeout: its heartbeat has no less time than the Task; "
        "make HeartbeatSeconds the smaller one",
        put("Store Result/HeartbeatSeconds", 40),
    ),
    broken(
        "Store Result: task-retry: is never tried again; add Retry for the errors that pass",
        put("Store Result/Retry", [{"ErrorEquals": ["States.Timeout"], "MaxAttempts": 0}]),
    ),
    broken(
        "Store Result: task-catch: does not catch States.ALL; "
        "end its Catch with States.ALL and the state that records failures",
        drop("Store Result/Catch"),
    ),
    broken(
        "Store Result: retry-spread: Retry[0] has no MaxDelaySeconds; add the longest wait that still makes sense",
        drop("Store Result/Retry/0/MaxDelaySeconds"),
    ),
    broken(
        'Store Result: retry-spread: Retry[1] has no full jitter; add "JitterStrategy": "FULL"',
        put("Store Result/Retry/1/JitterStrategy", "NONE"),
    ),
    broken(
        "Invoke Model: known-errors: Retry[2] names ModelUnavailabelError, which nothing raises; "
        'name a known error (did you mean "ModelUnavailableError"?)',
        put("Invoke Model/Retry/2/ErrorEquals", ["ModelUnavailabelError"]),
    ),
    broken(
        "Store Result: known-errors: Catch[0] names States.DataLimitExceeded, which ends the execution, "
        "whatever is caught or retried; remove it",
        put("Store Result/Catch/0/ErrorEquals", ["States.DataLimitExceeded"]),
    ),
    broken(
        "Store Result: known-errors: Catch[0] names States.ParameterPathFailure, which is reserved: "
        "AWS reports States.Runtime instead; remove it",
        put("Store Result/Catch/0/ErrorEquals", ["States.ParameterPathFailure"]),
    ),
    broken(
        "Store Result: errors-in-order: Catch[0] names States.ALL beside others; "
        "give States.ALL a rule of its own, the last one",
        put("Store Result/Catch/0/ErrorEquals", ["JobClosedError", "States.ALL"]),
    ),
    broken(
        "Store Result: errors-in-order: Catch[1] comes after States.ALL and is never used; move it before Catch[0]",
        put("Store Result/Catch", MACHINE.states["Store Result"]["Catch"][::-1]),
    ),
    broken(
        "Store Result: errors-in-order: Retry[1] names Lambda.TooManyRequestsException, which Retry[0] has taken; "
        "remove it, or change the order",
        put("Store Result/Retry/1/ErrorEquals", ["Lambda.TooManyRequestsException"]),
    ),
    broken(
        "Store Result: errors-in-order: Retry[1] names StorageUnavailableError, which Retry[0] has taken; "
        "remove it, or change the order",
        put("Store Result/Retry/0/ErrorEquals", ["States.TaskFailed"]),
    ),
]
