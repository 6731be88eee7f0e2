"""Leaderboards of few labels, and of another dataset's labels."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from nsbench.benchmark.cell import Cell, ChosenDataset, Scarce, Transfer
from nsbench.benchmark.publish.facts import facts_of
from nsbench.benchmark.report.figures.axis import AXES
from nsbench.benchmark.report.figures.curves import curve_figure
from nsbench.benchmark.report.figures.generations import by_generation, generation_figure
from nsbench.benchmark.report.generations import generation_table
from nsbench.benchmark.report.leaderboard import leaderboard_rows, make_leaderboard
from nsbench.benchmark.report.markdown import render_markdown
from nsbench.benchmark.report.write import csv_text, write_leaderboard
from nsbench.benchmark.store import Record
from nsbench.benchmark.store.record import Generation

DICE = {("ce", 0.1): 0.5, ("ce", 0.2): 0.6, ("ce", 1.0): 0.9, ("atso", 0.1): 0.7, ("atso", 0.2): 0.8}


def scarce(cell: Cell, share: float) -> Cell:
    supervision = Scarce(labeled=share)
    return of(cell, supervision, supervision.describe())


def of(cell: Cell, supervision: Any, label: str) -> Cell:
    identity = cell.identity.model_copy(update={"supervision": supervision})
    return Cell(identity=identity, label=cell.label, dataset_label=cell.dataset_label, noise_label=label)


@pytest.fixture
def few(grid: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Cell]]:
    """`few(shares)`: a plan of `ce` and `atso` with such shares of labels, written and run; `atso` not with all."""
    make: Callable[[Cell], Record] = grid.record

    def record(cell: Cell) -> Record:
        found = make(cell)
        share = shares_of(cell)
        labeled = share if isinstance(share, int) else round(8 * share)
        told = [
            Generation(stage=f"m{i}", generation=i, test=0.6 + i / 10, similarity=0.8 if i else None) for i in range(2)
        ]
        told.insert(1, Generation(stage="r1", reference=0.65))
        validated = 0 if grid.selection == "last" else 2
        sizes = {"labeled_cases": labeled, "pool_cases": 8, "validation_cases": validated}
        changes = {**sizes, "trust": [], "generations": told if cell.label == "atso" else []}
        return found.model_copy(update={"result": found.result.model_copy(update=changes)})

    def make_plan(shares: Sequence[float] = (0.1, 0.2, 1.0)) -> list[Cell]:
        pairs = [(name, share) for share in shares for name in ("ce", "atso") if repr(share) != "1.0" or name == "ce"]
        cells = [scarce(grid.cell("phantom", "none", 0.0, name, 0), share) for name, share in pairs]
        grid.store.out.mkdir(exist_ok=True)
        grid.store.write_plan({"name": "Few"}, cells, [], extend=True)
        monkeypatch.setattr(grid, "record", record)
        grid.run(cells, lambda cell, case, name: {"dice": DICE.get((cell.label, shares_of(cell)), 0.4) + 0.01 * case})
        return cells

    return make_plan


def shares_of(cell: Cell) -> float:
    return cell.identity.supervision.labeled  # type: ignore[union-attr]


@pytest.mark.parametrize("shares", [(0.1, 0.2, 1.0), (8, 2, 1)])
def test_the_index_tells_the_best_of_the_fewest_labels(
    grid: Any, few: Callable[..., Any], shares: Sequence[float]
) -> None:
    few(shares)
    (best,) = facts_of(make_leaderboard(grid.store))["best"]
    scores = {"10 % labeled": ("atso", 0.715), "1 labeled": ("ce", 0.915)}
    assert (best["method"], pytest.approx(best["dice"])) == scores[best["at"]]


def test_the_index_tells_the_best_of_the_most_noise_wherever_that_stands(grid: Any) -> None:
    pairs = (("erode-dilate", 0.75), ("affine", 0.25))
    cells = [grid.cell("phantom", noise, ratio, "ce", 0) for noise, ratio in pairs]
    grid.store.out.mkdir(exist_ok=True)
    grid.store.write_plan({"name": "Two"}, cells, [])
    grid.run(cells, lambda cell, case, name: {"dice": 1 - cell.identity.supervision.ratio})
    (best,) = facts_of(make_leaderboard(grid.store))["best"]
    assert (best["dice"], best["at"]) == (0.25, "erode-dilate at 75 %")


def test_rows_by_share_with_bounds_in_one_table(grid: Any, few: Callable[..., Any]) -> None:
    few()
    rows = leaderboard_rows(grid.store)
    found = [(row["labeled"], row["method"], row["bound"], row["rank"], row["labeled_cases"]) for row in rows]
    assert found == [
        (0.1, "atso", None, 1, 1),
        (0.1, "ce", "lower", 2, 1),
        (0.2, "atso", None, 1, 2),
        (0.2, "ce", "lower", 2, 2),
        (1.0, "ce", "upper", 1, 8),
    ]
    assert [row["ratio"] for row in rows] == [None] * 5
    drops = [row["drop"] for row in rows if row["method"] == "ce"]
    assert drops == [pytest.approx(-0.4), pytest.approx(-0.3), None]
    assert csv_text(rows).splitlines()[0].count("generations") == 0


def test_the_page_says_what_is_labeled_and_what_bounds_what(grid: Any, few: Callable[..., Any]) -> None:
    few()
    page = render_markdown(grid.store)
    assert "when few training cases are labeled (10 %, 20 %, 100 %)" in page
    assert "### phantom, 10 % labeled\n\n1 labeled of 8 training cases, 4 test cases in each cell." in page
    assert page.count("Upper bound, trained with all labels: ce 91.50.") == 2
    assert re.search(r"\| ce \(lower bound\) +\| +51\.50", page)
    assert re.search(r"\| ce \(upper bound\)|\*\*ce \(upper bound\)\*\*", page)
    assert re.search(r"\| ce \(bound\) +\|.*91\.50", page)
    assert "know more" not in page
    assert re.search(r"\| atso +\| m1 +\| +1 \| +- \| +70\.00 \| +80\.00 \|", page)
    assert re.search(r"\| atso +\| r1 +\| +0 \| +65\.00 \| +- \| +- \|", page)
    assert "**Lower bound**" in page
    assert re.search(r"\| +Drop +\|", page)
    assert not re.search(r"\| +Wrong / right +\|", page)
    assert "nested, stratified by group" in page


def test_the_upper_bound_lifts_no_method_in_the_overview(
    grid: Any, few: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(DICE, ("atso", 0.1), 0.51)
    monkeypatch.setitem(DICE, ("atso", 0.2), 0.61)
    few()
    overview = render_markdown(grid.store).partition("## Overview")[2].partition("## Protocol")[0]
    assert overview.index("| atso ") < overview.index("| ce (bound) ")


def test_a_count_that_is_every_case_is_the_upper_bound(grid: Any, few: Callable[..., Any]) -> None:
    few((2, 8))
    bounds = {row["labeled"]: row["bound"] for row in leaderboard_rows(grid.store) if row["method"] == "ce"}
    assert bounds == {2: "lower", 8: "upper"}
    assert render_markdown(grid.store).count("Upper bound, trained with all labels: ce") == 1


def test_the_page_counts_the_labels_of_the_validation(grid: Any, few: Callable[..., Any]) -> None:
    few((2,))
    assert "further" not in render_markdown(grid.store)
    grid.selection = "best-clean-val"
    few((2,))
    page = render_markdown(grid.store)
    assert "2 labeled of 8 training cases" in page
    assert "in each cell. By the labels of 2 further training cases checkpoints were chosen." in page


def test_pictures_against_the_share_and_of_generations(grid: Any, few: Callable[..., Any]) -> None:
    few()
    readme = write_leaderboard(grid.store)
    shown = set(re.findall(r"\]\((.*?\.png)\)", readme.read_text()))
    assert shown == {path.name for path in readme.parent.glob("*.png")}
    assert {"dice-vs-labeled-phantom.png", "generations-phantom-10-labeled.png"} <= shown
    assert "dice-vs-ratio-phantom.png" not in shown


def test_the_tested_model_of_all_folds_and_labels_of_super_classes_are_off_the_lines(grid: Any, few: Any) -> None:
    few()
    (row,) = (r for r in make_leaderboard(grid.store).rows if r.facts["labeled"] == 0.1 and r.facts["method"] == "atso")
    row.facts["generations"][-1:] = [
        {"stage": "r2.0", "generation": 1, "reference": 0.9, "test": None, "similarity": None, "coarse": True},
        {"stage": "m1.0", "generation": 1, "reference": None, "test": 0.5, "similarity": 0.7},
        {"stage": "m1.1", "generation": 1, "reference": None, "test": 0.6, "similarity": 0.7},
        {"stage": "final", "generation": 1, "reference": 0.7, "test": 0.75, "similarity": 0.6, "final": True},
    ]
    assert by_generation(row, "test") == ([0, 1], pytest.approx([60, 55]))
    assert by_generation(row, "test", final=True) == ([1], pytest.approx([75]))
    assert by_generation(row, "reference") == ([0], pytest.approx([65])), "not the 90 of coarse labels"
    figure = generation_figure([row])
    assert "the model of all folds" in figure._supxlabel.get_text()  # type: ignore[attr-defined]
    marks = [(mark.get_offsets()[0, 1], mark.get_linestyle()[0][1] is not None) for mark in figure.axes[0].collections]
    assert marks == [(pytest.approx(75), False), (pytest.approx(70), True)], "dashed is the mark of the reference set"
    table = generation_table([row])
    assert re.search(r"\| final \(of all folds\) +\| +1 \| +70\.00 \| +75\.00", table)
    assert re.search(r"\| r2\.0 \(super-classes\) +\| +1 \| +90\.00", table)


def test_dashed_is_the_reference_set_alone_and_no_mark_is_cut(grid: Any, few: Callable[..., Any]) -> None:
    few()
    rows = [r for r in make_leaderboard(grid.store).rows if r.facts["method"] == "atso"]
    rows[0].facts["generations"][-1]["similarity"] = 1.0
    left, right = generation_figure(rows).axes
    assert [line.get_linestyle() for line in left.lines] == ["-", "--"] * 2
    assert [line.get_linestyle() for line in right.lines] == ["-"] * 2
    assert not any(artist.get_clip_on() for axes in (left, right) for artist in [*axes.lines, *axes.collections])
    assert left.get_xlim() == right.get_xlim() == (pytest.approx(-0.06), pytest.approx(1.06))
    assert right.get_ylim()[1] == 100
    assert "unlabeled training cases (@R)" in left.get_ylabel()


def test_shares_that_are_not_drawn_to_scale_say_so(grid: Any, few: Callable[..., Any]) -> None:
    few((0.1, 0.2, 1.0))
    rows = make_leaderboard(grid.store).rows
    label = "training cases with a label (evenly spaced, not to scale)"
    assert curve_figure(rows, "", AXES["labeled"]).axes[0].get_xlabel() == label
    two = [row for row in rows if row.facts["labeled"] != 0.1]
    assert curve_figure(two, "", AXES["labeled"]).axes[0].get_xlabel() == "training cases with a label"


def test_counts_and_fractions_stand_side_by_side_and_one_case_is_not_all(grid: Any, few: Callable[..., Any]) -> None:
    few((1.0, 0.2, 1))
    figure = curve_figure(make_leaderboard(grid.store).rows, "", AXES["labeled"])
    assert [text.get_text() for text in figure.axes[0].get_xticklabels()] == ["1 case", "20 %", "100 %"]


def test_shares_whose_words_would_cover_each_other_stand_side_by_side(grid: Any, few: Callable[..., Any]) -> None:
    few((0.1, 0.2, 1.0))
    figure = curve_figure(make_leaderboard(grid.store).rows, "", AXES["labeled"])
    assert list(figure.axes[0].get_xticks()) == [0, 1, 2]
    assert not any("scarce" in text.get_text() for text in figure.legends[0].get_texts())


def test_a_transfer_has_the_name_of_its_source(grid: Any) -> None:
    source = ChosenDataset(name="la", task="atrium", fingerprint="0123456789")
    cells = [
        of(grid.cell("phantom", "none", 0.0, name, 0), Transfer(source=source), "la@half") for name in ("ce", "mae")
    ]
    grid.store.out.mkdir(exist_ok=True)
    grid.store.write_plan({"name": "From afar"}, cells, [], extend=True)
    grid.run(cells, lambda cell, case, name: {"dice": 0.5})
    page = render_markdown(grid.store)
    assert "when all labels are of another dataset (la@half)" in page
    assert "### phantom, labels of la@half" in page
    assert "An **upper bound** is not beside it" in page
    assert "- phantom, labels of la@half: highest mean ce, mae, Dice 50.00; " in page
    assert not re.search(r"\| +(Drop|Wrong / right) +\|", page)
    assert re.search(r"\| Labels of +\| la:atrium \(01234567\), at the coarser spacing of both", page)
    rows = leaderboard_rows(grid.store)
    assert [(row["source"], row["noise"], row["bound"]) for row in rows] == [("la:atrium", "la@half", "lower")] * 2
