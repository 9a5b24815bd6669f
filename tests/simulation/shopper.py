"""Shoppers: they connect, ask, ask again when they hear nothing, leave, come back, and drop what they know already."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from greenlet import getcurrent, greenlet

from tests.simulation.device import Device
from vto import bootstrap

if TYPE_CHECKING:
    from tests.simulation.simulation import Simulation

ACKNOWLEDGED_WITHIN = 5.0
"""Seconds after which a request without an answer is sent again."""
QUIET = 30.0
"""Seconds without news after which a client asks for itself."""
PATIENCE = 120
"""How often a request is sent before its shopper gives up."""


@dataclass
class Habits:
    """How somebody uses the shop.

    Args:
        arrives: When, in seconds.
        over_rest: Asks over REST and comes back to look, without a socket.
        devices: Sockets that are open at the same time; only the first asks.
        leaves_after: Seconds after the first request until the socket is closed; None for never.
        stays_away: For how long.
        says_goodbye: Whether ``$disconnect`` arrives.
        clicks: How often each request is sent at once.
        photo: The bytes of a photo of their own to use; None for a stock model.
        for_the_shop: Is a member of the shop's own staff, and asks over REST in the batch lane.
        cancels_after: Seconds after which they change their mind about what has not ended; None for never.
    """

    arrives: float = 0.0
    over_rest: bool = False
    devices: int = 1
    leaves_after: float | None = None
    stays_away: float = 60.0
    says_goodbye: bool = True
    clicks: int = 1
    photo: bytes | None = None
    for_the_shop: bool = False
    cancels_after: float | None = None


class Shopper:
    """One person with some wishes."""

    def __init__(
        self, simulation: "Simulation", user_id: str, wishes: list[dict[str, Any]], habits: Habits | None = None
    ) -> None:
        self.simulation, self.user_id, self.wishes, self.habits = simulation, user_id, wishes, habits or Habits()
        self.devices = [Device(simulation, user_id, f"{user_id}/{n}", self._wake) for n in range(self.habits.devices)]
        self.given_up: set[str] = set()
        self._has_cancelled = False
        self._waiting: greenlet | None = None
        self._left = self.habits.leaves_after is None
        self.asked_at: float | None = None

    @property
    def first(self) -> Device:
        """The device that asks."""
        return self.devices[0]

    def live(self) -> None:
        """Arrive, ask, wait, and leave when everything has ended."""
        self.simulation.scheduler.sleep(self.habits.arrives)
        if self.habits.photo is not None:
            photo = self.simulation.upload(self.user_id, self.habits.photo)
            self.wishes = [{**wish, "model_id": photo} for wish in self.wishes]
        if self.habits.over_rest:
            self._live_over_rest()
        else:
            for device in self.devices[1:]:
                self._connect(device)
            self._connect(self.first)
            for wish in self.wishes:
                self._ask(wish)
            self._wait_for_ends()
        self.simulation.leave(self)

    # --- over a socket

    def _connect(self, device: Device) -> None:
        while not device.connect():
            self.simulation.scheduler.sleep(self.simulation.plan_latency(1, 3))

    def _ask(self, wish: dict[str, Any]) -> None:
        request_id = wish["request_id"]
        for _ in range(PATIENCE):
            self._stay_connected()
            self.first.refused.pop(request_id, None)
            for _ in range(self.habits.clicks):
                self.first.send({"action": "tryOn", **wish})
            self.asked_at = self.asked_at or self.simulation.scheduler.seconds
            self._wait_until(
                lambda: request_id in self.first.job_of or request_id in self.first.refused, ACKNOWLEDGED_WITHIN
            )
            if request_id in self.first.job_of:
                return
            error = self.first.refused.get(request_id)
            if error is not None and not _may_ask_again(error):
                break
            self.simulation.scheduler.sleep(_pause_after(error))
        self.given_up.add(request_id)

    def _wait_for_ends(self) -> None:
        while open_jobs := self._open_jobs():
            self._go_away_for_a_while()
            self._stay_connected()
            self._change_their_mind()
            patience = min(QUIET, self._stays_for(), self._until_they_change_their_mind())
            if not self._wait_until(lambda known=open_jobs: len(self._open_jobs()) < len(known), patience):
                for job_id in self._open_jobs():
                    self.first.send({"action": "watchJob", "job_id": job_id})

    def _until_they_change_their_mind(self) -> float:
        if self.habits.cancels_after is None or self._has_cancelled:
            return float("inf")
        due = (self.asked_at or 0.0) + self.habits.cancels_after
        return max(0.0, due - self.simulation.scheduler.seconds)

    def _change_their_mind(self) -> None:
        """Cancel whatever has not ended, once; the frame may be lost, and it may be too late."""
        if self._until_they_change_their_mind() > 0:
            return
        self._has_cancelled = True
        for job_id in self._open_jobs():
            self.simulation.unwanted.add(job_id)
            self.first.send({"action": "cancelTryOn", "job_id": job_id})

    def _open_jobs(self) -> list[str]:
        return [job_id for job_id in self.first.job_of.values() if job_id not in self.first.ended]

    def _stays_for(self) -> float:
        """Seconds until this shopper goes away for a while."""
        if self._left or self.asked_at is None:
            return float("inf")
        return self.asked_at + (self.habits.leaves_after or 0.0) - self.simulation.scheduler.seconds

    def _go_away_for_a_while(self) -> None:
        if self._stays_for() > 0:
            return
        self._left = True
        self.first.close(says_goodbye=self.habits.says_goodbye)
        self.simulation.scheduler.sleep(self.habits.stays_away)

    def _stay_connected(self) -> None:
        for device in self.devices:
            if not device.is_connected:
                self._connect(device)
                for job_id in self._open_jobs():
                    device.send({"action": "watchJob", "job_id": job_id})

    def _wait_until(self, holds: Callable[[], bool], seconds: float) -> bool:
        until = self.simulation.scheduler.seconds + seconds
        while not holds() and self.first.is_connected:
            left = until - self.simulation.scheduler.seconds
            if left <= 0:
                return False
            self._rest(min(left, 10.0))
        return holds()

    def _rest(self, seconds: float) -> None:
        """Wait for news, or for so long."""
        self._waiting = getcurrent()
        timer = self.simulation.scheduler.after(seconds, self._wake)
        self.simulation.scheduler.park()
        timer.cancel()

    def _wake(self) -> None:
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            self.simulation.scheduler.after(0.0, waiting.switch)

    # --- over REST

    def _live_over_rest(self) -> None:
        for wish in self.wishes:
            for _ in range(PATIENCE):
                answer = self.first.call("api", lambda event, wish=wish: bootstrap.snapshots()(self._request(wish)))
                if answer.error is None:
                    self.first.see(answer.answer, was_asked_for=True)
                    break
                self.first.refusals[answer.error] += 1
                if answer.error in ("RequestConflictError", "PictureRejectedError"):
                    break
                self.simulation.scheduler.sleep(2.0)
            else:
                self.given_up.add(wish["request_id"])
        while open_jobs := self._open_jobs():
            self.simulation.scheduler.sleep(5.0)
            for job_id in open_jobs:
                found = self.first.call(
                    "api", lambda event, job_id=job_id: bootstrap.browse().try_on(self.user_id, job_id)
                )
                if found.error is None:
                    self.first.see(found.answer, was_asked_for=True)

    def _request(self, wish: dict[str, Any]) -> Any:
        lane = {"lane": "batch"} if self.habits.for_the_shop else {}
        job, _ = bootstrap.request_try_on()({**wish, **lane}, self.user_id, is_admin=self.habits.for_the_shop)
        return job


def _pause_after(error: Mapping[str, Any] | None) -> float:
    """An import that failed is tried again when its message becomes visible, minutes later."""
    if error is None:
        return 0.0
    return float(error.get("retry_after_seconds", 2.0)) if error["retryable"] else 15.0


def _may_ask_again(error: Mapping[str, Any]) -> bool:
    """An outage passes, and so does the moment that an upload needs to be imported."""
    return bool(error["retryable"]) or any("photo" in one["problem"] for one in error["details"])
