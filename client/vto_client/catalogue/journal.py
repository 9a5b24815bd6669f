"""What was imported already, in a file beside the source: an import that was interrupted goes on where it was."""

import json
import os
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from vto_client.connect import USAGE
from vto_client.problems import CommandError

ENDING: Final = ".vto-import.json"
PAUSE: Final = 1.0
"""Seconds between two times that it is written: what a loss of power forgets is imported again, which is harmless."""


def beside(source: Path) -> Path:
    """Where the journal of a source is."""
    whole = source.resolve()
    return whole.with_name(whole.name + ENDING)


class Journal:
    """Fingerprints by product, of one stack; other stacks' stay as they are.

    Args:
        path: The file.
        target: The stack's address.
        is_anew: Whether to forget what was imported into that stack.
        now: Seconds of a clock that never goes back.

    Raises:
        CommandError: The file cannot be read or written, or is something else.
    """

    def __init__(
        self, path: Path, target: str, *, is_anew: bool = False, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._path, self._now = path, now
        self._part = path.with_name(f"{path.name}.{uuid.uuid4().hex}.part")  # another run may write at the same time
        self._whole = _read(path)
        self._done: dict[str, str] = self._whole["done"].setdefault(target, {})
        if is_anew:
            self._done.clear()
        self._is_dirty, self._at = False, 0.0
        self._written(force=True)  # what cannot be written is known before anything is imported

    def has(self, product_id: str, fingerprint: str) -> bool:
        """Whether a product was imported just so."""
        return self._done.get(product_id) == fingerprint

    def note(self, product_id: str, fingerprint: str) -> None:
        """A product is in the stack."""
        self._done[product_id] = fingerprint
        self._is_dirty = True
        self._written()

    def close(self) -> None:
        """Write what is not written yet."""
        self._written(force=self._is_dirty)

    def _written(self, *, force: bool = False) -> None:
        """Write all of it beside, then put it in the old one's place: there is a whole one at every moment."""
        if not force and self._now() - self._at < PAUSE:
            return
        try:
            try:
                with self._part.open("w", encoding="utf-8") as file:
                    json.dump(self._whole, file, indent=1, sort_keys=True)
                    file.flush()
                    os.fsync(file.fileno())
                self._part.replace(self._path)
            finally:
                self._part.unlink(missing_ok=True)
            folder = os.open(self._path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as problem:
            raise CommandError(f"{self._path} cannot be written: {problem}: use --journal FILE", USAGE) from problem
        self._at, self._is_dirty = self._now(), False


def _read(path: Path) -> dict[str, Any]:
    try:
        whole = json.loads(path.read_text(encoding="utf-8"))
        sound = whole["v"] == 1 and all(isinstance(one, dict) for one in whole["done"].values())
    except FileNotFoundError:
        return {"v": 1, "done": {}}
    except OSError as problem:
        raise CommandError(f"{path} cannot be read: {problem}: use --journal FILE", USAGE) from problem
    except (ValueError, KeyError, TypeError, AttributeError):
        sound = False
    if not sound:
        raise CommandError(f"{path} is no journal of an import: remove it, then everything is imported anew", USAGE)
    return dict(whole)
