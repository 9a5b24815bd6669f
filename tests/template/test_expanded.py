"""What SAM makes of the template is what CloudFormation accepts, and as narrow as what we wrote."""

import json
from collections import Counter

import pytest
from cfnlint.api import ManualArgs, lint

from scripts.template.reading import ALARM, Template, expand, named, read_template, resources, scales
from tests.contract.deployed import FUNCTIONS

READY_MADE = {"AWSLambdaBasicExecutionRole", "AWSXrayWriteOnlyAccess"}


@pytest.fixture(scope="module")
def expanded() -> Template:
    return expand(read_template())


def test_the_expanded_template_passes_cfn_lint_without_errors(expanded: Template) -> None:
    found = lint(json.dumps(expanded), config=ManualArgs(regions=["us-east-1", "eu-west-1", "ap-northeast-1"]))
    assert [str(match) for match in found if match.rule.severity == "error"] == []


def test_cfn_lint_would_notice_an_error_here(expanded: Template) -> None:
    alone = {**expanded, "Resources": {"JobsTable": expanded["Resources"]["JobsTable"]}, "Outputs": {}}
    table = json.loads(json.dumps(alone))
    table["Resources"]["JobsTable"]["Properties"]["BillingMode"] = "FREE"
    for template, is_found in ((alone, False), (table, True)):
        assert any(match.rule.severity == "error" for match in lint(json.dumps(template))) is is_found


def test_every_function_has_a_role_of_its_own(expanded: Template) -> None:
    roles = Counter(named(properties["Role"]) for _, properties in resources(expanded, "AWS::Lambda::Function"))
    assert len(roles) == len(FUNCTIONS)
    assert set(roles.values()) == {1}


def test_roles_carry_no_ready_made_policy_beyond_logs_and_traces(expanded: Template) -> None:
    attached = {
        str(policy).rsplit("/", 1)[-1].strip("'}")
        for _, properties in resources(expanded, "AWS::IAM::Role")
        for policy in properties.get("ManagedPolicyArns", [])
    }
    assert attached == READY_MADE


def test_every_function_runs_python_3_13_on_the_processor_that_was_asked_for(expanded: Template) -> None:
    for logical_id, properties in resources(expanded, "AWS::Lambda::Function"):
        assert properties["Runtime"] == "python3.13", logical_id
        assert properties["Architectures"] == [{"Ref": "Architecture"}], logical_id


def test_only_what_people_ask_for_begins_a_trace(expanded: Template) -> None:
    """What a queue, a stream or a schedule calls joins a trace and begins none; the machine's steps join its own."""
    called = {one["FunctionName"]["Ref"] for _, one in resources(expanded, "AWS::Lambda::EventSourceMapping")}
    called |= {
        target["Arn"]["Fn::GetAtt"][0]
        for _, one in resources(expanded, "AWS::Events::Rule")
        for target in one["Targets"]
    }
    steps = str(expanded["Resources"]["TryOnStateMachine"]["Properties"]["DefinitionSubstitutions"])
    for logical_id, properties in resources(expanded, "AWS::Lambda::Function"):
        begins_none = logical_id in called and f"'{logical_id}'" not in steps
        mode = "PassThrough" if begins_none else "Active"
        assert properties["TracingConfig"] == {"Mode": mode}, logical_id


def test_origins_reach_the_api_as_a_list(expanded: Template) -> None:
    cors = expanded["Resources"]["HttpApi"]["Properties"]["Body"]["x-amazon-apigateway-cors"]["Fn::If"]
    assert cors[0] == "HasAllowedOrigins"
    assert cors[1]["allowOrigins"]["Fn::Split"][0] == ","
    assert cors[2] == {"Ref": "AWS::NoValue"}


def test_every_route_but_health_config_and_those_of_guests_asks_for_a_token_of_the_pool(expanded: Template) -> None:
    body = expanded["Resources"]["HttpApi"]["Properties"]["Body"]
    open_routes = {
        path
        for path, operations in body["paths"].items()
        for operation in operations.values()
        if operation["security"] != [{"Shopper": []}]
    }
    of_guests = {path for path in body["paths"] if path.startswith("/guests/")}
    assert open_routes == {"/health", "/config"} | of_guests
    jwt = body["components"]["securitySchemes"]["Shopper"]["x-amazon-apigateway-authorizer"]["jwtConfiguration"]
    assert jwt["audience"] == [{"Ref": "UserPoolClient"}]
    assert jwt["issuer"] == {"Fn::Sub": "https://cognito-idp.${AWS::Region}.${AWS::URLSuffix}/${UserPool}"}


def test_each_route_for_guests_has_limits_of_its_own_and_the_stage_knows_them_by_the_routes_keys(
    expanded: Template,
) -> None:
    [stage] = [one for _, one in resources(expanded, "AWS::ApiGatewayV2::Stage") if one["StageName"] == "$default"]
    paths = expanded["Resources"]["HttpApi"]["Properties"]["Body"]["paths"]
    routes = {f"{method.upper()} {path}" for path in paths for method in paths[path] if path.startswith("/guests/")}
    limits = {route: one["ThrottlingRateLimit"] for route, one in stage["RouteSettings"].items()}
    assert limits.keys() == routes
    assert max(limits.values()) < stage["DefaultRouteSettings"]["ThrottlingRateLimit"]


def test_the_authorizer_guards_connect_only_since_the_socket_itself_is_the_proof_afterwards(expanded: Template) -> None:
    guarded = {
        properties["RouteKey"]
        for _, properties in resources(expanded, "AWS::ApiGatewayV2::Route")
        if properties.get("AuthorizationType") == "CUSTOM"
    }
    assert guarded == {"$connect"}


def test_the_dashboard_is_json_once_its_names_are_filled_in(expanded: Template) -> None:
    body, only_with_a_webhook = expanded["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    without = body
    for name, value in only_with_a_webhook.items():
        condition, written, nothing = value["Fn::If"]
        assert (condition, nothing) == ("HasWebhook", "")
        without, body = without.replace(f"${{{name}}}", nothing), body.replace(f"${{{name}}}", written["Fn::Sub"])
    assert len(json.loads(without)["widgets"]) == len(json.loads(body)["widgets"])
    widgets = json.loads(body)["widgets"]
    assert {widget["type"] for widget in widgets} == {"alarm", "metric"}
    shown = widgets[0]["properties"]["alarms"]
    alarms = [one for _, one in resources(expanded, ALARM) if not scales(expanded, one)]
    assert len(shown) == len(set(shown)) == len(alarms)
