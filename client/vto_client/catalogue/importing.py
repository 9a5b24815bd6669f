"""Imports rows, some at a time; a bad one is told, and the others go on."""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from vto_client.aio import AsyncVto
from vto_client.catalogue.journal import Journal
from vto_client.catalogue.source import Problem, Row
from vto_client.errors import (
    ApiError,
    LostError,
    NotInTimeError,
    PictureRejectedError,
    TokenError,
    UploadRefusedError,
)
from vto_client.problems import CommandError

FORBIDDEN: Final = 403
MOST_LOST: Final = 5
"""Rows in a row that got no answer, after which the network is taken to be away."""
AGAIN: Final = "give the same command again: it goes on where it was"
ANOTHER: Final = "name another picture"


@dataclass
class Import:
    """How an import goes.

    Args:
        vto: Who imports, and where to.
        journal: What was imported before.
        at_once: How many rows at a time.
        tell: Called after each row.
    """

    vto: AsyncVto
    journal: Journal
    at_once: int
    tell: Callable[[], None]
    imported: int = 0
    unchanged: int = 0
    problems: list[Problem] = field(default_factory=list)
    halted: Exception | None = None
    """Why the rest was not tried: what would go wrong with every row."""
    _lost: int = 0
    _silence: Exception | None = None

    async def run(self, rows: Iterable[Row]) -> None:
        """Import rows; when it is cancelled, what was imported is kept in mind."""
        waiting = iter(rows)
        try:
            async with asyncio.TaskGroup() as workers:
                for _ in range(self.at_once):
                    workers.create_task(self._work(waiting))
            if self._lost == len(self.problems) and not (self.imported or self.unchanged):
                self.halted = self.halted or self._silence
        finally:
            try:
                self.journal.close()
            except CommandError as error:
                self.halted = self.halted or error

    async def _work(self, waiting: Iterator[Row]) -> None:
        for row in waiting:
            if self.halted is not None:
                return
            await self._import(row)
            self.tell()

    async def _import(self, row: Row) -> None:
        try:
            fingerprint = await asyncio.to_thread(row.fingerprint)
            if self.journal.has(row.product_id, fingerprint):
                self.unchanged += 1
                return
            await self.vto.put_product(
                row.product_id,
                name=row.name,
                category=row.category,
                description=row.description or None,
                garment_class=row.garment_class or None,
            )
            await self.vto.upload_product_picture(row.product_id, row.picture)
        except (OSError, ValueError) as error:
            self._failed(row, f"picture: {error}", "look at its file")
        except TokenError as error:
            self.halted = error
        except ApiError as error:
            if error.status == FORBIDDEN:
                self.halted = error
            else:
                self._failed(row, *_told(error))
                self._lost = 0
        except LostError as error:
            is_answer = isinstance(error, NotInTimeError | UploadRefusedError)
            self._failed(row, str(error), ANOTHER if isinstance(error, UploadRefusedError) else AGAIN)
            self._lost, self._silence = (0 if is_answer else self._lost + 1), error
            if self._lost >= MOST_LOST:
                self.halted = error
        else:
            self._lost = 0
            self.imported += 1
            try:
                self.journal.note(row.product_id, fingerprint)
            except CommandError as error:  # nobody would know what is in the stack
                self.halted = error

    def _failed(self, row: Row, problem: str, remedy: str) -> None:
        self.problems.append(Problem(row.where, row.product_id, problem, remedy))


def _told(error: ApiError) -> tuple[str, str]:
    """What is wrong with a row, in the service's words, and what to do."""
    if isinstance(error, PictureRejectedError):
        return f"picture: {error.message}", ANOTHER
    problems = "; ".join(f"{one.path}: {one.problem}" for one in error.violations)
    remedies = "; ".join(dict.fromkeys(one.remedy for one in error.violations if one.remedy))
    return problems or f"{error.code}: {error.message}", remedies or AGAIN
