"""What preparing a photo takes: the figures that the page shows keep to their aims."""

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.pictures import MOST_HEIC_MIB, MOST_LOSS_DB, MOST_MIB, MOST_OVER_FLOOR, report

FIGURES: dict[str, Any] = json.loads((Path(__file__).parents[3] / "docs" / "figures" / "pictures.json").read_text())


@pytest.mark.parametrize("megapixels", ["12", "24", "48"])
def test_a_phones_photo_is_prepared_near_the_floor_in_little_memory_and_without_visible_loss(megapixels: str) -> None:
    lower = FIGURES["jpeg"][megapixels]["1024"]
    assert lower["ours_cpu_ms"] <= MOST_OVER_FLOOR * lower["floor_cpu_ms"]
    assert lower["ours_peak_mib"] <= MOST_MIB
    assert lower["loss_db"] <= MOST_LOSS_DB


def test_a_heic_of_48_megapixels_is_prepared_within_its_memory() -> None:
    assert FIGURES["special"]["48 MP, HEIC"]["peak_mib"] <= MOST_HEIC_MIB


def test_every_photo_and_every_other_file_has_its_row_in_the_report() -> None:
    said = report(FIGURES)
    assert [name for name in (*(f"{mp} MP, " for mp in FIGURES["jpeg"]), *FIGURES["special"]) if name not in said] == []
