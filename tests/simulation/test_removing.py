"""What somebody deletes goes, whenever and whatever fails; and a mistake in that is noticed."""

from collections import Counter

import pytest

from tests.simulation.removing import remove, tell
from vto.testing import FakeCatalogue, FakeResults
from vto.use_cases import erasing_jobs, remove_one

LEAN = 21


def test_what_is_deleted_goes_and_nothing_else_does() -> None:
    told = [tell(seed) for seed in range(LEAN)]
    counts = sum((made for _, _, made in told), Counter())
    assert [(seed, one) for seed, found, _ in told for one in found] == []
    # it is no test of empty shops
    assert counts["photos_deleted"] > LEAN / 6
    assert counts["try_ons_deleted"] > LEAN / 3
    assert counts["completed"] > LEAN / 2
    assert counts["faults"] > LEAN


def test_a_seed_tells_the_same_story_each_time() -> None:
    assert remove(4)[0].digest() == remove(4)[0].digest()


PLANTED = {
    "an import writes over the mark": (FakeCatalogue, "mark_erased", lambda *_: True, "its row is there"),
    "one look is enough": (remove_one, "may_go", lambda photo, now: True, "photo"),
    "what was offered stays on offer": (FakeResults, "withdraw", lambda *_: False, "is on offer"),
    "pictures are thought gone": (erasing_jobs.EraseJob, "_remove", lambda *_: None, "is there"),
}


@pytest.mark.parametrize("name", PLANTED)
def test_it_is_noticed_when(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    owner, attribute, by, says = PLANTED[name]
    monkeypatch.setattr(owner, attribute, by)
    assert any(says in one for seed in range(60) for one in tell(seed)[1])
