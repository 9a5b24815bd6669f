"""The two documents of our interfaces, and the JSON Schemas that both of them take what frames and bodies hold from.

``docs/openapi.yaml`` has a generated part, the schemas in the words of OpenAPI 3.0; ``docs/asyncapi.yaml`` refers to
the files themselves.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft7Validator
from jsonschema.exceptions import best_match
from openapi_spec_validator import OpenAPIV30SpecValidator

from scripts.facts import ROOT

OPENAPI, ASYNCAPI = ROOT / "docs" / "openapi.yaml", ROOT / "docs" / "asyncapi.yaml"
SCHEMAS = ROOT / "layers" / "vto" / "vto" / "schemas"
SHARED: Mapping[str, str] = {
    "try_on": "TryOnRequest",
    "parameters": "Parameters",
    "upload": "UploadRequest",
    "rename_photo": "RenamePhotoRequest",
    "product": "ProductRequest",
    "product_picture": "ProductPictureRequest",
    "guest_ticket": "GuestTicketRequest",
    "job": "Job",
    "plan": "Plan",
    "notice": "Warning",
    "adaptation": "Adaptation",
    "error": "Error",
}
"""The schemas that the HTTP API speaks too, by their names there."""
DIALECT = {"$schema", "$id", "x-problem", "x-remedy"}


class SpecsUnavailableError(Exception):
    """AsyncAPI's own schema is not here; the message says why."""


def read(path: Path) -> Any:
    """A document in YAML or JSON."""
    return yaml.safe_load(path.read_text())


def schema(name: str) -> Any:
    """One of our JSON Schemas, for example ``"job"``."""
    return json.loads((SCHEMAS / f"{name}.schema.json").read_text())


# --- OpenAPI ----------------------------------------------------------------------------------------------------------


def openapi_schemas() -> str:
    """The generated part of ``docs/openapi.yaml``: our JSON Schemas in the words of OpenAPI 3.0."""
    made = {title: in_openapi(schema(name)) for name, title in SHARED.items()}
    text: str = yaml.safe_dump(made, sort_keys=False, allow_unicode=True, width=100)
    return "".join(f"    {line}\n" for line in text.splitlines()).rstrip("\n")


def in_openapi(value: Any) -> Any:
    """A JSON Schema (draft 7) in OpenAPI 3.0: no null type, no const, no field that is named to be refused."""
    if isinstance(value, list):
        return [in_openapi(one) for one in value]
    if not isinstance(value, Mapping):
        return value
    made = {name: in_openapi(one) for name, one in value.items() if name not in DIALECT}
    if "$ref" in value:
        return {"$ref": f"#/components/schemas/{SHARED[value['$ref'].removesuffix('.schema.json')]}"}
    if "const" in made:
        made["enum"] = [made.pop("const")]
    if isinstance(made.get("type"), list):
        (made["type"],) = (one for one in made["type"] if one != "null")
        made["nullable"] = True
    if None in made.get("enum", ()):
        made |= {"type": "string", "nullable": True}
    if isinstance(made.get("properties"), Mapping):
        made["properties"] = {name: one for name, one in made["properties"].items() if one.get("not") != {}}
    return made


def openapi_problems(document: Any) -> list[str]:
    """What OpenAPI's own schema and rules find in the document."""
    return [
        f"{'/'.join(map(str, one.absolute_path))}: {one.message}"
        for one in OpenAPIV30SpecValidator(document).iter_errors()
    ]


# --- AsyncAPI ---------------------------------------------------------------------------------------------------------


def asyncapi_problems(document: Any, node_packages: Path) -> list[str]:
    """What AsyncAPI's own schema finds in the document, and references that lead nowhere.

    Args:
        document: The document.
        node_packages: The folder ``node_modules`` that holds the package ``@asyncapi/specs``.

    Raises:
        SpecsUnavailableError: It is not there.
    """
    official = node_packages / "@asyncapi" / "specs" / "schemas" / f"{document['asyncapi']}-without-$id.json"
    if not official.exists():
        raise SpecsUnavailableError(f"npm could not install @asyncapi/specs into {node_packages.parent.name}")
    error = best_match(Draft7Validator(json.loads(official.read_text())).iter_errors(document))
    found = [] if error is None else [f"{'/'.join(map(str, error.absolute_path))}: {error.message[:300]}"]
    return [*found, *_lost(document, document)]


def _lost(value: Any, document: Any) -> Iterator[str]:
    """References that lead nowhere."""
    if isinstance(value, Mapping):
        target = value.get("$ref")
        if isinstance(target, str) and at(target, document) is None:
            yield f"{target} leads nowhere"
        for one in value.values():
            yield from _lost(one, document)
    elif isinstance(value, list):
        for one in value:
            yield from _lost(one, document)


def at(reference: str, document: Any) -> Any:
    """What a reference leads to, in the document or in a file beside it; None where it leads nowhere."""
    file, _, pointer = reference.partition("#")
    path = ASYNCAPI.parent / file
    if file and not path.is_file():
        return None
    found = read(path) if file else document
    for part in filter(None, pointer.split("/")):
        found = found.get(part.replace("~1", "/")) if isinstance(found, Mapping) else None
    return found


def whole(value: Any, document: Any) -> Any:
    """A part of a document with what it refers to in the places of the references; ours refer to nothing above them."""
    if isinstance(value, list):
        return [whole(one, document) for one in value]
    if not isinstance(value, Mapping):
        return value
    if isinstance(value.get("$ref"), str):
        target: str = value["$ref"]
        if target.endswith(".schema.json"):  # a schema's own references are to its neighbours
            return whole(schema(Path(target).name.removesuffix(".schema.json")), document)
        return whole(at(target, document), document)
    return {name: whole(one, document) for name, one in value.items() if name not in ("$id", "$schema")}
