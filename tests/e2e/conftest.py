"""One local stack for all end-to-end tests, as `make demo` starts it, with a model that takes orders to fail."""

import json
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_socket

from local.catalogue import upload_samples
from local.page import origins
from local.processes import free_ports
from local.shopper import Shopper
from local.stack import LocalStack, Login
from samples.catalogue import CATALOGUE
from tests.stand_ins.serving import Asked, Said, serving
from vto.domain.engines import PROFILES

ROOT = Path(__file__).parents[2]
PERSON, GARMENT, STORY = "standing-person.png", "striped-t-shirt.jpg", "green-hoodie.jpg"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder is end to end and may use loopback."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("e2e")
            item.add_marker("enable_socket")


def eventually[T](look: Callable[[], T | None], timeout: float = 20.0) -> T:
    """What `look` finds, as soon as it finds something."""
    deadline = time.monotonic() + timeout
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < deadline, f"nothing within {timeout:.0f} s"
        time.sleep(0.05)


class ShopServer:
    """The shop's own server, which the stack tells of every try-on that ends."""

    def __init__(self) -> None:
        self.told: list[Asked] = []
        self.refusals: list[int] = []
        """What it answers to the next messages; then it takes them all."""

    def answer(self, message: Asked) -> Said:
        """Remember a message, and take it or not."""
        self.told.append(message)
        return Said(self.refusals.pop(0) if self.refusals else 204, b"")

    def told_of(self, job_id: str) -> list[Asked]:
        """The messages about one job."""
        return [one for one in self.told if job_id in one.body.decode()]


