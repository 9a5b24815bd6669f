"""What `vto.schemas.ready` takes, `jsonschema` takes: it may refuse more, which that library is then asked about."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import fastjsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.vto.test_schemas import BAD, GOOD
from vto import schemas
from vto.schemas.explaining import explained

LAYER = str(Path(schemas.__file__).parents[2])
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


def values(schema: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    """What is right for a part of a schema, or nearly so, or anything."""
    match schema:
        case {"$ref": name}:
            return values(schemas.read(name))
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


def takes(name: str, document: Any) -> bool:
    try:
        schemas.ready(name)(document)
    except fastjsonschema.JsonSchemaValueException:
        return False
    return True


@pytest.mark.parametrize("name", REQUESTS)
@given(data=st.data())
def test_what_is_taken_at_once_breaks_nothing(name: str, data: st.DataObject) -> None:
    document = data.draw(values(schemas.read(f"{name}.schema.json")))
    before = repr(document)
    wrong, sound = explained(name, document)

    if takes(name, document):
        assert (wrong, sound) == ([], document)
    assert repr(document) == before


@pytest.mark.parametrize("document", GOOD, ids=str)
def test_what_is_right_is_taken_at_once(document: Any) -> None:
    assert takes("try_on", document)


@pytest.mark.parametrize("document", [one for one, _, _ in BAD], ids=str)
def test_what_is_wrong_is_never_taken(document: Any) -> None:
    assert not takes("try_on", document)


def test_what_is_refused_though_it_is_right_is_taken_by_the_library() -> None:
    document = {"product_id": "p", "request_id": "a\n"}  # Python's $ stands before a line break at the end, too
    assert not takes("try_on", document)
    assert schemas.violations("try_on", document) == []


def test_only_what_is_wrong_has_the_library_imported() -> None:
    asked = (
        "import sys; from vto import schemas; "
        "right = schemas.violations('ping', {'action': 'ping'}), 'jsonschema' in sys.modules; "
        "wrong = schemas.violations('ping', {}) != [], 'jsonschema' in sys.modules; print(right, wrong)"
    )
    environment = {"PYTHONPATH": LAYER}
    run = subprocess.run([sys.executable, "-c", asked], env=environment, capture_output=True, text=True, check=False)
    assert run.stdout == "([], False) (True, True)\n", run.stderr
