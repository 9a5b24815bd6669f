"""The template says what the code, the state machine and the published data model say."""

import json
import re
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from scripts.template.reading import (
    FUNCTION,
    ROOT,
    Template,
    actions,
    named,
    read_template,
    references,
    resources,
    statements,
)
from tests.contract.deployed import environment, module, resolved
from vto.domain.engines import PROFILES
from vto.domain.pictures import Tier

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/team/canvas:1"
WEIGHTS = "s3://my-models/fashn-vton-1.5/"

PUBLISH = {"JOBS_TABLE", "CONNECTIONS_TABLE", "CONTROLS_TABLE", "SOCKET_ENDPOINT"}
TRY_ON = {
    "PRODUCTS_TABLE",
    "MODELS_TABLE",
    "JOBS_TABLE",
    "CONTROLS_TABLE",
    "UPLOADS_BUCKET",
    "STATE_MACHINE_ARN",
    "DIRECT_START",
    "RETENTION_DAYS",
    "RESULTS_TABLE",
    "RESULTS_BUCKET",
    "ENGINES",
    "ENGINE_VERSIONS",
    "REQUESTS_PER_MINUTE",
    "FALLBACK_REQUESTS_PER_MINUTE",
    "MAX_JOBS_PER_USER",
    "TIER_MEASURE",
    "SPENDING",
    "GUEST_TRY_ONS",
}
CONSENT = {"CONSENT_VERSION", "ERASURES_QUEUE_URL"}
PACE = {"REQUESTS_PER_MINUTE", "FALLBACK_REQUESTS_PER_MINUTE"}
MONEY = {"DAILY_BUDGET", "DAILY_BUDGET_PER_USER", "GUEST_DAILY_BUDGET", "PRICE_PER_IMAGE", "SPENDING"}

ENVIRONMENT = {
    "import_picture": {
        *("PRODUCTS_TABLE", "MODELS_TABLE", "CONTROLS_TABLE", "RETENTION_DAYS", "PICTURE_TIER", "TIER_MEASURE"),
        *("PRODUCT_UPLOADS_QUEUE_URL", "MODEL_UPLOADS_QUEUE_URL"),
    },
    "api": TRY_ON | CONSENT | {"PRODUCT_UPLOADS_QUEUE_URL", "MODEL_UPLOADS_QUEUE_URL"},
    "serve_guests": {"PRODUCTS_TABLE", "MODELS_TABLE", "CONTROLS_TABLE", "GUEST_TRY_ONS"},
    "manage_products": {"PRODUCTS_TABLE", "UPLOADS_BUCKET"},
    "erase_user": {
        "PRODUCTS_TABLE",
        "MODELS_TABLE",
        "JOBS_TABLE",
        "CONNECTIONS_TABLE",
        "RESULTS_TABLE",
        "CONTROLS_TABLE",
        "UPLOADS_BUCKET",
        "RESULTS_BUCKET",
        "ERASURES_QUEUE_URL",
        "SOCKET_ENDPOINT",
    },
    "authorize_socket": {"CONTROLS_TABLE"},
    "connect": {"CONNECTIONS_TABLE"},
    "disconnect": {"CONNECTIONS_TABLE"},
    "message": TRY_ON | {"CONNECTIONS_TABLE", "SOCKET_ENDPOINT"},
    "start_try_on": {"STATE_MACHINE_ARN", "JOBS_TABLE"},
    "validate_request": {
        "JOBS_TABLE",
        "PRODUCTS_TABLE",
        "MODELS_TABLE",
        "RESULTS_TABLE",
        "ENGINES",
        "ENGINE_VERSIONS",
        "TIER_MEASURE",
    },
    "check_lifecycle": {"MODEL_ID"},
    "reserve_slot": MONEY | PACE | {"JOBS_TABLE", "CONTROLS_TABLE", "ENGINES"},
    "invoke_model": MONEY
    | PACE
    | {
        "JOBS_TABLE",
        "RESULTS_TABLE",
        "CONTROLS_TABLE",
        "RESULTS_BUCKET",
        "ENGINES",
        "REQUESTS_PER_MINUTE",
        "FALLBACK_REQUESTS_PER_MINUTE",
        "MODEL_ID",
        "PREVIEW_FUNCTION",
        "CANVAS_ENDPOINT",
        "FASHN_SECRET",
    },
    "render_preview": {"OPENBLAS_NUM_THREADS"},
    "store_result": {
        "JOBS_TABLE",
        "RESULTS_TABLE",
        "CONTROLS_TABLE",
        "RESULTS_BUCKET",
        "ENGINES",
        "RETENTION_DAYS",
    },
    "notify_client": PUBLISH | {"DIRECT_NOTIFY"},
    "publish_job": PUBLISH | {"WEBHOOK_QUEUE_URL", "RESULTS_BUCKET"},
    "call_webhook": {"JOBS_TABLE", "WEBHOOK_QUEUE_URL", "WEBHOOK_SECRET", "WEBHOOK_URL"},
    "deliver_result": PUBLISH | {"RESULTS_QUEUE_URL"},
    "record_failure": {"JOBS_TABLE", "RESULTS_TABLE", "RESULTS_BUCKET", "CONTROLS_TABLE"},
    "sweep_jobs": {"JOBS_TABLE", "RESULTS_TABLE", "RESULTS_BUCKET", "CONTROLS_TABLE", "STATE_MACHINE_ARN"},
    "reconcile_uploads": {
        *("PRODUCTS_TABLE", "MODELS_TABLE", "CONTROLS_TABLE", "UPLOADS_BUCKET"),
        *("PRODUCT_UPLOADS_QUEUE_URL", "MODEL_UPLOADS_QUEUE_URL"),
    },
    "operate": {
        *("STACK", "JOBS_TABLE", "JOBS_STREAM", "PRODUCTS_TABLE", "MODELS_TABLE", "CONTROLS_TABLE"),
        *("STATE_MACHINE_ARN", "ENGINES", "DEAD_LETTER_QUEUES", "SOURCE_QUEUES"),
        *("CONNECTIONS_TABLE", "SOCKET_ENDPOINT"),
    },
}

