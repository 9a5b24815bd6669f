"""Writes plans, stages, results and refusals for people."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from vto_client.errors import violations_of
from vto_client.text import between, count, duration, moment
from vto_client.try_on.request import option_of

STAGES: Mapping[str | None, str] = {
    None: "accepted",
    "validating": "checking the pictures",
    "queued": "waiting for a free slot",
    "generating": "making the pictures",
    "storing": "storing the pictures",
}
"""What a shopper waits for, by stage."""


def plan(document: Mapping[str, Any], console: Console) -> None:
    """Print a plan: the answer first, then all that the engine would get, and what to know of it."""
    engine, eta = document.get("engine"), document.get("eta_seconds")
    price = _price(document.get("price") or {})
    if document.get("cached"):
        first = "A finished result is there and would be used again: at once, for nothing."
    elif engine is None:
        first = "It would wait: all engines that can do it are paused or closed at this moment."
    else:
        first = f"{engine} would draw it in about {_about(eta)}, for {price}."
    _line(console, f"{first} Nothing was made or spent.", "bold")
    result = {
        True: "there already, and used again",
        False: "none yet",
        None: "known only when the mask's pixels have been looked at",
    }[document.get("cached")]
    about = [
        ("product", document.get("product_id")),
        ("model", document.get("model_id")),
        ("engine", engine or "none at this moment"),
        ("price", price + ("" if document.get("cached") else _source(document.get("price") or {}))),
        ("time", _time(eta, cached=document.get("cached"))),
        ("result", result),
        ("notice", document.get("notice")),
    ]
    _facts(console, about)
    _section(console, "Parameters", list(_leaves(document.get("parameters") or {})))
    _remarks(console, document)


def completed(job: Mapping[str, Any], console: Console, *, files: Sequence[Path] | None = None) -> None:
    """Print a completed job with its pictures' links, or with the files that they were saved to."""
    seconds = between(moment(job.get("created_at")), moment(job.get("updated_at")))
    asked, came = job.get("requested_images", 1), job.get("delivered_images", len(job["images"]))
    pictures = count(came, "picture") if came >= asked else f"{came} of the {asked} pictures asked for"
    by = f" by {job['engine']}" if job.get("engine") else ""
    _line(console, f"Completed in {duration(seconds)}{by}: {pictures}.", "bold green")
    _facts(console, [("job", job["id"]), ("product", job.get("product_id")), ("model", job.get("model_id")),
                     ("seed", job.get("seed"))])  # fmt: skip
    _remarks(console, job)
    _line(console, "\nPictures", "bold")
    if files is not None:
        for file in files:
            _line(console, f"  {file}")
        return
    for picture in job["images"]:
        _line(console, f"  {picture['width']}×{picture['height']}  {picture['url']}")
    if job.get("mask"):
        _line(console, f"  mask  {job['mask']['url']}")
    until = moment(job.get("expires_at"))
    if until:
        _line(console, f"  These links work until {until:%H:%M:%S} UTC.", "dim")


def refused(
    verb: str, document: Mapping[str, Any], console: Console, others: Callable[[str], Sequence[str]] = lambda _: ()
) -> None:
    """Print why something was not done, and for each violation what to do about it.

    Args:
        verb: ``Refused`` or ``Failed``.
        document: The error in the one form that all errors have.
        console: Where to.
        others: Ids that could be meant, by a violation's path.
    """
    _line(console, f"✗ {verb}: {document.get('code')}: {document.get('message')}", "bold red")
    for one in violations_of(document):
        option = option_of(one.path)
        _line(console, f"    {one.path}{f' ({option})' if option else ''}: {one.problem}")
        if one.remedy:
            _line(console, f"      → {one.remedy}")
        if ids := others(one.path):
            _line(console, f"      → perhaps {', '.join(ids)}")
    if document.get("retryable"):
        seconds = document.get("retry_after_seconds")
        when = f"in {duration(seconds)}" if isinstance(seconds, int) else "later"
        _line(console, f"    → the same request may work {when}")


class Progress:
    """Prints each stage once, when it is first seen, with the time since the request.

    Args:
        console: Where to.
    """

    def __init__(self, console: Console) -> None:
        self._console, self._told, self._notice = console, 0, None

    def __call__(self, job: Mapping[str, Any]) -> None:
        """Take a snapshot in."""
        changes = job.get("stages") or []
        begun = moment(job.get("created_at"))
        for index, change in enumerate(changes[self._told :], self._told):
            if change["status"] in ("created", "processing"):
                passed = duration(between(begun, moment(change["at"])))
                is_last = index + 1 == len(changes)
                eta = job.get("eta_seconds") if is_last and change["stage"] == "queued" else None
                to_go = f", about {_about(eta)} to go" if eta else ""
                _line(self._console, f"  {passed:>8}  {STAGES.get(change['stage'], change['stage'])}{to_go}", "dim")
        self._told = max(self._told, len(changes))
        if job.get("notice") and job["notice"] != self._notice:
            _line(self._console, f"            {job['notice']}", "yellow")
        self._notice = job.get("notice")


def _remarks(console: Console, document: Mapping[str, Any]) -> None:
    _section(console, "Drawn otherwise than asked", _pairs(document.get("adaptations"), "change"))
    _section(console, "Warnings", _pairs(document.get("warnings"), "message"))


def _pairs(remarks: Iterable[Mapping[str, Any]] | None, words: str) -> list[tuple[str, Any]]:
    return [(str(one.get("path") or one.get("code") or "result"), one.get(words)) for one in remarks or []]


def _price(price: Mapping[str, Any]) -> str:
    return "a price that is not known" if price.get("usd") is None else f"{price['usd']:g} USD"


def _source(price: Mapping[str, Any]) -> str:
    if price.get("per_image") is None:
        return f" ({price['source']})" if price.get("source") else ""
    pictures = count(int(price.get("images") or 0), "picture")
    read = f"as read on {price.get('as_of')} at {price.get('source')}"
    return f" at most: {pictures} of {price['per_image']:g} USD, {read}"


def _time(eta: Any, *, cached: bool | None) -> str:
    if cached:
        return "none: it is there"
    return "not known" if eta is None else f"about {_about(eta)}, queue included"


def _about(seconds: Any) -> str:
    """An estimate, which is no better than to the second."""
    return f"{seconds} s" if isinstance(seconds, int) and seconds < 60 else duration(seconds)


def _leaves(value: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    for name, one in value.items():
        if isinstance(one, Mapping):
            yield from _leaves(one, f"{path}{name}.")
        else:
            yield f"{path}{name}", one


def _section(console: Console, title: str, lines: Sequence[tuple[str, Any]]) -> None:
    if lines:
        _line(console, f"\n{title}", "bold")
        _facts(console, lines, "  ")


def _facts(console: Console, lines: Iterable[tuple[str, Any]], indent: str = "") -> None:
    given = [(name, value) for name, value in lines if value is not None]
    width = max((len(name) for name, _ in given), default=0)
    for name, value in given:
        _line(console, f"{indent}{name:<{width}}  {_word(value)}")


def _word(value: Any) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _line(console: Console, text: str, style: str = "") -> None:
    """Print as it is written: no markup, no folding (links and commands are to be copied)."""
    console.print(Text(text, style=style), soft_wrap=True)
