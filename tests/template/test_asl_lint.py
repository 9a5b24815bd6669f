"""The state machine keeps the rules of ``asl.lint``; each rule and outside validator is shown a machine it catches."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asl import lint
from asl.lint import Function, Loop, Project
from asl.machine import Machine
from asl.validators import UnavailableError, validators
from scripts import facts, lint_machine

TEXT = lint_machine.MACHINE.read_text()
MACHINE = Machine(json.loads(TEXT))
PROJECT = lint_machine.project(MACHINE, facts.template())

type Change = Callable[[dict[str, Any]], None]

# --- ways to break it -------------------------------------------------------------------------------------------------


def put(path: str, value: Any) -> Change:
    """Write a value into the definition; states are found without naming ``States``."""

    def change(definition: dict[str, Any]) -> None:
        place, last = _place(definition, path)
        place[last] = value

    return change


def drop(path: str) -> Change:
    """Take something out of the definition."""

    def change(definition: dict[str, Any]) -> None:
        place, last = _place(definition, path)
        del place[last]

    return change


def _place(definition: dict[str, Any], path: str) -> tuple[Any, Any]:
    first, *rest = path.split("/")
    keys: list[Any] = [int(key) if key.isdigit() else key for key in rest]
    place = definition["States"] if keys or first not in definition else definition
    for key in [first, *keys][:-1]:
        place = place[key]
    return place, [first, *keys][-1]


def changed(*changes: Change) -> Machine:
    """The real machine, changed."""
    definition = deepcopy(dict(MACHINE.definition))
    for change in changes:
        change(definition)
    return Machine(definition)


def lines(machine: Machine, project: Project = PROJECT) -> list[str]:
    return [str(one) for one in lint.findings(machine, project)]


SUBMIT = {"Comment": "x", "Type": "Wait", "Seconds": 1, "Next": "Submit"}
STORE = "StoreResultArn"
MORE_ERRORS = [
    put("Notify Client/Catch/0/ResultPath", "$.notify_failure"),
    put("Record Failure/Catch/0/ResultPath", "$.record_failure"),
]

BROKEN: list[tuple[str, list[Change], str]] = [
    (
        "shape",
        [put("Store Result/Type", "Taks")],
        'Store Result: shape: Type is "Taks"; '
        'choose one of Task, Choice, Wait, Pass, Succeed, Fail (did you mean "Task"?)',
    ),
    (
        "shape",
        [put("Store Result/Retry", {"ErrorEquals": ["States.ALL"]})],
        "Store Result: shape: Retry is no list of rules; write a list of objects, their ErrorEquals lists of names",
    ),
    ("shape", [drop("StartAt")], "(top level): shape: StartAt is not the name of a state; name the first state"),
    ("shape", [put("States", {})], "(top level): shape: there are no States; write at least one"),
    (
        "unique-names",
        [put("store  Result", MACHINE.states["Store Result"])],
        'store Result: unique-names: is all but the same name as "Store Result"; rename one',
    ),
    (
        "short-names",
        [put("Wait " * 8 + "A Bit", SUBMIT)],
        "Wait Wait Wait Wait Wait Wait Wait Wait A Bit: short-names: the name has 45 characters; shorten it to 40",
    ),
    (
        "comment",
        [drop("Wait For Slot/Comment")],
        "Wait For Slot: comment: has no Comment; say what it is for and what it means when it fails",
    ),
    (
        "comment",
        [put("Comment", " ")],
        "(top level): comment: has no Comment; say what it is for and what it means when it fails",
    ),
    (
        "known-fields",
        [put("Wait For Slot/SecondPath", "$.slot.wait_seconds")],
        'Wait For Slot: known-fields: a Wait has no SecondPath; remove it (did you mean "SecondsPath"?)',
    ),
    (
        "query-language",
        [put("Store Result/Arguments", {})],
        "Store Result: query-language: Arguments belongs to JSONata, and this state speaks JSONPath; "
        "write Parameters instead",
    ),
    (
        "query-language",
        [put("Already Generated?/Choices/0/Condition", "{% true %}")],
        "Already Generated?: query-language: Condition belongs to JSONata, and this state speaks JSONPath; "
        "write Variable with a comparison instead",
    ),
    (
        "query-language",
        [put("Store Result/Parameters/Payload/version", "{% $states.input.version %}")],
        "Store Result: query-language: {% $states.input.version %} is JSONata, and this state speaks JSONPath; "
        'write a path under a key with ".$"',
    ),
    (
        "query-language",
        [put("Wait For Slot/QueryLanguage", "JSONata")],
        "Wait For Slot: query-language: SecondsPath belongs to JSONPath, and this state speaks JSONata; "
        "write Seconds with an expression instead",
    ),
    (
        "query-language",
        [put("Notify Client/QueryLanguage", "JSONata"), put("Notify Client/Assign", {"told.$": "$.told"})],
        'Notify Client: query-language: "told.$" is JSONPath, and this state speaks JSONata; write {% … %} without .$',
    ),
    (
        "substitutions",
        [put("Store Result/Parameters/FunctionName", "${StoreResultsArn}")],
        "Store Result: substitutions: the template puts nothing in the place of ${StoreResultsArn}; "
        'add it there (did you mean "StoreResultArn"?)',
    ),
    (
        "substitutions",
        [put("Store Result/Parameters/FunctionName", "store")],
        "(top level): substitutions: the template substitutes StoreResultArn, which stands nowhere; "
        "remove it from DefinitionSubstitutions",
    ),
    (
        "known-start",
        [put("StartAt", "Claim Jop")],
        '(top level): known-start: StartAt names "Claim Jop", which is no state; '
        'name one that exists (did you mean "Claim Job"?)',
    ),
    (
        "dangling-target",
        [put("Store Result/Next", "Notfy Client")],
        'Store Result: dangling-target: Next names "Notfy Client", which is no state; '
        'name one that exists (did you mean "Notify Client"?)',
    ),
    (
        "dangling-target",
        [put("Reserve Slot/Catch/2/Next", "Nowhere")],
        'Reserve Slot: dangling-target: Catch[2].Next names "Nowhere", which is no state; name one that exists',
    ),
    (
        "reachable",
        [put("Reserve Slot/Next", "Invoke Model")],
        "Wait For Slot: reachable: no way from the start leads here; lead one here, or remove it",
    ),
    (
        "every-path-ends",
        [put("Submit", SUBMIT), put("Wait For Slot/Next", "Submit")],
        "Submit: every-path-ends: no way from here leads to an end; add a Next that leads to one, or End",
    ),
    (
        "every-path-ends",
        [drop("Store Result/Next"), put("Store Result/Catch", [])],
        "Store Result: every-path-ends: no way from here leads to an end; add a Next that leads to one, or End",
    ),
    (
        "choice-default",
        [drop("Refused Or Failed?/Default")],
        "Refused Or Failed?: choice-default: has no Default; name the state for everything that the rules leave over",
    ),
    (
        "bounded-loops",
        [drop("Already Generated?/Choices/1/And/1")],
        "Validate Request: bounded-loops: nothing bounds the loop of Validate Request, "
        "Already Generated?, Wait For Twin; let a Choice count its rounds or declare its end",
    ),
    (
        "bounded-loops",  # a number that is compared, and the loop goes on whatever it is
        [put("Already Generated?/Default", "Wait For Twin")],
        "Validate Request: bounded-loops: nothing bounds the loop of Validate Request, "
        "Already Generated?, Wait For Twin; let a Choice count its rounds or declare its end",
    ),
    (
        "bounded-loops",
        [put("Reserve Slot/Catch/1/ErrorEquals", ["NoEngineError", "ExpiredError"])],
        "Reserve Slot: bounded-loops: ExpiredError ends a loop, and is not caught out of it; catch it outside",
    ),
    (
        "task-timeout",
        [drop("Store Result/TimeoutSeconds")],
        "Store Result: task-timeout: has no timeout; add TimeoutSeconds above the function's own timeout",
    ),
    (
        "task-timeout",
        [put("Invoke Model/TimeoutSecondsPath", "$.slot.seconds")],
        "Invoke Model: task-timeout: nobody declares what stands in $.slot.seconds; "
        "declare its seconds in the project's facts",
    ),
    (
        "task-timeout",
        [put("Store Result/HeartbeatSeconds", 40)],
        "Store Result: task-timeout: its heartbeat has no less time than the Task; "
        "make HeartbeatSeconds the smaller one",
    ),
    (
        "task-retry",
        [put("Store Result/Retry", [{"ErrorEquals": ["States.Timeout"], "MaxAttempts": 0}])],
        "Store Result: task-retry: is never tried again; add Retry for the errors that pass",
    ),
    (
        "task-catch",
        [drop("Store Result/Catch")],
        "Store Result: task-catch: does not catch States.ALL; "
        "end its Catch with States.ALL and the state that records failures",
    ),
    (
        "retry-spread",
        [drop("Store Result/Retry/0/MaxDelaySeconds")],
        "Store Result: retry-spread: Retry[0] has no MaxDelaySeconds; add the longest wait that still makes sense",
    ),
    (
        "retry-spread",
        [put("Store Result/Retry/1/JitterStrategy", "NONE")],
        'Store Result: retry-spread: Retry[1] has no full jitter; add "JitterStrategy": "FULL"',
    ),
    (
        "known-errors",
        [put("Invoke Model/Retry/2/ErrorEquals", ["ModelUnavailabelError"])],
        "Invoke Model: known-errors: Retry[2] names ModelUnavailabelError, which nothing raises; "
        'name a known error (did you mean "ModelUnavailableError"?)',
    ),
    (
        "known-errors",
        [put("Store Result/Catch/0/ErrorEquals", ["States.DataLimitExceeded"])],
        "Store Result: known-errors: Catch[0] names States.DataLimitExceeded, which ends the execution, "
        "whatever is caught or retried; remove it",
    ),
    (
        "known-errors",
        [put("Store Result/Catch/0/ErrorEquals", ["States.ParameterPathFailure"])],
        "Store Result: known-errors: Catch[0] names States.ParameterPathFailure, which is reserved: "
        "AWS reports States.Runtime instead; remove it",
    ),
    (
        "errors-in-order",
        [put("Store Result/Catch/0/ErrorEquals", ["JobClosedError", "States.ALL"])],
        "Store Result: errors-in-order: Catch[0] names States.ALL beside others; "
        "give States.ALL a rule of its own, the last one",
    ),
    (
        "errors-in-order",
        [put("Store Result/Catch", MACHINE.states["Store Result"]["Catch"][::-1])],
        "Store Result: errors-in-order: Catch[1] comes after States.ALL and is never used; move it before Catch[0]",
    ),
    (
        "errors-in-order",
        [put("Store Result/Retry/1/ErrorEquals", ["Lambda.TooManyRequestsException"])],
        "Store Result: errors-in-order: Retry[1] names Lambda.TooManyRequestsException, which Retry[0] has taken; "
        "remove it, or change the order",
    ),
    (
        "errors-in-order",
        [put("Store Result/Retry/0/ErrorEquals", ["States.TaskFailed"])],
        "Store Result: errors-in-order: Retry[1] names StorageUnavailableError, which Retry[0] has taken; "
        "remove it, or change the order",
    ),
    (
        "inner-clock-first",
        [put("Store Result/TimeoutSeconds", 30)],
        "Store Result: inner-clock-first: the Task has 30 s and its function may run 30 s; give the Task more time",
    ),
    (
        "machine-timeout",
        [drop("TimeoutSeconds")],
        "(top level): machine-timeout: has no TimeoutSeconds; "
        "add one above its longest way: by default an execution may last a year",
    ),
    (
        "machine-timeout",
        [put("TimeoutSeconds", 600)],
        "Invoke Model: machine-timeout: may take 2658 s, and the machine ends after 600 s; "
        "raise the machine's TimeoutSeconds",
    ),
    (
        "machine-timeout",
        [put("TimeoutSeconds", 3600)],
        "(top level): machine-timeout: the longest way takes 5226 s (Claim Job 85, Validate Request 190, "
        "Already Generated? 600, Reserve Slot 1109, Invoke Model 2658, Store Result 290, Record Failure 185, "
        "Notify Failure 109), TimeoutSeconds is 3600; raise TimeoutSeconds",
    ),
    (
        "machine-timeout",
        [put("Wait For Slot/SecondsPath", "$.slot.seconds")],
        "Wait For Slot: machine-timeout: nobody declares how long it waits; "
        "write Seconds, or declare what its SecondsPath may find",
    ),
    (
        "selected-results",
        [drop("Store Result/ResultSelector")],
        "Store Result: selected-results: keeps its whole result; "
        "select the fields that are needed, or set ResultPath to null",
    ),
    (
        "selected-results",
        [put("Store Result/ResultSelector/images.$", "$.Payload")],
        "Store Result: selected-results: selects $.Payload, which is no field of the answer; "
        "select named fields: $.Payload.name",
    ),
    (
        "selected-results",
        [put("Store Result/ResultSelector/picture.$", "$.Payload.picture")],
        "Store Result: selected-results: nobody declares how large picture may get; "
        "declare its bound in the project's facts",
    ),
    (
        "selected-results",
        [drop("Store Result/ResultSelector/reused.$")],
        "Store Result: selected-results: a bound is declared for reused, which it does not select; remove the bound",
    ),
    (
        "document-size",
        MORE_ERRORS,
        "(top level): document-size: the document may take 344059 of 262144 bytes ($.notify_failure 99116, "
        "$.record_failure 99116, $.failure 99109, $.validation 20056); "
        "select fewer fields, and keep no error that nobody reads (ResultPath null)",
    ),
]

MISDECLARED: list[tuple[str, Mapping[str, Any], str]] = [
    (
        "bounded-loops",
        {"loops": PROJECT.loops[:1]},
        "Reserve Slot: bounded-loops: nothing bounds the loop of Reserve Slot, Wait For Engine, Wait For Slot, "
        "Invoke Model; let a Choice count its rounds or declare its end",
    ),
    (
        "bounded-loops",
        {"loops": (*PROJECT.loops, Loop("Claim Job", 0, "it is in none"))},
        "Claim Job: bounded-loops: is declared to end a loop, and is in none; remove it from the declared loops",
    ),
    (
        "machine-timeout",
        {"loops": PROJECT.loops[1:]},
        "Validate Request: machine-timeout: nobody declares how long the loop of Validate Request, Already Generated?, "
        "Wait For Twin may wait; declare its seconds",
    ),
    (
        "inner-clock-first",  # as it was with S3's read timeout of 15 s
        {"functions": {"ValidateRequestArn": Function(15, {"s3": 15})}},
        "Validate Request: inner-clock-first: the read timeout of s3 is 15 s, and 15 s is all there is; shorten it",
    ),
    (
        "inner-clock-first",  # the function has more time than this engine's Task
        {"functions": {"InvokeModelArn": Function(310, {"preview": 25})}},
        "Invoke Model: inner-clock-first: the read timeout of preview is 25 s, and 25 s is all there is; shorten it",
    ),
    (
        "inner-clock-first",
        {"functions": {"InvokeModelArn": Function(320)}},
        "Invoke Model: inner-clock-first: the Task has 320 s and its function may run 320 s; give the Task more time",
    ),
    (
        "selected-results",
        {"bounds": {**PROJECT.bounds, "Store Results": {}}},
        '(top level): selected-results: bounds are declared for "Store Results", which is no Task; remove them',
    ),
]

REPEATED: list[tuple[str, str, str, str]] = [
    (
        "unique-keys",
        '"TimeoutSeconds": 40,',
        '"TimeoutSeconds": 40, "TimeoutSeconds": 60,',
        'Store Result: unique-keys: "TimeoutSeconds" stands twice in one object, '
        "and only the last one counts; remove one",
    ),
    (
        "unique-keys",
        '"Notify Failure": {',
        '"Notify Client": {',
        "Notify Client: unique-keys: two states have this name, and only the last one counts; rename or remove one",
    ),
    (
        "unique-keys",
        '"StartAt":',
        '"StartAt": "Store Result", "StartAt":',
        '(top level): unique-keys: "StartAt" stands here twice, and only the last one counts; remove one',
    ),
]


# --- the rules --------------------------------------------------------------------------------------------------------


def test_the_state_machine_keeps_every_rule() -> None:
    assert lines(lint.read(lint_machine.MACHINE)) == []


@pytest.mark.parametrize(("rule", "changes", "line"), BROKEN, ids=[line[:60] for _, _, line in BROKEN])
def test_a_broken_machine_is_named_with_its_state_the_rule_and_the_remedy(
    rule: str, changes: list[Change], line: str
) -> None:
    assert f": {rule}: " in line
    assert line in lines(changed(*changes))


@pytest.mark.parametrize(("rule", "facts_", "line"), MISDECLARED, ids=[line[:60] for _, _, line in MISDECLARED])
def test_what_the_project_declares_wrongly_is_named(rule: str, facts_: Mapping[str, Any], line: str) -> None:
    assert f": {rule}: " in line
    assert line in lines(MACHINE, replace(PROJECT, **facts_))


@pytest.mark.parametrize(("rule", "once", "twice", "line"), REPEATED, ids=[line[:60] for *_, line in REPEATED])
def test_what_stands_twice_in_the_file_is_named_although_json_loads_hides_it(
    rule: str, once: str, twice: str, line: str, tmp_path: Path
) -> None:
    path = tmp_path / "machine.asl.json"
    path.write_text(TEXT.replace(once, twice, 1))

    assert f": {rule}: " in line
    assert line in lines(lint.read(path))


def test_every_rule_has_a_broken_machine() -> None:
    assert {one[0] for one in (*BROKEN, *MISDECLARED, *REPEATED)} == set(lint.RULES)


def test_every_rule_says_in_one_sentence_what_it_wants() -> None:
    assert [name for name, one in lint.RULES.items() if not one.says.endswith(".") or ". " in one.says] == []


def test_a_choice_that_leaves_the_loop_by_a_number_bounds_it() -> None:
    give_up = {"Variable": "$.rounds", "NumericGreaterThan": 3, "Next": "End"}
    loop = Machine(
        {
            "StartAt": "Again?",
            "States": {
                "Again?": {"Type": "Choice", "Choices": [give_up], "Default": "Wait"},
                "Wait": {"Type": "Wait", "Seconds": 1, "Next": "Again?"},
                "End": {"Type": "Succeed"},
            },
        }
    )
    assert list(lint.RULES["bounded-loops"].check(loop, Project())) == []
    loop.definition["States"]["Again?"]["Choices"][0]["Next"] = "Wait"
    assert list(lint.RULES["bounded-loops"].check(loop, Project())) != []


# --- against a simple reference ---------------------------------------------------------------------------------------

NAMES = "ABCDEF"


@st.composite
def graphs(draw: st.DrawFn) -> dict[str, list[str]]:
    """States with the states that they lead to; one that leads nowhere is an end."""
    names = NAMES[: draw(st.integers(1, len(NAMES)))]
    return {name: draw(st.lists(st.sampled_from(names), unique=True, max_size=3)) for name in names}


def machine_of(graph: Mapping[str, list[str]]) -> Machine:
    """A machine with these ways: Choices without numbers, since what they compare does not matter to the rules."""

    def state(targets: list[str]) -> dict[str, Any]:
        if not targets:
            return {"Type": "Succeed"}
        choices = [{"Variable": "$.x", "StringEquals": target, "Next": target} for target in targets[1:]]
        return {"Type": "Choice", "Choices": choices, "Default": targets[0]}

    return Machine({"StartAt": "A", "States": {name: state(targets) for name, targets in graph.items()}})


def leads_to(graph: Mapping[str, list[str]]) -> set[tuple[str, str]]:
    """Which state leads to which by one step or more (Warshall's closure)."""
    closure = {(source, target) for source, targets in graph.items() for target in targets}
    for between, source, target in product(graph, graph, graph):
        if (source, between) in closure and (between, target) in closure:
            closure.add((source, target))
    return closure


def named(rule: str, machine: Machine) -> set[str]:
    return {state for state, _, _ in lint.RULES[rule].check(machine, Project())}


@settings(max_examples=200, deadline=None)
@given(graphs())
def test_the_rules_about_ways_agree_with_the_closure_of_the_graph(graph: dict[str, list[str]]) -> None:
    closure, machine = leads_to(graph), machine_of(graph)
    ends = {name for name, targets in graph.items() if not targets}

    assert named("reachable", machine) == {name for name in graph if name != "A" and ("A", name) not in closure}
    assert named("every-path-ends", machine) == {
        name for name in graph if name not in ends and not any((name, end) in closure for end in ends)
    }
    assert bool(named("bounded-loops", machine)) == any((name, name) in closure for name in graph)


@settings(max_examples=100, deadline=None)
@given(graphs(), st.lists(st.integers(1, 100), min_size=len(NAMES), max_size=len(NAMES)))
def test_the_longest_way_is_that_of_all_ways(graph: dict[str, list[str]], seconds: list[int]) -> None:
    forward = {name: [target for target in targets if target > name] for name, targets in graph.items()}  # no cycles
    takes = dict(zip(NAMES, seconds, strict=True))
    definition: dict[str, Any] = {"StartAt": "A", "States": {}}
    for name, targets in forward.items():  # each state waits, then chooses
        definition["States"][name] = {"Type": "Wait", "Seconds": takes[name], "Next": f"{name}?"}
        definition["States"][f"{name}?"] = machine_of({"A": targets}).states["A"]

    def longest(name: str) -> int:
        return takes[name] + max((longest(target) for target in forward[name]), default=0)

    assert lint.longest_way(Machine(definition), Project())[0] == longest("A")


# --- the validators of others -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["statelint", "cfn-lint", "asl-validator"])
def test_an_outside_validator_finds_nothing_here_and_still_works(name: str) -> None:
    ask = validators(lint_machine.NODE_PACKAGES)[name]
    try:
        assert ask(MACHINE.definition) == []
    except UnavailableError as reason:
        pytest.skip(f"{name}: {reason}")

    (found,) = ask(changed(put("Store Result/TimeoutSeconds", "soon")).definition)[:1]
    assert found.state == "Store Result"
    assert found.rule.startswith(name)


def test_a_validator_that_cannot_run_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UnavailableError, match=r"npm|Node"):
        validators(tmp_path / "node_modules")["asl-validator"](MACHINE.definition)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UnavailableError, match=r"Node\.js is not installed"):
        validators(tmp_path / "node_modules")["asl-validator"](MACHINE.definition)


