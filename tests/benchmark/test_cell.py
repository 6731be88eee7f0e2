"""Identities stay what they were."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import nsbench
from nsbench.benchmark.cell import Identity, Scarce
from nsbench.benchmark.digest import digest

PUBLISHED = Path(nsbench.__file__).parent / "leaderboards" / "jsrt-heart-losses" / "cells.parquet"
SPLIT = "a65b6cf1b9b3ae28bcb8cd5a92c8fe9ef3b6732b603a4ec0b17de105280d51b6"
"""Of the published split of JSRT."""


def identity(row: dict[str, Any]) -> Identity:
    """The identity of a published cell, through JSON and back."""
    chosen = {name: json.loads(row[name]) for name in ("dataset", "method", "network", "budget")}
    plain = {name: int(row[name]) for name in ("protocol", "fold", "folds", "seed")}
    named = {name: row[name] for name in ("view", "selection")}
    values = {**chosen, **plain, **named, "split": SPLIT, "supervision": json.loads(row["noise"])}
    return Identity.model_validate_json(json.dumps(values))


def test_published_cells_have_the_ids_that_they_were_published_under() -> None:
    rows = pd.read_parquet(PUBLISHED).to_dict("records")
    assert {row["kind"] for row in rows} == {"noisy"}
    found = [digest(identity(row).model_dump(mode="json"))[:16] for row in rows]
    assert found == [row["cell"] for row in rows]


@pytest.mark.parametrize(("labeled", "text"), [(1, "1 labeled"), (1.0, "100 % labeled"), (0.125, "12.5 % labeled")])
def test_a_count_and_a_fraction_survive_json(labeled: float, text: str) -> None:
    known = Scarce(labeled=labeled)
    again = Scarce.model_validate_json(json.dumps(known.model_dump(mode="json")))
    assert (again, type(again.labeled), again.describe()) == (known, type(labeled), text)
