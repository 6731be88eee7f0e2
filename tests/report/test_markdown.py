"""The markdown a reader sees."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

from nsbench.benchmark.report.markdown import render_markdown
from nsbench.benchmark.report.text import by_reason


def score(cell: Any, case: int, name: str) -> dict[str, Any]:
    """`ce` 80 points clean and 60 noisy, `mae` 5 points less; HD95 is undefined in one noisy case of `mae`."""
    noisy = cell.identity.supervision.ratio > 0
    dice = 0.8 - 0.2 * noisy - 0.05 * (cell.label == "mae") + 0.01 * (case - 2.5)
    gone = noisy and cell.label == "mae" and case == 0
    return {"dice": dice, "hd95_mm": float("nan") if gone else 3.5}


def tables(text: str) -> list[list[list[str]]]:
    """All tables as lists of cells."""
    found: list[list[list[str]]] = [[]]
    for line in text.splitlines():
        if line.startswith("|"):
            cells = line.replace("\\|", "/").strip("|").split("|")
            found[-1].append([cell.strip() for cell in cells])
        elif found[-1]:
            found.append([])
    return [table for table in found if table]


def test_what_is_left_out_for_one_reason_is_told_once() -> None:
    reasons = ["ce: 5 %: too few", "mae: 5 %: too few", "atso: clean: why", "no reason"]
    assert by_reason(reasons) == ["ce; mae: 5 %: too few", "atso: clean: why", "no reason"]


def test_sections_tables_and_protocol(grid: Any) -> None:
    grid.cases = 6
    grid.run(grid.plan(), score)
    text = render_markdown(grid.store)
    order = [
        "# Test",
        "## Overview",
        "## Protocol",
        "## phantom",
        "### phantom, clean",
        "### phantom, erode-dilate at 50 %",
    ]
    places = [text.index(f"\n{head}") if head != "# Test" else text.index(head) for head in order]
    assert places == sorted(places)
    assert "- phantom, erode-dilate at 50 %: **ce**, Dice 60.00 (" in text
    assert "Realised noise: Dice 80.00 ± 10.00 of corrupted against clean labels." in text
    assert "gt\\_cropped" in text
    assert "tsman: learns from scarce labels" in text
    overview = tables(text)[0]
    assert overview == [
        ["Method", "clean", "50 %"],
        ["-" * 6, "-" * 8 + ":", "-" * 8 + ":"],
        ["ce", "**80.00**", "**60.00**"],
        ["mae", "75.00", "55.00"],
    ]


def test_a_row_shows_scores_spreads_drop_and_cells(grid: Any) -> None:
    grid.cases = 6
    grid.run(grid.plan(), score)
    noisy = [table for table in tables(render_markdown(grid.store)) if table[0][:2] == ["#", "Method"]][1]
    heads = ["#", "Method", "Dice", "95 % interval", "Ranks", "P(best)", "SD cases", "SD seeds"]
    assert noisy[0] == [*heads, "HD95 [mm]", "ASD [mm]", "Drop", "Wrong / right", "Cells"]
    assert noisy[2][:3] == ["1", "**ce**", "**60.00**"]
    last = noisy[3]
    assert (last[0], last[1], last[2]) == ("2", "mae", "55.00")
    assert last[4:6] == ["2", "0.00"]
    assert last[6:] == ["1.87", "0.00", "3.50 (2 undefined)", "1.00", "-20.00", "25 % / 50 %", "2 of 2"]


def test_too_few_patients_have_no_interval_and_no_bold_print(grid: Any) -> None:
    grid.cases = 5
    grid.run(grid.plan(), score)
    text = render_markdown(grid.store)
    noisy = [table for table in tables(text) if table[0][:2] == ["#", "Method"]][1]
    assert [line[1] for line in noisy[2:]] == ["ce", "mae"]
    assert {cell for line in noisy[2:] for cell in line[3:6]} == {"-"}
    assert "too few patients to tell methods apart" in text


def test_one_seed_is_said_where_the_best_is_named(grid: Any) -> None:
    grid.cases = 6
    grid.run(grid.plan(), score)
    words = "one seed, nothing is said of another training run: no methods are told apart"
    assert words not in render_markdown(grid.store)
    grid.seeds = (0,)
    (grid.store.out / "plan.json").unlink()
    grid.plan()
    assert render_markdown(grid.store).count(words) == 2


def test_every_table_is_rectangular(grid: Any) -> None:
    grid.classes, grid.datasets = ("a|b", "c"), ("phantom", "jsrt", "la", "x", "y")
    cells = grid.plan()
    grid.run(cells[1:], score)
    grid.fail(cells[0], "Traceback\n  here | there\nValueError: a | b `c`\n\n")
    found = tables(render_markdown(grid.store))
    assert len(found) > 20
    for table in found:
        assert {len(line) for line in table} == {len(table[0])}


def test_failed_and_missing_cells_are_named(grid: Any) -> None:
    cells = grid.plan()
    grid.run(cells[2:], score)
    grid.fail(cells[0], "Traceback\nRuntimeError: loss is NaN at update 7\n", "failed")
    text = render_markdown(grid.store)
    assert "> **1 cell failed.**" in text
    assert "> **1 cell not run yet.**" in text
    assert f"| `{cells[0].id}` | ce     | failed | `RuntimeError: loss is NaN at update 7` |" in text
    assert "*incomplete*" in text
    assert "1 of 2 cells" in text


def test_nothing_run_yet_is_no_error(grid: Any) -> None:
    grid.plan()
    text = render_markdown(grid.store)
    assert "0 of 8 cells are finished" in text
    assert "No cell is finished yet." in text


def test_voxels_where_spacing_is_unknown(grid: Any) -> None:
    grid.spacing = False
    grid.run(grid.plan(), lambda cell, case, name: {"dice": 0.5})
    text = render_markdown(grid.store)
    assert "HD95 [voxel]" in text
    assert "[mm]" not in text


def test_many_tables_are_summed_up(grid: Any) -> None:
    grid.datasets, grid.cases = tuple(f"data{i}" for i in range(7)), 6
    grid.run(grid.plan(), score)
    assert "Best, or not told apart from the best, in so many of 14 tables: ce 14." in render_markdown(grid.store)


def test_methods_that_know_more_are_in_a_table_of_their_own(grid: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("nsbench.benchmark.report.rows.knows", lambda name, _: "trusted" if name == "mae" else "blind")
    grid.run(grid.plan(), score)
    text = render_markdown(grid.store)
    assert "**Methods that know more: which cases are clean**" in text
    scores = [table for table in tables(text) if table[0][:2] == ["#", "Method"]]
    assert [len(table) for table in scores] == [3, 3, 3, 3]
    assert [table[2][0] for table in scores] == ["1", "1", "1", "1"]


def test_tables_need_neither_torch_nor_ray(grid: Any) -> None:
    grid.run(grid.plan(), score)
    program = (
        "import sys; from pathlib import Path; from nsbench.benchmark.store import Store;"
        "from nsbench.benchmark.report.write import write_leaderboard; write_leaderboard(Store(Path(sys.argv[1])));"
        "print(sorted({'torch', 'ray', 'monai'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", program, grid.store.out], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
