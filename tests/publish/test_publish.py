"""A published folder: complete, repeatable, readable, and free of what belongs to a machine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from nsbench.benchmark.errors import UserError
from nsbench.benchmark.publish import publish_run
from nsbench.benchmark.report.leaderboard import leaderboard_rows
from nsbench.benchmark.spec.load import load
from nsbench.benchmark.store import Store
from nsbench.benchmark.store.index import frames

from .conftest import bind, score


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_what_is_published_is_read_back_as_the_run_itself(finished: Any, tmp_path: Path) -> None:
    done = publish_run(finished.store.out, tmp_path / "boards" / "grid")
    assert (done.done, done.planned, done.index) == (8, 8, None)
    names = {"README.md", "cells.parquet", "cases.parquet", "spec.yaml", "published.json", "leaderboard.csv"}
    assert names <= set(done.files) == set(content(done.folder))
    assert leaderboard_rows(Store(done.folder)) == leaderboard_rows(finished.store)
    cells, cases = frames(Store(done.folder))
    own_cells, own_cases = frames(finished.store)
    assert list(cells["cell"]) == list(own_cells["cell"])
    assert cases[["cell", "case", "dice"]].astype(str).equals(own_cases[["cell", "case", "dice"]].astype(str))
    assert load(done.folder / "spec.yaml").spec.identity() == finished.store.read_plan()["spec"]


def test_publishing_again_gives_the_same_bytes_whatever_the_order_of_the_index(finished: Any, tmp_path: Path) -> None:
    board = tmp_path / "boards" / "grid"
    publish_run(finished.store.out, board)
    before = content(board)
    for path in (finished.store.out / "index").glob("*.parquet"):
        path.unlink()
    cells = finished.store.planned_cells()
    finished.run(cells[:1], score)
    frames(finished.store)
    publish_run(finished.store.out, board)
    assert content(board) == before


def test_nothing_of_the_machine_is_published(finished: Any, tmp_path: Path) -> None:
    cells = finished.store.planned_cells()
    finished.store.folder(cells[0].id).record.unlink()
    finished.fail(
        cells[0], f"File '{finished.store.out}/my file.py', line 3\nOSError: host: no route to host 'host.lan'"
    )
    done = publish_run(finished.store.out, tmp_path / "boards" / "grid", allow_incomplete=True)
    secrets = [str(tmp_path), str(Path.home()), "secret folder", '"host"', "host: no"]
    for name, data in content(done.folder).items():
        texts = data.decode() if not name.endswith(("png", "parquet")) else ""
        if name.endswith("parquet"):
            table = pq.ParquetFile(done.folder / name).read()
            texts = f"{table.to_pylist()} {table.schema.metadata}"
        assert not [secret for secret in secrets if secret in texts], name
    assert (
        "HOST: no route" in json.loads(pq.read_table(done.folder / "cells.parquet").to_pandas().to_json())["error"]["0"]
    )


def test_a_path_in_a_label_is_refused_before_anything_is_written(finished: Any, tmp_path: Path) -> None:
    finished.datasets = (f"phantom@{tmp_path}/secret folder/out",)
    finished.run(finished.plan(), score)
    bind(finished)
    with pytest.raises(UserError, match="belongs to this machine"):
        publish_run(finished.store.out, tmp_path / "boards" / "grid")
    assert list((tmp_path / "boards").iterdir()) == []


def test_an_incomplete_grid_is_refused_or_says_so(finished: Any, tmp_path: Path) -> None:
    cells, board = finished.store.planned_cells(), tmp_path / "boards" / "grid"
    finished.store.folder(cells[-1].id).record.unlink()
    with pytest.raises(UserError, match=r"1 of 8 cells have no result \(1 missing\).*--allow-incomplete"):
        publish_run(finished.store.out, board)
    assert not board.exists()
    publish_run(finished.store.out, board, allow_incomplete=True)
    page = (board / "README.md").read_text()
    assert "> **1 cell not run yet.**" in page
    assert page.index("not run yet") < page.index("## Overview")
    assert json.loads((board / "published.json").read_text())["cells"] == {"done": 7, "planned": 8}


def test_nothing_done_nothing_there_and_published_folders_are_refused(finished: Any, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no benchmark here"):
        publish_run(tmp_path / "nowhere", tmp_path / "b")
    publish_run(finished.store.out, tmp_path / "b")
    with pytest.raises(UserError, match="itself a published leaderboard"):
        publish_run(tmp_path / "b", tmp_path / "c")
    for cell in finished.store.planned_cells():
        finished.store.folder(cell.id).record.unlink()
    with pytest.raises(UserError, match="nothing to publish"):
        publish_run(finished.store.out, tmp_path / "b", allow_incomplete=True)


def test_a_damaged_published_table_is_a_clear_error(finished: Any, tmp_path: Path) -> None:
    board = publish_run(finished.store.out, tmp_path / "b").folder
    (board / "cases.parquet").write_bytes(b"PAR1")
    with pytest.raises(UserError, match=r"cases\.parquet is damaged"):
        leaderboard_rows(Store(board))
