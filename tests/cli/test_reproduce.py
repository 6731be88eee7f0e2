"""nsbench reproduce."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from nsbench.benchmark.store import Store

from .conftest import Command

_TINY = ["--dataset", "phantom,ndim=2,cases=8,size=32", "--budget", "smoke", "--iterations", "2"]
_TABLE = ["cople", "Table IV", *_TINY, "--executor", "inline"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A table after its run, and what `--json` printed."""
    from typer.testing import CliRunner

    from nsbench.benchmark.cli.main import app

    out = tmp_path_factory.mktemp("finished") / "out"
    result = CliRunner().invoke(app, ["reproduce", *_TABLE, "--out", str(out), "--json"])
    assert result.exit_code == 0, result.output
    return out, json.loads(result.stdout)


def test_json_has_reported_beside_measured(finished: tuple[Path, dict[str, Any]]) -> None:
    _, document = finished
    assert (document["paper"], document["table"], document["stand_in"]) == ("cople", "Table IV", _TINY[1])
    assert (document["done"], document["failed"], document["planned"]) == (4, 0, 4)
    row = next(row for row in document["rows"] if (row["method"], row["metric"]) == ("Label update", "Dice"))
    assert (row["mean"], row["row"], row["stand_in"]) == (79.35, "label-update", _TINY[1])
    assert 0 <= row["measured_mean"] <= 100
    assert (row["verdict"], row["measured_seeds"], row["measured_cases"]) == ("not comparable", 1, 2)


def test_page_names_the_stand_in_in_every_header(finished: tuple[Path, dict[str, Any]]) -> None:
    page = Path(finished[1]["page"]).read_text()
    titles = [line for line in page.splitlines() if line.startswith(("# ", "## network="))]
    assert len(titles) == 3
    assert all("phantom,ndim=2,cases=8,size=32" in title for title in titles)
    assert "**Not the paper's protocol: " in page
    assert "| Data re-weighting | data-reweighting |      79.97 ± 12.34 |" in page
    assert page.count("- budget: smoke, 2 updates (") == page.count("budget: smoke") == 1


