"""The state machine keeps the rules of ``asl.lint``, and each rule is shown machines that it catches."""

import pytest

from asl import lint
from scripts import lint_machine
from tests.template.lint import broken_clocks, broken_graph, broken_paths, broken_payload, broken_shape, broken_tasks
from tests.template.lint.machines import PROJECT, TEXT, Case, lines

KINDS = (broken_shape, broken_graph, broken_tasks, broken_clocks, broken_paths, broken_payload)
BROKEN = [case for one in KINDS for case in one.BROKEN]


def test_the_state_machine_keeps_every_rule() -> None:
    assert lines(lint.read(TEXT)) == []


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: case.line[:60])
def test_what_is_wrong_is_named_with_its_state_the_rule_and_the_remedy(case: Case) -> None:
    assert case.line in lines(case.machine, case.project)


def test_every_rule_has_a_broken_machine() -> None:
    assert {case.rule for case in BROKEN} == set(lint.RULES)


def test_every_rule_says_in_one_sentence_what_it_wants() -> None:
    assert [name for name, one in lint.RULES.items() if not one.says.endswith(".") or ". " in one.says] == []


def test_every_declared_bound_and_loop_says_why() -> None:
    bounds = [bound for fields in lint_machine.declared_bounds().values() for bound in fields.values()]
    assert all(bound.why and bound.size > 0 for bound in bounds)
    assert all(loop.why for loop in PROJECT.loops)


def test_every_error_that_ends_a_declared_loop_is_one_of_ours() -> None:
    assert {error for loop in PROJECT.loops for error in loop.errors} <= set(PROJECT.errors)
