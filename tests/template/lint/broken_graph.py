"""Machines with a wrong way, and loops declared wrongly."""

from asl.lint import Loop
from tests.template.lint.machines import PROJECT, SUBMIT, broken, drop, put

BROKEN = [
    broken(
        '(top level): known-start: StartAt names "Validate Reqest", which is no state; '
        'name one that exists (did you mean "Validate Request"?)',
        put("StartAt", "Validate Reqest"),
    ),
    broken(
        'Store Result: dangling-target: Next names "Notfy Client", which is no state; '
        'name one that exists (did you mean "Notify Client"?)',
        put("Store Result/Next", "Notfy Client"),
    ),
    broken(
        'Reserve Slot: dangling-target: Catch[2].Next names "Nowhere", which is no state; name one that exists',
        put("Reserve Slot/Catch/2/Next", "Nowhere"),
    ),
    broken(
        "Wait For Slot: reachable: no way from the start leads here; lead one here, or remove it",
        drop("Call Now?/Choices/2"),
    ),
    broken(
        "Submit: every-path-ends: no way from here leads to an end; add a Next that leads to one, or End",
        put("Submit", SUBMIT),
        put("Wait For Slot/Next", "Submit"),
    ),
    broken(  # a way that only errors take does not count
        "Store Result: every-path-ends: has neither Next nor End; add the Next for where it succeeds, or End",
        drop("Store Result/Next"),
    ),
    broken(
        "Refused Or Failed?: choice-default: has no Default; name the state for everything that the rules leave over",
        drop("Refused Or Failed?/Default"),
    ),
    broken(
        "Validate Request: bounded-loops: nothing bounds the loop of Validate Request, Reserve Slot, "
        "Call Now?, Wait For Twin; let a Choice count its rounds or declare its end",
        drop("Call Now?/Choices/1/And/1"),
    ),
    broken(  # a number that is compared, and the loop goes on whatever it is
        "Validate Request: bounded-loops: nothing bounds the loop of Validate Request, Reserve Slot, "
        "Call Now?, Wait For Twin; let a Choice count its rounds or declare its end",
        put("Call Now?/Default", "Wait For Twin"),
        drop("Call Now?/Choices/2"),
    ),
    broken(
        "Reserve Slot: bounded-loops: ExpiredError ends a loop, and is not caught out of it; catch it outside",
        put("Reserve Slot/Catch/1/ErrorEquals", ["NoEngineError", "ExpiredError"]),
    ),
    broken(
        "Validate Request: bounded-loops: nothing bounds the loop of Validate Request, Reserve Slot, Call Now?, "
        "Wait For Twin, Wait For Engine, Wait For Slot, Invoke Model; let a Choice count its rounds or declare its end",
        loops=PROJECT.loops[:1],
    ),
    broken(
        "Store Result: bounded-loops: is declared to end a loop, and is in none; remove it from the declared loops",
        loops=(*PROJECT.loops, Loop("Store Result", (), 0, "it is in none")),
    ),
    broken(  # its rounds are bounded by a state that some of them leave out
        "Wait For Engine: bounded-loops: goes round without passing Call Now?; lead each round over Call Now?",
        loops=(*PROJECT.loops, Loop("Call Now?", ("Wait For Engine",), 0, "it is passed in the end")),
    ),
]
