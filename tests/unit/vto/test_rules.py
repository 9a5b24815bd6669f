"""Requests are checked by rules of ours, which say what ``jsonschema`` says of draft 7, as far as we use it."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator
from referencing import Registry, Resource

from vto.schemas import rules
from vto.schemas.rules import UnknownRuleError, problems, read

REQUESTS = [
    "cancel_try_on",
    "guest_ticket",
    "parameters",
    "ping",
    "product",
    "product_picture",
    "rename_photo",
    "try_on",
    "upload",
    "watch_job",
]
ODD = st.none() | st.booleans() | st.sampled_from([0, 1, 1.0, 5.0, 0.5, -1, 10**400, "", "x", [], ["x"], {}, {"x": 1}])
TEXTS = [
    "s3://b/masks/users/me/m.png",
    "a sofa",
    "hat\n",
    "a\nhat",
    "\u5e3d",
    " ",
    "\x00",
    "a" * 200,
    "a" * 1200,
    "a" * 2001,
]


def document_of(name: str) -> Any:
    return json.loads((Path(rules.__file__).parent / name).read_text())


def values(schema: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    """What is right for a part of a schema, or nearly so, or anything."""
    match schema:
        case {"$ref": name}:
            return values(document_of(name))
        case {"properties": fields}:
            known = {field: values(one) for field, one in fields.items()}
            right = st.fixed_dictionaries({}, optional={**known, "surprise": ODD, "": ODD})
            most = st.fixed_dictionaries(known)
            return right | most | ODD
        case {"enum": known}:
            return st.sampled_from(known) | ODD
        case {"const": known}:
            return st.just(known) | ODD
        case {"minimum": least, "maximum": most}:
            return st.sampled_from([least, most, least - 1, most + 1, least - 0.1, most + 0.1]) | ODD
    lengths = [schema.get("minLength", 0), schema.get("maxLength", 5)]
    return st.sampled_from([*TEXTS, *("x" * length for length in lengths), "x" * (lengths[1] + 1)]) | ODD


@cache
def library(name: str) -> Draft7Validator:
    registry: Registry[Any] = Registry(retrieve=lambda uri: Resource.from_contents(document_of(uri)))  # type: ignore[call-arg]
    return Draft7Validator(document_of(name), registry=registry)


def by_the_library(name: str, document: Any) -> list[tuple[Any, ...]]:
    found = []
    for error in library(name).iter_errors(document):
        rule = error.validator_value
        if error.validator == "required":  # it names the missing field in its message only
            rule = next(field for field in rule if error.message == f"{field!r} is a required property")
        found.append((tuple(error.absolute_path), error.validator, rule, error.schema, error.instance))
    return found


@pytest.mark.parametrize("name", REQUESTS)
@given(data=st.data())
def test_what_breaks_a_request_is_what_the_library_says_in_the_same_order(name: str, data: st.DataObject) -> None:
    document = data.draw(values(document_of(f"{name}.schema.json")))
    ours = [tuple(one) for one in problems(read(f"{name}.schema.json"), document)]
    assert ours == by_the_library(f"{name}.schema.json", document)


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({"items": {"type": "string"}}, "'items': "),
        ({"type": ["string", "null"]}, "'type': "),
        ({"enum": [1]}, "'enum': [1]"),
        ({"const": True}, "'const': true"),
        ({"additionalProperties": {"type": "string"}}, "'additionalProperties': "),
        ({"not": {"format": "date"}}, "'format': "),
    ],
)
def test_a_schema_that_says_more_than_the_rules_know_is_named_rather_than_half_checked(
    rule: dict[str, Any], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "new.schema.json").write_text(json.dumps({"type": "object", "properties": {"field": rule}}))
    monkeypatch.setattr(rules, "_FOLDER", tmp_path)
    with pytest.raises(UnknownRuleError, match=r"new\.schema\.json says ") as raised:
        read("new.schema.json")
    assert said in str(raised.value)
