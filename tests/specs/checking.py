"""Whether a frame, a request or an answer is as docs/asyncapi.yaml and docs/openapi.yaml say.

Stricter than the documents: an object has the fields that are written down and no others, so that what the service
starts to say stands there before a client can see it.
"""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import jsonschema_rs

from scripts import specs
from vto.errors import all_errors

CODES = {error.code for error in all_errors().values()}


# --- frames -----------------------------------------------------------------------------------------------------------


def frame_problems(frame: Any, *, is_from_client: bool) -> list[str]:
    """What is wrong with a frame by docs/asyncapi.yaml.

    Args:
        frame: The document, as it is sent.
        is_from_client: Whether a client sends it; otherwise the service does.
    """
    key = "action" if is_from_client else "type"
    name = frame.get(key) if isinstance(frame, Mapping) else None
    validator = messages("receive" if is_from_client else "send").get(str(name))
    if validator is None:
        return [f"there is no message with the {key} {name!r}"]
    return _problems(validator, frame)


@cache
def messages(direction: str) -> Mapping[str, jsonschema_rs.Draft7Validator]:
    """The messages that the service sends (answers included) or receives, by their type or action."""
    document = specs.read(specs.ASYNCAPI)
    found = {}
    for operation in document["operations"].values():
        sources = [operation] if operation["action"] == direction else []
        if direction == "send" and "reply" in operation:
            sources.append(operation["reply"])
        for reference in (one for source in sources for one in source["messages"]):
            payload = specs.whole(specs.at(reference["$ref"], document), document)["payload"]
            found[_name_of(payload)] = _validator(strict(payload))
    return found


def _name_of(payload: Any) -> str:
    parts = [payload, *payload.get("allOf", [])]
    properties = next(part["properties"] for part in parts if "properties" in part)
    name: str = properties.get("type", properties.get("action"))["const"]
    return name


# --- HTTP -------------------------------------------------------------------------------------------------------------


def answer_problems(
    method: str, path: str, status: int, headers: Mapping[str, str], body: Any, request: Any = None
) -> list[str]:
    """What is wrong with an answer by docs/openapi.yaml; and with the request, where it was taken.

    Args:
        method: For example ``"GET"``.
        path: As it was asked for.
        status: Of the answer.
        headers: Of the answer, by their names in lower case.
        body: The answer's text; None or empty for none.
        request: The request's document, where it had one.
    """
    found = operation_of(method, path)
    if found is None:
        error = _validator(strict(_component("Error")))
        is_ours = status == 404 and not _problems(error, _json(body))
        return [] if is_ours else [f"{method} {path} is in no path, and is answered with {status}"]
    where, operation = found
    answers = operation["responses"]
    if str(status) not in answers:
        return [f"{where}: the status {status} is not documented ({', '.join(answers)})"]
    return [f"{where}, {status}: {one}" for one in _answer(where, str(status), headers, body)] + [
        f"{where}: it was taken, though {one}" for one in _request(where, request) if status < 300
    ]


def _answer(where: str, status: str, headers: Mapping[str, str], body: Any) -> Iterator[str]:
    answer = _operations()[where]["responses"][status]
    kinds = answer.get("content", {})
    if not kinds:
        if body:
            yield f"it has a body, {str(body)[:100]}, though none is documented"
        for name, one in answer.get("headers", {}).items():
            if one.get("required") and name.lower() not in headers:
                yield f"the header {name} is missing"
        return
    kind = headers.get("content-type", "").partition(";")[0]
    if kind not in kinds:
        yield f"the content type is {kind or 'missing'}, documented is {', '.join(kinds)}"
        return
    document = _json(body)
    yield from _problems(_answers(where, status, kind), document)
    code = document.get("code") if isinstance(document, Mapping) else None
    if code is not None and code not in CODES:
        yield f"{code!r} is no code of ours"


def _request(where: str, request: Any) -> Iterator[str]:
    body = _operations()[where].get("requestBody")
    if body is not None and request is not None:
        yield from _problems(_bodies(where), request)


@cache
def _answers(where: str, status: str, kind: str) -> jsonschema_rs.Draft7Validator:
    return _validator(strict(_operations()[where]["responses"][status]["content"][kind]["schema"]))


