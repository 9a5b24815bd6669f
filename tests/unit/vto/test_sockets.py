"""Who may open a live socket, and for how long."""

from tests.unit.vto.world import ALICE, World
from vto.domain import times
from vto.domain.farewell import SOCKET_SECONDS
from vto.use_cases.sockets import TICKET_SECONDS, AuthorizeSocket, IssueTicket, OpenSocket

DAY = 24 * 3600


def issue(world: World) -> str:
    return IssueTicket(world.controls, world.clock)(ALICE, times.epoch(world.clock.now(), seconds=DAY)).ticket


def test_a_ticket_opens_one_socket_for_the_user_who_bought_it(world: World) -> None:
    ticket = issue(world)
    authorize = AuthorizeSocket(world.controls, world.clock)
    first, second = authorize(ticket), authorize(ticket)
    assert first is not None
    assert (first.user_id, first.session_until) == (ALICE, times.epoch(world.clock.now(), seconds=DAY))
    assert second is None


def test_a_ticket_lives_for_seconds(world: World) -> None:
    ticket = issue(world)
    world.clock.advance(TICKET_SECONDS)
    assert AuthorizeSocket(world.controls, world.clock)(ticket) is None


def test_nothing_and_nonsense_open_no_socket(world: World) -> None:
    issue(world)
    authorize = AuthorizeSocket(world.controls, world.clock)
    assert [authorize(ticket) for ticket in ("", "x", "ticket#", "' OR 1=1", "x" * 5000)] == [None] * 5


def test_tickets_cannot_be_guessed_from_each_other(world: World) -> None:
    tickets = {issue(world) for _ in range(100)}
    assert len(tickets) == 100
    assert all(len(ticket) >= 43 for ticket in tickets)  # 256 bits


def test_a_socket_is_remembered_until_the_gateway_closes_it(world: World) -> None:
    now = times.epoch(world.clock.now())
    OpenSocket(world.connections, world.clock)("c-1", ALICE, now + DAY)
    (row,) = world.connections.rows.values()
    assert (row.connection_id, row.user_id, row.ttl) == ("c-1", ALICE, now + SOCKET_SECONDS)
    assert row.connected_at == times.to_iso(world.clock.now())


def test_a_socket_ends_with_the_token_that_paid_for_it(world: World) -> None:
    now = times.epoch(world.clock.now())
    OpenSocket(world.connections, world.clock)("c-1", ALICE, now + 60)
    assert world.connections.rows["c-1"].ttl == now + 60
