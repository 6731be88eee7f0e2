"""The table of all leaderboards."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from nsbench.benchmark.errors import UserError
from nsbench.benchmark.publish import publish_run
from nsbench.benchmark.publish.index_page import BEGIN, END, update_index

PROSE = f"# Boards\n\nBefore.\n\n{BEGIN}\nold\n{END}\n\nAfter.\n"


def test_publishing_writes_the_index_and_leaves_the_prose(finished: Any, tmp_path: Path) -> None:
    index = tmp_path / "README.md"
    index.write_text(PROSE)
    done = publish_run(finished.store.out, tmp_path / "grid")
    assert done.index == index
    text = index.read_text()
    assert text.startswith("# Boards\n\nBefore.\n\n")
    assert text.endswith("\n\nAfter.\n")
    assert "old" not in text
    line = next(line for line in text.splitlines() if "grid/README.md" in line)
    parts = [part.strip() for part in line.strip("|").split("|")]
    assert parts == [
        "[A grid](grid/README.md)",
        "phantom",
        "clean labels, erode-dilate at 50 %",
        "mae, ce",
        "8",
        "highest mean mae 69.00 at erode-dilate at 50 %",
        "2026-01-01",
    ]
    publish_run(finished.store.out, tmp_path / "another")
    assert [name in index.read_text() for name in ("another/README.md", "grid/README.md")] == [True, True]


def test_an_incomplete_board_says_so_in_the_index(finished: Any, tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text(PROSE)
    finished.store.folder(finished.store.planned_cells()[0].id).record.unlink()
    publish_run(finished.store.out, tmp_path / "grid", allow_incomplete=True)
    assert "**7 of 8, incomplete**" in (tmp_path / "README.md").read_text()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("published.json", "{"),
        ("published.json", '{"format": 1, "files": {}, "spec": ""}'),
        ("published.json", '{"format": 1, "files": {}, "spec": "", "title": 3, "cells": 4}'),
        ("tuning.json", "{"),
    ],
)
def test_another_boards_damage_is_told_before_anything_is_written(
    finished: Any, tmp_path: Path, name: str, content: str
) -> None:
    (tmp_path / "README.md").write_text(PROSE)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "README.md").write_text("# Other\n")
    (tmp_path / "other" / name).write_text(content)
    with pytest.raises(UserError, match=rf"other/{name} "):
        publish_run(finished.store.out, tmp_path / "grid")
    assert not (tmp_path / "grid").exists()
    assert (tmp_path / "README.md").read_text() == PROSE


def test_a_readme_without_markers_is_left_alone(tmp_path: Path) -> None:
    assert update_index(tmp_path) is None
    (tmp_path / "README.md").write_text("# Mine\n")
    assert update_index(tmp_path) is None
    assert (tmp_path / "README.md").read_text() == "# Mine\n"


def test_studies_stand_in_the_index_too_and_a_damaged_one_is_named(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text(PROSE)
    study = tmp_path / "gamma"
    study.mkdir()
    (study / "README.md").write_text("# Gamma of NR-Dice\n")
    (study / "spec.yaml").write_text("datasets: [jsrt:heart]\nratios: 0.5\ntune: {params: {gamma: [1, 2]}}\n")
    facts = {"label": "nr-dice", "best": {"params": {"gamma": 1.75}}, "rows": [{"cells": ["a", "b"]}]}
    (study / "tuning.json").write_text(json.dumps([facts]))
    update_index(tmp_path)
    line = next(line for line in (tmp_path / "README.md").read_text().splitlines() if "gamma/README.md" in line)
    expected = (
        "Gamma of NR-Dice",
        "jsrt:heart",
        "erode-dilate on 50 % of the training cases",
        "2 (tuning)",
        "nr-dice: gamma=1.75",
    )
    assert all(part in line for part in expected)
    for labels, words in (
        ("labeled: [0.1, 20]", "10 % labeled, 20 labeled"),
        ("source: 'phantom,slice_spacing=6'", "the labels of phantom,slice\\_spacing=6"),
    ):
        (study / "spec.yaml").write_text(f"datasets: [jsrt:heart]\n{labels}\ntune: {{params: {{gamma: [1, 2]}}}}\n")
        update_index(tmp_path)
        assert words in (text := (tmp_path / "README.md").read_text())
        assert "erode-dilate" not in text
    (study / "tuning.json").write_text("[{}]")
    with pytest.raises(UserError, match=r"tuning\.json is damaged"):
        update_index(tmp_path)
