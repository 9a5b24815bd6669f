"""docs/openapi.yaml and docs/asyncapi.yaml: kept to their standards, and the same as the template and the code."""

import copy
import re
from typing import Any

import pytest

from scripts import lint_specs, specs
from scripts.lint_machine import NODE_PACKAGES
from tests.contract.deployed import resources
from tests.specs import checking, plugin
from tests.unit.vto.world import EXECUTION, World
from vto import schemas
from vto.adapters.rest import STATUS_OF
from vto.domain import webhooks
from vto.domain.farewell import MOST_SECONDS, Reason, bye
from vto.errors import all_errors
from vto.testing import FakeNotifier
from vto.use_cases.answer_message import ACTIONS

OPENAPI, ASYNCAPI = specs.read(specs.OPENAPI), specs.read(specs.ASYNCAPI)
METHODS = {"get", "put", "post", "delete", "patch"}
OPERATIONS = {
    f"{method.upper()} {path}": operation
    for path, item in OPENAPI["paths"].items()
    for method, operation in item.items()
    if method in METHODS
}


def routes() -> dict[str, bool]:
    """The routes of the template, and whether each asks for a token."""
    found = {}
    for function in resources("AWS::Serverless::Function").values():
        for event in function.get("Events", {}).values():
            if event["Type"] == "HttpApi":
                details = event["Properties"]
                found[f"{details['Method']} {details['Path']}"] = details.get("Auth", {}).get("Authorizer") != "NONE"
    return found


# --- OpenAPI ----------------------------------------------------------------------------------------------------------


def test_the_document_is_openapi() -> None:
    assert specs.openapi_problems(OPENAPI) == []
    broken = copy.deepcopy(OPENAPI)
    del broken["paths"]["/health"]["get"]["responses"]
    assert specs.openapi_problems(broken) != []


def test_the_document_has_the_routes_of_the_template_and_no_others() -> None:
    assert set(OPERATIONS) == set(routes())


def test_what_needs_no_token_is_the_same_in_the_template() -> None:
    assert {route for route, one in OPERATIONS.items() if one.get("security") == []} == {
        route for route, needs_token in routes().items() if not needs_token
    }


def test_every_variable_of_a_path_is_described() -> None:
    for route, operation in OPERATIONS.items():
        path = OPENAPI["paths"][route.partition(" ")[2]]
        described = specs.whole([*path.get("parameters", []), *operation.get("parameters", [])], OPENAPI)
        assert {one["name"] for one in described if one["in"] == "path"} == set(re.findall(r"\{(\w+)\}", route)), route


def test_every_operation_has_a_name_of_its_own_and_says_what_it_does() -> None:
    names = [one["operationId"] for one in OPERATIONS.values()]
    assert len(set(names)) == len(names)
    assert all(one["summary"] and one["tags"] for one in OPERATIONS.values())


@pytest.mark.parametrize("route", OPERATIONS)
def test_every_operation_says_what_may_always_happen(route: str) -> None:
    always = {"429", "500", "503"} | ({"401"} if routes()[route] else set())
    assert always <= set(OPERATIONS[route]["responses"])


def test_every_status_of_an_error_is_in_the_document() -> None:
    documented = {status for one in OPERATIONS.values() for status in one["responses"]}
    assert {str(int(status)) for status in STATUS_OF.values()} <= documented


def test_request_bodies_are_the_schemas_that_the_code_checks_by() -> None:
    """The generated part: that it is current is checked with the other documents."""
    components = OPENAPI["components"]["schemas"]
    for route, operation in OPERATIONS.items():
        if "requestBody" not in operation:
            continue
        reference = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"]
        title = reference.removeprefix("#/components/schemas/")
        (name,) = (name for name, one in specs.SHARED.items() if one == title)
        assert components[title] == specs.in_openapi(specs.schema(name)), route


def test_a_schema_in_the_words_of_openapi_means_the_same() -> None:
    validate = checking._bodies("POST /try-ons").is_valid
    document: dict[str, Any] = {"product_id": "p", "model_id": "m", "parameters": {"maskType": "GARMENT"}}
    for changes in (
        {},
        {"model_id": ""},
        {"lane": "fast"},
        {"action": "ping"},
        {"x": 1},
        {"parameters": {"text": "a"}},
    ):
        changed = {**document, **changes}
        assert validate(changed) == (schemas.violations("try_on", changed) == []), changes


def test_nothing_is_described_that_nobody_uses() -> None:
    text = specs.OPENAPI.read_text()
    for kind, parts in OPENAPI["components"].items():
        if kind != "securitySchemes":
            for name in parts:
                assert f"#/components/{kind}/{name}" in text, name


def test_what_the_shops_own_server_is_sent_is_in_the_document() -> None:
    world = World()
    world.claimed_job()
    world.record_failure.lost("job-1", EXECUTION, "gone")
    assert checking.component_problems("WebhookMessage", webhooks.message(world.jobs.rows["job-1"])) == []
    assert checking.component_problems("WebhookMessage", b'{"type": "try_on.error"}') != []


