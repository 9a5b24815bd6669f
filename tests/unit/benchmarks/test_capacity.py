"""What DynamoDB bills for a call: the rules of its documentation, each with the figures that it gives or implies."""

import json
from typing import Any

import pytest

from benchmarks.capacity import Index, Item, Meter, Table, Units, size

KEYS = ("id",)
ALL, KEYS_ONLY = Index("by_shelf", ("shelf",)), Index("by_shelf", ("shelf",), frozenset())


class Store:
    """One table, whose items a test changes itself."""

    def __init__(self, *indexes: Index) -> None:
        self.items: dict[str, Item] = {}
        self.meter = Meter({"things": Table(KEYS, indexes)}, lambda _, key: self.items.get(key["id"]["S"], {}))

    def update(self, thing: str, after: Item, *, transaction: bool = False) -> Units:
        one = {"TableName": "things", "Key": {"id": {"S": thing}}}
        request: Any = {"TransactItems": [{"Update": one}]} if transaction else one
        self.meter.before("TransactWriteItems" if transaction else "UpdateItem", json.dumps(request))
        self.items[thing] = after
        return self.meter.after({})


def thing(length: int, **more: str) -> Item:
    """An item of so many bytes."""
    item: dict[str, dict[str, str]] = {"id": {"S": "a"}, **{name: {"S": value} for name, value in more.items()}}
    return {**item, "text": {"S": "x" * (length - size(item) - len("text"))}}


@pytest.mark.parametrize(
    ("item", "bytes_"),
    [
        ({"id": {"S": "é"}}, 4),
        ({"n": {"N": "-1200"}}, 1 + 1 + 1 + 1),
        ({"n": {"N": "123456"}}, 1 + 1 + 3),
        ({"b": {"BOOL": True}}, 2),
        ({"l": {"L": [{"S": "ab"}, {"NULL": True}]}}, 1 + 3 + (1 + 2) + (1 + 1)),
        ({"m": {"M": {"k": {"S": "v"}}}}, 1 + 3 + (1 + 1 + 1)),
    ],
)
def test_an_item_has_the_size_of_its_names_and_values(item: Item, bytes_: int) -> None:
    assert size(item) == bytes_


def test_a_kind_of_value_that_nobody_has_counted_is_not_counted_as_nothing() -> None:
    with pytest.raises(ValueError, match="type B is not known"):
        size({"b": {"B": "eA=="}})


@pytest.mark.parametrize(("before", "after", "units"), [(0, 1024, 1), (0, 1025, 2), (3000, 100, 3), (100, 3000, 3)])
def test_a_write_is_billed_by_the_larger_of_before_and_after(before: int, after: int, units: int) -> None:
    store = Store()
    if before:
        store.items["a"] = thing(before)

    assert store.update("a", thing(after)) == Units(units, 0)


def test_a_write_that_changed_nothing_is_billed_all_the_same() -> None:
    store = Store(ALL)
    store.items["a"] = thing(2000, shelf="x")

    assert store.update("a", store.items["a"]).written == 2


def test_a_transaction_costs_the_table_twice_and_its_indexes_once() -> None:
    assert Store(ALL).update("a", thing(1500, shelf="x"), transaction=True).written == 2 * 2 + 2


def test_an_index_of_everything_is_written_with_every_change_and_twice_when_its_key_moves() -> None:
    store = Store(ALL)
    store.items["a"] = thing(1500, shelf="x")

    assert store.update("a", thing(1600, shelf="x")).written == 2 + 2
    assert store.update("a", thing(1600, shelf="y")).written == 2 + 2 + 2
    assert store.update("a", thing(1600)).written == 2 + 2


def test_an_index_of_keys_is_only_written_when_a_key_changes() -> None:
    store = Store(KEYS_ONLY)
    store.items["a"] = thing(1500, shelf="x")

    assert store.update("a", thing(1600, shelf="x")).written == 2
    assert store.update("a", thing(1600, shelf="y")).written == 2 + 1 + 1


def test_what_is_written_is_told_by_item_and_by_partition_of_an_index() -> None:
    store = Store(KEYS_ONLY)
    store.items["a"] = thing(1500, shelf="x")

    assert store.update("a", thing(1600, shelf="y")).items == {"things:a": 2, "things.by_shelf:y": 2}


@pytest.mark.parametrize(("length", "consistent", "units"), [(4096, True, 1), (4097, True, 2), (4097, False, 1)])
def test_a_read_is_billed_by_four_kilobytes_and_half_where_it_may_be_stale(
    length: int, consistent: bool, units: float
) -> None:
    store = Store()
    store.items["a"] = thing(length)
    request = {"TableName": "things", "Key": {"id": {"S": "a"}}, "ConsistentRead": consistent}

    store.meter.before("GetItem", json.dumps(request))

    assert store.meter.after({}) == Units(0, units)


def test_a_query_is_billed_for_all_its_items_together() -> None:
    store = Store()
    store.meter.before("Query", json.dumps({"TableName": "things"}))

    assert store.meter.after({"Items": [thing(1000), thing(3000)]}).read == 0.5
