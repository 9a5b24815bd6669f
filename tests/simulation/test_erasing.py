"""After an erasure nothing is left, whatever was under way; and what looks for leftovers does find them."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from tests.simulation.erasing import erase, problems, tell
from vto.domain.erasure import Erasure
from vto.ports import ObjectVersion
from vto.testing import FakeControls, FakePictures, FakeResults
from vto.use_cases import erase_user, erasing_jobs, import_picture
from vto.use_cases.give_finished import GiveFinished

LEAN = 60


def test_nothing_of_somebody_is_left_whenever_they_ask_to_be_erased() -> None:
    told = [tell(seed) for seed in range(LEAN)]
    counts = sum((made for _, _, made in told), Counter())

    assert [(seed, one) for seed, found, _ in told for one in found] == []
    # it is no test of empty shops
    assert counts["jobs"] > LEAN
    assert counts["running_jobs_ended"] > LEAN / 6
    assert counts["jobs_of_others"] > 3 * LEAN
    assert counts["versions_removed"] > 4 * LEAN
    assert counts["went_on_afterwards"] > LEAN / 10
    assert counts["faults"] > LEAN


def test_a_seed_tells_the_same_story_each_time() -> None:
    one, other = erase(7), erase(7)
    assert one.simulation.digest() == other.simulation.digest()
    assert one.simulation.pictures.removed == other.simulation.pictures.removed


# --- planted bugs -----------------------------------------------------------------------------------------------------

type Plant = Callable[[pytest.MonkeyPatch], None]


def _old_versions_stay(patch: pytest.MonkeyPatch) -> None:
    original = FakePictures.remove

    def remove(self: FakePictures, versions: Sequence[ObjectVersion]) -> None:
        original(self, [one for one in versions if self.lying.get(str(one.url)) == one])

    patch.setattr(FakePictures, "remove", remove)
    patch.setattr(
        FakePictures,
        "below",
        lambda self, prefix: [self._lying(url) for url in self.objects if url.startswith(str(prefix))],
    )


def _one_look_is_enough(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(erasing_jobs, "WRITER_SECONDS", 0)
    patch.setattr(erasing_jobs, "REUSE_SECONDS", 0)
    # whoever is given a result takes the usual way when its pictures are gone; the machine, which has decided, does not
    patch.setattr(GiveFinished, "__call__", lambda self, job: None)
    patch.setattr(Erasure, "may_end", lambda self, now: True)


def _offered_results_stay(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(FakeResults, "withdraw", lambda self, key, job_id: False)


def _what_sockets_were_told_stays(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(FakeControls, "forget", lambda self, **named: 0)


def _jobs_of_old_photos_are_new(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(erase_user, "_rests_on", lambda job, erasure: False)


def _everything_of_today_is_old(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Erasure, "covers", lambda self, at: True)


def _late_uploads_are_new(patch: pytest.MonkeyPatch) -> None:
    """What counts is when the photo came, not when its owner agreed to it."""
    patch.setattr(erase_user, "TIME_KEY", "something-else")
    original = import_picture.Consent.of_metadata
    patch.setattr(
        import_picture.Consent,
        "of_metadata",
        classmethod(
            lambda cls, metadata, now: import_picture.Consent.given(original(metadata, now).policy_version, now)
        ),
    )


PLANTED: dict[str, tuple[Plant, str, int]] = {
    "old versions stay": (_old_versions_stay, "I9: old version", 0),
    "one look is enough": (_one_look_is_enough, "I9: ", 6),
    "what was offered stays on offer": (_offered_results_stay, "I9: cached result", 1),
    "what sockets were told stays": (_what_sockets_were_told_stays, "I9: delivered", 0),
    "a job of an old photo is a new one": (_jobs_of_old_photos_are_new, "I9: job", 18),
    "all that is there is old": (_everything_of_today_is_old, "was asked for after the erasure, and is gone", 3),
    "a photo that comes late is a new one": (_late_uploads_are_new, "I9: catalogue", 2),
}


@pytest.mark.parametrize("name", PLANTED)
def test_it_is_noticed_when(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plant, says, shown_by = PLANTED[name]
    plant(monkeypatch)

    found: list[Any] = []
    for seed in (shown_by, *range(400)):  # the first is a shortcut, for as long as it shows it
        found = [one for one in problems(erase(seed)) if says in one]
        if found:
            break
    assert found