BUCKETS = {
    "import_picture": {"UploadsBucket"},
    "record_failure": {"ResultsBucket"},
    "sweep_jobs": {"ResultsBucket"},
    "reconcile_uploads": {"UploadsBucket"},
    "operate": {"UploadsBucket"},
    "api": {"UploadsBucket", "ResultsBucket"},
    "serve_guests": {"UploadsBucket"},
    "manage_products": {"UploadsBucket"},
    "message": {"ResultsBucket"},
    "validate_request": {"UploadsBucket", "ResultsBucket"},
    "invoke_model": {"UploadsBucket", "ResultsBucket"},
    "render_preview": {"UploadsBucket", "ResultsBucket"},
    "store_result": {"ResultsBucket"},
    "notify_client": {"ResultsBucket"},
    "publish_job": {"ResultsBucket"},
    "deliver_result": {"ResultsBucket"},
    "erase_user": {"UploadsBucket", "ResultsBucket"},
}

# The published data model: key, indexes (hash, range). Attributes beyond keys need no definition.
TABLES: dict[str, tuple[str, dict[str, tuple[str, str]]]] = {
    "products": ("product_id", {"by_category": ("category", "product_id")}),
    "models": ("model_id", {"by_user": ("user_id", "created_at"), "stock": ("stock", "created_at")}),
    "jobs": ("id", {"by_user": ("user_id", "created_at"), "open": ("open", "lease_until")}),
    "connections": ("connection_id", {"by_user": ("user_id", "connected_at")}),
    "results": ("cache_key", {}),
    "controls": ("control_id", {}),
}

