"""What a deployment of template.yaml gives a function: its handler, its environment, tables and buckets.

Read from the template itself, so that no test can disagree with what is deployed.
"""

import copy
import importlib.util
import os
import re
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.config import Config
from moto.backends import get_backend
from samtranslator.yaml_helper import yaml_parse

from tests.log_scanner.plugin import see_raised
from vto import bootstrap, telemetry

ROOT = Path(__file__).parents[2]
FUNCTIONS = sorted(path.parent.name for path in ROOT.glob("functions/*/app.py"))
STACK, ACCOUNT, REGION = "vto", "123456789012", "us-east-1"
PSEUDO = {
    "AWS::StackName": STACK,
    "AWS::AccountId": ACCOUNT,
    "AWS::Region": REGION,
    "AWS::Partition": "aws",
    "AWS::URLSuffix": "amazonaws.com",
}
WITH_A_WEBHOOK = {"WebhookUrl": "https://shop.example/ended-try-ons"}
"""The parameters of a deployment that has all there is to have."""
LAMBDAS_OWN = {
    "AWS_REGION": REGION,
    "AWS_DEFAULT_REGION": REGION,
    "AWS_ACCESS_KEY_ID": "k",
    "AWS_SECRET_ACCESS_KEY": "s",
}
CONTEXT = SimpleNamespace(aws_request_id="8f5ad3ab-5a3e-4a9e-8a0c-0a5d4f3f7b11", function_name="test")


@cache
def template() -> dict[str, Any]:
    """The template, short tags written out."""
    return yaml_parse((ROOT / "template.yaml").read_text())


def resources(kind: str) -> dict[str, dict[str, Any]]:
    """The properties of all resources of a type, by logical id."""
    return {name: one["Properties"] for name, one in template()["Resources"].items() if one["Type"] == kind}


def resolved(value: Any, **parameters: str) -> Any:
    """A value of the template as it is after a deployment with default parameters, but for those given."""
    match value:
        case {"Ref": name}:
            return _physical(name, parameters)
        case {"Fn::GetAtt": [name, "Arn"]}:
            return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{_physical(name, parameters)}"
        case {"Fn::GetAtt": [name, "Id"]}:
            return f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{_physical(name, parameters)}"
        case {"Fn::GetAtt": [name, "StreamArn"]}:
            table = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{_physical(name, parameters)}"
            return f"{table}/stream/2026-11-21T00:00:00.000"
        case {"Fn::Sub": text}:
            return re.sub(r"\$\{([^}]+)}", lambda found: _physical(found[1], parameters), text)
        case {"Fn::Join": [separator, parts]}:
            words = [resolved(one, **parameters) for one in parts]
            return separator.join(one for one in words if one != "AWS::NoValue")
        case {"Fn::If": [condition, yes, no]}:
            return resolved(yes if _holds(condition, parameters) else no, **parameters)
        case dict():
            return {key: resolved(one, **parameters) for key, one in value.items()}
        case list():
            return [resolved(one, **parameters) for one in value]
    return value


def _physical(name: str, parameters: Mapping[str, str]) -> str:
    if name in PSEUDO:
        return PSEUDO[name]
    if name == "AWS::NoValue":
        return name
    if name in template()["Parameters"]:
        return str(parameters.get(name, template()["Parameters"][name]["Default"]))
    resource = template()["Resources"][name]
    properties = resource.get("Properties", {})
    for key in ("TableName", "BucketName", "FunctionName"):
        if key in properties:
            return resolved(properties[key], **parameters)
    if resource["Type"] == "AWS::Serverless::StateMachine":
        machine = resolved(properties["Name"], **parameters)
        return f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{machine}"
    return f"{name.lower()}id"


def _holds(condition: str, parameters: Mapping[str, str]) -> bool:
    return _is_true(template()["Conditions"][condition], parameters)


def _is_true(condition: Any, parameters: Mapping[str, str]) -> bool:
    match condition:
        case {"Fn::Not": [other]}:
            return not _is_true(other, parameters)
        case {"Fn::And": parts}:
            return all(_is_true(part, parameters) for part in parts)
        case {"Fn::Or": parts}:
            return any(_is_true(part, parameters) for part in parts)
        case {"Condition": name}:
            return _holds(name, parameters)
        case {"Fn::Equals": [one, other]}:
            return resolved(one, **parameters) == resolved(other, **parameters)
    raise AssertionError(f"condition {condition} has a form that is not read here yet")


