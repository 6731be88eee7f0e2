"""What an archive holds, and what it does not."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from nsbench.benchmark.errors import UserError
from nsbench.benchmark.share import export_run
from nsbench.benchmark.store import Store

from .conftest import SECRET, read_all


def test_the_archive_holds_records_and_checksums_and_no_weights(run: Store, tmp_path: Path) -> None:
    done = export_run(run.out, tmp_path / "run.zip")
    members = read_all(done.file)
    manifest = json.loads(members.pop("manifest.json"))
    assert (manifest["format"], manifest["members"].keys()) == (1, members.keys())
    for name, content in members.items():
        assert manifest["members"][name] == {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    of_cells = sorted(name.split("/")[2] for name in members if name.startswith("cells/"))
    tables = ["cases.parquet", "cases.parquet", "curves.parquet", "curves.parquet"]
    assert of_cells == [*tables, *["provenance.json"] * 3, *["record.json"] * 3]
    assert {"plan.json", "leaderboard/README.md", "leaderboard/leaderboard.csv"} < members.keys()
    assert (done.cells, done.missing) == (3, 0)


def test_weights_and_predictions_go_along_when_asked_for(archive: Path) -> None:
    names = [name.split("/", 2)[2] for name in read_all(archive) if name.startswith("cells/")]
    assert names.count("weights.pt") == names.count("predictions/c0.npy") == 2


def test_the_same_run_gives_the_same_bytes(run: Store, tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("a.zip", "b.zip")]
    digests = {export_run(run.out, file).sha256 for file in files}
    assert digests == {hashlib.sha256(files[0].read_bytes()).hexdigest()}
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith(".")) == []


def test_no_path_of_this_machine_is_exported(archive: Path) -> None:
    members = read_all(archive)
    for name, content in members.items():
        assert b"alice" not in content, name
    text = members["plan.json"].decode()
    assert "nsbench run .../spec.yaml --out=run" in text
    assert "tsman: .../tsman.py cannot be read" in text
    assert all(cell["root"] is None for cell in json.loads(text)["cells"])
    assert "OSError: cannot read .../x.png" in members["leaderboard/README.md"].decode()


def test_the_run_itself_is_not_changed(run: Store, tmp_path: Path) -> None:
    before = {path: path.read_bytes() for path in run.out.rglob("*") if path.is_file()}
    export_run(run.out, tmp_path / "run.zip")
    assert {path: path.read_bytes() for path in run.out.rglob("*") if path.is_file()} == before
    assert any(SECRET.encode() in content for content in before.values())


@pytest.mark.parametrize("harm", ["missing", "damaged"])
def test_an_unfinished_run_is_exported_only_when_told_so(run: Store, tmp_path: Path, harm: str) -> None:
    folder = run.folder(run.planned_cells()[0].id)
    if harm == "missing":
        folder.record.unlink()
    else:
        folder.cases.write_bytes(b"cut short")
    with pytest.raises(UserError, match=r"1 of 3 cells have no sound record .* --unfinished"):
        export_run(run.out, tmp_path / "run.zip")
    assert not (tmp_path / "run.zip").exists()
    done = export_run(run.out, tmp_path / "run.zip", unfinished=True)
    assert (done.cells, done.missing) == (2, 1)


def test_what_is_not_there_is_not_exported(run: Store, tmp_path: Path) -> None:
    for cell in run.planned_cells()[:2]:
        run.folder(cell.id).weights.unlink()
        (run.folder(cell.id).predictions / "c0.npy").unlink()
    with pytest.raises(UserError, match=r"--weights: .* holds none"):
        export_run(run.out, tmp_path / "run.zip", weights=True)
    with pytest.raises(UserError, match="--save-predictions"):
        export_run(run.out, tmp_path / "run.zip", predictions=True)
    with pytest.raises(UserError, match="no benchmark here"):
        export_run(tmp_path, tmp_path / "run.zip")


def test_an_existing_file_is_kept(run: Store, tmp_path: Path) -> None:
    (tmp_path / "run.zip").write_text("mine")
    with pytest.raises(UserError, match="exists"):
        export_run(run.out, tmp_path / "run.zip")
    assert (tmp_path / "run.zip").read_text() == "mine"