HTTP_ROUTES = {
    "GET /health",
    "GET /config",
    "GET /products",
    "GET /products/{product_id}",
    "GET /categories",
    "GET /models",
    "PATCH /models/{model_id}",
    "DELETE /models/{model_id}",
    "POST /uploads",
    "POST /uploads/{upload_id}/complete",
    "POST /try-ons",
    "GET /try-ons",
    "GET /try-ons/{job_id}",
    "DELETE /try-ons/{job_id}",
    "GET /try-ons/{job_id}/result",
    "POST /try-ons/{job_id}/cancel",
    "POST /socket-tickets",
    "DELETE /me",
    "GET /me/export",
    "GET /me/erasures/{receipt}",
}
GUEST_ROUTES = {
    "GET /guests/products",
    "GET /guests/products/{product_id}",
    "GET /guests/categories",
    "GET /guests/models",
    "POST /guests/tickets",
}
ADMIN_ROUTES = {
    "PUT /products/{product_id}",
    "DELETE /products/{product_id}",
    "POST /products/{product_id}/picture",
}
SOCKET_ROUTES = {
    "$connect": "ConnectFunction",
    "$disconnect": "DisconnectFunction",
    "tryOn": "MessageFunction",
    "watchJob": "MessageFunction",
    "cancelTryOn": "MessageFunction",
    "ping": "MessageFunction",
    "$default": "MessageFunction",
}
OUTPUTS = {
    "ApiId",
    "ApiUrl",
    "SocketApiId",
    "SocketUrl",
    "UserPoolId",
    "UserPoolClientId",
    "UploadsBucket",
    "ResultsBucket",
    "StateMachineArn",
    "ProductsTable",
    "ModelsTable",
    "JobsTable",
    "ConnectionsTable",
    "ResultsTable",
    "ControlsTable",
    "WebhookSecretArn",
    "DashboardUrl",
}


@pytest.fixture(scope="module")
def template() -> Template:
    return read_template()


def logical_id_of(folder: str) -> str:
    return "".join(word.capitalize() for word in folder.split("_")) + "Function"


def keys(schema: list[dict[str, str]]) -> tuple[str, ...]:
    return tuple(one["AttributeName"] for one in schema)


def test_every_function_folder_has_its_function_and_every_function_its_folder(template: Template) -> None:
    folders = {path.parent.name for path in (ROOT / "functions").glob("*/app.py")}
    found = {logical_id: properties["CodeUri"] for logical_id, properties in resources(template, FUNCTION)}
    assert found == {logical_id_of(folder): f"functions/{folder}" for folder in ENVIRONMENT}
    assert folders == set(ENVIRONMENT)


def variables(properties: dict[str, Any]) -> dict[str, Any]:
    """A function's own environment."""
    return properties.get("Environment", {}).get("Variables", {})


def test_every_function_is_named_after_its_stack_and_its_folder(template: Template) -> None:
    for folder in ENVIRONMENT:
        properties = template["Resources"][logical_id_of(folder)]["Properties"]
        assert properties["FunctionName"] == {"Fn::Sub": f"${{AWS::StackName}}-{folder}"}


@pytest.mark.parametrize("folder", ENVIRONMENT)
def test_a_function_is_given_exactly_the_variables_it_needs(folder: str, template: Template) -> None:
    properties = template["Resources"][logical_id_of(folder)]["Properties"]
    assert set(variables(properties)) == ENVIRONMENT[folder]


def test_every_function_is_given_what_logs_and_metrics_need(template: Template) -> None:
    common = template["Globals"]["Function"]["Environment"]["Variables"]
    assert set(common) == {"LOG_LEVEL", "POWERTOOLS_SERVICE_NAME", "POWERTOOLS_METRICS_NAMESPACE"}


def allowed(template: Template, properties: dict[str, Any], kind: str) -> set[str]:
    """The resources of a type that a function's policies name."""
    return {
        name for name in references(properties["Policies"]) if template["Resources"].get(name, {}).get("Type") == kind
    }


def test_a_function_is_allowed_nothing_in_tables_it_is_not_told_of(template: Template) -> None:
    for logical_id, properties in resources(template, FUNCTION):
        told = {named(value) for value in variables(properties).values()}
        streams = {"JobsTable"} if logical_id in ("StartTryOnFunction", "PublishJobFunction") else set()
        assert allowed(template, properties, "AWS::DynamoDB::Table") - streams <= told, logical_id


@pytest.mark.parametrize("folder", ENVIRONMENT)
def test_a_function_is_allowed_the_buckets_whose_addresses_it_is_given(folder: str, template: Template) -> None:
    """Addresses of pictures come in events and rows, whole, so buckets are not in every environment."""
    properties = template["Resources"][logical_id_of(folder)]["Properties"]
    found = allowed(template, properties, "AWS::S3::Bucket") if "Policies" in properties else set()
    assert found == BUCKETS.get(folder, set())


