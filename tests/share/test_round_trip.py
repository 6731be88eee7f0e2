"""An exported run, imported elsewhere, is the same run."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from nsbench.benchmark.cli.main import app
from nsbench.benchmark.errors import UserError
from nsbench.benchmark.report.markdown import render_markdown
from nsbench.benchmark.share import export_run, import_run
from nsbench.benchmark.store import Store

from .conftest import read_all


def test_the_tables_are_the_same(run: Store, archive: Path, tmp_path: Path) -> None:
    done = import_run(archive, tmp_path / "theirs")
    assert (done.cells, done.missing) == (3, 0)
    theirs = Store(done.out)
    # shorter paths make narrower columns
    ours = re.sub(r"/home/alice/hospital(/jsrt)?", "...", render_markdown(run))
    assert re.sub("[ -]+", " ", render_markdown(theirs)) == re.sub("[ -]+", " ", ours)
    for name, content in read_all(archive).items():
        if name != "manifest.json":
            assert (theirs.out / name).read_bytes() == content, name


def test_an_import_exports_to_the_same_bytes(run: Store, tmp_path: Path) -> None:
    first = export_run(run.out, tmp_path / "a.zip", weights=True)
    import_run(first.file, tmp_path / "theirs")
    assert export_run(tmp_path / "theirs", tmp_path / "b.zip", weights=True).sha256 == first.sha256


def test_weights_arrive(run: Store, archive: Path, tmp_path: Path) -> None:
    import_run(archive, tmp_path / "theirs")
    path = Store(tmp_path / "theirs").folder(run.planned_cells()[0].id).weights
    assert torch.load(path, weights_only=True)["method"]["weight"].tolist() == [1, 1, 1]


def test_an_unfinished_run_stays_one(run: Store, tmp_path: Path) -> None:
    run.folder(run.planned_cells()[0].id).record.unlink()
    export_run(run.out, tmp_path / "run.zip", unfinished=True)
    assert import_run(tmp_path / "run.zip", tmp_path / "theirs").missing == 1


def test_an_empty_folder_is_filled_and_no_other(archive: Path, tmp_path: Path) -> None:
    empty, full, file, link = (tmp_path / name for name in ("empty", "full", "file", "link"))
    empty.mkdir()
    full.mkdir()
    (full / "mine").write_text("")
    file.write_text("")
    link.symlink_to(empty)
    for taken in (full, file, link):
        with pytest.raises(UserError, match="not an empty folder"):
            import_run(archive, taken)
    assert [path.name for path in full.iterdir()] == ["mine"]
    import_run(archive, empty)
    assert (empty / "plan.json").exists()


def test_commands(run: Store, tmp_path: Path) -> None:
    def nsbench(*words: object) -> str:
        result = CliRunner().invoke(app, [str(word) for word in words])
        assert result.exit_code == 0, result.output
        return result.stdout

    exported = json.loads(nsbench("export", run.out, "-o", tmp_path / "run.zip", "--json"))
    assert (exported["cells"], exported["bytes"]) == (3, (tmp_path / "run.zip").stat().st_size)
    imported = json.loads(nsbench("import", tmp_path / "run.zip", "--out", tmp_path / "theirs", "--json"))
    assert (imported["cells"], imported["missing"]) == (3, 0)
    csv = [nsbench("leaderboard", out, "--format", "csv") for out in (run.out, tmp_path / "theirs")]
    assert csv[0] == csv[1]
    assert "exists" in CliRunner().invoke(app, ["export", str(run.out), "-o", str(tmp_path / "run.zip")]).stderr