# --- AsyncAPI ---------------------------------------------------------------------------------------------------------


def test_the_document_is_asyncapi() -> None:
    broken = copy.deepcopy(ASYNCAPI)
    broken["operations"]["tell"]["action"] = "shout"
    try:
        assert specs.asyncapi_problems(ASYNCAPI, NODE_PACKAGES) == []
        assert specs.asyncapi_problems(broken, NODE_PACKAGES) != []
    except specs.SpecsUnavailableError as reason:
        pytest.skip(str(reason))


def test_a_reference_that_leads_nowhere_is_found() -> None:
    broken = {"a": {"$ref": "#/b"}, "c": [{"$ref": "no/such.schema.json"}]}
    assert list(specs._lost(broken, broken)) == ["#/b leads nowhere", "no/such.schema.json leads nowhere"]
    assert list(specs._lost(ASYNCAPI, ASYNCAPI)) == []


def test_lint_goes_on_without_what_npm_cannot_bring(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Any
) -> None:
    monkeypatch.setattr(lint_specs, "NODE_PACKAGES", tmp_path / "node_modules")
    assert lint_specs.main() == 0
    assert "asyncapi.yaml is skipped: npm could not install" in capsys.readouterr().out


def test_the_frames_of_clients_are_the_routes_of_the_socket_and_the_actions_of_the_code() -> None:
    (api,) = resources("AWS::Serverless::WebSocketApi").values()
    actions = {route for route in api["Routes"] if not route.startswith("$")}
    assert set(checking.messages("receive")) == actions == set(ACTIONS)
    properties = ASYNCAPI["channels"]["socket"]["bindings"]["ws"]["query"]["properties"]
    assert [f"route.request.querystring.{name}" for name in properties] == api["Auth"]["IdentitySource"]
    assert ASYNCAPI["servers"]["live"]["pathname"] == f"/{api['StageName']}"


@pytest.mark.parametrize("reason", Reason)
def test_a_bye_of_every_reason_is_documented(reason: Reason) -> None:
    assert checking.frame_problems(bye(reason, MOST_SECONDS), is_from_client=False) == []
    assert set(Reason) == set(specs.schema("bye_frame")["properties"]["reason"]["enum"])


@pytest.mark.parametrize("name", ASYNCAPI["components"]["messages"])
def test_examples_of_frames_are_frames(name: str) -> None:
    is_from_client = name in ACTIONS
    for example in ASYNCAPI["components"]["messages"][name].get("examples", []):
        assert checking.frame_problems(example["payload"], is_from_client=is_from_client) == []


def test_every_field_of_every_frame_has_its_schema_checked_strictly() -> None:
    frame = {"type": "error", "error": all_errors()["InternalError"]().public()}
    assert checking.frame_problems(frame, is_from_client=False) == []
    for broken in ({**frame, "more": 1}, {**frame, "error": {**frame["error"], "trace": "…"}}, {"type": "hello"}, []):
        assert checking.frame_problems(broken, is_from_client=False) != []


# --- the readers of all tests -----------------------------------------------------------------------------------------


def test_a_frame_that_breaks_the_document_is_found_wherever_it_is_sent() -> None:
    FakeNotifier().send("c-1", {"type": "pong", "at": "noon"})
    assert [one.partition(":")[2] for one in plugin.taken()] == [
        """ "pong", "at": "noon"}: : Additional properties are not allowed ('at' was unexpected)"""
    ]


@pytest.mark.parametrize(
    ("route", "status", "headers", "body", "problem"),
    [
        ("GET /health", 200, {}, '{"status": "ok"}', "the content type is missing"),
        ("GET /health", 200, {"content-type": "text/html"}, "ok", "the content type is text/html"),
        (
            "GET /health",
            201,
            {"content-type": "application/json"},
            '{"status": "ok"}',
            "the status 201 is not documented",
        ),
        ("GET /health", 200, {"content-type": "application/json"}, '{"status": "ok", "x": 1}', "'x' was unexpected"),
        ("GET /health", 200, {"content-type": "application/json"}, "{}", '"status" is a required property'),
        ("GET /nowhere", 200, {"content-type": "application/json"}, "{}", "is in no path"),
    ],
)
def test_an_answer_that_breaks_the_document_is_found(
    route: str, status: int, headers: dict[str, str], body: str, problem: str
) -> None:
    method, _, path = route.partition(" ")
    (found,) = checking.answer_problems(method, path, status, headers, body)
    assert problem in found


def test_a_request_that_is_taken_though_it_breaks_the_document_is_found() -> None:
    event = {"requestContext": {"http": {"method": "POST", "path": "/uploads"}}, "body": '{"kind": "film"}'}
    plugin.see_answer(event, {"statusCode": 200, "headers": {"Content-Type": "application/json"}, "body": "{}"})
    assert any("it was taken, though" in one for one in plugin.taken())
