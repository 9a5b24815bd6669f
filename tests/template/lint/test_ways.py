"""What the rules say of ways and loops agrees with a simple reference, on graphs that Hypothesis draws."""

from collections.abc import Mapping
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from asl import lint
from asl.lint import Project
from asl.machine import Machine

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
    """Which state leads to which by one step or more: steps are appended until nothing new comes."""
    steps = {(source, target) for source, targets in graph.items() for target in targets}
    ways = steps
    while more := {(source, target) for source, between in ways for start, target in steps if start == between} - ways:
        ways = ways | more
    return ways


def named(rule: str, machine: Machine) -> set[str]:
    """The states that a rule speaks of."""
    return {one.where for one in lint.RULES[rule].findings(machine, Project())}


@settings(max_examples=200, deadline=None)
@given(graphs())
def test_the_rules_about_ways_agree_with_the_reference(graph: dict[str, list[str]]) -> None:
    ways, machine = leads_to(graph), machine_of(graph)
    ends = {name for name, targets in graph.items() if not targets}

    assert named("reachable", machine) == {name for name in graph if name != "A" and ("A", name) not in ways}
    assert named("every-path-ends", machine) == {
        name for name in graph if name not in ends and not any((name, end) in ways for end in ends)
    }
    assert bool(named("bounded-loops", machine)) == any((name, name) in ways for name in graph)


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
    assert named("bounded-loops", loop) == set()
    loop.definition["States"]["Again?"]["Choices"][0]["Next"] = "Wait"
    assert named("bounded-loops", loop) == {"Again?"}


def test_whatever_lies_below_a_result_that_is_kept_whole_may_be_read() -> None:
    call = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "ResultPath": "$.answer", "Next": "Wait"}
    wait = {"Type": "Wait", "SecondsPath": "$.answer.seconds", "Next": "End"}
    machine = Machine({"StartAt": "Call", "States": {"Call": call, "Wait": wait, "End": {"Type": "Succeed"}}})
    assert named("written-paths", machine) == set()
    wait["SecondsPath"] = "$.answers.seconds"
    assert named("written-paths", machine) == {"Wait"}


def test_the_execution_itself_and_variables_are_no_part_of_the_document() -> None:
    given = {"id.$": "$$.Execution.Id", "sum.$": "States.MathAdd($count.all, 1)", "all.$": "$"}
    machine = Machine({"StartAt": "Pass", "States": {"Pass": {"Type": "Pass", "Parameters": given, "End": True}}})
    assert named("written-paths", machine) == set()
