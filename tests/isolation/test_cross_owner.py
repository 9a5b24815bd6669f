"""Every shopper tries what belongs to every other one, on every way into the system: nothing comes of it."""

from collections import Counter
from itertools import permutations

import pytest

from tests.hostile.shop import some
from tests.isolation.attacks import ATTACKS, Siege
from tests.isolation.mall import Mall, users
from tests.isolation.mutants import MUTANTS, Mutant
from tests.specs.plugin import taken

EACH_PAIR = some(len(ATTACKS), 5)  # attacks; which ones changes from pair to pair


def test_of_ten_thousand_attempts_on_what_belongs_to_another_none_comes_to_anything(mall: Mall) -> None:
    mall.move_in(users(50))
    siege, made = Siege(mall), Counter[str]()
    for number, (attacker, victim) in enumerate(permutations(mall.shoppers, 2)):
        for turn in range(EACH_PAIR):
            attack = ATTACKS[(number * EACH_PAIR + turn) % len(ATTACKS)]
            siege.strike(attack, attacker, victim)
            made[attack.name] += 1
    assert (siege.breaches[:20], len(siege.breaches)) == ([], 0)
    assert siege.made >= 10_000
    assert min(made[one.name] for one in ATTACKS) >= siege.made // len(ATTACKS)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda one: one.name)
def test_code_that_forgets_whose_something_is_would_be_caught(
    mall: Mall, monkeypatch: pytest.MonkeyPatch, mutant: Mutant
) -> None:
    mall.move_in(users(3))
    mutant.plant(monkeypatch)
    siege = Siege(mall)
    for attacker, victim in permutations(mall.shoppers, 2):
        for attack in ATTACKS:
            siege.strike(attack, attacker, victim)
    taken()  # what a mutant answers stands in no document
    caught = {breach.partition(":")[0] for breach in siege.breaches}
    assert mutant.caught_by <= caught


def test_every_attack_has_a_name_of_its_own() -> None:
    assert max(Counter(one.name for one in ATTACKS).values()) == 1