def test_csv_is_the_same_table(finished: tuple[Path, dict[str, Any]]) -> None:
    out, document = finished
    with (out / "reproduction" / "table.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["method"] for row in rows] == [row["method"] for row in document["rows"]]
    assert float(rows[0]["measured_mean"]) == document["rows"][0]["measured_mean"]
    assert json.loads((out / "reproduction" / "table.json").read_text()) == document["rows"]


def test_same_command_goes_on_and_another_is_refused(nsbench: Command, finished: tuple[Path, dict[str, Any]]) -> None:
    out, _ = finished
    again = nsbench("reproduce", *_TABLE, "--out", out)
    assert again.exit_code == 0
    assert "4 cells: 4 done" in again.stdout
    other = nsbench("reproduce", *_TABLE, "--seeds", "2", "--out", out)
    assert other.exit_code == 2
    assert "another benchmark (differs in: parts)" in other.stderr


def test_claims_know_what_the_rows_stand_for(nsbench: Command, finished: tuple[Path, dict[str, Any]]) -> None:
    document = json.loads(nsbench("claims", finished[0], "--json").stdout)
    assert {number["method"] for number in document["numbers"]} == {
        *("Baseline", "Data re-weighting", "Label update", "Proposed")
    }
    # what other papers claim is no question of this table
    assert {claim["paper"] for claim in document["claims"]} == {"cople"}


def test_published_numbers_are_those_of_the_published_records(
    nsbench: Command, finished: tuple[Path, dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nsbench.benchmark.report.figures.draw", lambda *_: {})
    run, board = tmp_path / "run", tmp_path / "board"
    shutil.copytree(finished[0], run)
    assert nsbench("publish", run, "--to", board).exit_code == 0
    assert (board / "reproduction.md").read_text() == (run / "reproduction" / "README.md").read_text()
    assert (board / "reproduction.csv").read_text() == (run / "reproduction" / "table.csv").read_text()
    gone = next(cell for cell in Store(run).planned_cells() if cell.label == "label-update")
    shutil.rmtree(Store(run).folder(gone.id).path)
    assert nsbench("publish", run, "--to", board, "--allow-incomplete").exit_code == 0
    with (board / "reproduction.csv").open(newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["method"] == "Label update"]
    assert {(row["measured_mean"], row["reason"]) for row in rows} == {("", "0 of 1 cells done")}
    assert "Label update: 0 of 1 cells done" in (board / "reproduction.md").read_text()


def test_tables_are_listed_with_their_data(nsbench: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NSBENCH_DATA", raising=False)
    rows = json.loads(nsbench("reproduce", "--list", "--json").stdout)
    states = {(row["paper"], row["table"]): row["data"] for row in rows}
    assert states["pint", "Table 1"] == {"la": "absent"}
    assert set(states["pint", "Table 2"].values()) == {"private"}
    assert nsbench("reproduce", "COPLE", "--list").stdout.count("Table") == 4
    assert "Table III" in nsbench("reproduce").stdout


def test_papers_are_named_in_any_case(nsbench: Command) -> None:
    assert "which table of tsman? Fig. 6" in nsbench("reproduce", "TSMAN").stderr
    for words in (("reported",), ("claims", "--own")):
        said = nsbench(*words, "--paper", "Pint", "--json").stdout
        assert {row["paper"] for row in json.loads(said)} == {"pint"}


def test_dry_run_shows_the_grid_and_writes_nothing(nsbench: Command, tmp_path: Path) -> None:
    result = nsbench("reproduce", *_TABLE, "--out", tmp_path / "out", "--dry-run")
    assert result.exit_code == 0
    assert result.stdout.startswith("COPLE, Table IV, with phantom")
    assert result.stdout.count("waiting") == 1 + 4
    assert not (tmp_path / "out").exists()


def test_without_data_every_row_stays_with_the_reason(nsbench: Command, tmp_path: Path) -> None:
    result = nsbench("reproduce", "pint", "Table 2", "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert "nothing can be run: the paper's 30 CT scans (CTV) are private" in result.stderr
    rows = json.loads((tmp_path / "out" / "reproduction" / "table.json").read_text())
    assert len(rows) == 14
    assert all(row["measured_mean"] is None and "private" in row["reason"] for row in rows)


@pytest.mark.parametrize("dry", [[], ["--dry-run"], ["--dry-run", "--json"]])
def test_nothing_to_run_is_an_error_that_names_the_flags(
    nsbench: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dry: list[str]
) -> None:
    monkeypatch.delenv("NSBENCH_DATA", raising=False)
    both = nsbench("reproduce", "atso", "6", *dry, "--out", tmp_path / "out")
    assert both.exit_code == 2
    assert "or name data that stand in: --dataset ID --source ID" in both.stderr
    source = nsbench("reproduce", "atso", "6", *dry, *_TINY[:2], "--out", tmp_path / "out")
    assert source.exit_code == 2
    assert "or name data that stand in: --source ID" in source.stderr
    assert (tmp_path / "out").exists() == (not dry)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["pint"], "which table of pint? Table 1, Table 2"),
        (["pint", "9"], "pint has no table '9'"),
        (["pitn", "1"], "did you mean pint?"),
        (["pint", "1", "--budget", "fast"], "--budget: unknown budget 'fast'"),
        (["pint", "1", "--part", "x"], "has no such part"),
    ],
)
def test_bad_input_is_told(nsbench: Command, tmp_path: Path, words: list[str], message: str) -> None:
    result = nsbench("reproduce", *words, "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert message in result.stderr
    assert not (tmp_path / "out").exists()


def test_what_the_paper_tuned_is_tuned_first(nsbench: Command, tmp_path: Path) -> None:
    words = ["cople", "I", "--part", "focal-ce-half", *_TINY, "--executor", "inline", "--out", tmp_path / "out"]
    result = nsbench("reproduce", *words, "--tune", "--json")
    assert result.exit_code == 0, result.output
    best = (tmp_path / "out" / "tuned" / "focal-ce-half" / "tuning" / "best.yaml").read_text()
    plan = json.loads((tmp_path / "out" / "plan.json").read_text())
    rate = plan["spec"]["parts"]["focal-ce-half"]["params"]["focal-ce, gamma 0.5"]["learning_rate"]
    assert float(best.partition("learning_rate: ")[2]) == rate
    assert "is not tuned" not in (tmp_path / "out" / "reproduction" / "README.md").read_text()
