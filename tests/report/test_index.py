"""The index is a cache: it follows the records, and losing it loses nothing."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest

from nsbench.benchmark.errors import UserError
from nsbench.benchmark.report.leaderboard import leaderboard_rows
from nsbench.benchmark.store import Store
from nsbench.benchmark.store.index import damaged, frames, open_index, update_index


def scores(cell: Any, case: int, name: str) -> dict[str, Any]:
    """Dice that differs in every cell and case."""
    return {"dice": round(0.5 + 0.01 * case + 0.1 * cell.identity.seed + 0.2 * (cell.label == "mae"), 6)}


def test_frames_hold_every_planned_cell_and_every_case(grid: Any) -> None:
    cells = grid.plan()
    grid.run(cells[:-1], scores)
    planned, cases = frames(grid.store)
    assert list(planned["cell"]) == [cell.id for cell in cells]
    assert list(planned["status"]) == ["done"] * 7 + ["missing"]
    assert len(cases) == 7 * grid.cases
    first = cases[cases["cell"] == cells[0].id]
    assert list(first["dice"]) == [0.5, 0.51, 0.52, 0.53]
    assert list(first["group_site"]) == ["a"] * 4


def test_a_deleted_or_broken_index_is_made_again(grid: Any) -> None:
    grid.run(grid.plan(), scores)
    before = leaderboard_rows(grid.store)
    parts = list((grid.store.out / "index").glob("*.parquet"))
    assert len(parts) == 3
    for path in parts:
        path.write_bytes(b"not a table")
    assert leaderboard_rows(grid.store) == before
    for path in parts:
        path.unlink(missing_ok=True)
    assert leaderboard_rows(grid.store) == before


def test_a_changed_record_is_read_again_and_a_removed_one_is_gone(grid: Any) -> None:
    cells = grid.plan()
    grid.run(cells, scores)
    frames(grid.store)
    grid.run(cells[:1], lambda cell, case, name: {"dice": 0.123})
    (grid.store.folder(cells[1].id).record).unlink()
    planned, cases = frames(grid.store)
    assert set(cases.loc[cases["cell"] == cells[0].id, "dice"]) == {0.123}
    assert planned["status"][1] == "missing"
    assert cells[1].id not in set(cases["cell"])


def test_a_changed_plan_is_followed(grid: Any) -> None:
    grid.run(grid.plan(), scores)
    frames(grid.store)
    grid.seeds = (1,)
    fewer = grid.plan()
    planned, cases = frames(grid.store)
    assert list(planned["cell"]) == [cell.id for cell in fewer]
    assert len(cases) == len(fewer) * grid.cases


@pytest.mark.parametrize("name", ["record.json", "cases.parquet"])
def test_a_damaged_record_is_reported_and_counts_as_failed(grid: Any, name: str) -> None:
    cells = grid.plan()
    grid.run(cells, scores)
    frames(grid.store)
    (grid.store.folder(cells[2].id).path / name).write_bytes(b"{")
    planned, cases = frames(grid.store)
    assert planned["status"][2] == "damaged"
    assert cells[2].id not in set(cases["cell"])
    (message,) = damaged(planned)
    assert message.startswith(f"cells/{cells[2].id}/{name} is damaged")


def test_batches_of_a_running_grid_are_merged_and_equal_one_reading(grid: Any) -> None:
    grid.seeds = tuple(range(12))
    cells = grid.plan()
    grid.run(cells, scores)
    whole = leaderboard_rows(grid.store)
    for path in (grid.store.out / "index").glob("*"):
        path.unlink()
    for cell in cells:
        update_index(grid.store, [cell.id])
    parts = list((grid.store.out / "index").glob("*.records.parquet"))
    assert len(parts) < 16 < len(cells)
    assert leaderboard_rows(grid.store) == whole
    assert len(frames(grid.store)[1]) == len(cells) * grid.cases


def test_reading_twice_reads_no_record_again(grid: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    grid.run(grid.plan(), scores)
    first = open_index(grid.store).cases()
    monkeypatch.setattr(Store, "read", lambda *_: pytest.fail("a record was read"))
    assert open_index(grid.store).cases().equals(first)


def test_an_index_that_cannot_be_written_is_done_without(grid: Any) -> None:
    grid.run(grid.plan(), scores)
    (grid.store.out / "index").write_text("in the way")
    assert len(leaderboard_rows(grid.store)) == 4
    assert os.listdir(grid.store.out / "cells")


def test_one_cell_under_two_labels_fills_two_rows(grid: Any) -> None:
    grid.methods = ("ce", "ce=twin")
    grid.run(grid.plan(), scores)
    rows = {row["method"]: row for row in leaderboard_rows(grid.store) if row["ratio"] == 0.5}
    assert rows["ce"]["metrics"] == rows["twin"]["metrics"]
    assert rows["twin"]["complete"]


def test_datasets_with_other_groups_share_an_index(grid: Any) -> None:
    grid.datasets = ("phantom", "jsrt")
    grid.run(grid.plan(), lambda cell, *_: {"group_view": "pa"} if cell.dataset_label == "jsrt" else {})
    _, cases = frames(grid.store)
    assert cases["group_view"].notna().sum() == len(cases) / 2


def test_a_folder_without_a_plan_is_refused_and_left_as_it_was(grid: Any) -> None:
    grid.store.out.mkdir()
    with pytest.raises(UserError, match=r"no plan\.json"):
        open_index(grid.store)
    assert not list(grid.store.out.iterdir())


@pytest.mark.parametrize("plan", ["{", '{"spec": {}, "cells": [{"label": "ce"}]}'])
def test_a_damaged_plan_is_said_with_the_remedy(grid: Any, plan: str) -> None:
    grid.plan()
    (grid.store.out / "plan.json").write_text(plan)
    with pytest.raises(UserError, match="damaged"):
        open_index(grid.store)


def test_an_empty_plan_has_no_rows(grid: Any) -> None:
    grid.methods = ()
    grid.plan()
    assert json.dumps(leaderboard_rows(grid.store)) == "[]"
