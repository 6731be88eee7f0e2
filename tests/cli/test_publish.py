"""`nsbench publish`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from nsbench.benchmark.store import Store

from ..publish.conftest import bind, score
from ..report.conftest import Grid


def test_publish_says_what_it_did_and_the_folder_is_a_leaderboard(
    nsbench: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nsbench.benchmark.report.figures.draw", lambda *_: {})
    grid = Grid(Store(tmp_path / "out"))
    grid.run(grid.plan(), score)
    bind(grid)
    done = nsbench("publish", tmp_path / "out", "--to", tmp_path / "board", "--json")
    assert done.exit_code == 0
    document = json.loads(done.stdout)
    assert document["cells"] == {"done": 8, "planned": 8}
    assert "README.md" in document["files"]
    ours, theirs = (nsbench("leaderboard", tmp_path / name, "--format", "csv") for name in ("board", "out"))
    assert ours.exit_code == 0
    assert ours.stdout == theirs.stdout
    grid.store.folder(grid.store.planned_cells()[0].id).record.unlink()
    refused = nsbench("publish", tmp_path / "out", "--to", tmp_path / "board")
    assert refused.exit_code == 2
    assert "--allow-incomplete" in refused.stderr
