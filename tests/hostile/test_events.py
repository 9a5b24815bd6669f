"""Events come twice, late and out of order, and say keys in an encoding of their own."""

import json
import random
from typing import Any

import pytest

from tests.contract.deployed import handler
from tests.hostile.shop import BUCKET, Shop, message, some
from vto.domain.catalogue import CatalogueItem, Kind, product_id_of
from vto.domain.storage import S3Url, key_from_event
from vto.testing import FakePictureTools

TRICKY = [*"+%~*(=&?#'é漢😀", "%2F", "%25", "\u202e", '"', "\\", " ", "  ", "\n"]
LETTERS = (range(0x20, 0x7F), range(0xA0, 0x3000), range(0x1F000, 0x1F9FF))


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Shop:
    shop = Shop()
    shop.open(monkeypatch, picture_tools=FakePictureTools())
    return shop


def name(chance: random.Random) -> str:
    """A name as people, programs and mischief give them."""

    def letter() -> str:
        return chr(chance.choice(chance.choice(LETTERS)))

    length = chance.randrange(1, 25)
    return "".join(chance.choice(TRICKY) if chance.random() < 0.4 else letter() for _ in range(length))


def test_five_thousand_names_arrive_as_they_were_given(shop: Shop) -> None:
    chance = random.Random("names")
    names = {f"products/{name(chance)}.jpg" for _ in range(5_000)}
    for key in names:
        assert key_from_event(_encoded(key)) == key
    for key in sorted(names)[: some(5_000, 500)]:
        shop.pictures.put(f"s3://{BUCKET}/{key}", key.encode())
        assert handler("import_picture")({"Records": [message(key)]}) == {"batchItemFailures": []}
        row = shop.imports[-1]
        assert row.picture_s3_url == f"s3://{BUCKET}/{key}"
        assert row.item_id == product_id_of(key)
        assert S3Url.parse(row.picture_s3_url).key == key
        assert row.sha256 == key.encode().hex()  # its own bytes, nobody else's
    assert len({row.item_id for row in shop.imports}) == some(len(names), 500)


def _encoded(key: str) -> str:
    encoded: str = json.loads(message(key)["body"])["Records"][0]["s3"]["object"]["key"]
    return encoded


def settled(row: CatalogueItem | None) -> tuple[Any, ...]:
    """What a row says of its upload."""
    assert row is not None
    return row.readiness, row.sha256, row.source_sequencer, row.width, row.category


def deliver(shop: Shop, events: list[tuple[str, str, bytes]]) -> None:
    """Let events arrive one by one; S3 by then holds the last version, or that of the event."""
    for key, sequencer, content in events:
        shop.pictures.put(f"s3://{BUCKET}/{key}", content)
        handler("import_picture")({"Records": [message(key, sequencer)]})


def test_events_that_come_again_and_in_any_order_leave_what_one_delivery_in_order_leaves(shop: Shop) -> None:
    chance = random.Random("events")
    for case in range(some(10_000, 200)):
        count = chance.randrange(1, 7)
        sequencers = sorted(f"{chance.randrange(16**12):012X}" + "0" * chance.randrange(3) for _ in range(count))
        events = [(one, one.encode()) for one in sequencers]
        again = [one for one in events for _ in range(chance.randrange(1, 6))]
        chance.shuffle(again)
        rows = []
        for place, order in (("1", events), ("2", again)):
            key = f"products/tops/{case}-{place}.jpg"
            deliver(shop, [(key, *one) for one in order])
            rows.append(settled(shop.catalogue.get(Kind.PRODUCT, product_id_of(key))))
        assert rows[0] == rows[1]
        assert rows[0][1] == sequencers[-1].encode().hex()


def test_an_event_that_comes_after_its_object_is_gone_leaves_what_is_there(shop: Shop) -> None:
    key = "products/1.jpg"
    deliver(shop, [(key, "0A", b"first")])
    before = shop.catalogue.get(Kind.PRODUCT, product_id_of(key))
    del shop.pictures.objects[f"s3://{BUCKET}/{key}"]
    assert handler("import_picture")({"Records": [message(key, "0B")]}) == {"batchItemFailures": []}
    assert shop.catalogue.get(Kind.PRODUCT, product_id_of(key)) == before
