"""What the pictures show, and that they can be read without colour."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nsbench.benchmark.report.figures import draw
from nsbench.benchmark.report.figures.curves import MOST_TOGETHER, curve_figure
from nsbench.benchmark.report.figures.ranks import group_figure, rank_figure
from nsbench.benchmark.report.figures.style import new_figure, title, wrapped
from nsbench.benchmark.report.groups import Groups
from nsbench.benchmark.report.leaderboard import make_leaderboard
from nsbench.benchmark.stats.records import Records

SHIFT = {"ce": 0.0, "mae": 0.05, "dice": -0.1}


def score(cell: Any, case: int, name: str) -> dict[str, Any]:
    """Later cases are larger and scored higher; methods differ by `SHIFT`, a little differently in every case."""
    wobble = 0.003 * ((case * 7 + cell.identity.seed * 3 + len(cell.label)) % 5)
    dice = 0.6 + 0.02 * case + SHIFT.get(cell.label, 0.0) - 0.1 * cell.identity.supervision.ratio + wobble
    size = {"truth_voxels": 1000.0 * (case + 1), "truth_volume_ml": 10.0 * (case + 1)}
    return {"dice": dice, "group_site": "ab"[case % 2], **size}


@pytest.fixture
def board(grid: Any) -> Any:
    grid.methods, grid.cases = ("ce", "mae", "dice"), 9
    grid.run(grid.plan(), score)
    return make_leaderboard(grid.store)


def rows_at(board: Any, ratio: float) -> list[Any]:
    return [row for row in board.rows if row.facts["ratio"] == ratio]


def test_few_methods_share_a_panel_and_are_told_apart_in_grey(grid: Any) -> None:
    grid.methods, grid.seeds, grid.cases = tuple(f"method{i}" for i in range(MOST_TOGETHER)), (0,), 3
    grid.run(grid.plan(), score)
    figure = curve_figure(make_leaderboard(grid.store).rows, "erode-dilate")
    lines = [container.lines[0] for container in figure.axes[0].containers]
    assert len({(line.get_marker(), line.get_linestyle()) for line in lines}) == len(lines) == MOST_TOGETHER


def test_many_methods_get_a_panel_each_the_best_first(grid: Any) -> None:
    grid.methods, grid.seeds, grid.cases = (*(f"method{i}" for i in range(MOST_TOGETHER)), "mae"), (0,), 3
    grid.run(grid.plan(), score)
    figure = curve_figure(make_leaderboard(grid.store).rows, "erode-dilate")
    # methods without a plugin are called unknown
    titles = [axes.get_title(loc="left").split()[0] for axes in figure.axes]
    assert titles[0] == "mae"
    assert sorted(titles) == sorted(grid.methods)
    assert all(len(axes.containers) == 1 for axes in figure.axes)


def test_rank_intervals_hold_the_rank_and_say_how_likely_the_best_is(board: Any) -> None:
    figure = rank_figure(board.rows, "erode-dilate", Records.of(board.store))
    assert figure is not None
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["clean", "50 %"]
    names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert names == ["dice", "ce", "mae"]
    assert [text.get_text() for text in figure.axes[1].texts] == ["100 %"]


def test_too_few_patients_have_no_ranks(grid: Any) -> None:
    grid.run(grid.plan(), score)
    assert rank_figure(make_leaderboard(grid.store).rows, "", Records.of(grid.store)) is None


def test_groups_are_thirds_by_volume_and_those_of_the_dataset(board: Any) -> None:
    size, site = Groups(board).of(rows_at(board, 0.5))
    assert (size.name, site.name) == ("size, thirds of the test cases", "site")
    assert [group.title for group in size.groups] == ["A: up to 36.7 ml", "B: 36.7 to 63.3 ml", "C: above 63.3 ml"]
    assert [group.cases for group in size.groups] == [3, 3, 3]
    assert [(group.title, group.cases) for group in site.groups] == [("a", 5), ("b", 4)]
    unit = rows_at(board, 0.5)[0].unit
    means = [group.dice[unit]["mean"] for group in size.groups]
    whole = rows_at(board, 0.5)[0].dice
    assert means[0] < means[1] < means[2]
    assert sum(means) / 3 == pytest.approx(whole)


def test_lesions_are_divided_as_in_the_cople_paper(grid: Any) -> None:
    grid.datasets, grid.methods, grid.cases, grid.ratios = ("uestc-covid19:lesion",), ("ce", "mae"), 12, (0.5,)
    grid.run(grid.plan(), lambda *where: score(*where) | {"truth_volume_ml": (20.0, 50.0, 120.0, 300.0)[where[1] % 4]})
    size = Groups(made := make_leaderboard(grid.store)).of(made.rows)[0]
    assert [(group.title, group.cases) for group in size.groups] == [
        ("A: up to 50 ml", 6),
        ("B: 50 to 200 ml", 3),
        ("C: above 200 ml", 3),
    ]


def test_the_best_of_each_group_is_filled(board: Any) -> None:
    rows = rows_at(board, 0.5)
    figure = group_figure(rows, Groups(board).of(rows)[0])
    for axes in figure.axes:
        filled = next(line for line in axes.lines if line.get_markerfacecolor() == "#333333")
        assert list(filled.get_ydata()) == [2]


def test_two_dimensional_or_unknown_sizes_are_in_voxels_or_left_out(grid: Any) -> None:
    grid.cases = 9
    grid.run(grid.plan(), lambda *where: score(*where) | {"truth_volume_ml": float("nan"), "group_site": "a"})
    made = make_leaderboard(grid.store)
    assert Groups(made).of(rows_at(made, 0.0))[0].groups[2].title == "C: above 6330 voxels"
    grid.run(grid.plan(), lambda *where: score(*where) | {"truth_volume_ml": 1.0, "group_site": "a"})
    made = make_leaderboard(grid.store)
    assert Groups(made).of(rows_at(made, 0.0)) == []


def caption(figure: Any) -> str:
    return str(figure._supxlabel.get_text())


def test_a_caption_tells_of_intervals_only_where_there_are_some(grid: Any, board: Any) -> None:
    rows = rows_at(board, 0.5)
    assert caption(group_figure(rows, Groups(board).of(rows)[0])).startswith("Dice, mean; a 95 % interval takes 6 pat")
    assert caption(curve_figure(board.rows, "")).startswith("Dice, mean and 95 % interval")
    grid.cases = 12
    grid.run(grid.plan(), lambda *where: score(*where) | {"group_site": "aaaaaaaabbbb"[where[1]]})
    made = make_leaderboard(grid.store)
    rows = rows_at(made, 0.5)
    text = caption(group_figure(rows, Groups(made).of(rows)[1]))
    assert text.startswith("Dice, mean and, of 6 patients or more, 95 % interval. Filled")


def test_groups_of_too_few_cases_are_named(grid: Any) -> None:
    grid.cases = 12
    sites = ["a", "a", "a", "b", "b", "b", "c", "d", "d", None, "b", "a"]
    grid.run(grid.plan(), lambda *where: score(*where) | {"group_site": sites[where[1]]})
    made = make_leaderboard(grid.store)
    rows = rows_at(made, 0.5)
    size, site = Groups(made).of(rows)
    assert size.left_out == {}
    assert (site.left_out, site.unknown) == ({"d": 2, "c": 1}, 1)
    text = caption(group_figure(rows, site))
    assert text.endswith("as a group takes 3 cases: d (2 cases), c (1 case).\nOf unknown group: 1 case")


def test_a_group_of_too_few_lesions_is_named(grid: Any) -> None:
    grid.datasets, grid.methods, grid.cases, grid.ratios = ("uestc-covid19:lesion",), ("ce", "mae"), 12, (0.5,)
    grid.run(grid.plan(), lambda *where: score(*where) | {"truth_volume_ml": (20.0, 120.0)[where[1] % 2]})
    made = make_leaderboard(grid.store)
    assert Groups(made).of(made.rows)[0].left_out == {}
    grid.run(grid.plan(), lambda *where: score(*where) | {"truth_volume_ml": 300.0 if where[1] < 2 else 9.0 * where[1]})
    made = make_leaderboard(grid.store)
    size = Groups(made).of(made.rows)[0]
    assert [group.cases for group in size.groups] == [4, 6]
    assert size.left_out == {"C: above 200 ml": 2}


def test_of_many_groups_that_are_left_out_only_some_are_named(board: Any) -> None:
    rows = rows_at(board, 0.5)
    grouping = Groups(board).of(rows)[0]
    many = replace(grouping, left_out=dict.fromkeys("abcdefghij", 2))
    assert caption(group_figure(rows, many)).endswith("h (2 cases), 2 more (4 cases)")
    assert "Left out" not in caption(group_figure(rows, replace(grouping, left_out={})))


def test_a_rank_picture_without_a_name_ends_in_no_comma(board: Any) -> None:
    figure = rank_figure(board.rows, "", Records.of(board.store))
    assert figure is not None
    assert figure._suptitle.get_text() == "phantom"  # type: ignore[attr-defined]


def test_long_titles_are_wrapped_within_a_figure_that_grows() -> None:
    text = "phantom,population=b,ndim=2,size=64,cases=40, labels of phantom,ndim=2,size=64,cases=40"
    figure = new_figure(6.4, 3.0)
    title(figure, text, "note " * 40)
    figure.draw_without_rendering()
    for shown in (figure._suptitle, figure._supxlabel):  # type: ignore[attr-defined]
        assert shown.get_window_extent().x1 < figure.bbox.x1
    assert figure.get_figheight() > 3.0
    assert wrapped(text, 200) == text
    assert wrapped("phantom,ndim=2,size=64 b", 16) == "phantom,ndim=2,\nsize=64\nb"


def test_lines_to_scale_stay_close_to_their_share(grid: Any) -> None:
    grid.methods, grid.seeds, grid.cases = tuple(f"method{i}" for i in range(MOST_TOGETHER)), (0,), 3
    grid.run(grid.plan(), score)
    axes = curve_figure(make_leaderboard(grid.store).rows, "").axes[0]
    places = [container.lines[0].get_xdata()[0] for container in axes.containers]
    assert max(map(abs, places)) <= 0.04
    assert len(set(places)) == MOST_TOGETHER
    assert axes.get_xlabel() == "share of training cases with wrong labels"


def test_every_picture_is_drawn_and_found_again(board: Any, tmp_path: Path) -> None:
    names = draw(board, tmp_path)
    assert [key[0] for key in names] == ["ratio", "ranks", *["cases", "groups", "groups"] * 2]
    assert {path.name for path in tmp_path.glob("*.png")} == set(names.values())
