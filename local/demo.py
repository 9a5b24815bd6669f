"""`make demo`: one try-on from nothing to a picture, by the same path that a shop and its shoppers take."""

import io
import os
import shutil
import sys
import time
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any

import typer
from PIL import Image
from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from local.catalogue import upload, upload_samples
from local.processes import StackError
from local.shopper import Shopper, ShopperError, content_type_of
from local.stack import LocalStack
from vto.domain.catalogue import product_id_of
from vto.domain.parameters import GARMENT_CLASSES, for_garment_class
from vto.domain.times import from_iso

ROOT = Path(__file__).parent.parent
STAGES = {
    None: "accepted",
    "validating": "checking the pictures",
    "queued": "waiting for a free slot",
    "generating": "making the picture",
    "storing": "storing the picture",
}
PERSON_SAMPLE, GARMENT_SAMPLE = "standing-person.png", "striped-t-shirt.jpg"

console = Console()
app = typer.Typer(add_completion=False)


class Progress:
    """The live line: stage, elapsed time, and the estimate that the service gave."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._job: dict[str, Any] = {}

    def update(self, job: dict[str, Any]) -> None:
        """Take a snapshot in."""
        self._job = job

    def __rich__(self) -> Text:
        elapsed = time.monotonic() - self._started
        eta = self._job.get("eta_seconds")
        stage = STAGES.get(self._job.get("stage"), "…") if self._job.get("status") != "completed" else "done"
        line = f"  ● {stage:<24} {elapsed:5.1f} s"
        return Text(line + (f"   usually {eta} s" if eta else ""), style="cyan")


def _say(step: str) -> None:
    console.print(f"  [green]●[/green] {step}", highlight=False)


@app.command()
def demo(
    person: Annotated[str, typer.Option(help="A photo of a person (JPEG, PNG, WebP); a drawn one if empty.")] = "",
    garment: Annotated[str, typer.Option(help="A picture of a garment; a drawn one if empty.")] = "",
    garment_class: Annotated[str, typer.Option("--class", help="What a garment of your own is.")] = "UPPER_BODY",
    out: Annotated[Path, typer.Option(help="Folder that the picture is written to.")] = Path("out"),
) -> None:
    """Start everything, try something on, write the picture, stop everything."""
    try:
        photo, product = _picture(person), _picture(garment)
        _ensure_known(garment_class)
        with LocalStack(ROOT, name=f"demo-{os.getpid()}", engine="nova_canvas", on_step=_say) as stack:
            _try_on(stack, photo, product, garment_class, out)
        shutil.rmtree(stack.work, ignore_errors=True)  # its logs are of interest only when something went wrong
    except (ShopperError, StackError) as problem:
        console.print(f"[red]✗[/red] {problem}", highlight=False)
        sys.exit(1)
    except KeyboardInterrupt:
        console.print("stopped")
        sys.exit(130)


def _ensure_known(garment_class: str) -> None:
    if garment_class not in GARMENT_CLASSES:
        raise ShopperError(f"CLASS is {garment_class}; it must be one of {', '.join(GARMENT_CLASSES)}")


def _picture(name: str) -> Path | None:
    """A picture named on the command line; refused before anything is started if it cannot be one."""
    if not name:
        return None
    picture = Path(name).expanduser()
    if not picture.is_file():
        raise ShopperError(f"there is no file {picture}")
    content_type_of(picture)
    return picture


def _try_on(stack: LocalStack, photo: Path | None, garment: Path | None, garment_class: str, out: Path) -> None:
    endpoints = stack.endpoints
    _say("Uploading the sample catalogue to S3, as a shop would")
    uploaded = upload_samples(endpoints, ROOT / "out" / "samples")
    ids = {one.sample.file: one.item_id for one in uploaded}
    _say("Signing a demo shopper in at Cognito")
    login = stack.sign_in()
    with Shopper(endpoints, login.access_token) as shopper:
        request: dict[str, Any] = {"product_id": ids[GARMENT_SAMPLE], "model_id": ids[PERSON_SAMPLE]}
        if garment is not None:
            key = f"products/own/{garment.name}"
            upload(endpoints, garment, key, {"name": garment.stem.encode("ascii", "replace").decode()})
            request["product_id"] = product_id_of(key)
            request["parameters"] = for_garment_class(garment_class)
        if photo is not None:
            request["model_id"] = shopper.upload(photo)["model_id"]
        _say("Waiting until S3 → SQS → import_picture has registered the uploads")
        for one in uploaded:
            shopper.wait_for_import("/products" if one.sample.kind == "product" else "/models", one.item_id)
        product = shopper.wait_for_import("/products", request["product_id"])
        model = shopper.wait_for_import("/models", request["model_id"])
        _say(f"Trying on: {product['name']}, on {model['name']}")
        job = _watch(shopper, request)
        if job["status"] != "completed":
            error = job["error"]
            raise ShopperError(f"the try-on ended in {error['code']}: {error['message']} {error['details'] or ''}")
        content = shopper.download(job["images"][0]["original_url"])
    picture = Image.open(io.BytesIO(content))
    picture.load()
    out.mkdir(parents=True, exist_ok=True)
    target = out / f"try-on-{product['product_id']}.png"
    target.write_bytes(content)
    console.print(_what_happened(stack, job, [frame for frame in shopper.frames if frame["type"] == "job"]))
    console.print(f"[bold green]✓[/bold green] {picture.width}×{picture.height} picture in [bold]{target}[/bold]")


def _watch(shopper: Shopper, request: dict[str, Any]) -> dict[str, Any]:
    progress = Progress()
    with Live(progress, console=console, refresh_per_second=10, transient=True):
        job = shopper.try_on(on_snapshot=progress.update, **request)
    for change, following in pairwise([*job["stages"], None]):
        if following is not None:
            took = (from_iso(following["at"]) - from_iso(change["at"])).total_seconds()
            console.print(f"    {_word(change):<26} {took:6.2f} s", style="dim")
    return job


def _word(change: dict[str, Any]) -> str:
    return STAGES[change["stage"]] if change["status"] in ("created", "processing") else change["status"]


def _what_happened(stack: LocalStack, job: dict[str, Any], frames: list[dict[str, Any]]) -> Table:
    """Where the try-on left its traces, as somebody who operates the stack would look for them."""
    tables, buckets = stack.endpoints.tables, stack.endpoints.buckets
    database, storage = stack.client("dynamodb"), stack.client("s3")
    row = database.get_item(TableName=tables["jobs"], Key={"id": {"S": job["id"]}})["Item"]
    execution, machine = row["execution_arn"]["S"], stack.client("stepfunctions")
    while machine.describe_execution(executionArn=execution)["status"] == "RUNNING":
        time.sleep(0.05)  # the picture comes before the execution's own end
    history = machine.get_execution_history(executionArn=execution)["events"]
    states = [event["stateEnteredEventDetails"]["name"] for event in history if "stateEnteredEventDetails" in event]
    took = (from_iso(job["updated_at"]) - from_iso(job["created_at"])).total_seconds()

    shown = Table(title="What happened", title_justify="left", show_header=False, box=None, padding=(0, 2, 0, 0))
    shown.add_column(style="bold")
    shown.add_row("the job", f"{job['id']}: {job['status']} in {took:.2f} s, {row['attempts']['N']} model call(s)")
    shown.add_row("Step Functions", " → ".join(states))
    shown.add_row("the socket", f"{len(frames)} snapshots, versions {', '.join(str(f['job']['seq']) for f in frames)}")
    for name in ("products", "models", "jobs", "connections", "results", "controls"):
        count = database.scan(TableName=tables[name], Select="COUNT")["Count"]
        shown.add_row(f"table {tables[name]}", f"{count} row(s)")
    for bucket, prefix in (
        ("uploads", "products/"),
        ("uploads", "models/"),
        ("uploads", "prepared/"),
        ("results", f"generated/{job['id']}/"),
        ("results", f"results/{job['id']}/"),
    ):
        found = storage.list_objects_v2(Bucket=buckets[bucket], Prefix=prefix).get("Contents", [])
        size = sum(one["Size"] for one in found) / 1e6
        shown.add_row(f"s3 {bucket}/{prefix.split('/')[0]}/", f"{len(found)} object(s), {size:.1f} MB")
    return shown


if __name__ == "__main__":
    app()
