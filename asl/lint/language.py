"""The States Language as the rules need it: which state has which fields, and which errors mean something of their own.

https://states-language.net/spec.html
"""

from collections.abc import Collection, Mapping

# --- fields -----------------------------------------------------------------------------------------------------------

_EVERYWHERE = {"Type", "Comment", "QueryLanguage"}
_IN_AND_OUT = {"InputPath", "OutputPath", "Output"}
_ONWARDS = {"Next", "End", "Assign"}
FIELDS: Mapping[str, set[str]] = {
    "Task": _EVERYWHERE
    | _IN_AND_OUT
    | _ONWARDS
    | {"Resource", "Parameters", "Arguments", "ResultSelector", "ResultPath", "Retry", "Catch", "Credentials"}
    | {"TimeoutSeconds", "TimeoutSecondsPath", "HeartbeatSeconds", "HeartbeatSecondsPath"},
    "Choice": _EVERYWHERE | _IN_AND_OUT | {"Choices", "Default", "Assign"},
    "Wait": _EVERYWHERE | _IN_AND_OUT | _ONWARDS | {"Seconds", "SecondsPath", "Timestamp", "TimestampPath"},
    "Pass": _EVERYWHERE | _IN_AND_OUT | _ONWARDS | {"Result", "Parameters", "ResultPath"},
    "Succeed": _EVERYWHERE | _IN_AND_OUT,
    "Fail": _EVERYWHERE | {"Error", "ErrorPath", "Cause", "CausePath"},
}

# what each query language calls the same thing: https://states-language.net/spec.html#mapping-between-jsonpath-and-jsonata
JSONATA_FIELDS = {
    "Arguments": "Parameters",
    "Output": "ResultSelector and ResultPath",
    "Condition": "Variable with a comparison",
    "Items": "ItemsPath",
}
JSONPATH_FIELDS = {
    "InputPath": "Arguments or Output with $states.input",
    "OutputPath": "Output",
    "Parameters": "Arguments",
    "ResultSelector": "Output",
    "ResultPath": "Output",
    "TimeoutSecondsPath": "TimeoutSeconds with an expression",
    "HeartbeatSecondsPath": "HeartbeatSeconds with an expression",
    "SecondsPath": "Seconds with an expression",
    "TimestampPath": "Timestamp with an expression",
    "ErrorPath": "Error with an expression",
    "CausePath": "Cause with an expression",
    "Variable": "Condition",
}

# --- errors: https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html ------------------------

ALL, TASK_FAILED, TIMEOUT = "States.ALL", "States.TaskFailed", "States.Timeout"
NEVER_MATCHED = {
    "States.Runtime": "ends the execution, whatever is caught or retried",
    "States.DataLimitExceeded": "ends the execution, whatever is caught or retried",
    "States.NoChoiceMatched": "is reserved: AWS reports States.Runtime instead",
    "States.ParameterPathFailure": "is reserved: AWS reports States.Runtime instead",
    "States.IntrinsicFailure": "is reserved: AWS reports States.Runtime instead",
}


def matches(names: Collection[str], error: str) -> bool:
    """Whether a rule for these names is for an error."""
    return error in names or ALL in names or (TASK_FAILED in names and error != TIMEOUT)