@pytest.mark.parametrize("name", TABLES)
def test_a_table_has_the_published_name_keys_and_indexes(name: str, template: Template) -> None:
    key, indexes = TABLES[name]
    properties = template["Resources"][f"{name.capitalize()}Table"]["Properties"]
    assert properties["TableName"] == {"Fn::Sub": f"${{AWS::StackName}}-{name}"}
    assert keys(properties["KeySchema"]) == (key,)
    found = {one["IndexName"]: keys(one["KeySchema"]) for one in properties.get("GlobalSecondaryIndexes", [])}
    assert found == indexes
    # a job is written two dozen times, and each index with a copy of it would be, too
    wanted = {"ProjectionType": "KEYS_ONLY" if name == "jobs" else "ALL"}
    assert all(one["Projection"] == wanted for one in properties.get("GlobalSecondaryIndexes", []))


def test_only_the_jobs_table_has_a_stream_and_it_carries_both_images(template: Template) -> None:
    streams = {
        table: properties["StreamSpecification"]
        for table, properties in resources(template, "AWS::DynamoDB::Table")
        if "StreamSpecification" in properties
    }
    assert streams == {"JobsTable": {"StreamViewType": "NEW_AND_OLD_IMAGES"}}


def test_the_http_api_has_the_routes_of_the_protocol_and_functions_of_their_own_for_guests_and_for_admins(
    template: Template,
) -> None:
    found = {}
    for logical_id, properties in resources(template, FUNCTION):
        for event in properties.get("Events", {}).values():
            details = event["Properties"]
            assert named(details["ApiId"]) == "HttpApi"
            found[f"{details['Method']} {details['Path']}"] = logical_id
    assert found == {
        **dict.fromkeys(HTTP_ROUTES, "ApiFunction"),
        **dict.fromkeys(GUEST_ROUTES, "ServeGuestsFunction"),
        **dict.fromkeys(ADMIN_ROUTES, "ManageProductsFunction"),
    }


@pytest.mark.parametrize(
    ("folder", "routes"),
    [("api", HTTP_ROUTES), ("manage_products", ADMIN_ROUTES), ("serve_guests", GUEST_ROUTES)],
)
def test_a_function_serves_exactly_the_routes_that_the_template_leads_to_it(folder: str, routes: set[str]) -> None:
    served = {
        f"{route.method} {route.path.replace('<', '{').replace('>', '}')}"
        for route in module(folder).app._dynamic_routes + module(folder).app._static_routes
    }
    assert served == routes


def test_what_shoppers_reach_cannot_write_the_catalogue(template: Template) -> None:
    writing = {
        logical_id
        for logical_id, properties in resources(template, FUNCTION)
        for one in statements(properties)
        if {"dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"} & set(actions(one))
        and "ProductsTable" in references(one)
    }
    assert writing == {"ImportPictureFunction", "ManageProductsFunction"}


def test_the_socket_api_has_the_routes_of_the_protocol_and_the_stage_live(template: Template) -> None:
    properties = template["Resources"]["SocketApi"]["Properties"]
    found = {route: named(details["FunctionArn"]) for route, details in properties["Routes"].items()}
    assert found == SOCKET_ROUTES
    assert properties["StageName"] == "live"
    assert properties["RouteSelectionExpression"] == "$request.body.action"
    assert named(properties["Auth"]["AuthArn"]) == "AuthorizeSocketFunction"


def test_only_who_hears_clients_or_erases_them_may_close_their_sockets(template: Template) -> None:
    closing = {
        logical_id
        for logical_id, properties in resources(template, FUNCTION)
        if "/live/DELETE/@connections/*" in str(properties.get("Policies"))
    }
    assert closing == {"MessageFunction", "EraseUserFunction"}


