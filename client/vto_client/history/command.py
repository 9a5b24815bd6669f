"""The command itself."""

import itertools
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from vto_client.connect import connected
from vto_client.documents import Job
from vto_client.telling import AsJson, Region, Stack, asked, json_out, table_out
from vto_client.text import moment


def history(
    *,
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 20,
    as_json: AsJson = False,
    stack: Stack = "vto",
    region: Region = None,
) -> None:
    """List your own try-ons, the newest first.

    Signs in as `vto try` does. Exit codes: 0 listed, 1 refused, 2 could not begin, 4 not signed in, 5 no answer.
    """
    with connected(stack, region) as vto:
        found = asked(lambda: list(itertools.islice(vto.history(), limit + 1)))
    shown, is_complete = found[:limit], len(found) <= limit
    if as_json:
        json_out({"v": 1, "try_ons": shown, "is_complete": is_complete})
        return
    table = Table(box=None, pad_edge=False)
    for name in ("try-on", "when (UTC)", "became", "product", "model"):
        table.add_column(name, overflow="fold")
    for job in shown:
        at = moment(job["created_at"])
        table.add_row(
            job["id"], f"{at:%Y-%m-%d %H:%M}" if at else "?", _became(job), job["product_id"], job["model_id"]
        )
    table_out(table, len(shown), "try-on", is_complete=is_complete)


def _became(job: Job) -> Text:
    """What became of it, in one word or two."""
    if job["status"] == "error":
        return Text(str((job.get("error") or {}).get("code", "error")), style="red")
    if job["status"] == "completed":
        return Text("completed", style="green")
    return Text(job["stage"] or job["status"])