@cache
def _bodies(where: str) -> jsonschema_rs.Draft7Validator:
    return _validator(as_json_schema(_operations()[where]["requestBody"]["content"]["application/json"]["schema"]))


@cache
def _operations() -> Mapping[str, Any]:
    """Every operation by its method and path, with all that it refers to in its place."""
    document = specs.read(specs.OPENAPI)
    return {
        f"{method.upper()} {path}": specs.whole(
            {**operation, "parameters": [*shared, *operation.get("parameters", [])]}, document
        )
        for path, item in document["paths"].items()
        for shared in [item.get("parameters", [])]
        for method, operation in item.items()
        if method in ("get", "put", "post", "delete", "patch")
    }


def operations() -> set[str]:
    """The operations of docs/openapi.yaml, such as ``GET /products/{product_id}``."""
    return set(_operations())


@cache
def _patterns() -> list[tuple[re.Pattern[str], str]]:
    """What each operation's path looks like, those without a variable first."""
    ordered = sorted(_operations(), key=lambda where: (where.count("{"), where))
    return [(re.compile(re.sub(r"\{\w+\}", "[^/]+", where)), where) for where in ordered]


def operation_of(method: str, path: str) -> tuple[str, Any] | None:
    """The operation that serves a request."""
    asked = f"{method} {path}"
    where = next((where for pattern, where in _patterns() if pattern.fullmatch(asked)), None)
    return None if where is None else (where, _operations()[where])


def component_problems(name: str, body: str | bytes) -> list[str]:
    """What is wrong with a text by one of the schemas of docs/openapi.yaml."""
    return _problems(_validator(strict(_component(name))), _json(body))


def _component(name: str) -> Any:
    document = specs.read(specs.OPENAPI)
    return specs.whole(document["components"]["schemas"][name], document)


def _json(body: Any) -> Any:
    try:
        return json.loads(body)
    except (TypeError, ValueError):
        return {"(not JSON)": str(body)[:100]}


# --- schemas ----------------------------------------------------------------------------------------------------------


def strict(schema: Any) -> Any:
    """The schema, with no fields allowed but those that it names."""
    closed = as_json_schema(schema)
    if isinstance(closed, list):
        return [strict(one) for one in closed]
    if not isinstance(closed, Mapping):
        return closed
    made = {name: strict(one) for name, one in closed.items()}
    return (
        {"additionalProperties": False, **made}
        if isinstance(made.get("properties"), Mapping) and "type" in made
        else made
    )


def as_json_schema(schema: Any) -> Any:
    """What OpenAPI 3.0 says in its own words in those of JSON Schema; a JSON Schema stays what it is."""
    if isinstance(schema, list):
        return [as_json_schema(one) for one in schema]
    if not isinstance(schema, Mapping):
        return schema
    made = {name: as_json_schema(one) for name, one in schema.items() if name not in ("nullable", "example")}
    parts = made.get("allOf")
    if isinstance(parts, list) and all(isinstance(part, Mapping) and "properties" in part for part in parts):
        rest = {name: one for name, one in made.items() if name != "allOf"}  # one object in several parts
        properties = {name: one for part in parts for name, one in part["properties"].items()}
        required = [name for part in parts for name in part.get("required", [])]
        made = {**rest, "type": "object", "required": required, "properties": properties}
    return {"anyOf": [{"type": "null"}, made]} if schema.get("nullable") is True else made


def _validator(schema: Any) -> jsonschema_rs.Draft7Validator:
    # the fakes' links are not quoted, as the tests look for keys in them
    return jsonschema_rs.Draft7Validator(schema, validate_formats=True, formats={"uri": lambda text: "://" in text})


def _problems(validator: jsonschema_rs.Draft7Validator, document: Any) -> list[str]:
    text = re.sub(r"\\ud[89a-f]..", "?", json.dumps(document))  # half a character: JSON can say it, Unicode cannot
    found = validator.iter_errors(json.loads(text))
    return [f"{'.'.join(map(str, one.instance_path))}: {one.message}"[:400] for one in found]
