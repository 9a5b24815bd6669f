"""Many shoppers in one stack: the real functions over tables, buckets and sockets in memory.

Every shopper comes in by the front doors: upload form, import, ticket, socket, try-on. What belongs to whom is known,
so that an answer, a frame, a read or a changed row can be traced to its owner.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote_plus

import pytest

from tests.contract.deployed import FUNCTIONS, environment, handler, replace_builders, use_environment
from tests.log_scanner.plugin import Heard
from tests.unit.vto.world import photo, shirt
from vto import telemetry
from vto.domain import times
from vto.domain.catalogue import Kind
from vto.domain.job import Stage, StoredImage
from vto.domain.results import packed
from vto.domain.storage import S3Url, prepared_model_key
from vto.testing import (
    FakeAdmissions,
    FakeCatalogue,
    FakeClock,
    FakeConnections,
    FakeControls,
    FakeErasureRequests,
    FakeErasures,
    FakeGuests,
    FakeJobs,
    FakeNotifier,
    FakePictures,
    FakePictureTools,
    FakeResults,
    FakeWorkflow,
)
from vto.use_cases.meanwhile import when_asked

UPLOADS, RESULTS = "vto-uploads-123456789012-us-east-1", "vto-results-123456789012-us-east-1"
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
PRODUCT, STOCK_MODEL = "hoodie", "stock-robin"
AGREED = {"consent": {"policy_version": "1"}}

# Ids that some reading of a key, a row or a pattern might take for another's.
ODD_USERS = (
    "visitor#4c1f09aa",
    "visitor#4c1f09aa#2",
    "auth0|7d3e55b1",
    "auth0|7d3e55b1c",  # its prefix is somebody else
    "zo\u00eb-5f3e91c2",
    "zoe\u0308-5f3e91c2",  # the same to a reader
    "Case-8ab2d1f0",
    "case-8ab2d1f0",
    "mail+tag@shop.example",
    "mail@shop.example",
    "*-0f7e21d4",
    "null-e2c4a6b8",
)


@dataclass
class Watched(FakePictures):
    """Storage that remembers which objects were read or looked at."""

    touched: list[str] = field(default_factory=list)

    def read(self, url: S3Url) -> bytes:
        self.touched.append(str(url))
        return super().read(url)

    def metadata(self, url: S3Url) -> tuple[int, dict[str, str]]:
        self.touched.append(str(url))
        return super().metadata(url)


@dataclass(frozen=True)
class Shopper:
    """One user and all that is theirs: one of each kind of object that this product keeps for a person."""

    user_id: str
    socket: str
    model_id: str
    photo: str
    prepared: str
    mask: str
    waiting: str
    done: str
    result: str
    requests: tuple[str, str]
    ticket: str
    receipt: str

    @property
    def secrets(self) -> tuple[str, ...]:
        """What nobody else may ever be told."""
        keys = (S3Url.parse(one).key for one in (self.photo, self.prepared, self.mask, self.result))
        names = (self.user_id, self.socket, self.model_id, self.waiting, self.done, self.ticket, self.receipt)
        return (*names, *keys, *self.requests)


@dataclass
class Mall:
    """The stack and its shoppers."""

    monkeypatch: pytest.MonkeyPatch
    clock: FakeClock = field(default_factory=FakeClock)
    jobs: FakeJobs = field(default_factory=FakeJobs)
    catalogue: FakeCatalogue = field(default_factory=FakeCatalogue)
    connections: FakeConnections = field(default_factory=FakeConnections)
    controls: FakeControls = field(default_factory=FakeControls)
    results: FakeResults = field(default_factory=FakeResults)
    pictures: Watched = field(default_factory=Watched)
    notifier: FakeNotifier = field(default_factory=FakeNotifier)
    guests: FakeGuests = field(default_factory=FakeGuests)
    erasures: FakeErasures = field(default_factory=FakeErasures)
    erasure_queue: FakeErasureRequests = field(default_factory=FakeErasureRequests)
    workflow: FakeWorkflow = field(default_factory=FakeWorkflow)
    shoppers: list[Shopper] = field(default_factory=list)
    numbers: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        together = {name: value for function in FUNCTIONS for name, value in environment(function).items()}
        many = {
            "MAX_JOBS_PER_USER": "100000",
            "GUEST_TRY_ONS": "on",
        }  # nothing here ever ends, and an attacker asks again and again
        use_environment(self.monkeypatch, {**together, **many})
        heard = Heard("the mall")
        for name in ("logger", "metrics"):
            self.monkeypatch.setattr(telemetry, name, lambda: heard)
        replace_builders(
            self.monkeypatch,
            meanwhile=when_asked,
            admissions=FakeAdmissions(self.jobs, self.catalogue, self.results, self.controls),
            clock=self.clock,
            jobs=self.jobs,
            budgets=self.jobs.budgets,
            catalogue=self.catalogue,
            products=self.catalogue,
            connections=self.connections,
            controls=self.controls,
            results=self.results,
            pictures=self.pictures,
            picture_tools=FakePictureTools(),
            sockets=self.notifier,
            workflow=self.workflow,
            versions=self.pictures,
            guests=self.guests,
            erasures=self.erasures,
            erasure_queue=self.erasure_queue,
            results_queue=SimpleNamespace(retry_soon=lambda event, answer: None),
        )
        self.catalogue.add(
            shirt(PRODUCT, prepared_s3_url=f"s3://{UPLOADS}/prepared/products/hoodie/1.jpg"),
            photo(STOCK_MODEL, prepared_s3_url=f"s3://{UPLOADS}/prepared/models/stock/robin/1.jpg"),
        )

    # --- doors --------------------------------------------------------------------------------------------------------

    def rest(
        self,
        user_id: str,
        route: str,
        body: Any = None,
        *,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        claims: Mapping[str, Any] | None = None,
        function: str = "",
    ) -> Any:
        """Call the HTTP API with an access token of this user; the answer's status and document."""
        method, _, path = route.partition(" ")
        writes_products = method != "GET" and path.startswith("/products/")  # as template.yaml leads the routes
        function = function or ("manage_products" if writes_products else "api")
        said = {"sub": user_id, "exp": str(times.epoch(self.clock.now(), days=1)), "token_use": "access"}
        event = {
            "version": "2.0",
            "rawPath": path,
            "headers": dict(headers or {}),
            "queryStringParameters": dict(query) if query else None,
            "requestContext": {
                "http": {"method": method, "path": path},
                "stage": "$default",
                "authorizer": {"jwt": {"claims": {**said, **(claims or {})}}},
            },
            "body": None if body is None else json.dumps(body),
        }
        answer = handler(function)(event)
        told = json.loads(answer["body"]) if answer.get("body") else (answer.get("headers") or {}).get("Location")
        return [answer["statusCode"], told]

    def at_the_public_door(self, route: str, body: Any = None, **query: str) -> list[Any]:
        """Call the HTTP API without any token; the answer's status and document."""
        method, _, path = route.partition(" ")
        event = {
            "version": "2.0",
            "rawPath": path,
            "headers": {},
            "queryStringParameters": query or None,
            "requestContext": {"http": {"method": method, "path": path}, "stage": "$default"},
            "body": None if body is None else json.dumps(body),
        }
        answer = handler("serve_guests")(event)
        return [answer["statusCode"], json.loads(answer["body"])]

    def say(self, user_id: str, socket: str, document: Mapping[str, Any]) -> list[Any]:
        """Send a frame over an open socket; the frames that come back over it."""
        before = len(self.notifier.sent.get(socket, []))
        context = {"user_id": user_id, "session_until": str(times.epoch(self.clock.now(), days=1))}
        event = {"requestContext": {"connectionId": socket, "authorizer": context}, "body": json.dumps(document)}
        assert handler("message")(event) == {"statusCode": 200}
        return self.notifier.sent.get(socket, [])[before:]

    def ticket(self, user_id: str) -> str:
        """Buy a ticket."""
        return str(self.rest(user_id, "POST /socket-tickets")[1]["ticket"])

    def authorize(self, ticket: str) -> dict[str, Any]:
        """Show a ticket; the policy that comes of it."""
        event = {"methodArn": "arn:aws:execute-api:::a/live/$connect", "queryStringParameters": {"ticket": ticket}}
        policy: dict[str, Any] = handler("authorize_socket")(event)
        return policy

    def connect(self, user_id: str, socket: str) -> None:
        """Open a socket with a ticket of its own."""
        self.open(self.ticket(user_id), socket)

    def open(self, ticket: str, socket: str) -> str:
        """Open a socket with a ticket; whose it is."""
        policy = self.authorize(ticket)
        assert policy["policyDocument"]["Statement"][0]["Effect"] == "Allow"
        handler("connect")({"requestContext": {"connectionId": socket, "authorizer": policy["context"]}})
        return str(policy["context"]["user_id"])

    def disconnect(self, user_id: str, socket: str) -> None:
        """What the gateway says of a user's socket that has ended, if it says it."""
        handler("disconnect")({"requestContext": {"connectionId": socket, "authorizer": {"user_id": user_id}}})

    def upload(self, address: str, **metadata: str) -> None:
        """An object comes into the bucket, and the import hears of it."""
        self.pictures.put(address, b"picture", **metadata)
        s3 = {"bucket": {"name": UPLOADS}, "object": {"key": quote_plus(S3Url.parse(address).key, safe="/*")}}
        record = {"eventTime": times.to_iso(self.clock.now()), "s3": s3}
        body = json.dumps({"Records": [record]})
        answer = handler("import_picture")({"Records": [{"messageId": "m", "receiptHandle": "r", "body": body}]})
        assert answer == {"batchItemFailures": []}

    def publish(self, job_id: str) -> None:
        """A job's news, on all three ways."""
        record = {"dynamodb": {"SequenceNumber": "1", "Keys": {"id": {"S": job_id}}}}
        handler("publish_job")({"Records": [record]})
        handler("notify_client")({"job_id": job_id, "execution_arn": "arn:execution"})
        s3 = {"bucket": {"name": RESULTS}, "object": {"key": f"results/{job_id}/result.json", "sequencer": "1"}}
        body = json.dumps({"Records": [{"eventTime": times.to_iso(self.clock.now()), "s3": s3}]})
        handler("deliver_result")({"Records": [{"messageId": "m", "receiptHandle": "r", "body": body}]})

    # --- shoppers -----------------------------------------------------------------------------------------------------

    def move_in(self, user_ids: Iterable[str]) -> None:
        """Let shoppers in, with one object of each kind."""
        self.shoppers += [
            self._shopper(user_id, len(self.shoppers) + number) for number, user_id in enumerate(user_ids)
        ]

    def next(self, what: str) -> int:
        """A number that was not used for this before."""
        self.numbers[what] = self.numbers.get(what, 0) + 1
        return self.numbers[what]

    def finish(self, job_id: str) -> str:
        """What the state machine does to a job, in one go; the address of its picture."""
        self.jobs.claim(job_id, f"arn:{job_id}", self.clock.now())
        address = f"s3://{RESULTS}/results/{job_id}/0.png"
        self.pictures.put(address, b"result")
        job = self.jobs.rows[job_id]
        image = StoredImage(address, "digest", 800, 1200)
        stored = job.enter(Stage.STORING, execution_arn=f"arn:{job_id}", now=self.clock.now(), lease_seconds=60)
        shown = f"s3://{RESULTS}/derived/{job_id}/0.webp", f"s3://{RESULTS}/derived/{job_id}/previews.json"
        self.pictures.put(shown[0], b"result")
        self.pictures.put(shown[1], packed([b"result"]))
        done = stored.complete(
            images=(image,),
            mask_s3_url=None,
            engine="preview",
            now=self.clock.now(),
            shown_s3_urls=shown[:1],
            previews_s3_url=shown[1],
        )
        self.jobs.save(done, expected_version=job.version)
        return address

    def _shopper(self, user_id: str, number: int) -> Shopper:
        socket = f"socket-{number:04}="
        self.connect(user_id, socket)
        forms = [
            self.rest(user_id, "POST /uploads", {**AGREED, "kind": kind, "content_type": "image/jpeg"})[1]
            for kind in ("photo", "mask")
        ]
        for form in forms:
            assert S3Url.parse(form["s3_url"]).key == form["fields"]["key"]
        self.upload(forms[0]["s3_url"], **metadata_of(forms[0]))
        self.pictures.put(forms[1]["s3_url"], b"mask", **metadata_of(forms[1]))
        names = (f"request-of-{number:04}-one", f"request-of-{number:04}-two")
        mask = {"maskType": "IMAGE", "imageBasedMask": {"maskImage": forms[1]["s3_url"]}}
        asked = [
            self.say(user_id, socket, {"action": "tryOn", "request_id": name, "product_id": PRODUCT, **more})
            for name, more in zip(
                names,
                ({"model_id": forms[0]["model_id"]}, {"model_picture_s3_url": forms[0]["s3_url"], "parameters": mask}),
                strict=True,
            )
        ]
        assert all(frames[0]["type"] == "job" for frames in asked), asked
        waiting, done = (frames[0]["job"]["id"] for frames in asked)
        result = self.finish(done)
        self.publish(done)
        assert self.notifier.sent[socket][-1]["job"]["images"], "a shopper gets their own picture"
        row = self.catalogue.rows[Kind.MODEL, forms[0]["model_id"]]
        assert row.user_id == user_id
        assert row.prepared_s3_url is not None
        assert prepared_model_key(row.item_id, user_id, row.sha256 or "") in row.prepared_s3_url
        return Shopper(
            user_id,
            socket,
            model_id=row.item_id,
            photo=forms[0]["s3_url"],
            prepared=row.prepared_s3_url,
            mask=forms[1]["s3_url"],
            waiting=waiting,
            done=done,
            result=result,
            requests=names,
            ticket=self.ticket(user_id),
            receipt=self.receipt(user_id, number),
        )

    def receipt(self, user_id: str, number: int) -> str:
        """An erasure of this user, done or under way; it covers nothing that is here."""
        before = times.after(self.clock.now(), -3600)
        erasure = self.erasures.request(user_id, f"{number:032x}", self.clock.now(), before=before)
        if number % 2:
            self.erasures.finish(erasure, self.clock.now())
        return erasure.receipt

    def erase(self, user_id: str) -> Any:
        """What the function that erases does with this user's message."""
        message = {"messageId": "m", "receiptHandle": "r", "body": json.dumps({"user_id": user_id})}
        return handler("erase_user")({"Records": [message]})

    # --- what came of it ----------------------------------------------------------------------------------------------

    def possessions(self, shopper: Shopper) -> list[object]:
        """What a shopper has; these are the same objects as long as nobody writes."""
        rows = [self.jobs.rows.get(shopper.waiting), self.jobs.rows.get(shopper.done)]
        models = [self.catalogue.get(kind, shopper.model_id) for kind in Kind]
        files = [self.pictures.objects.get(one) for one in (shopper.prepared, shopper.mask, shopper.result)]
        erasing = [self.erasures.running.get(shopper.user_id), self.erasures.receipts.get(shopper.receipt)]
        return [*rows, *models, *files, *erasing, self.connections.rows.get(shopper.socket)]


def metadata_of(form: Mapping[str, Any]) -> dict[str, str]:
    """The metadata that an upload with this form has."""
    prefix = "x-amz-meta-"
    return {name.removeprefix(prefix): value for name, value in form["fields"].items() if name.startswith(prefix)}


def users(count: int) -> list[str]:
    """User ids: the odd ones first, then such as Cognito gives."""
    plain = (f"{number:08x}-3c3f-4f5b-9a57-{number * 7919:012x}" for number in range(1, count + 1))
    return [*ODD_USERS, *plain][:count]


def without(answer: Any, thing: str) -> str:
    """An answer as text, but for the thing that was asked for."""
    text = json.dumps(answer, ensure_ascii=False, sort_keys=True)
    return text.replace(json.dumps(thing, ensure_ascii=False)[1:-1], "(thing)")


def neutral(answer: Any, thing: str, user_id: str) -> str:
    """An answer without what differs between any two answers: whose it is, the thing, and the ids of new jobs."""
    own = json.dumps(user_id, ensure_ascii=False)[1:-1]
    return UUID.sub("(id)", without(json.loads(json.dumps(answer, ensure_ascii=False).replace(own, "(me)")), thing))
