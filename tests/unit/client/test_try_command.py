"""`vto try` as it is typed: who is asked, what stands on which stream, and how it ends."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError, NoCredentialsError
from typer.testing import CliRunner, Result

from tests.unit.client.service import LINK, PLAN, TOKEN, URL, Service, answer, completed, failed, refusal
from tests.unit.client.test_sign_in import Cognito
from vto_client import connect
from vto_client import stack as stacks
from vto_client.blocking import Vto
from vto_client.cli import app
from vto_client.ports import TokenSource
from vto_client.problems import CommandError
from vto_client.thread import Thread

CREATE = "POST /try-ons"
OUTPUTS = {"ApiUrl": URL, "UserPoolId": "eu-central-1_AbCdEfGhI", "UserPoolClientId": "client"}

type Typed = Callable[..., Result]


class CloudFormation:
    """A stack with these outputs, or an error."""

    def __init__(self, found: Any) -> None:
        self.found = found

    def describe_stacks(self, StackName: str) -> Any:  # noqa: N803
        if isinstance(self.found, Exception):
            raise self.found
        return {"Stacks": [{"Outputs": [{"OutputKey": k, "OutputValue": v} for k, v in self.found.items()]}]}


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Service:
    found = Service().says(CREATE, completed())

    def vto(url: str, token: TokenSource, socket_url: str | None) -> Vto:
        world = Thread(token, transport=httpx.MockTransport(found), sleep=found.passes, now=lambda: found.time)
        return Vto(url, token, world=world)

    monkeypatch.setattr(connect, "Vto", vto)
    return found


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """boto3's clients by service; without any, nothing may be asked of AWS."""
    made: dict[str, Any] = {}
    monkeypatch.setattr(stacks, "clients", lambda region: (made.__getitem__, region or "eu-central-1"))
    return made


