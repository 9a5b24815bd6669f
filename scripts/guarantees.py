"""The figures of `make sim` and `make bench-quota` as tables for ``docs/guarantees.md``."""

import json
from collections.abc import Mapping
from typing import Any

from scripts.facts import ROOT
from scripts.tables import table

QUOTA = ROOT / "docs" / "figures" / "quota.json"
FIGURES = ROOT / "docs" / "figures" / "simulation.json"
# what is told besides the rows of which the promise is zero, and its name in the document
BESIDES = {
    "most billed calls of one job": "most_billed_calls_of_a_job",
    "billed calls beyond a job's first": "model_calls_beyond_the_first",
    "billed calls that faults lost, so that another was needed": "calls_lost_to_faults",
    "calls that overlapped at the engine": "calls_that_overlap_at_the_engine",
    "jobs started by the sweep": "started_by_the_sweep",
    "jobs ended by the sweep": "ended_by_the_sweep",
    "told of the end by a push": "told_by_push",
    "told when they asked": "told_only_when_they_asked",
    "later than the time after the queue": "over_the_time_after_the_queue",
    "longest seconds beyond a lease": "longest_seconds_beyond_a_lease",
    "claims left behind": "claims_left_behind",
}


def simulation() -> str:
    """What the last long run of the simulation came to, one column for each rate of faults."""
    told: Mapping[str, Any] = json.loads(FIGURES.read_text())
    rates: Mapping[str, Mapping[str, Any]] = told["rates"]
    rows = [
        ("jobs", *(f"{made['jobs']:,}" for made in rates.values())),
        ("faults", *(f"{made['faults']:,}" for made in rates.values())),
        ("promises broken", *(f"**{len(made['problems'])}**" for made in rates.values())),
        *(
            (name, *(f"**{made['rows'][name]}**" for made in rates.values()))
            for name in next(iter(rates.values()))["rows"]
        ),
        *((name, *(f"{made[key]:,}" for made in rates.values())) for name, key in BESIDES.items()),
    ]
    one, planted = told["exhaustive"], told["planted_bugs_noticed"]
    every = "every pair" if one["every_nth_pair"] == 1 else f"every {one['every_nth_pair']}th pair"
    said = (
        f"One job has {one['points']} points at which a fault may strike. Each of {one['singles']:,} single faults and"
        f" {every} of faults ({one['pairs']:,}) was played: {one['broken']} broke a promise. The checker notices each"
        f" of {len(planted)} planted bugs: the real code with one protection taken out."
    )
    if erased := told.get("erasures"):
        said += (
            f"\n\n{erased['runs']:,} times somebody had everything about them erased at a moment that the seed chose,"
            f" while {erased['jobs']:,} jobs of theirs stood anywhere between request and delivery"
            f" ({erased['running_jobs_ended']:,} were ended by it) and {erased['faults']:,} faults struck; in"
            f" {erased['went_on_afterwards']:,} runs they went on using the shop. {erased['versions_removed']:,}"
            f" versions of objects were removed, the {erased['jobs_of_others']:,} jobs of others were left as they"
            f" were: {erased['problems']} things were left that should not be, or gone that should be there."
        )
    return table("", *(f"{float(rate):.0%} of crossings fail" for rate in rates), rows=rows) + f"\n\n{said}"


def quota() -> str:
    """What the last benchmark of pacing came to, one row for each load."""
    told: Mapping[str, Any] = json.loads(QUOTA.read_text())
    heads = ("completed", "lost", "turned away", "gave up", "throttled calls per job", "quota used")
    waits = ("shoppers wait p50 / p95", "the rest waits p50 / p95", "states per job: shoppers / rest")
    rows = [
        (
            name,
            f"{made['completed']:,} of {made['requests']:,}",
            f"**{made['lost']}**",
            f"{made['refusals']:,}",
            f"{made['gave_up']:,}",
            f"**{made['throttled_per_job']:g}**",
            f"**{made['quota_used']:.1%}**",
            _waits(made["shoppers"]),
            _waits(made["flood"]),
            " / ".join(_states(made["states_per_job"].get(who)) for who in ("shoppers", "flood")),
        )
        for name, made in told["loads"].items()
    ]
    return table(f"{told['quota']} calls a minute", *heads, *waits, rows=rows)


def _waits(made: Mapping[str, float]) -> str:
    return f"{made['p50']:.0f} / {made['p95']:.0f} s" if made["jobs"] else "—"


def _states(of_one: float | None) -> str:
    return "—" if of_one is None else f"{of_one:g}"
