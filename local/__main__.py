"""`python -m local`: keep a stack running, run one handler in it, or point the shell at it."""

import base64
import json
import shlex
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

from local import emulate as emulation
from local import sam_local as sam
from local import sfn_local as other
from local.catalogue import Uploaded, upload_samples
from local.docker import ask
from local.outcomes import EVENTS, read_event
from local.page import origins, page_port, serving
from local.processes import StackError
from local.running import announced, need_running, running
from local.scene import Scene
from local.stack import Endpoints, LocalStack, Login, access_token

ROOT = Path(__file__).parent.parent
app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__)
console = Console(highlight=False, soft_wrap=True)
errors = Console(stderr=True, highlight=False, soft_wrap=True)


def _say(step: str) -> None:
    console.print(f"  [green]●[/green] {step}")


def _fail(problem: object) -> typer.Exit:
    errors.print(f"✗ {problem}", markup=False)
    return typer.Exit(1)


def _describe(endpoints: Endpoints, login: Login, logs: Path, samples: Sequence[Uploaded], page: str) -> None:
    """Print where everything is, a login, and commands that work as they stand."""
    python = Path(sys.executable)
    me = python.relative_to(ROOT) if python.is_relative_to(ROOT) else python
    lines = [
        ("Page", page),
        ("API", endpoints.api_url),
        ("Socket", f"{endpoints.socket_url}?ticket=…   (a ticket comes from POST /socket-tickets)"),
        ("AWS", f"{endpoints.aws}   (region {endpoints.region}, key {endpoints.access_key})"),
        ("Canvas", endpoints.canvas or "none"),
        ("Demo login", f"{login.email}   password {login.password}"),
        ("Logs", f"{logs.relative_to(ROOT)}/*.log"),
    ]
    console.print()
    for name, value in lines:
        console.print(f"  [bold]{name:<11}[/bold] {value}")
    console.print("\n  Try, in another terminal, in this folder:\n")
    for command in (
        f'eval "$({shlex.quote(str(me))} -m local env)"',
        'curl -s "$VTO_API_URL/health"',
        'curl -s -H "Authorization: Bearer $VTO_TOKEN" "$VTO_API_URL/products"',
        "make invoke FUNCTION=validate_request EVENT=events/validate_request/accepted.json",
        *_try_a_sample(shlex.quote(str(me.with_name("vto"))), samples),
        f"{shlex.quote(str(me.with_name('vto')))} explain JOB_ID",
        f"tail -f {shlex.quote(str(logs.relative_to(ROOT) / 'emulator.log'))}",
    ):
        console.print(f"    {command}", markup=False)
    console.print("\n  Ctrl-C ends it.")


def _try_a_sample(vto: str, samples: Sequence[Uploaded]) -> Iterator[str]:
    """The command for the first model and the first product of the catalogue, if it was filled."""
    ids = {one.sample.kind: one.item_id for one in reversed(samples)}
    if ids:
        yield f"{vto} try {ids['model']} {ids['product']}"


@contextmanager
def _stopped_like_ctrl_c() -> Iterator[None]:
    """Both signals that end a program end what is within, as Ctrl-C does: a shell's background jobs ignore SIGINT."""

    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@app.command()
def up(
    *,
    name: Annotated[str, typer.Option(help="Name of the stack.")] = "vto",
    engine: Annotated[str, typer.Option(help="Value of the Engine parameter: preview or nova_canvas.")] = "nova_canvas",
    canvas: Annotated[str, typer.Option(help="URL of a canvas endpoint that runs already.")] = "",
    faults: Annotated[bool, typer.Option("--faults", help="Let the canvas endpoint take orders to fail.")] = False,
    port: Annotated[int, typer.Option(help="Port of the AWS endpoint; 0 finds a free one.")] = 0,
    at: Annotated[int, typer.Option("--page", help="Port of the page; 0 takes 8080, or a free one.")] = 0,
    webhook: Annotated[str, typer.Option(help="Address on this machine that is told of each try-on that ends.")] = "",
    parameter: Annotated[list[str] | None, typer.Option(help="More template parameters, as Name=value.")] = None,
    samples: Annotated[bool, typer.Option(help="Fill the catalogue with the sample pictures.")] = True,
) -> None:
    """Start the local stack and keep it running until Ctrl-C."""
    if found := running():
        raise _fail(f"a local stack is running already (process {found[2]}); end that one first")
    wrong = [one for one in parameter or [] if "=" not in one]
    if wrong:
        raise _fail(f"--parameter wants Name=value, not {wrong[0]}")
    at = at or page_port()
    try:
        with (
            _stopped_like_ctrl_c(),
            LocalStack(
                ROOT,
                name=name,
                engine=engine,
                faults=faults,
                canvas=canvas or True,
                parameters={"AllowedOrigins": origins(at)}
                | ({"WebhookUrl": webhook} if webhook else {})
                | dict(one.split("=", 1) for one in parameter or []),
                port=port or None,
                on_step=_say,
            ) as stack,
        ):
            uploaded: list[Uploaded] = []
            if samples:
                _say("Uploading the sample catalogue")
                uploaded = upload_samples(stack.endpoints, ROOT / "out" / "samples")
            login = stack.sign_in()
            with announced(stack.endpoints, login), serving(stack.endpoints, at) as page:
                _describe(stack.endpoints, login, stack.work, uploaded, page)
                while True:
                    time.sleep(1)
                    stack.check_alive()
    except KeyboardInterrupt:
        console.print("\n  ended")
    except StackError as problem:
        raise _fail(problem) from None


