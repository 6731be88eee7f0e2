"""run, leaderboard, predict."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from nsbench.benchmark.execution.grid import Summary

from .conftest import Command

_TINY = ["--methods", "ce", "--dataset", "phantom,ndim=2,cases=4,size=32", "--budget", "smoke", "--iterations", "1"]


def _command(*words: object) -> subprocess.CompletedProcess[str]:
    code = "from nsbench.benchmark.cli.main import main; main()"
    return subprocess.run([sys.executable, "-c", code, *map(str, words)], capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A finished grid of one cell, and what `run --json` printed."""
    out = tmp_path_factory.mktemp("finished") / "out"
    result = _command("run", *_TINY, "--executor", "inline", "--out", out, "--json")
    assert result.returncode == 0, result.stderr
    return out, json.loads(result.stdout)


def test_run_prints_one_document(finished: tuple[Path, dict[str, Any]]) -> None:
    out, document = finished
    assert (document["done"], document["failed"], document["planned"]) == (1, 0, 1)
    assert Path(document["leaderboard"]).is_file()
    assert document["out"] == str(out)
    assert [(row["method"], row["cells_done"]) for row in document["rows"]] == [("ce", 1)]


def test_finished_grid_trains_nothing(nsbench: Command, finished: tuple[Path, dict[str, Any]]) -> None:
    out, _ = finished
    record = next((out / "cells").glob("*/record.json"))
    before = record.stat().st_mtime_ns
    result = nsbench("run", *_TINY, "--executor", "inline", "--out", out)
    assert result.exit_code == 0
    assert "1 done" in result.stdout
    assert "estimate" not in result.stdout
    assert "1 of 1 cells done, 0 failed" in result.stdout
    assert record.stat().st_mtime_ns == before


def test_folder_of_another_spec_is_refused(nsbench: Command, finished: tuple[Path, dict[str, Any]]) -> None:
    out, _ = finished
    result = nsbench("run", *_TINY, "--ratios", "0.25", "--out", out)
    assert result.exit_code == 2
    assert "another benchmark (differs in: ratios)" in result.stderr
    assert "--extend" in result.stderr


def test_leaderboard_forms(nsbench: Command, finished: tuple[Path, dict[str, Any]]) -> None:
    out, document = finished
    assert json.loads(nsbench("leaderboard", out, "--format", "json").stdout) == document["rows"]
    assert json.loads(nsbench("leaderboard", out, "--json").stdout) == document["rows"]
    assert nsbench("leaderboard", out, "--format", "csv").stdout.startswith("dataset")
    assert "| ce" in nsbench("leaderboard", out).stdout


def test_dry_run_writes_nothing(nsbench: Command, tmp_path: Path) -> None:
    out = tmp_path / "out"
    text = nsbench("run", "--dry-run", "--methods", "ce,mae", "--seeds", "2", "--out", out).stdout
    assert text.count("waiting  ") == 4
    assert "core-hours" in text
    document = json.loads(nsbench("run", "--dry-run", "--json", "--methods", "ce,mae", "--out", out).stdout)
    assert document["planned"] == len(document["cells"]) == 2
    assert all(cell["state"] == "waiting" and cell["core_seconds"] > 0 for cell in document["cells"])
    assert not out.exists()


def test_long_plan_is_advised_to_try_smoke(nsbench: Command, tmp_path: Path) -> None:
    words = ["run", "--dry-run", "--methods", "ce", "--out", tmp_path / "out"]
    assert "--budget smoke" in nsbench(*words, "--budget", "paper").stdout
    assert "--budget smoke" not in nsbench(*words, "--budget", "smoke").stdout


def test_estimate_of_updates_per_stage_says_what_it_leaves_out(nsbench: Command, tmp_path: Path) -> None:
    spec = tmp_path / "spec.yaml"
    spec.write_text("methods: [ce]\ndatasets: [phantom]\nbudget: {base: smoke, accounting: per-stage}\n")
    words = ["run", "--dry-run", "--out", tmp_path / "out"]
    assert "take a multiple" in nsbench(*words, spec).stdout
    assert "take a multiple" not in nsbench(*words, "--methods", "ce").stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["run", "--methods", "nrdice"], "--methods: unknown method 'nrdice'"),
        (["run", "--ratios", "50"], "--ratios: found '50', allowed: 0 to 1"),
        (["run", "--workers", "x"], "--workers: found 'x'"),
        (["run", "--methods", ""], "--methods: found ''"),
        (["run", "no.yaml"], "no.yaml: cannot be read"),
        (["run", "--plugin", "no.py"], "no.py: no such file"),
        (["leaderboard", "nowhere"], "nowhere: no benchmark here"),
        (["predict", "nowhere", "x.nii", "--cell", "a", "-o", "p"], "nowhere: no benchmark here"),
    ],
    ids=str,
)
def test_bad_input_is_one_message(
    nsbench: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    result = nsbench(*words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr
    assert "Traceback" not in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_predict_wants_a_finished_cell_and_existing_images(
    nsbench: Command, finished: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    out, _ = finished
    cell = next((out / "cells").iterdir()).name
    missing = nsbench("predict", out, tmp_path / "x.nii.gz", "--cell", cell[:6], "-o", tmp_path)
    assert (missing.exit_code, "x.nii.gz: no such image" in missing.stderr) == (2, True)
    unknown = nsbench("predict", out, tmp_path, "--cell", "zz", "-o", tmp_path)
    assert (unknown.exit_code, "--cell zz: no such cell" in unknown.stderr) == (2, True)


def test_predict_on_a_new_image(nsbench: Command, finished: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    import numpy as np

    nibabel: Any = importlib.import_module("nibabel")
    out, _ = finished
    image = nibabel.Nifti1Image(np.random.default_rng(0).random((40, 36), np.float32), np.diag([2.0, 3.0, 1.0, 1.0]))
    nibabel.save(image, tmp_path / "new.nii.gz")
    cell = next((out / "cells").iterdir()).name
    result = nsbench("predict", out, tmp_path / "new.nii.gz", "--cell", cell[:8], "-o", tmp_path / "p", "--json")
    written = nibabel.load(json.loads(result.stdout)["files"][0])
    assert written.shape == image.shape
    assert np.allclose(written.affine, image.affine)


@pytest.mark.parametrize(
    ("summary", "code", "words"),
    [
        (Summary(Counter(failed=1)), 1, "0 of 1 cells done, 1 failed"),
        (Summary(interrupted=True), 130, "the same command goes on"),
    ],
    ids=["failed", "interrupted"],
)
def test_exit_code_tells_how_it_went(
    nsbench: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, summary: Summary, code: int, words: str
) -> None:
    monkeypatch.setattr("nsbench.benchmark.execution.grid.run_grid", lambda *args, **kwargs: summary)
    result = nsbench("run", *_TINY, "--out", tmp_path / "out")
    assert result.exit_code == code
    assert words in result.output


def test_extend_says_what_leaves_the_leaderboard(
    nsbench: Command, finished: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    import shutil

    out = tmp_path / "copy"
    shutil.copytree(finished[0], out)
    words = ["run", *_TINY, "--executor", "inline", "--out", out]
    widened = nsbench(*words, "--dry-run", "--seeds", "2", "--extend").stdout
    assert "1 done, 1 waiting" in widened
    changed = nsbench(*words, "--ratios", "0", "--extend")
    assert changed.exit_code == 0
    assert "1 cells of the earlier benchmark are not in this one" in changed.stdout
