"""The shop hears of every end, whatever fails; and what looks for ends that it did not hear of does find them."""

from collections.abc import Callable
from contextlib import suppress

import pytest

from tests.simulation.telling import day, erasure
from vto.domain import webhooks
from vto.domain.webhooks import End
from vto.errors import StorageUnavailableError
from vto.ports import NotTakenError
from vto.use_cases.announce_end import AnnounceEnd
from vto.use_cases.call_webhook import CallWebhook

NIGHT = 15 * 60 * 60.0


@pytest.mark.parametrize(("rate", "down"), [(0.0, 0.0), (0.05, 0.0), (0.2, 600.0), (0.0, NIGHT)])
def test_the_shop_hears_of_every_end(rate: float, down: float) -> None:
    assert [problem for seed in (1, 2) for problem in day(seed, rate, 25, down)] == []


def test_the_shop_hears_nothing_more_of_what_was_erased() -> None:
    assert [problem for seed in range(12) for problem in erasure(seed)] == []


# --- planted bugs -----------------------------------------------------------------------------------------------------

type Plant = Callable[[pytest.MonkeyPatch], None]


def _nothing_is_told_again(patch: pytest.MonkeyPatch) -> None:
    original = CallWebhook.__call__

    def call(self: CallWebhook, end: End) -> bool:
        original(self, end)
        return True

    patch.setattr(CallWebhook, "__call__", call)


def _an_end_that_could_not_be_announced_is_forgotten(patch: pytest.MonkeyPatch) -> None:
    original = AnnounceEnd.__call__

    def announce(self: AnnounceEnd, job_id: str) -> bool:
        with suppress(StorageUnavailableError):
            return original(self, job_id)
        return False

    patch.setattr(AnnounceEnd, "__call__", announce)


def _nobody_looks_whether_it_was_erased(patch: pytest.MonkeyPatch) -> None:
    def call(self: CallWebhook, end: End) -> bool:
        job = self.jobs.get(end.job_id)
        if job is None:
            return True
        with suppress(NotTakenError):
            self.server.post(end.message_id, self.clock.now(), webhooks.message(job))
            return True
        return False

    patch.setattr(CallWebhook, "__call__", call)


@pytest.mark.parametrize(
    ("plant", "exam", "says"),
    [
        (_nothing_is_told_again, lambda: day(2, 0.2, 25, 600.0), "was never told"),
        (
            _an_end_that_could_not_be_announced_is_forgotten,
            lambda: [problem for seed in range(4) for problem in day(seed, 0.5, 80)],  # it is told in three ways
            "was never told",
        ),
        (
            _nobody_looks_whether_it_was_erased,
            lambda: [problem for seed in range(12) for problem in erasure(seed)],
            "erased at",
        ),
    ],
)
def test_a_planted_bug_is_noticed(
    monkeypatch: pytest.MonkeyPatch, plant: Plant, exam: Callable[[], list[str]], says: str
) -> None:
    plant(monkeypatch)
    assert [problem for problem in exam() if says in problem]
