"""A try-on watched to its end: told over a live socket, asked for where there is none.

Snapshots come in any order, twice, over two ways; the highest ``seq`` is the truth. So a socket may be lost at any
moment: what it would have said is asked for, and another one is opened.
"""

import json
import random
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any, Final, cast
from urllib.parse import quote

from vto_client.asking import Asker
from vto_client.documents import Job, has_ended, newest
from vto_client.errors import ApiError, LostError
from vto_client.ports import Socket, SocketClosedError, World

PING: Final = 8 * 60.0  # API Gateway closes a socket that was silent for 10 minutes, and every one after two hours
CHECK: Final = 15.0
"""Seconds between two looks while there is a socket, for what it may have lost."""
PATIENCE: Final = 60.0
"""Seconds for which nothing may be heard before it is given up: a network that comes back costs nothing."""
LONGEST_PAUSE: Final = 30.0
SPREAD: Final = 5.0
"""Seconds at least over which those who are told bye at once come back."""
LONG_LIVED: Final = 10.0
"""Seconds after which a socket has been a good one: the next is opened as soon as the first was."""


@dataclass
class Watch:
    """One try-on that is watched.

    Args:
        asker: Whose it is.
        world: The network, and time.
        job_id: Its id.
        socket_url: Where a live socket opens; None to ask only.
    """

    asker: Asker
    world: World
    job_id: str
    socket_url: str | None
    _job: Job | None = None
    _socket: Socket | None = None
    _has_looked: bool = False
    _attempt: int = 0
    _began: float = 0.0
    _heard_at: float = 0.0
    _opened_at: float = 0.0
    _next_look: float = 0.0
    _next_open: float = 0.0
    _next_ping: float = 0.0

    async def snapshots(self, known: Job | None = None, seconds: float | None = None) -> AsyncGenerator[Job]:
        """Its snapshots, each newer than the one before, up to the one with which it has ended.

        Args:
            known: A snapshot that is known; it is the first one.
            seconds: How long to watch; None for to the end. It is looked at once in any case.

        Raises:
            ApiError: The try-on is gone, or not the caller's.
            TokenError: The token ended before it.
            LostError: Nothing was heard of the service for a minute.
        """
        self._began = self._heard_at = self._next_open = self._next_look = self.world.now()
        until = None if seconds is None else self._began + seconds
        try:
            if known is not None:
                self._next_look += _pause(0)
                self._job = known
                yield known
            while self._job is None or not has_ended(self._job):
                now = self.world.now()
                if until is not None and now >= until and (self._has_looked or self._job is not None):
                    return
                if now >= self._next_look:
                    came = await self._look()
                else:
                    await self._open_if_due()
                    came = await self._hear(until)
                if came is not None and (self._job is None or came["seq"] > self._job["seq"]):
                    self._job = came
                    yield came
                elif came is not None:
                    self._job = newest(self._job, came)
        finally:
            await self._drop()

    async def _look(self) -> Job | None:
        """Ask for the snapshot."""
        came: Job | None = None
        self._has_looked = True
        try:
            came = cast(Job, await self.asker.ask("GET", f"/try-ons/{quote(self.job_id, safe='')}"))
            self._heard_at = self.world.now()
        except LostError:
            if self.world.now() - self._heard_at > PATIENCE:
                raise
        now = self.world.now()
        self._next_look = now + (CHECK if self._socket else _pause(now - self._began))
        return came

    async def _open_if_due(self) -> None:
        """Open a socket, where there is one to be had and none is open."""
        if self.socket_url is None or self._socket is not None or self.world.now() < self._next_open:
            return
        try:
            ticket = (await self.asker.ask("POST", "/socket-tickets", {})).get("ticket", "")
            self._socket = await self.world.open(f"{self.socket_url}?ticket={quote(str(ticket), safe='')}")
            self._opened_at = now = self.world.now()
            self._next_ping, self._next_look = now + PING, now + CHECK
            await self._say({"action": "watchJob", "job_id": self.job_id})
        except (ApiError, LostError, SocketClosedError):
            await self._lost()

    async def _hear(self, until: float | None) -> Job | None:
        """Wait for what the socket says, or for what is due next."""
        now = self.world.now()
        due = [self._next_look, *([until] if until is not None else [])]
        if self._socket is None:
            due += [self._next_open] if self.socket_url else []
            await self.world.sleep(max(0.0, min(due) - now))
            return None
        try:
            if now >= self._next_ping:
                self._next_ping = now + PING
                await self._say({"action": "ping"})
            text = await self._socket.receive(max(0.0, min([*due, self._next_ping]) - now))
        except SocketClosedError:
            await self._lost()
            return None
        if text is None:
            return None
        self._heard_at = self.world.now()
        return await self._understood(_frame(text))

    async def _understood(self, frame: dict[str, Any]) -> Job | None:
        """What a frame says; of another try-on of the same caller, nothing."""
        job, later = frame.get("job"), frame.get("reconnect_in_seconds")
        if frame.get("type") == "error":  # it does not say about which try-on: the answer to a look does
            self._next_look = self.world.now()
        if frame.get("type") == "bye":
            said = later if isinstance(later, int | float) and later >= 0 else None
            spread = random.uniform(0, max(said or 0, SPREAD))  # noqa: S311 - not a secret
            await self._lost(None if said is None else said + spread)
        is_ours = frame.get("type") == "job" and isinstance(job, dict) and job.get("id") == self.job_id
        return cast(Job, job) if is_ours else None

    async def _say(self, frame: dict[str, str]) -> None:
        if self._socket is not None:
            await self._socket.send(json.dumps(frame))

    async def _lost(self, later: float | None = None) -> None:
        """Go on without the socket; look for what it would have said, and open another after a while that grows.

        Args:
            later: Seconds after which the service wants another one to be opened; None where it did not say.
        """
        now = self.world.now()
        if self._socket is not None:
            self._next_look = now
            self._attempt = 0 if now - self._opened_at >= LONG_LIVED else self._attempt
        await self._drop()
        if later is None:
            later = random.uniform(0.5, 1.0) * min(LONGEST_PAUSE, 2**self._attempt)  # noqa: S311 - not a secret
            self._attempt = min(self._attempt + 1, 10)
        self._next_open = now + later
        self._next_look = min(self._next_look, now + _pause(now - self._began))

    async def _drop(self) -> None:
        if self._socket is not None:
            socket, self._socket = self._socket, None
            await socket.close()


def _pause(passed: float) -> float:
    """Seconds until the next look without a socket: a short job is seen at once, a long one costs few calls."""
    return 0.5 if passed < 10 else 1.0 if passed < 60 else 3.0


def _frame(text: str) -> dict[str, Any]:
    try:
        frame = json.loads(text)
    except ValueError:
        return {}
    return frame if isinstance(frame, dict) else {}
