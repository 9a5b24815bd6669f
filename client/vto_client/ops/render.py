"""How orders' answers read."""

from collections.abc import Iterable, Mapping
from typing import Any

from rich.console import Console

from vto_client.text import count, hidden

OUTCOMES = {
    "redriven": "done again",
    "expired": "removed: the records are gone, and are repaired in another way",
    "unreadable": "kept: nobody can say what they stand for",
    "failed": "kept: their work failed again",
}


def status(answer: Mapping[str, Any], console: Console) -> None:
    """What needs a person, and how things stand."""
    needs = answer["needs"]
    _line(console, f"Needs a person: {count(len(needs), 'thing')}." if needs else "Nothing needs a person.")
    for one in needs:
        _line(console, f"  {one['what']}")
        _line(console, f"    → {one['remedy']} (runbook: {one['heading']})")
    letters = ", ".join(f"{queue} {number}" for queue, number in answer["dead_letters"].items())
    late = answer["overdue"]
    _line(console, f"dead letters: {letters}")
    _line(console, f"overdue jobs: {len(late['jobs'])}{'' if late['is_complete'] else ' or more'}")
    for job in late["jobs"]:
        _line(console, f"  {job}")
    for engine in answer["engines"]:
        _line(console, f"engine: {engine['name']}: {_engine(engine)}")
    spending = answer["spending"]
    stopped = f"stopped since {spending['at']}: {spending['reason']}" if spending else "not stopped"
    _line(console, f"spending: {stopped}")
    for name, run in (("sweep", answer["sweep"]), ("reconcile", answer["reconcile"])):
        did = f"{run['seconds_ago']} s ago: {_did(run['did'])}" if run else "none yet"
        _line(console, f"last {name}: {did}")


def redrive(answer: Mapping[str, Any], console: Console, *, is_dry: bool) -> None:
    """What became of the letters of one queue."""
    found = answer["found"]
    if is_dry:
        _line(console, f"{answer['queue']}: about {found} dead letters; nothing was done")
        return
    parts = [f"{answer[name]} {words}" for name, words in OUTCOMES.items() if answer[name]]
    more = "" if answer["is_complete"] else "; there are more: order it again"
    none = "no dead letters" if answer["is_complete"] else "nothing was done"
    _line(console, f"{answer['queue']}: {'; '.join(parts) or none}{more}")
    for problem in answer["problems"]:
        _line(console, f"  because: {problem}")


def rerun(jobs: Iterable[Mapping[str, Any]], console: Console) -> None:
    """What became of each job."""
    for job in jobs:
        if "error" in job:
            told = job["error"]["details"] or [{"path": "job_id", "problem": job["error"]["message"], "remedy": ""}]
            why = "; ".join(f"{one['path']} {one['problem']}{one['remedy'] and ': '}{one['remedy']}" for one in told)
            _line(console, f"✗ {job['job_id']}: not run again: {why}")
        elif job["is_started"]:
            _line(console, f"✓ {job['job_id']}: started as {job['execution'].rpartition(':')[2]}")
        else:
            _line(console, f"✓ {job['job_id']}: put back; the next sweep starts it")


def reconciled(did: Mapping[str, Any], console: Console) -> None:
    """What a reconciliation did, its runs added up."""
    _line(console, f"{did['objects']} uploads and {did['rows']} rows looked at")
    _line(console, f"{did['reconciled']} sent to be imported")
    if did["lost"]:
        _line(console, f"{did['lost']} pictures that rows name are not in S3: the log of reconcile_uploads names them")
    if did["failed"]:
        _line(console, f"{did['failed']} could not be judged: the log of reconcile_uploads says why")


def said_bye(did: Mapping[str, Any], console: Console, *, is_complete: bool) -> None:
    """How many live sockets were told, over all orders of one command."""
    _line(console, f"{count(did['told'], 'live socket')} told")
    if did["gone"]:
        _line(console, f"{did['gone']} gone already")
    if did["failed"]:
        _line(console, f"{did['failed']} could not be reached: their pages find out when the socket ends")
    if not is_complete:
        _line(console, "there are more: order it again within a quarter of an hour, and it goes on there")


def said(text: str, console: Console) -> None:
    """One line."""
    _line(console, text)


def _engine(engine: Mapping[str, Any]) -> str:
    if engine["is_paused"]:
        return "paused"
    if engine["open_until"]:
        return f"left out until {engine['open_until']} ({engine['reason']})"
    return "in service"


def _did(did: Mapping[str, Any]) -> str:
    parts = [f"{name.replace('_', ' ')} {value}" for name, value in did.items() if value and value is not True]
    return ", ".join(parts) or "nothing to do"


def _line(console: Console, text: str) -> None:
    """Print as it is written, indented as it is, without what belongs to a person."""
    indent = len(text) - len(text.lstrip())
    console.print(" " * indent + hidden(text), markup=False)
