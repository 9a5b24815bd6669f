"""What the page says of cold starts follows from the figures."""

from typing import Any

import pytest

from benchmarks.cold_start import BUDGETS_MS, FLOOR_MS, report

ONE = {"ms": 300.0, "clients_ms": 90.0, "modules": 500, "code_kb": 900, "unzipped_mb": 10.1}


def figures(times_the_floor: float) -> dict[str, Any]:
    return {
        "floor_ms": 200.0,
        "baseline_ms": 800.0,
        "of_floor": dict.fromkeys(BUDGETS_MS, times_the_floor),
        "without_byte_code_ms": dict.fromkeys([*BUDGETS_MS, "render_preview"], 400.0),
        "functions": dict.fromkeys([*BUDGETS_MS, "render_preview"], ONE),
    }


@pytest.mark.parametrize(
    ("scaled", "said"),
    [
        (240.0, "240 ms of 250 ms: kept"),
        (250.4, "250 ms of 250 ms: kept"),
        (250.6, "251 ms of 250 ms: **missed by 1 ms**"),
        (280.0, "280 ms of 250 ms: **missed by 30 ms**"),
    ],
)
def test_every_budget_of_time_is_said_to_be_kept_or_missed(scaled: float, said: str) -> None:
    first = report(figures(scaled / FLOOR_MS)).split("| Every function")[0]
    assert f"| `message` | {said} |" in first
    assert first.count(": kept") + first.count("missed by") == len(BUDGETS_MS)
    assert "| `render_preview` | none |" in first
