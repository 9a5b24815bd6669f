"""Whom a command talks to, and as whom: what the environment says, or else the stack."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from vto_client import stack as stacks
from vto_client.aio import AsyncVto
from vto_client.blocking import Vto
from vto_client.problems import CommandError
from vto_client.sign_in import Pool, tokens

API_URL: Final = "VTO_API_URL"
SOCKET_URL: Final = "VTO_SOCKET_URL"
USAGE: Final = 2
"""The exit code of what could not even begin."""


@dataclass(frozen=True, slots=True)
class Access:
    """A signed-in caller, and where they call."""

    url: str
    socket_url: str | None
    tokens: Callable[[bool], str]


def access(stack: str, region: str | None, environment: Mapping[str, str] = os.environ) -> Access:
    """Sign in; AWS is asked only for what the environment lacks.

    Args:
        stack: The stack's name.
        region: Its region; None for the configured one.
        environment: The process's variables.

    Raises:
        CommandError: With exit code 2, or that of a sign-in that did not work.
    """

    @cache
    def found() -> tuple[stacks.Endpoints, stacks.Clients]:
        clients, chosen = stacks.clients(region)
        return stacks.endpoints(stack, clients, chosen), clients

    def pool() -> Pool:
        endpoints, clients = found()
        return Pool(endpoints.pool_id, endpoints.client_id, clients("cognito-idp"))

    try:
        bearer = tokens(pool, environment)
        if url := environment.get(API_URL):
            return Access(url, environment.get(SOCKET_URL) or None, bearer)
        endpoints, _ = found()
        return Access(endpoints.api_url, environment.get(SOCKET_URL) or endpoints.socket_url, bearer)
    except CommandError as problem:
        problem.exit_code = USAGE if problem.exit_code == 1 else problem.exit_code
        raise


def connected(stack: str, region: str | None) -> Vto:
    """A caller for a command that does one thing after the other; raises CommandError."""
    return _made(Vto, stack, region)


def connected_loop(stack: str, region: str | None, tries: int) -> AsyncVto:
    """A caller for a command that does many things at once; raises CommandError."""
    return _made(AsyncVto, stack, region, tries=tries)


def _made[T](kind: Callable[..., T], stack: str, region: str | None, **more: int) -> T:
    found = access(stack, region)
    try:
        return kind(found.url, found.tokens, socket_url=found.socket_url, **more)
    except ValueError as problem:
        named = SOCKET_URL if "wss://" in str(problem) else API_URL
        raise CommandError(f"{named}: {problem}", USAGE) from problem
