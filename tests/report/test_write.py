"""The files of `OUT/leaderboard`."""

from __future__ import annotations

import csv
import io
import json
import re
from typing import Any

import pytest

from nsbench.benchmark.report.leaderboard import leaderboard_rows
from nsbench.benchmark.report.write import render_csv, write_leaderboard


def score(cell: Any, case: int, name: str) -> dict[str, Any]:
    """Some Dice."""
    return {"dice": 0.7 + 0.02 * case - 0.1 * cell.identity.supervision.ratio}


def test_csv_holds_the_numbers_of_the_json(grid: Any) -> None:
    grid.cases = 6
    cells = grid.plan()
    grid.run(cells[1:], score)
    rows, lines = leaderboard_rows(grid.store), list(csv.DictReader(io.StringIO(render_csv(grid.store))))
    assert len(lines) == len(rows)
    for row, line in zip(rows, lines):
        assert (line["method"], float(line["ratio"])) == (row["method"], row["ratio"])
        mean = row["metrics"]["dice"]["mean"]
        assert line["dice_mean"] == ("" if mean is None else str(mean))
        assert line["dice_ci95_low"] == ("" if mean is None else str(row["metrics"]["dice"]["ci95"][0]))


def test_files_and_pictures_are_written_and_written_again_the_same(grid: Any) -> None:
    grid.run(grid.plan(), score)
    readme = write_leaderboard(grid.store)
    folder = readme.parent
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    pictures = {name for name in before if name.endswith(".png")}
    assert pictures == {
        "dice-vs-ratio-phantom.png",
        "cases-phantom-clean-labels.png",
        "cases-phantom-erode-dilate-at-50.png",
    }
    assert set(re.findall(r"\]\((.*?\.png)\)", readme.read_text())) == pictures
    assert json.loads(before["leaderboard.json"]) == leaderboard_rows(grid.store)
    write_leaderboard(grid.store)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_picture_that_fails_loses_no_table(
    grid: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("no fonts")

    grid.run(grid.plan(), score)
    monkeypatch.setattr("nsbench.benchmark.report.figures.draw", fail)
    readme = write_leaderboard(grid.store)
    assert "### phantom, erode-dilate at 50 %" in readme.read_text()
    assert ".png" not in readme.read_text()
    assert "no pictures for the leaderboard: RuntimeError: no fonts" in capsys.readouterr().err


def test_pictures_of_a_result_that_is_gone_go_too(grid: Any) -> None:
    cells = grid.plan()
    grid.run(cells, score)
    folder = write_leaderboard(grid.store).parent
    for cell in cells:
        grid.store.folder(cell.id).record.unlink()
    write_leaderboard(grid.store)
    assert not list(folder.glob("*.png"))
