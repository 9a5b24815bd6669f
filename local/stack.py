"""`LocalStack`: all of the product, running on this machine, from start to deployed to stopped."""

import fcntl
import functools
import os
import platform
import re
import secrets
import shutil
import sys
import threading
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import boto3
from botocore.config import Config

from local import checks
from local.processes import Child, Processes, StackError, free_ports, listening, python_environment
from local.sam import Sam
from local.template import Promise, read_template

REGION = "us-east-1"
ACCOUNT = "123456789012"
ROOT_KEY = "AKIALOCALROOT0000001"
"""Access key of the stack's root user: signs deployments and tests, may do everything."""
ROOT_SECRET = "local-only-secret"
WORKERS_IDLE_SECONDS = 20
"""Idle workers of a function beyond its first are ended after this time."""
WORKERS_PER_FUNCTION = 3
"""Most processes of one function (about 60 MB each); more calls at the same time wait for one of them."""

Step = Callable[[str], None]


_making_clients = threading.Lock()  # a session may make one client at a time


@functools.cache
def _session() -> boto3.session.Session:
    """One session for all clients: it reads each service's description once, which takes longer than the call."""
    return boto3.session.Session()


@dataclass(frozen=True)
class Endpoints:
    """Where everything of a running stack is; the same values as the template's outputs, plus the emulator's."""

    name: str
    aws: str
    """Endpoint of every AWS service, for AWS_ENDPOINT_URL."""
    access_key: str
    secret_key: str
    region: str
    canvas: str
    """The canvas endpoint; empty when the stack runs without it."""
    api_url: str
    socket_url: str
    user_pool_id: str
    client_id: str
    state_machine_arn: str
    buckets: dict[str, str] = field(default_factory=dict)
    """Bucket names by output without its suffix: `uploads`, `results`."""
    tables: dict[str, str] = field(default_factory=dict)
    """Table names by output without its suffix: `products`, `jobs`, …"""
    outputs: dict[str, str] = field(default_factory=dict)

    def client(self, service: str, **options: Any) -> Any:
        """Return a boto3 client of the stack with the root user's keys.

        Args:
            service: boto3's name of the service, such as `dynamodb`.
            options: more arguments of `boto3.client`; they win.
        """
        settings: dict[str, Any] = {
            "endpoint_url": self.aws,
            "region_name": self.region,
            "aws_access_key_id": self.access_key,
            "aws_secret_access_key": self.secret_key,
            "config": Config(signature_version="s3v4") if service == "s3" else None,
        }
        with _making_clients:
            return _session().client(service, **(settings | options))  # type: ignore[call-overload]

    def function_name(self, function: str) -> str:
        """Return the name of a deployed function.

        Args:
            function: its logical id in the template (`ApiFunction`), or its folder (`api`).

        Raises:
            StackError: the template has no such function.
        """
        found = checks.resources(self.client, self.name)
        logical_id = function
        if logical_id not in found:
            logical_id = "".join(word.title() for word in function.split("_")) + "Function"
        if logical_id not in found:
            functions = sorted(name for name, (kind, _) in found.items() if kind == "AWS::Lambda::Function")
            raise StackError(f"the template has no function {function}; it has {', '.join(functions)}")
        return found[logical_id][1]

    def environment(self) -> dict[str, str]:
        """Return the variables that point boto3 and the AWS CLI at the stack."""
        return {
            "AWS_ENDPOINT_URL": self.aws,
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_REGION": self.region,
        }


@dataclass(frozen=True)
class Login:
    """A signed-in demo user."""

    email: str
    password: str
    user_id: str
    access_token: str


def access_token(endpoints: Endpoints, login: Login) -> str:
    """Sign a demo user in anew and return the access token, which is valid for an hour.

    Args:
        endpoints: the stack.
        login: its e-mail address and password are used.
    """
    answer = endpoints.client("cognito-idp").initiate_auth(
        ClientId=endpoints.client_id,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": login.email, "PASSWORD": login.password},
    )
    return str(answer["AuthenticationResult"]["AccessToken"])


