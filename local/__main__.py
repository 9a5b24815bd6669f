"""`python -m local`: keep a stack running, run one handler in it, or point the shell at it."""

import base64
import json
import os
import shlex
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

from local.catalogue import upload_samples
from local.processes import StackError
from local.scene import EVENTS, stage
from local.stack import Endpoints, LocalStack, Login, access_token

ROOT = Path(__file__).parent.parent
RUNNING = ROOT / "out" / "local" / "running.json"
"""Written by `up` for the other commands: process id, endpoints and demo login; removed when it ends."""

app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__)
console = Console(highlight=False, soft_wrap=True)
errors = Console(stderr=True, highlight=False, soft_wrap=True)


def _say(step: str) -> None:
    console.print(f"  [green]●[/green] {step}")


def _fail(problem: object) -> typer.Exit:
    errors.print(f"✗ {problem}", markup=False)
    return typer.Exit(1)


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _running() -> tuple[Endpoints, Login] | None:
    """Read what `up` wrote, if the process that wrote it still lives."""
    try:
        told = json.loads(RUNNING.read_text())
    except (OSError, ValueError):
        return None
    if not _alive(told["process"]):
        return None
    return Endpoints(**told["endpoints"]), Login(**told["login"])


def _need_running() -> tuple[Endpoints, Login]:
    found = _running()
    if found is None:
        raise _fail("no local stack is running; `make up` in another terminal starts one")
    return found


@contextmanager
def _announced(endpoints: Endpoints, login: Login) -> Iterator[None]:
    told = {"process": os.getpid(), "endpoints": asdict(endpoints), "login": asdict(login)}
    RUNNING.parent.mkdir(parents=True, exist_ok=True)
    RUNNING.touch(mode=0o600)
    RUNNING.write_text(json.dumps(told, indent=2))
    try:
        yield
    finally:
        RUNNING.unlink(missing_ok=True)


def _describe(endpoints: Endpoints, login: Login, logs: Path) -> None:
    """Print where everything is, a login, and commands that work as they stand."""
    python = Path(sys.executable)
    me = python.relative_to(ROOT) if python.is_relative_to(ROOT) else python
    lines = [
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
        'curl -s -H "Authorization: Bearer $VTO_ACCESS_TOKEN" "$VTO_API_URL/products"',
        "make invoke FUNCTION=validate_request EVENT=events/validate_request/accepted.json",
        f"tail -f {shlex.quote(str(logs.relative_to(ROOT) / 'emulator.log'))}",
    ):
        console.print(f"    {command}", markup=False)
    console.print("\n  Ctrl-C ends it.")


def _stop_like_ctrl_c(*_: Any) -> None:
    raise KeyboardInterrupt


@app.command()
def up(
    *,
    name: Annotated[str, typer.Option(help="Name of the stack.")] = "vto",
    engine: Annotated[str, typer.Option(help="Value of the Engine parameter: preview or nova_canvas.")] = "nova_canvas",
    canvas: Annotated[str, typer.Option(help="URL of a canvas endpoint that runs already.")] = "",
    faults: Annotated[bool, typer.Option("--faults", help="Let the canvas endpoint take orders to fail.")] = False,
    port: Annotated[int, typer.Option(help="Port of the AWS endpoint; 0 finds a free one.")] = 0,
    parameter: Annotated[list[str] | None, typer.Option(help="More template parameters, as Name=value.")] = None,
    samples: Annotated[bool, typer.Option(help="Fill the catalogue with the sample pictures.")] = True,
) -> None:
    """Start the local stack and keep it running until Ctrl-C."""
    if _running():
        process = json.loads(RUNNING.read_text())["process"]
        raise _fail(f"a local stack is running already (process {process}); end that one first")
    for sign in (signal.SIGTERM, signal.SIGINT):  # a shell starts its background jobs with SIGINT ignored
        signal.signal(sign, _stop_like_ctrl_c)
    wrong = [one for one in parameter or [] if "=" not in one]
    if wrong:
        raise _fail(f"--parameter wants Name=value, not {wrong[0]}")
    try:
        with LocalStack(
            ROOT,
            name=name,
            engine=engine,
            faults=faults,
            canvas=canvas or True,
            parameters=dict(one.split("=", 1) for one in parameter or []),
            port=port or None,
            on_step=_say,
        ) as stack:
            if samples:
                _say("Uploading the sample catalogue")
                upload_samples(stack.endpoints, ROOT / "out" / "samples")
            login = stack.sign_in()
            with _announced(stack.endpoints, login):
                _describe(stack.endpoints, login, stack.work)
                while True:
                    time.sleep(1)
                    stack.check_alive()
    except KeyboardInterrupt:
        console.print("\n  ended")
    except StackError as problem:
        raise _fail(problem) from None


@app.command()
def invoke(
    function: Annotated[str, typer.Argument(help="A folder of functions/, such as validate_request.")],
    event: Annotated[Path, typer.Argument(help="A JSON file with the event.")],
) -> None:
    """Run one handler in the running stack and print its answer; exit 1 when it fails.

    Before one of our sample events, the rows and pictures that it speaks of are put in place.
    """
    endpoints, _ = _need_running()
    try:
        payload = json.dumps(json.loads(event.read_text()))
    except OSError as problem:
        raise _fail(f"the event {event} cannot be read: {problem.strerror}") from None
    except ValueError as problem:
        raise _fail(f"the event {event} is not JSON: {problem}") from None
    try:
        name = endpoints.function_name(function)
        if event.resolve().is_relative_to(EVENTS):
            stage(endpoints, event)
        answer = endpoints.client("lambda").invoke(FunctionName=name, Payload=payload, LogType="Tail")
    except (StackError, ClientError, BotoCoreError) as problem:
        raise _fail(problem) from None
    if log := answer.get("LogResult"):
        errors.print(base64.b64decode(log).decode(errors="replace").rstrip(), style="dim", markup=False)
    result = json.loads(answer["Payload"].read())
    if "FunctionError" in answer:
        raise _fail(f"{result.get('errorType', 'Error')}: {result.get('errorMessage', result)}")
    console.print_json(data=result)


@app.command()
def env() -> None:
    """Print what points boto3, the AWS CLI and curl at the running stack; use it as eval "$(… env)"."""
    endpoints, login = _need_running()
    variables = endpoints.environment() | {
        "VTO_API_URL": endpoints.api_url,
        "VTO_SOCKET_URL": endpoints.socket_url,
        "VTO_ACCESS_TOKEN": access_token(endpoints, login),
    }
    print("unset AWS_PROFILE AWS_SESSION_TOKEN")
    for name, value in variables.items():
        print(f"export {name}={shlex.quote(value)}")


if __name__ == "__main__":
    app()
