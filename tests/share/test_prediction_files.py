"""Predictions in the forms that datasets write: integers by their header, or refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nsbench.benchmark.share.archive import kind_of
from nsbench.benchmark.share.export import export_run
from nsbench.benchmark.share.prediction import check_prediction
from nsbench.benchmark.share.refused import Refused
from nsbench.benchmark.share.unpack import import_run
from nsbench.benchmark.store import Store
from nsbench.datasets._writers import write_nifti, write_nrrd, write_png

LABEL = np.zeros((4, 5, 6), np.uint8)


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """One label in every form."""
    np.save(tmp_path / "c0.npy", LABEL)
    written = [write_nifti(tmp_path / "c1", LABEL, None, None), write_nrrd(tmp_path / "c2", LABEL, {})]
    return [tmp_path / "c0.npy", *written, write_png(tmp_path / "c3", LABEL[0], (8, 9))]


def test_every_form_is_taken(files: list[Path]) -> None:
    for path in files:
        check_prediction(path)
        assert kind_of(f"cells/{'0' * 16}/predictions/{path.name}") == "prediction"


def test_floats_damage_and_files_that_speak_of_others_are_refused(files: list[Path], tmp_path: Path) -> None:
    import nibabel
    import nrrd

    nibabel.save(nibabel.Nifti1Image(np.ones((2, 2, 2), np.float32), np.eye(4)), tmp_path / "f.nii.gz")
    nrrd.write(str(tmp_path / "f.nrrd"), np.ones((2, 2, 2)))
    detached = tmp_path / "d.nrrd"
    detached.write_text("NRRD0004\ntype: uint8\ndimension: 1\nsizes: 8\nencoding: raw\ndata file: /etc/passwd\n\n")
    for path in (tmp_path / "f.nii.gz", tmp_path / "f.nrrd"):
        with pytest.raises(Refused, match="no array of integers"):
            check_prediction(path)
    with pytest.raises(Refused, match="speaks of another file"):
        check_prediction(detached)
    for path in files:
        path.write_bytes(b"nonsense")
        with pytest.raises(Refused, match=f"{path.name} is no "):
            check_prediction(path)


def test_they_go_along_with_a_run(run: Store, files: list[Path], tmp_path: Path) -> None:
    cell = next(cell for cell in run.planned_cells() if run.folder(cell.id).predictions.exists())
    for path in files:
        path.rename(run.folder(cell.id).predictions / path.name)
    exported = export_run(run.out, tmp_path / "run.zip", predictions=True)
    import_run(exported.file, tmp_path / "again")
    found = {path.name for path in Store(tmp_path / "again").folder(cell.id).predictions.iterdir()}
    assert found == {"c0.npy", "c1.nii.gz", "c2.nrrd", "c3.png"}