def test_functions_reach_sockets_on_aws_unless_another_address_is_given(template: Template) -> None:
    endpoints = [
        variables(properties)["SOCKET_ENDPOINT"]
        for _, properties in resources(template, FUNCTION)
        if "SOCKET_ENDPOINT" in variables(properties)
    ]
    given, on_aws = "${SocketEndpointBase}/${SocketApi}/live", "https://${SocketApi}.execute-api.${AWS::Region}"
    expected = ["HasSocketEndpointBase", {"Fn::Sub": given}, {"Fn::Sub": on_aws + ".${AWS::URLSuffix}/live"}]
    assert endpoints == [{"Fn::If": expected}] * 6


def test_each_bucket_tells_the_queue_of_its_import_or_delivery(template: Template) -> None:
    def notified(bucket: str) -> dict[str | None, dict[str, str]]:
        configurations = template["Resources"][bucket]["Properties"]["NotificationConfiguration"]["QueueConfigurations"]
        return {
            named(one["Queue"]): {rule["Name"]: rule["Value"] for rule in one["Filter"]["S3Key"]["Rules"]}
            for one in configurations
        }

    assert notified("UploadsBucket") == {
        "ProductUploadsQueue": {"prefix": "products/"},
        "ModelUploadsQueue": {"prefix": "models/"},
    }
    assert notified("ResultsBucket") == {"ResultsQueue": {"prefix": "results/", "suffix": "result.json"}}


def test_executions_that_end_without_success_are_recorded_and_the_sweep_runs_every_minute(template: Template) -> None:
    pattern = template["Resources"]["ExecutionEndedRule"]["Properties"]["EventPattern"]
    assert pattern["detail"] == {
        "status": ["FAILED", "TIMED_OUT", "ABORTED"],
        "stateMachineArn": [{"Ref": "TryOnStateMachine"}],
    }
    assert template["Resources"]["SweepRule"]["Properties"]["ScheduleExpression"] == "rate(1 minute)"


def test_the_outputs_are_what_clients_and_the_local_stack_read(template: Template) -> None:
    assert set(template["Outputs"]) == OUTPUTS
    assert all(output["Description"].isascii() for output in template["Outputs"].values())


def test_the_engine_parameter_offers_the_engines_that_exist(template: Template) -> None:
    assert set(template["Parameters"]["Engine"]["AllowedValues"]) == set(PROFILES)
    assert template["Parameters"]["FallbackEngine"]["AllowedValues"] == [
        "none",
        *template["Parameters"]["Engine"]["AllowedValues"],
    ]


def test_the_deployment_page_explains_every_parameter(template: Template) -> None:
    page = Path(ROOT / "docs" / "deploying.md").read_text()
    assert [name for name in template["Parameters"] if f"| `{name}` |" not in page] == []


# --- what a deployment gets besides, and only when it asks for it ---


def conditional(template: Template) -> dict[str, set[str]]:
    """Logical ids by the condition of their resources."""
    found: dict[str, set[str]] = {}
    for name, resource in template["Resources"].items():
        if "Condition" in resource:
            found.setdefault(resource["Condition"], set()).add(name)
    return found


@pytest.mark.parametrize(
    ("parameters", "exists"),
    [
        ({}, set()),
        ({"Engine": "nova_canvas"}, {"UsesNovaCanvas"}),
        ({"FallbackEngine": "nova_canvas"}, {"UsesNovaCanvas"}),
        ({"Engine": "sagemaker", "FallbackEngine": "fashn_api"}, set()),
        ({"CanvasImage": IMAGE}, {"HasCanvasEndpoint"}),
        ({"CanvasImage": IMAGE, "CanvasWeights": WEIGHTS}, {"HasCanvasEndpoint"}),
        ({"CanvasWeights": WEIGHTS}, set()),
    ],
)
def test_an_engine_costs_nothing_where_it_is_not_asked_for(
    template: Template, parameters: dict[str, str], exists: set[str]
) -> None:
    conditions = {"UsesNovaCanvas", "HasCanvasEndpoint"}
    assert {one for one in conditions if resolved({"Fn::If": [one, True, False]}, **parameters)} == exists
    endpoint = {name for name, one in template["Resources"].items() if "SageMaker" in one["Type"]}
    assert endpoint
    assert endpoint <= conditional(template)["HasCanvasEndpoint"]


