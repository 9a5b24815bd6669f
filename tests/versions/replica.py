"""A stack in moto whose tables and buckets can be written down and set up again, by this version or another.

``tests/versions/record.py`` runs this module with the code of an earlier commit, so it imports only what every version
has: the handlers as they are deployed, the machine, the engine that executes it, and a few fakes of the world outside.
"""

import base64
import copy
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from asl.engine import Call, Engine, ServiceError
from tests.contract.deployed import (
    FUNCTIONS,
    REGION,
    ROOT,
    create_storage,
    environment,
    function_of,
    handler,
    replace_builders,
    resolved,
    resources,
    use_environment,
)
from tests.log_scanner.plugin import Heard
from vto import telemetry
from vto.testing import FakeClock, FakeEngine, FakeNotifier, FakePictureTools, FakeWorkflow

USER, SOCKET = "5b1e6d0a-3c3f-4f5b-9a57-0c6f2d1e8a44", "L0SM9cOFvHcCIhw="
ENGINES = ("nova_canvas", "preview")
MACHINE = "vto-try-on"
SESSION_SECONDS = 7200

type Storage = dict[str, Any]
"""All rows by table, as DynamoDB has them, and all objects by address (Base64), with their metadata."""


def machine_of_this_version() -> str:
    """The ASL with the substitutions that template.yaml makes."""
    machine = resources("AWS::Serverless::StateMachine")["TryOnStateMachine"]
    text = (ROOT / machine["DefinitionUri"]).read_text()
    for name, value in resolved(machine["DefinitionSubstitutions"]).items():
        text = text.replace(f"${{{name}}}", value)
    return text


def _place(url: str) -> dict[str, str]:
    bucket, _, key = url.removeprefix("s3://").partition("/")
    return {"Bucket": bucket, "Key": key}


class PutIntoS3:
    """Where the fake engine lays its pictures down."""

    def __init__(self, s3: Any) -> None:
        self._s3 = s3

    def put(self, url: str, content: bytes) -> None:
        self._s3.put_object(**_place(url), Body=content)


