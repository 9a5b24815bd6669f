"""What calls of DynamoDB are billed: request units, by the sizes of the items and of their copies in indexes.

The rules are those of https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ : read-write-operations.html
(units, transactions), CapacityUnitCalculations.html (sizes) and GSI.html (what an index writes).
"""

import json
import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

type Item = Mapping[str, Mapping[str, Any]]
"""An item as DynamoDB's protocol has it; empty where there is none."""

WRITE_BYTES, READ_BYTES = 1024, 4096
"""What one unit writes, and reads."""


@dataclass(frozen=True)
class Index:
    """A global secondary index.

    Args:
        name: Its name.
        keys: The attributes that are its key.
        attributes: Those that it copies besides; None for all.
    """

    name: str
    keys: tuple[str, ...]
    attributes: frozenset[str] | None = None

    def entry(self, item: Item, table_keys: Sequence[str]) -> Item:
        """The item's copy in the index; empty when it has none."""
        if any(name not in item for name in self.keys):
            return {}
        if self.attributes is None:
            return item
        kept = {*self.keys, *table_keys, *self.attributes}
        return {name: value for name, value in item.items() if name in kept}

    def units(self, before: Item, after: Item, table_keys: Sequence[str]) -> int:
        """Write units that a change of the item costs here: none, one write, or a removal and a new entry."""
        old, new = self.entry(before, table_keys), self.entry(after, table_keys)
        if old == new:
            return 0
        if old and new and all(old[name] == new[name] for name in self.keys):
            return written(max(size(old), size(new)))
        return sum(written(size(one)) for one in (old, new) if one)


@dataclass(frozen=True)
class Table:
    """A table: the attributes of its key, and its indexes."""

    keys: tuple[str, ...]
    indexes: tuple[Index, ...] = ()

    @classmethod
    def of(cls, properties: Mapping[str, Any]) -> "Table":
        """The table that the template describes."""
        return cls(
            _keys(properties),
            tuple(
                Index(
                    one["IndexName"],
                    _keys(one),
                    None
                    if one["Projection"]["ProjectionType"] == "ALL"
                    else frozenset(one["Projection"].get("NonKeyAttributes", ())),
                )
                for one in properties.get("GlobalSecondaryIndexes", ())
            ),
        )


@dataclass(frozen=True)
class Units:
    """What a call is billed: write and read request units.

    Args:
        written: Write units, those of indexes with them.
        read: Read units.
        items: Of the write units, those of each item (``TABLE:KEY``) and of each partition of an index
            (``TABLE.INDEX:KEY``), which has a limit of its own.
    """

    written: int
    read: float
    items: Mapping[str, int] = field(default_factory=dict, compare=False)


@dataclass(frozen=True)
class _Begun:
    """A call that has begun, and the items as they were before it."""

    operation: str
    request: Mapping[str, Any]
    changed: Sequence[tuple[str, Item, Item]]


@dataclass
class Meter:
    """Reads the meter that AWS would read.

    Args:
        tables: By name.
        item: The item of a table with a key, as it is now.
    """

    tables: Mapping[str, Table]
    item: Callable[[str, Item], Item]
    _calls: list[_Begun] = field(default_factory=list)

    def before(self, operation: str, body: bytes | str) -> None:
        """Look at the items that a call is about to change."""
        request = json.loads(body)
        changed = [(name, key, self.item(name, key)) for name, key in self._changed(operation, request)]
        self._calls.append(_Begun(operation, request, changed))

    def after(self, answer: Mapping[str, Any]) -> Units:
        """What the call that began last is billed, also one that failed: a condition that does not hold is billed."""
        call = self._calls.pop()
        items: Counter[str] = Counter()
        for name, key, before in call.changed:
            after, table = self.item(name, key), self.tables[name]
            base = written(max(size(before), size(after)))
            items[f"{name}:{_text(key)}"] += 2 * base if call.operation.startswith("Transact") else base
            for index in table.indexes:
                if units := index.units(before, after, table.keys):
                    entry = after if index.keys[0] in after else before
                    items[f"{name}.{index.name}:{next(iter(entry[index.keys[0]].values()))}"] += units
        return Units(items.total(), self._reads(call.operation, call.request, answer), items)

    def _changed(self, operation: str, request: Mapping[str, Any]) -> Iterator[tuple[str, Item]]:
        if operation in ("PutItem", "UpdateItem", "DeleteItem"):
            yield self._key(request)
        elif operation == "TransactWriteItems":
            for one in request["TransactItems"]:
                yield self._key(*one.values())
        elif operation == "BatchWriteItem":
            for name, many in request["RequestItems"].items():
                for one in many:
                    yield self._key({"TableName": name, **next(iter(one.values()))})

    def _key(self, request: Mapping[str, Any]) -> tuple[str, Item]:
        name = request["TableName"]
        return name, request.get("Key") or {one: request["Item"][one] for one in self.tables[name].keys}

    def _reads(self, operation: str, request: Mapping[str, Any], answer: Mapping[str, Any]) -> float:
        if operation == "GetItem":
            name, key = self._key(request)
            return read(size(self.item(name, key)), is_consistent=bool(request.get("ConsistentRead")))
        if operation in ("Query", "Scan"):
            total = sum(size(one) for one in answer.get("Items", ()))
            return read(total, is_consistent=bool(request.get("ConsistentRead")))
        if operation == "BatchGetItem":
            return sum(
                read(size(self.item(name, key)), is_consistent=bool(asked.get("ConsistentRead")))
                for name, asked in request["RequestItems"].items()
                for key in asked["Keys"]
            )
        if operation == "TransactGetItems":
            items = (self.item(*self._key(one["Get"])) for one in request["TransactItems"])
            return sum(2 * read(size(one), is_consistent=True) for one in items)
        return 0.0


def written(size_bytes: int) -> int:
    """Units of a write, which is never for nothing."""
    return max(1, math.ceil(size_bytes / WRITE_BYTES))


def read(size_bytes: int, *, is_consistent: bool) -> float:
    """Units of a read, which is never for nothing."""
    return max(1, math.ceil(size_bytes / READ_BYTES)) * (1.0 if is_consistent else 0.5)


def size(item: Item) -> int:
    """Bytes of an item as DynamoDB counts them: names and values."""
    return sum(len(name.encode()) + _value(value) for name, value in item.items())


def _value(value: Mapping[str, Any]) -> int:
    [(kind, content)] = value.items()
    match kind:
        case "S":
            return len(content.encode())
        case "N":
            digits = content.strip("-0").replace(".", "")
            return 1 + math.ceil(len(digits) / 2) + int(content.startswith("-"))
        case "BOOL" | "NULL":
            return 1
        case "M":
            return 3 + sum(1 + len(name.encode()) + _value(one) for name, one in content.items())
        case "L":
            return 3 + sum(1 + _value(one) for one in content)
        case "SS":
            return sum(len(one.encode()) for one in content)
        case _:
            raise ValueError(f"the size of an attribute of type {kind} is not known here")


def _keys(properties: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(one["AttributeName"] for one in properties["KeySchema"])


def _text(key: Item) -> str:
    return "/".join(str(value) for one in key.values() for value in one.values())