class World:
    """The running stack with the questions that the tests ask."""

    def __init__(self, stack: LocalStack, shop: ShopServer) -> None:
        self.stack, self.endpoints, self.shop = stack, stack.endpoints, shop
        self._clients: dict[str, Any] = {}
        samples = [one for one in CATALOGUE if one.file in (PERSON, GARMENT, STORY)]
        ids = {
            one.sample.file: one.item_id for one in upload_samples(self.endpoints, ROOT / "out" / "samples", samples)
        }
        self.person, self.garment = ids[PERSON], ids[GARMENT]
        self.logins = {name: stack.sign_in(f"{name}@example.com") for name in ("ada", "bob", "eve")}
        for product in (self.garment, ids[STORY]):
            eventually(lambda product=product: self.row("products", product_id=product))
        eventually(lambda: self.row("models", model_id=self.person))

    def client(self, service: str) -> Any:
        """A client with the root user's keys."""
        return self._clients.setdefault(service, self.stack.client(service))

    def shopper(self, name: str = "ada") -> Shopper:
        """A signed-in client."""
        return Shopper(self.endpoints, self.logins[name].access_token)

    def login(self, name: str) -> Login:
        """Who a name is."""
        return self.logins[name]

    def id_token(self, name: str) -> str:
        """The token that says who somebody is, and not what they may do."""
        login = self.logins[name]
        answer = self.client("cognito-idp").initiate_auth(
            ClientId=self.endpoints.client_id,
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": login.email, "PASSWORD": login.password},
        )
        token: str = answer["AuthenticationResult"]["IdToken"]
        return token

    def request(self, **changes: Any) -> dict[str, Any]:
        """A good request; its own seed, so that no earlier result is reused."""
        return {
            "product_id": self.garment,
            "model_id": self.person,
            "parameters": {
                "maskType": "GARMENT",
                "garmentBasedMask": {"garmentClass": "UPPER_BODY"},
                "imageGenerationConfig": {"seed": uuid.uuid4().int % 2_147_483_646},
            },
            **changes,
        }

    def row(self, table: str, **key: str) -> dict[str, Any] | None:
        """One row of a table, as DynamoDB gives it."""
        answer = self.client("dynamodb").get_item(
            TableName=self.endpoints.tables[table], Key={name: {"S": value} for name, value in key.items()}
        )
        item: dict[str, Any] | None = answer.get("Item")
        return item

    def count(self, table: str) -> int:
        """How many rows a table has."""
        rows: int = self.client("dynamodb").scan(TableName=self.endpoints.tables[table], Select="COUNT")["Count"]
        return rows

    def executions_of(self, job_id: str) -> list[dict[str, Any]]:
        """The executions that were started for a job."""
        machine = self.endpoints.state_machine_arn
        found = self.client("stepfunctions").list_executions(stateMachineArn=machine, maxResults=1000)["executions"]
        return [one for one in found if one["name"].startswith(job_id)]

    def states_of(self, execution_arn: str) -> list[str]:
        """The states that an execution entered, in their order."""
        history = self.client("stepfunctions").get_execution_history(executionArn=execution_arn, maxResults=1000)
        return [e["stateEnteredEventDetails"]["name"] for e in history["events"] if "stateEnteredEventDetails" in e]

    def put(self, key: str, content: bytes, content_type: str = "image/jpeg", **metadata: str) -> None:
        """Upload something to the shop's own folders."""
        self.client("s3").put_object(
            Bucket=self.endpoints.buckets["uploads"],
            Key=key,
            Body=content,
            ContentType=content_type,
            Metadata={name.replace("_", "-"): value for name, value in metadata.items()},
        )

    def invoke(self, function: str, event: dict[str, Any] | str) -> dict[str, Any]:
        """Run a function of the stack."""
        payload = event if isinstance(event, str) else json.dumps(event)
        answer = self.client("lambda").invoke(FunctionName=self.stack.function_name(function), Payload=payload.encode())
        content: dict[str, Any] = json.loads(answer["Payload"].read())
        assert "FunctionError" not in answer, content
        return content

    # --- the canvas endpoint ------------------------------------------------------------------------------------

    def faults(self, *faults: dict[str, Any]) -> None:
        """Let the next calls of the model go wrong; forgets earlier orders and the count of calls."""
        httpx.delete(f"{self.endpoints.canvas}/_faults", trust_env=False).raise_for_status()
        answer = httpx.post(f"{self.endpoints.canvas}/_faults", json={"faults": list(faults)}, trust_env=False)
        answer.raise_for_status()
        for name in PROFILES:  # what an earlier test did to the engine must not keep this one's jobs waiting
            key = {"control_id": {"S": f"health#{name}"}}
            self.client("dynamodb").delete_item(TableName=self.endpoints.tables["controls"], Key=key)

    def model_calls(self) -> int:
        """How often the model was called since the last order."""
        calls: int = httpx.get(f"{self.endpoints.canvas}/_calls", trust_env=False).json()["calls"]
        return calls

    # --- switching hops off -------------------------------------------------------------------------------------

    @contextmanager
    def environment(self, logical_id: str, **changes: str) -> Iterator[None]:
        """Change a function's environment for a while."""
        functions, name = self.client("lambda"), self.stack.function_name(logical_id)
        before = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
        functions.update_function_configuration(FunctionName=name, Environment={"Variables": {**before, **changes}})
        try:
            yield
        finally:
            functions.update_function_configuration(FunctionName=name, Environment={"Variables": before})

    @contextmanager
    def without_events(self, logical_id: str) -> Iterator[None]:
        """Switch a function's event source off for a while; what happens meanwhile comes later."""
        functions, name = self.client("lambda"), self.stack.function_name(logical_id)
        mappings = functions.list_event_source_mappings(FunctionName=name)["EventSourceMappings"]
        assert mappings, f"{logical_id} has no event source"
        for mapping in mappings:
            functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
        time.sleep(0.5)  # a poll that is under way may still bring something
        try:
            yield
        finally:
            for mapping in mappings:
                functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)


@pytest.fixture(scope="session")
def page_port_of_the_stack() -> int:
    """Where the page may be served from: the one origin that the stack lets in."""
    pytest_socket.enable_socket()
    return free_ports(1)[0]


@pytest.fixture(scope="session")
def _world(page_port_of_the_stack: int) -> Iterator[World]:
    pytest_socket.enable_socket()
    shop = ShopServer()
    with serving(shop.answer) as address:
        parameters = {"AllowedOrigins": origins(page_port_of_the_stack), "WebhookUrl": f"{address}/ended-try-ons"}
        with LocalStack(ROOT, name="e2e", engine="nova_canvas", faults=True, parameters=parameters) as stack:
            yield World(stack, shop)


@pytest.fixture
def world(_world: World) -> World:
    """The stack, with a model that works."""
    _world.faults()
    return _world


@pytest.fixture
def ada(world: World) -> Iterator[Shopper]:
    """A shopper with an open socket."""
    with world.shopper("ada") as shopper:
        shopper.connect()
        yield shopper