@pytest.mark.parametrize(
    ("parameters", "engines"),
    [
        ({}, "preview"),
        ({"Engine": "nova_canvas", "FallbackEngine": "preview"}, "nova_canvas,preview"),
        ({"Engine": "fashn_api", "FallbackEngine": "none"}, "fashn_api"),
    ],
)
def test_every_function_that_plans_with_engines_has_the_same_order(parameters: dict[str, str], engines: str) -> None:
    told = {environment(folder, **parameters).get("ENGINES") for folder in ENVIRONMENT}
    assert told == {None, engines}


@pytest.mark.parametrize(("weights", "allowed"), [(WEIGHTS, ["ReadWeights", "FindWeights"]), ("", [])])
def test_a_model_is_only_made_once_its_role_can_read_the_weights(
    template: Template, weights: str, allowed: list[str]
) -> None:
    from ministack.services.cloudformation import engine

    made = template["Resources"]
    assert "AWS::IAM::RolePolicy" not in {one["Type"] for one in made.values()}  # it would come after role and model
    assert named(made["CanvasModel"]["Properties"]["ExecutionRoleArn"]) == "CanvasRole"
    statements = made["CanvasRole"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
    values = {"CanvasImage": {"Value": IMAGE}, "CanvasWeights": {"Value": weights}}
    whole = engine._resolve_refs(statements, {}, values, {"HasCanvasWeights": bool(weights)}, {}, "vto", "id")
    assert [one["Sid"] for one in whole if "Weights" in one["Sid"]] == allowed
    assert not weights or [one["Resource"].rpartition(":")[2] for one in whole[-2:]] == [
        "my-models/fashn-vton-1.5/*",
        "my-models",
    ]


@pytest.mark.parametrize("tier", [1024, 2048])
@pytest.mark.parametrize("fallback", ["none", *PROFILES])
@pytest.mark.parametrize("name", PROFILES)
def test_a_stack_whose_pictures_are_too_large_for_an_engine_is_not_made(
    template: Template, name: str, fallback: str, tier: int
) -> None:
    from ministack.services.cloudformation import engine

    values = {"Engine": name, "FallbackEngine": fallback, "PictureTier": str(tier)}
    fits = all(Tier(tier).max_pixels <= PROFILES[one].max_pixels for one in (name, fallback) if one != "none")
    with nullcontext() if fits else pytest.raises(ValueError, match=r"PictureTier 2048.*Set PictureTier to 1024"):
        engine._evaluate_rules(template, {key: {"Value": value} for key, value in values.items()}, {})


@pytest.mark.parametrize(
    ("engine", "action"),
    [
        ("nova_canvas", "bedrock:InvokeModel"),
        ("sagemaker", "sagemaker:InvokeEndpoint"),
        ("fashn_api", "secretsmanager:GetSecretValue"),
    ],
)
def test_the_permission_for_an_engine_comes_and_goes_with_it(template: Template, engine: str, action: str) -> None:
    (policy,) = template["Resources"]["InvokeModelFunction"]["Properties"]["Policies"]
    ((condition, _, otherwise),) = [
        one["Fn::If"] for one in policy["Statement"] if "Fn::If" in one and action in json.dumps(one)
    ]
    assert otherwise == {"Ref": "AWS::NoValue"}
    for parameters, allowed in (({}, False), ({"Engine": engine}, True), ({"FallbackEngine": engine}, True)):
        assert resolved({"Fn::If": [condition, True, False]}, **parameters) is allowed


@pytest.mark.parametrize(
    ("image", "repository"), [(IMAGE, "team/canvas"), (IMAGE.replace(":1", "@sha256:" + "0" * 64), "team/canvas")]
)
def test_the_endpoint_may_pull_its_own_image_only(template: Template, image: str, repository: str) -> None:
    from ministack.services.cloudformation import engine

    pattern = template["Parameters"]["CanvasImage"]["AllowedPattern"]
    assert re.fullmatch(pattern, image)
    statement = template["Resources"]["CanvasRole"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"][0]
    values = {"CanvasImage": {"Value": image}}
    made = engine._resolve_refs(statement["Resource"], {}, values, {}, {}, "vto", "id")
    assert made.endswith(f":repository/{repository}")
