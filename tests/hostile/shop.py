"""A shop that takes uploads: the real function over tables and buckets in memory, with its real picture tools."""

import json
import os
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote_plus

import pytest

from tests.contract.deployed import environment, handler, replace_builders, use_environment
from tests.hostile.residue import residue
from vto.domain import times
from vto.domain.catalogue import CatalogueItem
from vto.domain.consent import Consent
from vto.domain.storage import USER_MODELS
from vto.testing import NOON, FakeCatalogue, FakeClock, FakeErasures, FakePictures

BUCKET = "vto-uploads"
FULL = os.environ.get("VTO_FUZZ") == "1"


def some(full: int, few: int) -> int:
    """How many of something: all in ``make fuzz``, a few otherwise."""
    return full if FULL else few


def message(key: str, sequencer: str = "01", bucket: str = BUCKET) -> dict[str, Any]:
    """An SQS message that reports an upload, its key encoded as S3 does."""
    s3 = {"bucket": {"name": bucket}, "object": {"key": quote_plus(key, safe="/*"), "sequencer": sequencer}}
    record = {"eventTime": "2026-11-21T12:00:00.000Z", "s3": s3}
    return {"messageId": f"{key}@{sequencer}", "body": json.dumps({"Records": [record]})}


@dataclass
class Shop:
    """Uploads go in, rows and prepared pictures come out; each prepared picture is scanned."""

    catalogue: FakeCatalogue = field(default_factory=FakeCatalogue)
    pictures: FakePictures = field(default_factory=FakePictures)
    imports: list[CatalogueItem] = field(default_factory=list)
    scanned: int = 0

    def __post_init__(self) -> None:
        record = self.catalogue.record_import

        def noted(item: CatalogueItem) -> bool:
            self.imports.append(item)
            return record(item)

        self.catalogue.record_import = noted  # type: ignore[method-assign]

    def open(self, monkeypatch: pytest.MonkeyPatch, **built: Any) -> None:
        """Let the function find this shop where AWS would be."""
        use_environment(monkeypatch, environment("import_picture"))
        stored = {"pictures": self.pictures, "versions": self.pictures, "erasures": FakeErasures()}
        replace_builders(monkeypatch, catalogue=self.catalogue, clock=FakeClock(), **stored, **built)

    def receive(self, uploads: dict[str, bytes]) -> list[CatalogueItem]:
        """One batch of messages; the rows of its uploads, in order. No message may have to come again."""
        for key, content in uploads.items():
            agreed = Consent("1", times.to_iso(NOON)).metadata() if key.startswith(USER_MODELS) else {}
            self.pictures.put(f"s3://{BUCKET}/{key}", content, **agreed)
        before, written = len(self.imports), len(self.pictures.written)
        answer = handler("import_picture")({"Records": [message(key) for key in uploads]})
        assert answer == {"batchItemFailures": []}, answer
        for url in self.pictures.written[written:]:
            assert residue(self.pictures.objects[url]) == [], url
            self.scanned += 1
        return self.imports[before:]