def host_architecture() -> str:
    """Return this machine's architecture in Lambda's words: `arm64` or `x86_64`.

    Raises:
        StackError: it is neither.
    """
    names = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}
    machine = platform.machine().lower()
    if machine not in names:
        raise StackError(f"this machine is {machine}; the local stack runs on x86_64 and arm64")
    return names[machine]


def _quiet(_: str) -> None:
    """Stand in for a progress callback."""


class LocalStack:
    """The product on this machine.

    Example:
        with LocalStack(Path.cwd(), engine="nova_canvas") as stack:
            stack.client("dynamodb").list_tables()
    """

    def __init__(
        self,
        root: Path,
        *,
        name: str = "vto",
        template: Path | None = None,
        engine: str | None = None,
        faults: bool = False,
        canvas: bool | str = True,
        parameters: Mapping[str, str] | None = None,
        workers: int = WORKERS_PER_FUNCTION,
        port: int | None = None,
        on_step: Step = _quiet,
    ) -> None:
        """Describe a stack; nothing is started yet.

        Args:
            root: the repository.
            name: of the stack and of its folder under `out/local`; stacks side by side need different names.
            template: what to deploy; `template.yaml` of the repository when left out.
            engine: value of the template's `Engine` parameter; its default when left out.
            faults: let the canvas endpoint take orders to fail.
            canvas: start the canvas endpoint; or the URL of one that runs already, on a machine with a GPU perhaps.
            parameters: more values of template parameters; those the template does not have are an error.
            workers: most processes of one function; calls beyond them wait.
            port: of the AWS endpoint; a free one when left out.
            on_step: called with a sentence whenever the stack turns to something new.

        Raises:
            StackError: the name cannot be a stack's name.
        """
        if not re.fullmatch(r"[a-z][a-z0-9-]{0,30}", name):
            raise StackError(f"{name!r} cannot be the name of a stack: small letters, digits and dashes")
        self.name, self.root = name, root.resolve()
        self._template = template or self.root / "template.yaml"
        self._parameters = dict(parameters or {}) | ({"Engine": engine} if engine else {})
        self._faults, self._start_own_canvas, self._workers = faults, canvas is True, workers
        self._port, self._on_step = port, on_step
        self.work = self.root / "out" / "local" / name
        self._processes: Processes | None = None
        self._lock: IO[str] | None = None
        self._endpoints: Endpoints | None = None
        self._canvas = canvas.rstrip("/") if isinstance(canvas, str) else ""

    @property
    def endpoints(self) -> Endpoints:
        """Where everything is.

        Raises:
            StackError: the stack is not running.
        """
        if self._endpoints is None:
            raise StackError(f"the stack {self.name} is not running")
        return self._endpoints

    def client(self, service: str, **options: Any) -> Any:
        """Return a boto3 client of the stack; see `Endpoints.client`."""
        return self.endpoints.client(service, **options)

    def __enter__(self) -> Self:
        """Start; see `start`."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop whatever was started."""
        self.stop()

    def start(self) -> None:
        """Start all servers, build, deploy and check; on any failure stop again.

        Raises:
            StackError: something is missing, failed, or was dropped by the emulator.
        """
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End every process of the stack and remove its working files; logs stay."""
        self._endpoints = None
        if self._processes is not None:
            self._on_step("Stopping")
            self._processes.stop()
            self._processes = None
        if self._lock is not None:
            shutil.rmtree(self.work / "tmp", ignore_errors=True)
            self._lock.close()
            self._lock = None

    def check_alive(self) -> None:
        """Raise when a server of the stack has died.

        Raises:
            StackError: naming it, with the end of its log.
        """
        if self._processes is None:
            raise StackError(f"the stack {self.name} is not running")
        self._processes.check()

    def sign_in(self, email: str = "shopper@example.com", groups: tuple[str, ...] = ()) -> Login:
        """Create a confirmed user in the stack's pool, if it is new, and sign it in.

        Args:
            email: the user's name.
            groups: names of the pool's groups to put the user into.
        """
        pool, cognito = self.endpoints.user_pool_id, self.client("cognito-idp")
        password = f"Vto-{secrets.token_urlsafe(12)}-1a"
        try:
            cognito.admin_get_user(UserPoolId=pool, Username=email)
        except cognito.exceptions.UserNotFoundException:
            verified = [{"Name": "email", "Value": email}, {"Name": "email_verified", "Value": "true"}]
            cognito.admin_create_user(
                UserPoolId=pool, Username=email, UserAttributes=verified, MessageAction="SUPPRESS"
            )
        cognito.admin_set_user_password(UserPoolId=pool, Username=email, Password=password, Permanent=True)
        for group in groups:
            cognito.admin_add_user_to_group(UserPoolId=pool, Username=email, GroupName=group)
        attributes = cognito.admin_get_user(UserPoolId=pool, Username=email)["UserAttributes"]
        user_id = next(one["Value"] for one in attributes if one["Name"] == "sub")
        login = Login(email=email, password=password, user_id=user_id, access_token="")
        return replace(login, access_token=access_token(self.endpoints, login))

    def function_name(self, function: str) -> str:
        """Return the name of a deployed function; see `Endpoints.function_name`."""
        return self.endpoints.function_name(function)

    # --- starting ---------------------------------------------------------------------------------------------

    def _start(self) -> None:
        if not self._template.exists():
            raise StackError(f"there is no template at {self._template}")
        if self._port is not None and listening(self._port):
            raise StackError(f"port {self._port} of 127.0.0.1 is taken; leave the port out and a free one is found")
        promise = read_template(self._template)
        unknown = set(self._parameters) - promise.parameters
        if unknown:
            raise StackError(f"the template has no parameter {', '.join(sorted(unknown))}")
        self._take_name()
        for scratch in ("tmp", "runtime"):
            shutil.rmtree(self.work / scratch, ignore_errors=True)
        (self.work / "tmp").mkdir(parents=True)
        self._processes = Processes(self.work)
        sam = Sam(self.root, self._template, self.work, self._processes)
        aws_port, engine_port, canvas_port = free_ports(3)
        aws_port = self._port or aws_port
        aws = f"http://127.0.0.1:{aws_port}"
        architecture = host_architecture()
        self._on_step("Building the functions (sam build) and starting the servers")
        with sam.building(architecture if "Architecture" in promise.parameters else None):
            servers = {canvas_port: self._start_canvas(canvas_port)} if self._start_own_canvas else {}
            servers[engine_port] = self._start_engine(engine_port, aws)
            emulator = self._start_emulator(aws_port, engine_port)
            self._processes.wait_until(lambda: _answers(f"{aws}/_ministack/health"), emulator)
            for port, server in servers.items():
                self._processes.wait_until(functools.partial(listening, port), server)
        self._on_step("Deploying (sam deploy)")
        root = {"AWS_ENDPOINT_URL": aws, "AWS_ACCESS_KEY_ID": ROOT_KEY, "AWS_SECRET_ACCESS_KEY": ROOT_SECRET}
        try:
            sam.deploy(self.name, self._values(promise, aws, architecture), root)
        finally:
            sam.clean()
        self._on_step("Checking the deployment")
        self._endpoints = self._read_outputs(aws, aws_port)
        checks.check(self.client, self.name, promise)
        self.check_alive()

    def _take_name(self) -> None:
        """Keep others from using the same folder; the system gives it back when this process ends, however it ends."""
        self.work.mkdir(parents=True, exist_ok=True)
        lock = (self.work / "lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            raise StackError(f"a stack named {self.name} is running already; choose another name") from None
        self._lock = lock

    def _values(self, promise: Promise, aws: str, architecture: str) -> dict[str, str]:
        """Return the parameters to deploy with; ours only where the template has them."""
        ours = {
            "Environment": "dev",
            "Architecture": architecture,
            "SocketEndpointBase": f"{aws}/_aws/execute-api",
            # what the canvas endpoint draws here is counted at the model's price, and paid by nobody
            "DailyBudget": "1000",
            "DailyBudgetPerUser": "1000",
            "GuestDailyBudget": "1000",
            "GuestTryOns": "on",
        }
        return {key: value for key, value in ours.items() if key in promise.parameters} | self._parameters

    def _start_emulator(self, port: int, engine_port: int) -> Child:
        assert self._processes
        environment = python_environment(self.root) | {
            "HOME": str(self.work / "tmp"),
            "TMPDIR": str(self.work / "tmp"),
            "AUTH": "true",
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(port),
            "IOT_MTLS_ENABLED": "0",
            "LAMBDA_WARM_TTL_SECONDS": str(WORKERS_IDLE_SECONDS),
            "MINISTACK_HOST": "localhost",
            "MINISTACK_ACCOUNT_ID": ACCOUNT,
            "MINISTACK_REGION": REGION,
            "AWS_ACCESS_KEY_ID": ROOT_KEY,
            "AWS_SECRET_ACCESS_KEY": ROOT_SECRET,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            # Bedrock is asked where everything is; the emulator checks the policy and asks the canvas endpoint
            "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": f"http://127.0.0.1:{port}",
            "VTO_LOCAL_ENGINE": f"http://127.0.0.1:{engine_port}/",
            "VTO_LOCAL_MODELS": self._canvas,
            "VTO_LOCAL_RUNTIME": str(self.work / "runtime"),
            "VTO_LOCAL_WORKERS": str(self._workers),
        }
        command = [sys.executable, "-m", "local.emulator"]
        return self._processes.start("emulator", command, environment, self.root)

    def _start_engine(self, port: int, aws: str) -> Child:
        assert self._processes
        environment = python_environment(self.root) | {
            "AWS_ACCESS_KEY_ID": ROOT_KEY,
            "AWS_SECRET_ACCESS_KEY": ROOT_SECRET,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "VTO_LOCAL_AWS": aws,
            "VTO_LOCAL_PORT": str(port),
        }
        return self._processes.start("engine", [sys.executable, "-m", "local.engine"], environment, self.root)

    def _start_canvas(self, port: int) -> Child:
        assert self._processes
        told = self.work / "canvas.port"
        told.unlink(missing_ok=True)
        command = [sys.executable, "-m", "canvas", "--port", str(port), "--port-file", str(told)]
        command += ["--engine", "preview", *(["--faults"] if self._faults else [])]
        self._canvas = f"http://127.0.0.1:{port}"
        environment = python_environment(self.root, self.root / "canvas")
        return self._processes.start("canvas", command, environment, self.root)

    def _read_outputs(self, aws: str, port: int) -> Endpoints:
        bare = Endpoints(self.name, aws, ROOT_KEY, ROOT_SECRET, REGION, self._canvas, "", "", "", "", "")
        stack = bare.client("cloudformation").describe_stacks(StackName=self.name)["Stacks"][0]
        outputs = {one["OutputKey"]: one["OutputValue"] for one in stack.get("Outputs", [])}
        apis = f"127.0.0.1:{port}/_aws/execute-api"

        def ending(suffix: str) -> dict[str, str]:
            return {k.removesuffix(suffix).lower(): v for k, v in outputs.items() if k.endswith(suffix)}

        values = asdict(bare) | {
            # the hosts of real API Gateway do not resolve here, so the URLs are made of the API's ids
            "api_url": f"http://{apis}/{outputs['ApiId']}" if "ApiId" in outputs else "",
            "socket_url": f"ws://{apis}/{outputs['SocketApiId']}/live" if "SocketApiId" in outputs else "",
            "user_pool_id": outputs.get("UserPoolId", ""),
            "client_id": outputs.get("UserPoolClientId", ""),
            "state_machine_arn": outputs.get("StateMachineArn", ""),
            "buckets": ending("Bucket"),
            "tables": ending("Table"),
            "outputs": outputs,
        }
        return Endpoints(**values)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=1) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