def _staged(endpoints: Endpoints, event: Path) -> str:
    """Put in place what one of our sample events speaks of; the event as the stack is told it, or nothing."""
    if not event.resolve().is_relative_to(EVENTS):
        return ""
    scene = Scene(endpoints, event)
    scene.set()
    return scene.payload


@app.command()
def invoke(
    function: Annotated[str, typer.Argument(help="A folder of functions/, such as validate_request.")],
    event: Annotated[Path, typer.Argument(help="A JSON file with the event.")],
) -> None:
    """Run one handler in the running stack and print its answer; exit 1 when it fails.

    Before one of our sample events, the rows and pictures that it speaks of are put in place.
    """
    try:
        endpoints, _ = need_running()
        payload = read_event(event)
        name = endpoints.function_name(function)
        payload = _staged(endpoints, event) or payload
        answer = endpoints.client("lambda").invoke(FunctionName=name, Payload=payload, LogType="Tail")
    except (StackError, ClientError, BotoCoreError) as problem:
        raise _fail(problem) from None
    if log := answer.get("LogResult"):
        errors.print(base64.b64decode(log).decode(errors="replace").rstrip(), style="dim", markup=False)
    result = json.loads(answer["Payload"].read())
    if "FunctionError" in answer:
        raise _fail(f"{result.get('errorType', 'Error')}: {result.get('errorMessage', result)}")
    console.print_json(data=result)


@app.command("sam-local")
def sam_local(
    function: Annotated[str, typer.Argument(help="A folder of functions/, such as validate_request.")],
    event: Annotated[Path, typer.Argument(help="A JSON file with the event.")],
    image: Annotated[str, typer.Option(help="An image for the function that is here already.")] = "",
) -> None:
    """Run one handler with `sam local invoke` (Docker), wired to the running stack; exit 1 when it fails."""
    try:
        ask("info")
        endpoints, _ = need_running()
        payload = read_event(event)
        endpoints.function_name(function)
        with sam.wired(endpoints, ROOT / "out" / "sam-local", image) as (local, build):
            answer = local.invoke(sam.function_named(build, function), _staged(endpoints, event) or payload)
    except (StackError, ClientError, BotoCoreError) as problem:
        raise _fail(problem) from None
    if answer.error:
        raise _fail(f"{answer.error}: {answer.value.get('errorMessage', answer.value)}")
    console.print_json(data=answer.value)


@app.command()
def sfn(
    engine: Annotated[str, typer.Option(help="docker, jar (SFN_LOCAL_JAR), or moto in their place.")] = "docker",
    image: Annotated[str, typer.Option(help="An image for the functions that is here already.")] = "",
) -> None:
    """Run one try-on of the running stack on Step Functions Local, with `sam local start-lambda` for its tasks."""
    work = ROOT / "out" / "sfn-local"
    try:
        chosen = other.engine_named(engine)
        ask("info")
        endpoints, _ = need_running()
        _, role = other.definition(endpoints)
        with sam.wired(endpoints, work, image) as (local, _), local.serving() as functions:
            _say(f"sam local start-lambda is at {functions}")
            with other.served(chosen, endpoints, functions, role, work) as place:
                _say(f"The engine ({engine}) is at {place}; running a try-on")
                ran = other.try_on(endpoints, place)
    except (StackError, ClientError, BotoCoreError) as problem:
        raise _fail(problem) from None
    job = {name: next(iter(value.values())) for name, value in ran.job.items()}
    console.print(f"  {' → '.join(ran.states)}", markup=False)
    console.print(f"  execution {ran.status} in {ran.seconds:.1f} s; job {job['id']}: {job['status']}", markup=False)
    if (ran.status, job["status"]) != ("SUCCEEDED", "completed"):
        raise _fail(f"the job should be completed: {job.get('error_code', '')} {job.get('error_message', '')}".rstrip())


@app.command()
def emulate(
    function: Annotated[str, typer.Option(help="One function only, by its folder.")] = "",
    event: Annotated[str, typer.Option(help="One sample event only, by its file or its name.")] = "",
) -> None:
    """Run every built function with every sample event on AWS's own runtime client; exit 1 when one surprises."""
    try:
        emulation.chosen(emulation.functions(), function, event)  # a mistake is said before anything is built
        with emulation.stack_for_it(_say) as (endpoints, token):
            _say("Building the functions (sam build) and running them")
            rows = emulation.emulate(endpoints, token, work=ROOT / "out" / "emulate", function=function, event=event)
    except (StackError, ClientError, BotoCoreError) as problem:
        raise _fail(problem) from None
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    console.print(emulation.report(rows), markup=False)
    if wrong := [row for row in rows if row.problem]:
        raise _fail(f"{len(wrong)} of {len(rows)} are not as expected; logs are in out/emulate")


@app.command()
def env() -> None:
    """Print what points boto3, the AWS CLI and curl at the running stack; use it as eval "$(… env)"."""
    try:
        endpoints, login = need_running()
    except StackError as problem:
        raise _fail(problem) from None
    variables = endpoints.environment() | {
        "VTO_API_URL": endpoints.api_url,
        "VTO_SOCKET_URL": endpoints.socket_url,
        "VTO_USER_POOL_ID": endpoints.user_pool_id,
        "VTO_CLIENT_ID": endpoints.client_id,
        "VTO_TOKEN": access_token(endpoints, login),
    }
    if secret := endpoints.outputs.get("WebhookSecretArn"):
        variables["WEBHOOK_SECRET_ARN"] = secret
    print("unset AWS_PROFILE AWS_SESSION_TOKEN")
    for name, value in variables.items():
        print(f"export {name}={shlex.quote(value)}")


if __name__ == "__main__":
    app()