@cache
def _by_folder() -> dict[str, dict[str, Any]]:
    return {Path(one["CodeUri"]).name: one for one in resources("AWS::Serverless::Function").values()}


def environment(function: str, **parameters: str) -> dict[str, str]:
    """A function's environment, the part that all functions share included."""
    shared = template()["Globals"]["Function"]["Environment"]["Variables"]
    own = _by_folder()[function].get("Environment", {}).get("Variables", {})
    return resolved({**shared, **own}, **parameters)


def function_of(arn: str) -> str:
    """The folder of a function by its ARN."""
    names = {resolved(one["FunctionName"]): folder for folder, one in _by_folder().items()}
    return names[arn.rpartition(":")[2]]


@cache
def module(function: str) -> ModuleType:
    """A function's ``app.py``, imported once."""
    spec = importlib.util.spec_from_file_location(f"app_of_{function}", ROOT / f"functions/{function}/app.py")
    assert spec is not None
    assert spec.loader is not None
    app = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(app)
    return app


def handler(function: str) -> Callable[[Any], Any]:
    """A function's handler, with the context that Lambda would add; what it raises would stand in its log."""

    def call(event: Any) -> Any:
        try:
            return module(function).handler(event, CONTEXT)
        except Exception as error:
            see_raised(function, error)
            raise

    return call


_clients: dict[str, Any] = {}
_client, _resource = boto3.client, boto3.resource


def kept[T](make: Callable[..., T]) -> Callable[..., T]:
    """``boto3.client`` or ``boto3.resource`` with what it made kept: each takes as long as ten calls of moto."""

    def make_once(service: str, *, config: Config | None = None, **options: Any) -> T:
        known = config and sorted((name, repr(value)) for name, value in config._user_provided_options.items())
        around = sorted(one for one in os.environ.items() if one[0].startswith("AWS_"))
        key = repr((make.__name__, service, known, sorted(options.items()), around))
        if key not in _clients:
            _clients[key] = make(service, config=config, **options)
        found: T = _clients[key]
        return found

    return make_once


def use_environment(monkeypatch: pytest.MonkeyPatch, values: Mapping[str, str]) -> None:
    """Let the functions see an environment as a fresh container would; nothing built before is kept but AWS clients."""
    for name in {name for function in FUNCTIONS for name in environment(function)}:
        monkeypatch.delenv(name, raising=False)
    for name, value in {**LAMBDAS_OWN, **values}.items():
        monkeypatch.setenv(name, value)
    for make in (_client, _resource):
        monkeypatch.setattr(boto3, make.__name__, kept(make))
    bootstrap.reset()
    telemetry.logger.cache_clear()
    telemetry.metrics.cache_clear()


def replace_builders(monkeypatch: pytest.MonkeyPatch, **built: Any) -> None:
    """Put objects in the place of what ``vto.bootstrap`` would build; a function stands in for ``engine`` itself."""
    for name, thing in built.items():
        builder = thing if name == "engine" else (lambda thing=thing: thing)
        monkeypatch.setattr(bootstrap, name, builder)


def create_storage() -> None:
    """Let all tables and buckets be there, empty, in moto: a copy of those that were created first."""
    tables, buckets = get_backend("dynamodb")[ACCOUNT][REGION], get_backend("s3")[ACCOUNT]["aws"]
    if not _created:
        _create_storage()
        _created.append(copy.deepcopy((tables.tables, buckets.buckets)))
    tables.tables, buckets.buckets = copy.deepcopy(_created[0])


_created: list[Any] = []


def _create_storage() -> None:
    """Create all tables and buckets by the template's own definitions; for every test anew, it took half its time."""
    dynamodb, s3 = boto3.client("dynamodb", region_name=REGION), boto3.client("s3", region_name=REGION)
    wanted = ("TableName", "BillingMode", "AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes")
    for table in resources("AWS::DynamoDB::Table").values():
        dynamodb.create_table(**{key: resolved(table[key]) for key in wanted if key in table})
    for bucket in resources("AWS::S3::Bucket").values():
        name = resolved(bucket["BucketName"])
        s3.create_bucket(Bucket=name)
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration=bucket["VersioningConfiguration"])
