"""Machines that keep too much."""

from tests.template.lint.machines import PROJECT, broken, drop, put

ADD = "set ResultPath to a key of its own, or to null"

BROKEN = [
    broken(
        f"Store Result: selected-results: its result replaces the whole document; {ADD}",
        drop("Store Result/ResultPath"),
    ),
    broken(
        f"Store Result: selected-results: its result replaces the whole document; {ADD}",
        put("Store Result/ResultPath", "$"),
    ),
    broken(
        f"Store Result: selected-results: Catch[1] replaces the whole document; {ADD}",
        drop("Store Result/Catch/1/ResultPath"),
    ),
    broken(
        f"Validate Request: selected-results: Catch[0] replaces the whole document; {ADD}",
        put("Validate Request/Catch/0/ResultPath", "$"),
    ),
    broken(
        "Store Result: selected-results: keeps its whole result; "
        "select the fields that are needed, or set ResultPath to null",
        drop("Store Result/ResultSelector"),
    ),
    broken(
        "Store Result: selected-results: selects $.Payload, which is no field of the answer; "
        "select named fields: $.Payload.name",
        put("Store Result/ResultSelector/images.$", "$.Payload"),
    ),
    broken(
        "Store Result: selected-results: nobody declares how large picture may get; "
        "declare its bound in the project's facts",
        put("Store Result/ResultSelector/picture.$", "$.Payload.picture"),
    ),
    broken(
        "Store Result: selected-results: a bound is declared for reused, which it does not select; remove the bound",
        drop("Store Result/ResultSelector/reused.$"),
    ),
    broken(
        "(top level): document-size: the document may take 359665 of 262144 bytes ($.notify_failure 99116, "
        "$.record_failure 99116, $.failure 99109, $.validation 27880); "
        "select fewer fields, and keep no error that nobody reads (ResultPath null)",
        put("Notify Client/Catch/0/ResultPath", "$.notify_failure"),
        put("Record Failure/Catch/0/ResultPath", "$.record_failure"),
    ),
    broken(
        '(top level): selected-results: bounds are declared for "Store Results", which is no Task; remove them',
        bounds={**PROJECT.bounds, "Store Results": {}},
    ),
]