@pytest.fixture
def vto(service: Service, aws: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Typed:
    for name in ("VTO_TOKEN", "VTO_USER", "VTO_PASSWORD", "VTO_API_URL"):
        monkeypatch.delenv(name, raising=False)

    def typed(*words: str, **environment: str) -> Result:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        return CliRunner().invoke(app, ["try", *words])

    return typed


def test_with_an_address_and_a_token_aws_is_not_asked(vto: Typed, service: Service) -> None:
    ran = vto("anna", "shirt", VTO_API_URL=URL, VTO_TOKEN=TOKEN)
    assert ran.exit_code == 0
    assert LINK in ran.stdout
    assert "accepted" in ran.stderr
    assert "accepted" not in ran.stdout, "standard output is the result"
    assert service.asked[0].headers["Idempotency-Key"].startswith("vto-")


def test_the_stack_says_where_to_sign_in_and_whom_to_ask(vto: Typed, service: Service, aws: dict[str, Any]) -> None:
    aws |= {"cloudformation": CloudFormation(OUTPUTS), "cognito-idp": Cognito()}
    ran = vto("anna", "shirt", "--stack", "shop", VTO_USER="ada", VTO_PASSWORD="Sesame-open-77")
    assert ran.exit_code == 0, ran.output
    assert service.asked[0].headers["Authorization"] == "Bearer access"
    assert "Sesame" not in ran.output


def test_each_try_on_has_a_name_of_its_own_and_a_given_one_is_used(vto: Typed, service: Service) -> None:
    for words in ((), (), ("--idempotency-key", "order-17")):
        vto("anna", "shirt", *words, VTO_API_URL=URL, VTO_TOKEN=TOKEN)
    keys = [one.headers["Idempotency-Key"] for one in service.asked]
    assert len(set(keys)) == 3
    assert keys[2] == "order-17"


def test_as_json_standard_output_is_one_document_whatever_happens(vto: Typed, service: Service) -> None:
    here = {"VTO_API_URL": URL, "VTO_TOKEN": TOKEN}
    for said, outcome, code in (
        (completed(), "completed", 0),
        (answer(200, failed("model_timeout")), "failed", 1),
        (refusal(400, "invalid_request"), "refused", 3),
        (answer(401, {}), "not_signed_in", 4),
        (answer(404, {}), "unknown", 5),
    ):
        service.says(CREATE, said)
        ran = vto("anna", "shirt", "--json", **here)
        document = json.loads(ran.stdout)
        assert (document["v"], document["outcome"], ran.exit_code) == (1, outcome, code)
        assert TOKEN not in ran.output
    service.says(CREATE, PLAN)
    assert json.loads(vto("anna", "shirt", "--json", "--dry-run", **here).stdout)["plan"] == PLAN


def test_a_failure_names_the_command_that_explains_it(vto: Typed, service: Service) -> None:
    service.says(CREATE, answer(200, failed("model_timeout")))
    ran = vto("anna", "shirt", "--stack", "shop", "--region", "eu-central-1", VTO_API_URL=URL, VTO_TOKEN=TOKEN)
    assert f"vto explain {failed('x')['id']} --stack shop --region eu-central-1" in ran.stderr
    assert ran.stdout == ""


def test_ids_that_are_not_there_bring_those_that_could_be_meant(vto: Typed, service: Service) -> None:
    details = [{"path": "product_id", "problem": "is not there"}, {"path": "model_id", "problem": "is not there"}]
    service.says(CREATE, refusal(400, "invalid_request", *details))
    service.says("GET /products", {"products": [{"product_id": "blue-shirt"}, {"product_id": "sofa"}], "next": None})
    service.says("GET /models", answer(500, {"message": "Internal Server Error"}))
    ran = vto("anna", "blue-shrit", VTO_API_URL=URL, VTO_TOKEN=TOKEN)
    assert ran.exit_code == 3
    assert "perhaps blue-shirt\n" in ran.stderr
    assert ran.stderr.count("perhaps") == 1, "what cannot be told is left out"
    ran = vto("anna", "sofa")
    assert "perhaps" not in ran.stderr, "it is there, and something else is wrong with it"


@pytest.mark.parametrize(
    ("words", "environment", "says"),
    [
        (("anna", __file__), {"VTO_TOKEN": TOKEN, "VTO_API_URL": URL}, "is a file: bring products in with `vto catalo"),
        ((__file__, "shirt"), {"VTO_TOKEN": TOKEN, "VTO_API_URL": URL}, "is a photo of somebody: say with --consent"),
        ((__file__, "shirt", "--consent", "1"), {"VTO_TOKEN": TOKEN, "VTO_API_URL": URL}, "no JPEG, PNG or WebP"),
        ((__file__, "shirt", "--dry-run"), {"VTO_TOKEN": TOKEN, "VTO_API_URL": URL}, "a plan uploads nothing"),
        (("anna", "shirt", "--idempotency-key", "a b"), {"VTO_TOKEN": TOKEN, "VTO_API_URL": URL}, "--idempotency-key"),
        (("anna", "shirt", "--out", __file__), {"VTO_TOKEN": TOKEN, "VTO_API_URL": URL}, "--out: "),
        (("anna", "shirt"), {"VTO_TOKEN": TOKEN, "VTO_API_URL": "http://shop.example"}, "VTO_API_URL: "),
        (("anna", "shirt", "--variants", "many"), {}, "Invalid value for '--variants'"),
        (("anna",), {}, "Missing argument"),
    ],
)
def test_what_makes_no_sense_ends_with_2_before_anything_is_sent(
    vto: Typed, service: Service, words: tuple[str, ...], environment: dict[str, str], says: str
) -> None:
    ran = vto(*words, **environment)
    code = ran.exception.exit_code if isinstance(ran.exception, CommandError) else ran.exit_code
    assert code == 2
    assert says in (str(ran.exception) if isinstance(ran.exception, CommandError) else ran.stderr)
    assert service.asked == []


@pytest.mark.parametrize(
    ("found", "says"),
    [
        (ClientError({"Error": {"Message": "Stack vto does not exist"}}, "DescribeStacks"), "there is no stack vto in"),
        (
            ClientError({"Error": {"Code": "AccessDenied"}}, "DescribeStacks"),
            "the permission cloudformation:DescribeStacks is missing: ask for it, or set VTO_API_URL and VTO_TOKEN",
        ),
        (NoCredentialsError(), "there are no AWS credentials"),
        ({"JobsTable": "x"}, "the stack vto in eu-central-1 has no output ApiUrl: is it one of vto?"),
    ],
)
def test_a_stack_that_cannot_be_found_ends_with_2(vto: Typed, aws: dict[str, Any], found: Any, says: str) -> None:
    aws["cloudformation"] = CloudFormation(found)
    ran = vto("anna", "shirt", VTO_TOKEN=TOKEN)
    assert isinstance(ran.exception, CommandError)
    assert ran.exception.exit_code == 2
    assert says in str(ran.exception)


def test_who_is_not_signed_in_ends_with_4(vto: Typed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    ran = vto("anna", "shirt", VTO_API_URL=URL)
    assert isinstance(ran.exception, CommandError)
    assert ran.exception.exit_code == 4


def test_the_folder_for_the_pictures_is_made(vto: Typed, service: Service, tmp_path: Path) -> None:
    service.says("GET /0.png", httpx.Response(200, content=b"picture"))
    folder = tmp_path / "a" / "b"
    ran = vto("anna", "shirt", "--out", str(folder), VTO_API_URL=URL, VTO_TOKEN=TOKEN)
    assert ran.exit_code == 0
    (file,) = folder.iterdir()
    assert str(file) in ran.stdout.replace("\n", "")
    plans = tmp_path / "plans"
    service.says(CREATE, PLAN)
    vto("anna", "shirt", "--dry-run", "--out", str(plans))
    assert not plans.exists(), "a plan writes nothing"


def uploading(service: Service, tmp_path: Path) -> Path:
    """A photo, and a service that takes it."""
    photo = tmp_path / "me.jpg"
    photo.write_bytes(b"\xff\xd8\xff photo")
    form = {"url": "https://uploads.example.com/up", "fields": {}, "upload_id": "u", "s3_url": "s3://b/k"}
    service.says("POST /uploads", form).says("POST /up", httpx.Response(204))
    service.says("POST /uploads/u/complete", {"state": "ready", "model": {"model_id": "photo-7"}})
    return photo


def test_a_photo_is_uploaded_with_its_consent_and_tried_on_with(vto: Typed, service: Service, tmp_path: Path) -> None:
    photo = uploading(service, tmp_path)
    ran = vto(str(photo), "shirt", "--consent", "3", VTO_API_URL=URL, VTO_TOKEN=TOKEN)
    assert ran.exit_code == 0, ran.output
    asked = {one.url.path: json.loads(one.content) for one in service.asked if one.url.path != "/up"}
    assert asked["/uploads"]["consent"] == {"policy_version": "3"}
    assert asked["/try-ons"] == {"product_id": "shirt", "model_id": "photo-7"}


def test_after_an_upload_the_way_on_names_the_model_that_it_became(
    vto: Typed, service: Service, tmp_path: Path
) -> None:
    photo = uploading(service, tmp_path)
    service.says(CREATE, httpx.ReadTimeout("lost"))
    ran = vto(str(photo), "shirt", "--consent", "3", "--idempotency-key", "k", VTO_API_URL=URL, VTO_TOKEN=TOKEN)
    assert ran.exit_code == 5
    assert "the same command with the model photo-7 and --idempotency-key k does not make it twice" in ran.stderr
    service.says("POST /up", httpx.ReadTimeout("lost"))
    ran = vto(str(photo), "shirt", "--consent", "3")
    assert ran.exit_code == 5
    assert "no try-on was made" in ran.stderr


def test_a_photo_that_cannot_be_used_is_refused_with_the_reason(vto: Typed, service: Service, tmp_path: Path) -> None:
    photo = uploading(service, tmp_path)
    service.says("POST /uploads/u/complete", {"state": "rejected", "model": None, "reason": "It is too dark."})
    ran = vto(str(photo), "shirt", "--consent", "3", VTO_API_URL=URL, VTO_TOKEN=TOKEN)
    assert ran.exit_code == 3
    assert "It is too dark." in ran.stderr