@dataclass
class Replica:
    """The real handlers over moto; engines, sockets, picture tools and time are ours."""

    monkeypatch: pytest.MonkeyPatch
    clock: FakeClock = field(default_factory=FakeClock)
    notifier: FakeNotifier = field(default_factory=FakeNotifier)
    workflow: FakeWorkflow = field(default_factory=FakeWorkflow)
    before_call: Callable[[Call], None] = lambda call: None
    script: dict[str, list[Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        together = {name: value for function in FUNCTIONS for name, value in environment(function).items()}
        use_environment(self.monkeypatch, {**together, "ENGINES": ",".join(ENGINES)})
        heard = Heard("a replica")
        self.monkeypatch.setattr(telemetry, "logger", lambda: heard)
        create_storage()
        self.dynamodb, self.s3 = boto3.client("dynamodb", region_name=REGION), boto3.client("s3", region_name=REGION)
        self.models = {name: FakeEngine(PutIntoS3(self.s3)) for name in ENGINES}  # type: ignore[arg-type]
        replace_builders(
            self.monkeypatch,
            clock=self.clock,
            picture_tools=FakePictureTools(),
            sockets=self.notifier,
            workflow=self.workflow,
            engine=lambda name: self.models[name],
        )

    # --- storage ------------------------------------------------------------------------------------------------------

    def written_down(self) -> Storage:
        """Everything that is stored."""
        tables = {name: self.dynamodb.scan(TableName=name)["Items"] for name in self.tables}
        objects = {}
        for url in self.objects():
            read = self.s3.get_object(**_place(url))
            objects[url] = {"content": base64.b64encode(read["Body"].read()).decode(), "metadata": read["Metadata"]}
        return {"tables": tables, "objects": objects}

    def set_up(self, storage: Storage) -> None:
        """Store what was written down, and nothing else; what is there already is left alone, to save time."""
        for table in resources("AWS::DynamoDB::Table").values():
            name, [key] = resolved(table["TableName"]), [one["AttributeName"] for one in table["KeySchema"]]
            there = {row[key]["S"]: row for row in self.dynamodb.scan(TableName=name)["Items"]}
            wanted = {row[key]["S"]: row for row in storage["tables"].get(name, [])}
            for gone in there.keys() - wanted.keys():
                self.dynamodb.delete_item(TableName=name, Key={key: {"S": gone}})
            for row in (row for one, row in wanted.items() if there.get(one) != row):
                self.dynamodb.put_item(TableName=name, Item=row)
        tags = self.objects()
        for url in tags.keys() - storage["objects"].keys():
            self.s3.delete_object(**_place(url))
        for url, one in storage["objects"].items():
            content = base64.b64decode(one["content"])
            if tags.get(url) != hashlib.md5(content, usedforsecurity=False).hexdigest():
                self.s3.put_object(**_place(url), Body=content, Metadata=one["metadata"])

    def objects(self) -> dict[str, str]:
        """The addresses of all objects, with their entity tags."""
        return {
            f"s3://{bucket}/{one['Key']}": one["ETag"].strip('"')
            for bucket in self.buckets
            for one in self.s3.list_objects_v2(Bucket=bucket).get("Contents", [])
        }

    @property
    def tables(self) -> list[str]:
        return sorted(resolved(one["TableName"]) for one in resources("AWS::DynamoDB::Table").values())

    @property
    def buckets(self) -> list[str]:
        return sorted(resolved(one["BucketName"]) for one in resources("AWS::S3::Bucket").values())

    def job(self, job_id: str) -> dict[str, Any]:
        """A job's row, as it is stored."""
        item: dict[str, Any] = self.dynamodb.get_item(TableName="vto-jobs", Key={"id": {"S": job_id}})["Item"]
        return item

    # --- doors --------------------------------------------------------------------------------------------------------

    @property
    def session_until(self) -> str:
        return str(int(self.clock.now().timestamp()) + SESSION_SECONDS)

    def say(self, **document: Any) -> list[Any]:
        """A frame over the shopper's socket, and the frames that it brings."""
        before = len(self.notifier.sent.get(SOCKET, []))
        authorizer = {"user_id": USER, "session_until": self.session_until}
        handler("message")(
            {"requestContext": {"connectionId": SOCKET, "authorizer": authorizer}, "body": json.dumps(document)}
        )
        return self.notifier.sent.get(SOCKET, [])[before:]

    def connect(self) -> None:
        """The shopper's socket opens."""
        authorizer = {"user_id": USER, "session_until": self.session_until}
        handler("connect")({"requestContext": {"connectionId": SOCKET, "authorizer": authorizer}})

    def rest(self, route: str, body: Any = None) -> Any:
        """A call of the HTTP API by the shopper."""
        method, _, path = route.partition(" ")
        claims = {"sub": USER, "exp": self.session_until, "token_use": "access"}
        event = {
            "version": "2.0",
            "rawPath": path,
            "headers": {},
            "requestContext": {
                "http": {"method": method, "path": path},
                "stage": "$default",
                "authorizer": {"jwt": {"claims": claims}},
            },
            "body": None if body is None else json.dumps(body),
        }
        answer = handler("api")(event)
        return answer["statusCode"], json.loads(answer["body"])

    def seqs(self, job_id: str) -> list[int]:
        """The versions of a job that the socket was told, in their order."""
        frames = self.notifier.sent.get(SOCKET, [])
        return [one["job"]["seq"] for one in frames if one["type"] == "job" and one["job"]["id"] == job_id]

    # --- the machine --------------------------------------------------------------------------------------------------

    def execute(self, definition: str, name: str, document: dict[str, Any], **more: Any) -> Any:
        """Run an execution; ``start_at`` lets it begin further on."""
        return Engine(definition, self.clock, self._serve, MACHINE).execute(name, copy.deepcopy(document), **more)

    def _serve(self, call: Call) -> Any:
        self.before_call(call)
        outcomes = self.script.get(call.state, [])
        match outcomes.pop(0) if outcomes else None:
            case Exception() as error:
                raise error
            case happening if happening is not None:
                happening(self)
        if call.service != "dynamodb":
            return handler(function_of(call.target))(call.payload)
        try:
            return self.dynamodb.update_item(**call.payload)
        except ClientError as error:
            raise ServiceError(f"DynamoDB.{error.response['Error']['Code']}") from error
