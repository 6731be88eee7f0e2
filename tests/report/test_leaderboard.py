"""Rows: exact scores, honest gaps, ranks and ties."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from nsbench.benchmark.report.figures.ranks import rank_figure
from nsbench.benchmark.report.leaderboard import leaderboard_rows, make_leaderboard
from nsbench.benchmark.report.outcomes import outcomes
from nsbench.benchmark.stats.compare import compare
from nsbench.benchmark.stats.records import Records
from nsbench.benchmark.store.index import open_index

KEYS = {
    "dataset", "supervision", "noise", "ratio", "method", "seeds", "folds", "cells_done", "cells_planned", "complete",
    "network", "view", "budget", "selection", "knows", "realised_dice", "metrics", "drop", "memorisation", "trust",
    "updates", "passes", "parameters", "train_seconds", "peak_memory_mib", "pooled", "failed", "params",
}  # fmt: skip


def dice_of(value: float) -> Any:
    """Dice `value` at ratio 0 and 0.1 less at the others, rising by 0.02 with the case and 0.01 with the seed."""

    def score(cell: Any, case: int, name: str) -> dict[str, Any]:
        noisy = 0.1 * (cell.identity.supervision.ratio > 0)
        return {"dice": value - noisy + 0.02 * case + 0.01 * cell.identity.seed}

    return score


def row(rows: list[dict[str, Any]], method: str, ratio: float = 0.5) -> dict[str, Any]:
    """The one row of a method at a ratio."""
    (found,) = [r for r in rows if r["method"] == method and r["ratio"] == ratio]
    return found


def test_a_row_says_all_that_the_command_promises(grid: Any) -> None:
    grid.run(grid.plan(), dice_of(0.7))
    rows = leaderboard_rows(grid.store)
    json.dumps(rows, allow_nan=False)
    assert [(r["method"], r["ratio"]) for r in rows] == [("ce", 0.0), ("mae", 0.0), ("ce", 0.5), ("mae", 0.5)]
    found = row(rows, "ce")
    assert found.keys() >= KEYS
    dice = found["metrics"]["dice"]
    assert dice["mean"] == pytest.approx(0.635)
    assert dice["std_cases"] == pytest.approx(np.std([0, 0.02, 0.04, 0.06], ddof=1))
    assert dice["std_seeds"] == pytest.approx(np.std([0, 0.01], ddof=1))
    assert dice["ci95"] is found["tied"] is None  # four patients are too few
    assert found["drop"] == pytest.approx(-0.1)
    assert found["realised_dice"] == pytest.approx({"mean": 0.8, "std": 0.1})
    assert found["memorisation"] == {"wrong": 0.25, "right": 0.5}
    assert found["trust"] == [{"stage": "train", "class": "all", "auroc": pytest.approx(0.25), "kept": 1.0}]
    assert (found["seeds"], found["folds"], found["cells_done"], found["cells_planned"]) == (2, 1, 2, 2)
    assert (found["updates"], found["train_seconds"], found["peak_memory_mib"]) == (24, 60.0, 500.0)
    clean = row(rows, "ce", 0.0)
    assert clean["noise"] == "clean"
    assert clean["drop"] is clean["realised_dice"] is clean["memorisation"] is None


@pytest.mark.parametrize("how", ["missing", "failed", "timeout", "oom", "skipped", "damaged"])
def test_nothing_is_averaged_over_survivors(grid: Any, how: str) -> None:
    cells = grid.plan()
    grid.run(cells, dice_of(0.7))
    lost = next(cell for cell in cells if cell.label == "mae" and cell.identity.supervision.ratio)
    if how == "missing":
        grid.store.folder(lost.id).record.unlink()
    elif how == "damaged":
        grid.store.folder(lost.id).record.write_text("{")
    else:
        grid.fail(lost, "Traceback\nValueError: because", how)
    rows = leaderboard_rows(grid.store)
    gap, whole = row(rows, "mae"), row(rows, "ce")
    assert (gap["cells_done"], gap["cells_planned"], gap["complete"]) == (1, 2, False)
    assert [f["status"] for f in gap["failed"]] == ([] if how == "missing" else [how])
    assert {value for summary in gap["metrics"].values() for value in summary.values()} == {None}
    assert gap["rank"] is gap["drop"] is gap["memorisation"] is None
    assert (whole["rank"], whole["complete"]) == (1, True)
    assert row(rows, "mae", 0.0)["complete"]
    assert [r["method"] for r in rows if r["ratio"] == 0.5] == ["ce", "mae"]


def test_no_drop_without_a_complete_clean_row(grid: Any) -> None:
    cells = grid.plan()
    grid.run([cell for cell in cells if cell.identity.supervision.ratio or cell.identity.seed], dice_of(0.7))
    assert row(leaderboard_rows(grid.store), "ce")["drop"] is None


def test_the_clean_row_serves_every_noise_model(grid: Any) -> None:
    grid.noises = ("erode-dilate", "real")
    grid.run(grid.plan(), dice_of(0.7))
    rows = leaderboard_rows(grid.store)
    assert [r["drop"] for r in rows if r["ratio"]] == pytest.approx([-0.1] * 4)
    assert [r["noise"] for r in rows] == ["clean"] * 2 + ["erode-dilate"] * 2 + ["real"] * 2


def test_undefined_distances_are_counted_not_dropped_silently(grid: Any) -> None:
    nothing = {"dice": 0.0, "hd95_mm": float("nan"), "empty": "prediction"}
    grid.run(grid.plan(), lambda cell, case, name: nothing if case == 0 else {"dice": 0.8, "hd95_mm": 4.0})
    metrics = row(leaderboard_rows(grid.store), "ce")["metrics"]
    assert (metrics["hd95_mm"]["mean"], metrics["hd95_mm"]["undefined"]) == (4.0, 2)
    assert (metrics["dice"]["mean"], metrics["dice"]["undefined"]) == (pytest.approx(0.6), 0)


def test_unknown_spacing_gives_null_in_millimetres(grid: Any) -> None:
    grid.spacing = False
    grid.run(grid.plan(), dice_of(0.7))
    metrics = row(leaderboard_rows(grid.store), "ce")["metrics"]
    assert metrics["hd95_mm"] == {"mean": None, "std_cases": None, "std_seeds": None, "ci95": None, "undefined": 8}
    assert metrics["hd95"]["mean"] == 1.0


def test_classes_are_averaged_per_case_and_shown_one_by_one(grid: Any) -> None:
    grid.classes = ("myocardium", "blood pool")
    dice = {"myocardium": 0.6, "blood pool": 0.8}
    grid.run(
        grid.plan(),
        lambda cell, case, name: {"dice": float("nan") if (case, name) == (0, "myocardium") else dice[name]},
    )
    found = row(leaderboard_rows(grid.store), "ce")
    assert found["metrics"]["dice"]["mean"] == pytest.approx((0.8 + 3 * 0.7) / 4)
    assert found["metrics"]["dice"]["undefined"] == 2
    assert found["classes"]["myocardium"]["dice"]["mean"] == pytest.approx(0.6)
    assert found["classes"]["myocardium"]["dice"]["undefined"] == 2
    assert found["classes"]["blood pool"]["dice"]["undefined"] == 0


def uneven_score() -> Any:
    """`as-good` differs from `best` by chance alone, `worse` is 2 points behind; cases differ far more."""
    rng = np.random.default_rng(0)
    hard, luck = rng.normal(0, 0.1, 12), rng.normal(0, 0.02, (2, 12))
    luck -= luck.mean()

    def score(cell: Any, case: int, name: str) -> dict[str, Any]:
        offset = {"best": 0.001, "as-good": luck[cell.identity.seed, case], "worse": -0.02}[cell.label]
        return {"dice": 0.7 + hard[case] + offset}

    return score


def test_ties_are_told_by_the_paired_difference(grid: Any) -> None:
    grid.methods, grid.cases = ("best", "as-good", "worse"), 12
    score = uneven_score()
    grid.run(grid.plan(), score)
    rows = [r for r in leaderboard_rows(grid.store) if r["ratio"] == 0.5]
    assert [(r["method"], r["rank"], r["tied"]) for r in rows] == [
        ("best", 1, True),
        ("as-good", 2, True),
        ("worse", 3, False),
    ]
    # each interval alone is far wider than the difference
    assert rows[2]["metrics"]["dice"]["ci95"][1] > rows[0]["metrics"]["dice"]["mean"]


@pytest.mark.parametrize(("seeds", "gone"), [((0, 1), 0), ((0,), 0), ((0, 1), 4)], ids=["two", "one", "undefined"])
def test_ties_and_intervals_are_those_of_the_statistics(grid: Any, seeds: tuple[int, ...], gone: int) -> None:
    """As `nsbench stats` prints them; with one seed the interval alone, as it does with --fixed-seeds."""
    grid.methods, grid.cases, grid.seeds = ("best", "as-good", "worse"), 12, seeds
    score = uneven_score()
    grid.run(grid.plan(), lambda cell, case, name: {"dice": np.nan} if case < gone else score(cell, case, name))
    (compared,) = [
        found.places
        for found in compare(Records.of(grid.store), fixed_seeds=len(seeds) < 2)
        if found.row.facts["ratio"]
    ]
    rows = [r for r in leaderboard_rows(grid.store) if r["ratio"] == 0.5]
    for found, place in zip(rows, compared, strict=True):
        assert (found["method"], found["rank"]) == (place.method, place.rank)
        said = (place.tied, place.rank_low, place.rank_high, place.best)
        told = tuple(found[name] for name in ("tied", "rank_low", "rank_high", "p_best"))
        assert told == (said if len(seeds) > 1 else (None,) * 4)
        assert found["metrics"]["dice"]["ci95"] == pytest.approx([place.low, place.high], rel=1e-5)
    figure = rank_figure(
        [row for row in make_leaderboard(grid.store).rows if row.facts["ratio"]], "", Records.of(grid.store)
    )
    assert (figure is None) == (len(seeds) < 2)
    if figure is None:
        return
    axes = figure.axes[0]
    drawn = [(low, high) for (low, _), (high, _) in axes.collections[1].get_segments()]
    assert sorted(drawn) == sorted((place.rank_low, place.rank_high) for place in compared)


def test_equal_scores_share_a_rank_and_too_few_patients_tie_nobody(grid: Any) -> None:
    grid.cases = 2
    grid.run(grid.plan(), dice_of(0.7))
    rows = leaderboard_rows(grid.store)
    assert [(r["rank"], r["tied"]) for r in rows] == [(1, None)] * 4
    assert rows[0]["metrics"]["dice"]["ci95"] is None


def test_other_selection_is_never_ranked_together(grid: Any) -> None:
    first = grid.plan()
    grid.selection = "best-clean-val"
    second = [grid.cell("phantom", "erode-dilate", ratio, "gce", seed) for ratio in (0.0, 0.5) for seed in (0, 1)]
    grid.store.write_plan({"name": "Test"}, [*first, *second], [], extend=True)
    grid.run([*first, *second], dice_of(0.7))
    rows = leaderboard_rows(grid.store)
    assert row(rows, "gce")["rank"] == 1
    assert row(rows, "gce")["selection"] == "best-clean-val"
    assert row(rows, "gce")["drop"] == pytest.approx(-0.1)


def test_one_seed_has_no_spread_over_seeds(grid: Any) -> None:
    grid.seeds = (3,)
    grid.run(grid.plan(), dice_of(0.7))
    assert row(leaderboard_rows(grid.store), "ce")["metrics"]["dice"]["std_seeds"] is None


def test_rows_of_one_method_differ_by_label(grid: Any) -> None:
    grid.methods = ("gce", "gce=gce-strong")
    cells = grid.plan()
    assert len(cells) == 8
    grid.run(cells, dice_of(0.7))
    rows = [r for r in leaderboard_rows(grid.store) if r["ratio"] == 0.5]
    assert [(r["method"], r["plugin"]) for r in rows] == [("gce", "gce"), ("gce-strong", "gce")]


def test_published_records_that_lack_newer_columns_are_read(grid: Any) -> None:
    grid.run(grid.plan(), dice_of(0.7))
    cells = open_index(grid.store).cells.assign(labeled_cases=np.nan, generations=np.nan)
    found = outcomes(cells)[0]
    assert (found["labeled_cases"], found["generations"], found["test_cases"]) == (None, [], 4)
