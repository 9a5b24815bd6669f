"""The checker notices what it is there for: each planted bug is found, by the words that name it."""

import pytest

from tests.simulation.exams import Exam
from tests.simulation.mutants import MUTANTS, Mutant


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_the_checker_notices_that(mutant: Mutant) -> None:
    with pytest.MonkeyPatch.context() as patch:
        mutant.plant(patch)
        found = mutant.exam()

    assert [problem for problem in found if mutant.says in problem]


@pytest.mark.parametrize("exam", dict.fromkeys(mutant.exam for mutant in MUTANTS), ids=lambda exam: exam.__doc__)
def test_without_a_planted_bug_there_is_nothing_to_notice_in(exam: Exam) -> None:
    assert exam() == []