# --- the command ------------------------------------------------------------------------------------------------------

COMMAND = ("-m", "scripts.lint_machine")


def lint_file(path: Path | None = None) -> subprocess.CompletedProcess[str]:
    """What ``make lint`` runs, for another file."""
    search = os.pathsep.join(str(facts.ROOT / one) for one in ("", "layers/vto", "canvas"))
    return subprocess.run(
        [sys.executable, *COMMAND, *([str(path)] if path else [])],
        cwd=facts.ROOT,
        env={**os.environ, "PYTHONPATH": search},
        capture_output=True,
        text=True,
        check=False,
    )


def test_make_lint_runs_the_command() -> None:
    recipe = (facts.ROOT / "Makefile").read_text().partition("\nlint:")[2].partition("\n\n")[0]
    assert f"$(PY) {' '.join(COMMAND)}" in recipe


def test_the_command_says_what_it_has_checked() -> None:
    run = lint_file()

    assert (run.returncode, run.stderr) == (0, "")
    summary = run.stdout.splitlines()[-1]
    assert summary.startswith(
        f"statemachines/try_on.asl.json: {len(MACHINE.states)} states keep {len(lint.RULES)} rules"
    )


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (
            put("Store Result/Next", "Notfy Client"),
            'Store Result: dangling-target: Next names "Notfy Client", which is no state; '
            'name one that exists (did you mean "Notify Client"?)',
        ),
        (
            drop("Store Result/Catch"),
            "Store Result: task-catch: does not catch States.ALL; "
            "end its Catch with States.ALL and the state that records failures",
        ),
        (
            put("Invoke Model/Retry/2/ErrorEquals", ["ModelTiredError"]),
            "Invoke Model: known-errors: Retry[2] names ModelTiredError, which nothing raises; "
            'name a known error (did you mean "ModelRetiredError"?)',
        ),
        (
            put("Store Result/Output", "{% $states.result %}"),
            "Store Result: query-language: Output belongs to JSONata, and this state speaks JSONPath; "
            "write ResultSelector and ResultPath instead",
        ),
    ],
    ids=["dangling target", "missing catch", "wrong error name", "field of the other query language"],
)
def test_a_bad_file_fails_the_command_with_exactly_one_line(change: Change, line: str, tmp_path: Path) -> None:
    bad = tmp_path / "bad.asl.json"
    bad.write_text(json.dumps(changed(change).definition, indent=2))

    run = lint_file(bad)

    assert (run.returncode, run.stderr) == (1, f"{bad}: {line}\n")


def test_what_only_an_outside_validator_finds_fails_the_command_too(tmp_path: Path) -> None:
    bad = tmp_path / "bad.asl.json"
    bad.write_text(json.dumps(changed(put("Already Generated?/Choices/0/StringEqual", "x")).definition))

    run = lint_file(bad)

    assert run.returncode == 1
    assert f"{bad}: Already Generated?: statelint: " in run.stderr


def test_a_file_that_is_no_json_is_one_finding(tmp_path: Path) -> None:
    bad = tmp_path / "bad.asl.json"
    bad.write_text('{"StartAt": "Claim Job",}')

    found, _ = lint_machine.check(bad, lint_machine.TEMPLATE)

    assert [one.rule for one in found] == ["json"]


# --- what is declared -------------------------------------------------------------------------------------------------


def test_every_declared_bound_and_loop_says_why() -> None:
    bounds = [bound for fields in lint_machine.declared_bounds().values() for bound in fields.values()]
    assert all(bound.why and bound.size > 0 for bound in bounds)
    assert all(loop.why for loop in PROJECT.loops)


def test_every_error_that_ends_a_declared_loop_is_one_of_ours() -> None:
    assert {error for loop in PROJECT.loops for error in loop.errors} <= set(PROJECT.errors)
