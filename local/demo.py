"""`make demo`: one try-on from nothing to a picture, by the same path that a shop and its shoppers take."""

import io
import sys
import time
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
        self._started, self._job = time.monotonic(), {}  # type: float, dict[str, Any]

    def update(self, job: dict[str, Any]) -> None:
        """Take a snapshot in."""
        self._job = job

    def __rich__(self) -> Text:
        elapsed = time.monotonic() - self._started
        eta = self._job.get("eta_seconds")
        stage = STAGES.get(self._job.get("stage"), "…") if self._job.get("status") != "completed" else "done"
        line = f"  ● {stage:<24} {elapsed:5.1f} s"
        return Text(line + (f"   usually {eta} s" if eta else ""), style="cyan")


@app.command()
def demo(
    person: Annotated[Path | None, typer.Option(help="A photo of a person (JPEG, PNG, WebP); a drawn one if left out.")] = None,
    garment: Annotated[Path | None, typer.Option(help="A picture of a garment; a drawn one if left out.")] = None,
    garment_class: Annotated[str, typer.Option("--class", help="What the garment is, for a garment of your own.")] = "UPPER_BODY",
    out: Annotated[Path, typer.Option(help="Folder that the picture is written to.")] = Path("out"),
) -> None:
    """Start everything, try something on, write the picture, stop everything."""
    try:
        for picture in (person, garment):
            if picture is not None:
                content_type_of(picture)
                if not picture.is_file():
                    raise ShopperError(f"there is no file {picture}")
        if garment_class not in GARMENT_CLASSES:
            raise ShopperError(f"CLASS must be one of {', '.join(GARMENT_CLASSES)}")
        with LocalStack(ROOT, name=f"vto-demo-{time.time_ns() // 1_000_000 % 10**9}", engine="nova_canvas", on_step=_say) as stack:
            _try_on(stack, person, garment, garment_class, out)
    except (ShopperError, StackError) as problem:
        console.print(f"[red]✗[/red] {problem}", highlight=False)
        sys.exit(1)
    except KeyboardInterrupt:
        console.print("stopped")
        sys.exit(130)


def _say(step: str) -> None:
    console.print(f"  [green]●[/green] {step}", highlight=False)
