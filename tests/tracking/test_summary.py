"""What a tracker is told of a cell."""

from __future__ import annotations

from nsbench.benchmark.cell import Cell
from nsbench.benchmark.store import Store
from nsbench.benchmark.tracking.summary import CellSummary, summarise


def summary_of(store: Store, cell: Cell) -> CellSummary:
    found = summarise(store, cell)
    assert found is not None
    return found


def test_updates_count_on_from_stage_to_stage(store: Store, cells: list[Cell]) -> None:
    curve = summary_of(store, cells[0]).curve
    assert [(update, values.get("train/loss")) for update, values in curve[:4]] == [(2, 4), (4, 3), (6, 2), (8, None)]
    assert curve[3][1] == {"learning_rate": 0.1, "train/kept": 0.5}
    assert curve[4:] == [(8, {"trust/auroc": 0.9})]


def test_scores_are_means_over_classes_without_what_is_undefined(store: Store, cells: list[Cell]) -> None:
    scores = summary_of(store, cells[0]).scores
    wanted = {"test/dice": 0.6, "test/dice/a": 0.4, "test/dice/b": 0.8, "test/hd95": 3.0, "test/hd95/a": 3.0}
    assert {name: round(value, 9) for name, value in scores.items() if name.startswith("test/")} == wanted
    assert (scores["memorisation/wrong"], scores["cost/train_seconds"]) == (0.25, 50.0)


def test_parameters_say_what_the_cell_is(store: Store, cells: list[Cell]) -> None:
    summary = summary_of(store, cells[0])
    wanted = {"dataset": "phantom:chamber", "noise": "erode-dilate", "ratio": 0.5, "method": "ce", "seed": 0}
    assert wanted.items() <= summary.params.items()
    assert all(isinstance(value, str | int | float | bool) for value in summary.params.values())
    assert (summary.facts["cell"], summary.facts["status"]) == (cells[0].id, "done")


def test_a_failed_cell_has_its_error_and_no_scores(store: Store, cells: list[Cell]) -> None:
    summary = summary_of(store, cells[1])
    assert (summary.status, summary.error, summary.curve) == ("failed", "ValueError: loss is nan", [])
    assert all(name.startswith("cost/") for name in summary.scores)
    assert summarise(store, cells[2]) is None
