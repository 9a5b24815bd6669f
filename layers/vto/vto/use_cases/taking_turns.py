"""How a job behind the shoppers comes to an instant of the engine (the rules are told in :mod:`vto.domain.pacing`)."""

from datetime import datetime, timedelta

from vto.domain.pacing import BEHIND, Behind, Lane, back_off, patience
from vto.ports import Controls

WITHIN_A_MOMENT = timedelta(seconds=1)  # so long a step may rather sleep than go back through the machine


def instant_at_turn(
    controls: Controls, behind: Behind, engine: str, pace: float, now: datetime, *, latest: datetime
) -> datetime | None:
    """An instant for a job whose turn it is; None when shoppers stand there, and the lane has had its share.

    Args:
        controls: The counters.
        behind: How its lane stands.
        engine: The engine.
        pace: Its rate per minute.
        now: This moment.
        latest: Until when the job may wait.
    """
    near = min(now + patience(pace), latest)
    taken = controls.take_slot(engine, pace, now, latest=near)
    if taken is not None:
        return taken
    if controls.take_slot(engine, pace * behind.part, now, latest=now, counter=behind.share) is None:
        return None
    return controls.take_slot(engine, pace, now, latest=latest)


def place(
    controls: Controls,
    lane: Lane,
    engine: str,
    pace: float,
    now: datetime,
    *,
    latest: datetime,
    had_turn: bool,
    tries: int,
) -> tuple[datetime | None, bool]:
    """When a job may call the engine, or come again; None when that lies after ``latest``.

    Args:
        controls: The counters.
        lane: The job's lane.
        engine: The engine.
        pace: Its rate per minute.
        now: This moment.
        latest: Until when the job may wait.
        had_turn: Whether it has waited for its turn.
        tries: How often it has been here before.

    Returns:
        The moment, and whether it is a turn only.
    """
    behind = BEHIND.get(lane)
    if behind is None:
        return controls.take_slot(engine, pace, now, latest=latest), False
    if had_turn:
        instant = instant_at_turn(controls, behind, engine, pace, now, latest=latest)
        if instant is not None:
            return instant, False
    turn = controls.take_slot(engine, pace, now, latest=latest, counter=behind.turns)
    if turn is None:
        return None, True
    if turn <= now and not had_turn:  # nobody of the lane stands before it
        instant = instant_at_turn(controls, behind, engine, pace, now, latest=latest)
        if instant is not None:
            return instant, False
    return max(turn, now + back_off(max(tries, 1))), True
