"""Machines and functions whose clocks ring in the wrong order."""

from asl.lint import Function
from tests.template.lint.machines import PROJECT, broken, drop, put

BROKEN = [
    broken(
        "Store Result: inner-clock-first: the Task has 30 s and its function may run 30 s; give the Task more time",
        put("Store Result/TimeoutSeconds", 30),
    ),
    broken(
        "(top level): machine-timeout: has no TimeoutSeconds; "
        "add one above its longest way: by default an execution may last a year",
        drop("TimeoutSeconds"),
    ),
    broken(
        "Invoke Model: machine-timeout: may take 2658 s, and the machine ends after 600 s; "
        "raise the machine's TimeoutSeconds",
        put("TimeoutSeconds", 600),
    ),
    broken(
        "(top level): machine-timeout: the longest way takes 7841 s (Validate Request 190, "
        "Reserve Slot 3809, Call Now? 600, Invoke Model 2658, Store Result 290, Record Failure 185, "
        "Notify Failure 109), TimeoutSeconds is 5400; raise TimeoutSeconds",
        put("TimeoutSeconds", 5400),
    ),
    broken(
        "Wait For Slot: machine-timeout: nobody declares how long it waits; "
        "write Seconds, or declare what its SecondsPath may find",
        put("Wait For Slot/SecondsPath", "$.slot.seconds"),
    ),
    broken(
        "Validate Request: machine-timeout: nobody declares how long the loop of Validate Request, Reserve Slot, "
        "Call Now?, Wait For Twin may wait; declare its seconds",
        loops=PROJECT.loops[1:],
    ),
    broken(  # as it was with S3's read timeout of 15 s
        "Validate Request: inner-clock-first: the read timeout of s3 is 15 s, and 15 s is all there is; shorten it",
        functions={"ValidateRequestArn": Function(15, {"s3": 15})},
    ),
    broken(  # the function has more time than this engine's Task
        "Invoke Model: inner-clock-first: the read timeout of preview is 25 s, and 25 s is all there is; shorten it",
        functions={"InvokeModelArn": Function(310, {"preview": 25})},
    ),
    broken(
        "Invoke Model: inner-clock-first: the Task has 320 s and its function may run 320 s; give the Task more time",
        functions={"InvokeModelArn": Function(320)},
    ),
]
