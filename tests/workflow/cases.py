"""The cases of the state machine: what each step comes to, and what is to come of it.

The one source for the workflow tests, for the mock file of Step Functions Local (``asl/mock_config.py``) and for the
calls of AWS's TestState (``asl/aws_test_state.py``). A case speaks of states by their names.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import repeat

from tests.workflow.world import AnswerLost, Outcome, World
from vto import errors
from vto.domain.health import FIRST_PAUSE_SECONDS, GONE_SECONDS
from vto.errors import (
    BadModelOutputError,
    ContentBlockedError,
    ModelRetiredError,
    ModelThrottledError,
    ModelUnavailableError,
)

HAPPY_PATH = [
    "Validate Request",
    "Reserve Slot",
    "Call Now?",
    "Invoke Model",
    "Store Result",
    "Notify Client",
]
REUSE_PATH = [state for state in HAPPY_PATH if state != "Invoke Model"]
TO_CALL = ["Reserve Slot", "Call Now?", "Invoke Model"]
TO_WAIT = ["Reserve Slot", "Call Now?", "Wait For Slot", "Invoke Model"]
IN_THE_QUEUE = [*HAPPY_PATH[:3], "Wait For Slot", *HAPPY_PATH[3:]]
TO_TWIN = ["Reserve Slot", "Call Now?", "Wait For Twin", "Validate Request"]
AT_THE_DOOR = ["Wait For Engine", "Reserve Slot"]
TELLING = ["Record Failure", "Notify Failure", "Refused Or Failed?"]
STEPS = ("Validate Request", "Reserve Slot", "Invoke Model", "Store Result")

# how long each step waits between its attempts, as the ASL says (jitter at its longest)
BUSY = [1, 2, 4, 8, 15, 15]  # Lambda itself had no room: surely nothing has run
AGAIN = [1, 2, 4, 8]
UNREACHABLE = [2, 4]
ONCE = [2]
TOLD = [1, 2, 4]

SERVICES = (
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.Unknown",
    "Sandbox.Timedout",
    "Runtime.ExitError",
    "States.Timeout",
)
NO_ROOM = "Lambda.TooManyRequestsException"


def nothing(_: World) -> None:
    """Nothing has to be there but the job."""


@dataclass(frozen=True)
class Case:
    """One way through the machine.

    Args:
        name: In letters and digits, as Step Functions Local wants it.
        path: The states in their order.
        plan: By state, what its calls come to, in their order; those beyond the end of the list just run.
        outcomes: By state, how its calls ended as the machine saw it.
        waits: By state, the seconds it waited.
        caught: States with the error that a Catch took.
        told: What the client was told last: ``completed``, or the code of the error.
        error: The error with which the execution failed; None where it succeeded.
        engines: The engines in their order of preference.
        given: Called with the world, in which the job exists already, before its execution.
        ask: Creates the job.
    """

    name: str
    path: Sequence[str]
    plan: Mapping[str, Iterable[Outcome]] = field(default_factory=dict)
    outcomes: Mapping[str, Sequence[str]] = field(default_factory=dict)
    waits: Mapping[str, Sequence[float]] = field(default_factory=dict)
    caught: Sequence[tuple[str, str]] = ()
    told: str = "completed"
    error: str | None = None
    engines: tuple[str, ...] = ("preview",)
    given: Callable[[World], object] = nothing
    ask: Callable[[World], object] = World.ask

    def __str__(self) -> str:
        return self.name

    @property
    def script(self) -> dict[str, Iterable[Outcome]]:
        """The plan as ``World.run`` takes it."""
        return {state.lower().replace(" ", "_"): outcomes for state, outcomes in self.plan.items()}


def until(state: str) -> list[str]:
    """The happy path up to a state, which is the last."""
    return HAPPY_PATH[: HAPPY_PATH.index(state) + 1]


def _word(text: str) -> str:
    return "".join(filter(str.isalnum, text.removesuffix("Error")))


def _failing(error: str) -> Iterable[Outcome]:
    """A step that fails like this each time."""
    if error == "KeyError":
        return repeat(KeyError("a bug"))
    cls = errors.all_errors().get(error)
    return repeat(cls("as planned") if cls else error)


def refused(state: str, error: str, waits: Sequence[float] = ()) -> Case:
    """A step that refuses the request: told, no alarm; tried again as often as there are waits."""
    return Case(
        f"{_word(state)}Refuses{_word(error)}",
        [*until(state), *TELLING, "Refused"],
        {state: _failing(error)},
        {state: [error] * (len(waits) + 1)},
        {state: waits},
        [(state, error)],
        errors.all_errors()[error].code,
    )


def failed(state: str, error: str, told: str, waits: Sequence[float] = ()) -> Case:
    """A step that fails each time, is tried again as often as there are waits, and ends the job."""
    return Case(
        f"{_word(state)}Fails{_word(error)}",
        [*until(state), *TELLING, "Failed"],
        {state: _failing(error)},
        {state: [error] * (len(waits) + 1)},
        {state: waits},
        [(state, error)],
        told,
        error,
    )


def cut_off(error: str) -> Case:
    """The engine was called each time, but its answer never came back: it may be billed, so it is a timeout."""
    never_ran = failed("Invoke Model", error, "model_timeout", ONCE)
    return replace(
        never_ran, name=f"InvokeModelCutOffBy{_word(error)}", plan={"Invoke Model": repeat(AnswerLost(error))}
    )


def closed(state: str) -> Case:
    """Somebody else ended the job while a step worked on it."""
    return Case(
        f"{_word(state)}FindsJobClosed",
        [*until(state), "Job Closed"],
        {state: [World.close]},
        {state: ["JobClosedError"]},
        {state: []},
        [(state, "JobClosedError")],
        "execution_lost",
    )


def cancelled(state: str) -> Case:
    """Its owner cancels the job before a step of it runs; nothing is called, and nothing rings."""
    return Case(
        f"{_word(state)}FindsJobCancelled",
        [*until(state), "Job Closed"],
        {state: [World.cancel]},
        {state: ["JobClosedError"]},
        {state: []},
        [(state, "JobClosedError")],
        "cancelled",
    )


def untold(state: str, error: str, waits: Sequence[float]) -> Case:
    """Telling fails each time, which changes nothing: the stream tells."""
    after_refusal = state == "Notify Failure"
    blocked: dict[str, Iterable[Outcome]] = {"Invoke Model": [ContentBlockedError("as planned")]}
    return Case(
        f"{_word(state)}Fails{_word(error)}",
        [*until("Invoke Model"), *TELLING, "Refused"] if after_refusal else [*HAPPY_PATH, "Notify Later"],
        {state: _failing(error), **(blocked if after_refusal else {})},
        {state: [error] * (len(waits) + 1)},
        {state: waits},
        [(state, error)],
        "content_blocked" if after_refusal else "completed",
    )


REFUSED = [
    *(refused("Validate Request", f"{name}Error") for name in ("InvalidRequest", "PictureMissing", "PictureRejected")),
    *(refused("Reserve Slot", f"{name}Error") for name in ("QueueFull", "Expired", "BudgetExhausted")),
    refused("Reserve Slot", "SignInRequiredError"),
    refused("Invoke Model", "BudgetExhaustedError"),
    Case(
        "SpendingStoppedInTheQueue",
        [*until("Invoke Model"), *TO_CALL, *HAPPY_PATH[4:]],
        {"Invoke Model": [lambda world: world.stop_spending()]},
        {"Invoke Model": ["SpendingStoppedError", "ok"]},
        caught=[("Invoke Model", "SpendingStoppedError")],
        engines=("nova_canvas", "preview"),
    ),
    Case(
        "SpendingStoppedAndNothingIsFree",
        [*until("Invoke Model"), "Reserve Slot", *TELLING, "Refused"],
        {"Invoke Model": [lambda world: world.stop_spending()]},
        {"Invoke Model": ["SpendingStoppedError"], "Reserve Slot": ["ok", "SpendingStoppedError"]},
        caught=[("Invoke Model", "SpendingStoppedError"), ("Reserve Slot", "SpendingStoppedError")],
        told="spending_stopped",
        engines=("nova_canvas",),
    ),
    refused("Invoke Model", "ExpiredError"),
    *(refused("Invoke Model", f"{name}Error") for name in ("InvalidRequest", "PictureMissing", "ContentBlocked")),
    *(refused("Invoke Model", f"{name}Error") for name in ("PromptBlocked", "PictureBlocked")),
    refused("Invoke Model", "ResultsBlockedError", ONCE),
]
FAILED = [
    *(failed(state, "InternalError", "internal") for state in STEPS),
    *(failed(state, "KeyError", "internal") for state in STEPS),
    *(failed(state, NO_ROOM, "internal", BUSY) for state in STEPS),
    *(failed(state, "StorageUnavailableError", "storage_unavailable", AGAIN) for state in STEPS),
    *(failed(state, name, "internal", AGAIN) for state in STEPS if state != "Invoke Model" for name in SERVICES),
    *(failed("Invoke Model", name, "internal", ONCE) for name in SERVICES),  # the engine was never called
    *(cut_off(name) for name in SERVICES),
    failed("Invoke Model", "ModelTimeoutError", "model_timeout", ONCE),
    failed("Invoke Model", "ModelFailedError", "model_failed", ONCE),
    failed("Invoke Model", "ModelRefusedError", "model_refused"),
    failed("Invoke Model", "BadModelOutputError", "bad_model_output"),
    failed("Store Result", "BadModelOutputError", "bad_model_output"),
    *(
        Case(
            f"RecordFailureFails{_word(error)}",
            [*until("Store Result"), "Record Failure", "Failed"],
            {"Store Result": [BadModelOutputError("as planned")], "Record Failure": _failing(error)},
            {"Record Failure": [error] * 7},
            {"Record Failure": BUSY},
            [("Record Failure", error)],
            "execution_lost",  # by the rule on failed executions
            "BadModelOutputError",
        )
        for error in ("KeyError", "States.Timeout")
    ),
]
UNTOLD = [
    untold(state, error, waits)
    for state in ("Notify Client", "Notify Failure")
    for error, waits in (
        *((name, TOLD) for name in (*SERVICES, NO_ROOM, "NotifierUnavailableError", "StorageUnavailableError")),
        ("KeyError", ()),
    )
]
CLOSED = [
    *map(closed, STEPS[1:]),
    *map(cancelled, STEPS[1:3]),
    Case(
        "ValidateRequestFindsJobCancelled",
        ["Validate Request", "Already Claimed"],
        outcomes={"Validate Request": ["AlreadyClaimedError"]},
        caught=[("Validate Request", "AlreadyClaimedError")],
        told="cancelled",
        given=World.cancel,
    ),
    Case(
        "ValidateRequestFindsJobClosed",
        ["Validate Request", "Job Closed"],
        {"Validate Request": [AnswerLost("Lambda.ServiceException"), World.close]},
        {"Validate Request": ["Lambda.ServiceException", "JobClosedError"]},
        {"Validate Request": [1]},
        [("Validate Request", "JobClosedError")],
        "execution_lost",
    ),
    Case(
        "CancelledWhileItWaitsForItsEngine",
        [*until("Reserve Slot"), *AT_THE_DOOR, "Job Closed"],
        {"Reserve Slot": [None, World.cancel]},
        {"Reserve Slot": ["NoEngineError", "JobClosedError"]},
        {"Wait For Engine": [15]},
        [("Reserve Slot", "NoEngineError"), ("Reserve Slot", "JobClosedError")],
        "cancelled",
        given=lambda world: world.controls.paused.add("preview"),
    ),
    Case(
        "CancelledWhileItWaitsForItsTwin",
        [*until("Validate Request"), *TO_TWIN, "Job Closed"],
        {"Validate Request": [lambda world: world.validates("twin"), World.cancel]},
        {"Validate Request": ["ok", "JobClosedError"]},
        {"Wait For Twin": [3]},
        [("Validate Request", "JobClosedError")],
        "cancelled",
        given=lambda world: world.ask("twin"),
    ),
    Case(
        "RecordFailureFindsJobCompleted",
        [*until("Store Result"), *TELLING, "Job Closed"],
        {"Store Result": repeat(AnswerLost("Lambda.ServiceException"))},
        {"Store Result": ["Lambda.ServiceException"] * 5, "Record Failure": ["ok"]},
        {"Store Result": AGAIN},
        [("Store Result", "Lambda.ServiceException")],
    ),
    Case(
        "ValidateRequestFindsJobEnded",
        ["Validate Request", "Already Claimed"],
        outcomes={"Validate Request": ["AlreadyClaimedError"]},
        caught=[("Validate Request", "AlreadyClaimedError")],
        told="execution_lost",
        given=World.close,
    ),
]
REPAIRED = [
    Case("HappyPath", HAPPY_PATH, outcomes={"Invoke Model": ["ok"]}, waits={"Wait For Slot": []}),
    Case("EqualResultIsReused", REUSE_PATH, given=lambda world: world.run(world.ask("twin"))),
    *(
        Case(
            f"{_word(state)}AnswersLost",
            HAPPY_PATH,
            {state: [AnswerLost("Lambda.ServiceException"), AnswerLost("States.Timeout")]},
            {state: ["Lambda.ServiceException", "States.Timeout", "ok"]},
            {state: [1, 2]},
        )
        for state in ("Validate Request", "Reserve Slot", "Store Result", "Notify Client")
    ),
    Case(
        "InvokeModelTimesOutOnce",
        HAPPY_PATH,
        {"Invoke Model": [errors.ModelTimeoutError("as planned")]},
        {"Invoke Model": ["ModelTimeoutError", "ok"]},
        {"Invoke Model": ONCE},
    ),
    Case(
        "ResultsBlockedOnce",
        HAPPY_PATH,
        outcomes={"Invoke Model": ["ResultsBlockedError", "ok"]},
        waits={"Invoke Model": ONCE},
        given=lambda world: world.model.outcomes.append(errors.ResultsBlockedError("as planned")),
    ),
    Case(
        "InvokeModelBackAfterTwoTries",
        HAPPY_PATH,
        {"Invoke Model": [ModelUnavailableError("as planned")] * 2},
        {"Invoke Model": ["ModelUnavailableError"] * 2 + ["ok"]},
        {"Invoke Model": UNREACHABLE},
    ),
    Case(
        "TwinSharesResult",
        [*until("Validate Request"), *TO_TWIN * 2, *REUSE_PATH[1:]],
        {
            "Validate Request": [
                lambda world: world.validates("twin"),
                None,
                lambda world: world.run(world.job("twin")),
            ]
        },
        waits={"Wait For Twin": [3, 3]},
        given=lambda world: world.ask("twin"),
    ),
    Case(
        "TwinNeverReady",
        [*until("Validate Request"), *TO_TWIN * 200, *HAPPY_PATH[1:]],
        {"Validate Request": [lambda world: world.validates("twin")]},
        waits={"Wait For Twin": [3] * 200},
        given=lambda world: world.ask("twin"),
    ),
]
# what an engine fails with, the pauses between its calls, and for how many seconds nobody asks it then
ENGINE_IS_OUT: list[tuple[type[errors.VtoError], list[float], int]] = [
    (ModelRetiredError, [], GONE_SECONDS),
    (errors.ModelAccessDeniedError, [], GONE_SECONDS),
    (errors.ModelQuotaExceededError, [], GONE_SECONDS),
    (ModelUnavailableError, UNREACHABLE, FIRST_PAUSE_SECONDS),
]


def _out(problem: type[errors.VtoError], calls: int) -> Callable[[World], object]:
    """The first engine fails so many calls."""
    return lambda world: world.model.outcomes.extend(problem("as planned") for _ in range(calls))


ENGINES = [
    Case(
        "ThrottledOnce",
        [*until("Invoke Model"), *TO_WAIT, *HAPPY_PATH[4:]],
        {"Invoke Model": [ModelThrottledError("as planned")]},
        {"Invoke Model": ["ModelThrottledError", "ok"]},
        {"Wait For Slot": [1], "Invoke Model": []},
        [("Invoke Model", "ModelThrottledError")],
    ),
    Case(
        "ThrottledAlways",
        [*until("Invoke Model"), *TO_WAIT * 3, "Reserve Slot", *TELLING, "Failed"],
        {"Invoke Model": repeat(ModelThrottledError("as planned"))},
        {"Invoke Model": ["ModelThrottledError"] * 4, "Reserve Slot": ["ok"] * 4 + ["ModelThrottledError"]},
        {"Wait For Slot": [1, 2, 4], "Invoke Model": []},
        [("Invoke Model", "ModelThrottledError"), ("Reserve Slot", "ModelThrottledError")],
        "model_throttled",
        "ModelThrottledError",
    ),
    Case(
        "ThrottledOutOfOneEngine",
        [*until("Invoke Model"), *TO_WAIT * 3, *TO_CALL, *HAPPY_PATH[4:]],
        {"Invoke Model": [ModelThrottledError("as planned")] * 4},
        {"Invoke Model": ["ModelThrottledError"] * 4 + ["ok"]},
        {"Wait For Slot": [1, 2, 4], "Invoke Model": []},
        [("Invoke Model", "ModelThrottledError")],
        engines=("nova_canvas", "preview"),
    ),
    *(
        Case(
            f"NextEngineAfter{_word(problem.__name__)}",
            [*until("Invoke Model"), *TO_CALL, *HAPPY_PATH[4:]],
            outcomes={"Invoke Model": [problem.__name__] * (1 + len(waits)) + ["ok"]},
            waits={"Invoke Model": waits},
            caught=[("Invoke Model", problem.__name__)],
            engines=("nova_canvas", "preview"),
            given=_out(problem, 1 + len(waits)),
        )
        for problem, waits, _ in ENGINE_IS_OUT
    ),
    *(
        Case(
            f"WaitsForItsEngineAfter{_word(problem.__name__)}",
            [*until("Invoke Model"), "Reserve Slot", *AT_THE_DOOR * (pause // 15), *HAPPY_PATH[2:]],
            outcomes={
                "Invoke Model": [problem.__name__] * (1 + len(waits)) + ["ok"],
                "Reserve Slot": ["ok", *["NoEngineError"] * (pause // 15), "ok"],
            },
            waits={"Invoke Model": waits, "Wait For Engine": [15] * (pause // 15)},
            caught=[("Invoke Model", problem.__name__), ("Reserve Slot", "NoEngineError")],
            given=_out(problem, 1 + len(waits)),
        )
        for problem, waits, pause in ENGINE_IS_OUT
    ),
    Case(
        "ItsEngineNeverReturns",
        [
            *until("Invoke Model"),
            *["Reserve Slot", *AT_THE_DOOR * 40, "Call Now?", "Invoke Model"],
            *["Reserve Slot", *AT_THE_DOOR * 21, *TELLING, "Refused"],
        ],
        outcomes={
            "Invoke Model": ["ModelRetiredError"] * 2,
            "Reserve Slot": ["ok", *["NoEngineError"] * 40, "ok", *["NoEngineError"] * 21, "ExpiredError"],
        },
        waits={"Wait For Engine": [15] * 61},
        caught=[
            ("Invoke Model", "ModelRetiredError"),
            ("Reserve Slot", "NoEngineError"),
            ("Reserve Slot", "ExpiredError"),
        ],
        told="expired",
        given=_out(ModelRetiredError, 9),
    ),
    Case(
        "EnginePausedWhileQueued",
        [*until("Invoke Model"), "Reserve Slot", *AT_THE_DOOR * 2, *HAPPY_PATH[2:]],
        {
            "Invoke Model": [lambda world: world.controls.paused.add("preview")],
            "Reserve Slot": [None, None, None, lambda world: world.controls.paused.clear()],
        },
        {"Invoke Model": ["NoEngineError", "ok"], "Reserve Slot": ["ok", "NoEngineError", "NoEngineError", "ok"]},
        {"Wait For Engine": [15, 15]},
        [("Invoke Model", "NoEngineError"), ("Reserve Slot", "NoEngineError")],
    ),
    Case(
        "EnginePausedForAWhile",
        [*until("Reserve Slot"), *AT_THE_DOOR * 2, *HAPPY_PATH[2:]],
        {"Reserve Slot": [None, None, lambda world: world.controls.paused.clear()]},
        {"Reserve Slot": ["NoEngineError"] * 2 + ["ok"]},
        {"Wait For Engine": [15, 15]},
        [("Reserve Slot", "NoEngineError")],
        given=lambda world: world.controls.paused.add("preview"),
    ),
    Case(
        "EnginePausedForTooLong",
        [*until("Reserve Slot"), *AT_THE_DOOR * 61, *TELLING, "Refused"],
        outcomes={"Reserve Slot": ["NoEngineError"] * 61 + ["ExpiredError"]},
        waits={"Wait For Engine": [15] * 61},
        caught=[("Reserve Slot", "NoEngineError"), ("Reserve Slot", "ExpiredError")],
        told="expired",
        given=lambda world: world.controls.paused.add("preview"),
    ),
]
LANES = [
    Case("BatchJobTakesItsTurnAtOnce", HAPPY_PATH, waits={"Wait For Slot": []}, ask=World.ask_for_the_shop),
    Case(
        "BatchJobWaitsForItsTurn",
        IN_THE_QUEUE,
        outcomes={"Invoke Model": ["ok"]},
        waits={"Wait For Slot": [8]},
        given=lambda world: world.controls.turns.update(preview=world.clock.now() + timedelta(seconds=7)),
        ask=World.ask_for_the_shop,
    ),
    Case(
        "BatchJobFindsShoppersAtItsTurn",
        [*until("Reserve Slot"), *TO_WAIT[1:], *TO_WAIT * 3, *HAPPY_PATH[4:]],
        {"Invoke Model": [lambda world: world.shoppers_stand_there(5)]},
        {"Invoke Model": [*["NotYourTurnError"] * 3, "ok"]},
        {"Wait For Slot": [1, 1, 2, 4], "Invoke Model": []},
        [("Invoke Model", "NotYourTurnError")],
        given=lambda world: world.shoppers_stand_there(5),
        ask=World.ask_for_the_shop,
    ),
    Case(
        "BatchJobHasItsShareBesideShoppers",
        IN_THE_QUEUE,
        waits={"Wait For Slot": [301]},
        given=lambda world: world.controls.slots.update(preview=world.clock.now() + timedelta(seconds=300)),
        ask=World.ask_for_the_shop,
    ),
]
CASES = [*REPAIRED, *REFUSED, *FAILED, *UNTOLD, *CLOSED, *ENGINES, *LANES]
