"""Cine MR of the heart, as the challenge and as SSL4MIS ship it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import h5py
import nibabel
import numpy as np
import pytest

from nsbench.benchmark.errors import UserError
from nsbench.datasets._acdc_forms import OFFICIAL, SSL4MIS
from nsbench.datasets.acdc import ACDC

from .written_volumes import OBLIQUE, drawn, intensities, write_acdc, write_acdc_h5, write_nifti


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write_acdc(tmp_path / "database")
    return tmp_path / "database"


@pytest.fixture
def h5_root(tmp_path: Path) -> Path:
    write_acdc_h5(tmp_path / "ACDC")
    return tmp_path / "ACDC"


def acdc(root: Path, **params: Any) -> ACDC:
    return ACDC(root, None, ACDC.Params(**params))


def release(root: Path, patients: int) -> None:
    """So many patients, by name alone, with scribbles where the challenge's training part is."""
    for number in range(1, patients + 1):
        patient = f"patient{number:03}"
        folder = root / ("training" if number <= 100 else "testing") / patient
        folder.mkdir(parents=True)
        (folder / "Info.cfg").write_text("ED: 1\nES: 9\n")
        for frame in (1, 9):
            for kind in ("", "_gt", "_scribble")[: 3 if number <= 100 else 2]:
                (folder / f"{patient}_frame{frame:02}{kind}.nii.gz").touch()


def test_frames_of_a_patient(root: Path) -> None:
    dataset = acdc(root)
    refs = dataset.cases()
    assert [ref.id for ref in refs[:3]] == ["patient001_frame01", "patient001_frame12", "patient002_frame01"]
    assert len(refs) == 6
    assert (refs[1].patient, refs[1].groups["phase"], refs[1].groups["pathology"]) == ("patient001", "ES", "DCM")
    case = dataset.load(refs[1])
    np.testing.assert_array_equal(case.image, intensities(13)[None])
    np.testing.assert_array_equal(case.label, drawn((1, 2, 3)))
    assert case.ignore is None
    assert dataset.split(0, 0) is None
    assert (dataset.preprocessing_of(case).orientation, dataset.normalisation_of(case)) == ("RAS", "zscore")


def test_copies_of_uncompressed_files_in_folders_of_their_names(root: Path) -> None:
    for path in sorted(root.rglob("*_frame*.nii.gz")):
        write_nifti(path.with_suffix("") / path.stem, np.asarray(nibabel.load(path).dataobj))  # type: ignore[attr-defined]
        path.unlink()
    assert len(acdc(root).cases()) == 6


def test_info_must_know_the_frames(root: Path) -> None:
    info = root / "training" / "patient001" / "Info.cfg"
    info.write_text("ED: 1\nES: 11\n")
    with pytest.raises(UserError, match=r"patient001_frame12\.nii\.gz: frame 12 is no phase .*ED 1 and ES 11"):
        acdc(root).cases()
    info.unlink()
    with pytest.raises(UserError, match=r"patient001/Info\.cfg: no such file"):
        acdc(root).cases()


def test_lists_and_phases_are_tables(root: Path, tmp_path: Path) -> None:
    assert len(acdc(root).tables()) == 4
    assert {path.name for path in acdc(root).tables()} == {"Info.cfg"}
    write_acdc_h5(tmp_path / "h5", scribbles=False)
    lists = {tmp_path / "h5" / f"{part}.list" for part in ("train", "val", "test")}
    assert set(acdc(tmp_path / "h5").tables()) == lists


def test_labels_without_image_are_named(root: Path) -> None:
    (root / "training" / "patient002" / "patient002_frame12.nii.gz").unlink()
    with pytest.raises(UserError, match=r"patient002_frame12\.nii\.gz missing below .*; complete the data folder"):
        acdc(root).cases()


def test_labels_that_are_missing_or_foreign(root: Path) -> None:
    label = root / "training" / "patient001" / "patient001_frame01_gt.nii.gz"
    write_nifti(label, drawn((1, 2, 4)))
    with pytest.raises(UserError, match=r"frame01_gt\.nii\.gz: label values 4; expected 0, 1, 2, 3"):
        acdc(root).load(acdc(root).cases()[0])
    write_nifti(label, drawn((1, 2, 3)), OBLIQUE @ np.diag([1, -1, 1, 1]))
    with pytest.raises(UserError, match=r"frame01_gt\.nii\.gz: its voxels lie up to"):
        acdc(root).load(acdc(root).cases()[0])
    label.unlink()
    with pytest.raises(UserError, match=r"patient001_frame01_gt\.nii\.gz missing"):
        acdc(root).cases()


def test_published_splits(tmp_path: Path) -> None:
    release(tmp_path / "all", 150)
    release(tmp_path / "training-only", 100)
    counts = {}
    for folder in ("all", "training-only"):
        for wanted in ("auto", "official", "ssl4mis"):
            if (folder, wanted) != ("training-only", "official"):
                split = acdc(tmp_path / folder, split=wanted).split(0, 0)
                assert split is not None
                counts[folder, wanted] = (len(split.train), len(split.test))
    assert counts == {
        ("all", "auto"): (200, 100),
        ("all", "official"): (200, 100),
        ("all", "ssl4mis"): (140, 40),
        ("training-only", "auto"): (140, 40),
        ("training-only", "ssl4mis"): (140, 40),
    }
    assert acdc(tmp_path / "all", split="k-fold").split(0, 0) is None
    with pytest.raises(UserError, match="needs the labels of 150 patients, and those of patient101"):
        acdc(tmp_path / "training-only", split="official").split(0, 0)
    assert [list(parts.values()).count("test") for parts in (OFFICIAL, SSL4MIS)] == [50, 20]
    assert (SSL4MIS["patient001"], SSL4MIS["patient002"], SSL4MIS["patient100"]) == ("test", "val", "train")


def test_scribbles_label_the_training_part_only(tmp_path: Path) -> None:
    release(tmp_path, 100)
    folder = tmp_path / "training"
    scribble = np.where(drawn((1,)), 1, 4).astype(np.uint8)
    for patient, kind, values in (("patient003", "_scribble", scribble), ("patient001", "_gt", drawn((1, 2, 3)))):
        write_nifti(folder / patient / f"{patient}_frame01.nii.gz", intensities(0))
        write_nifti(folder / patient / f"{patient}_frame01{kind}.nii.gz", values)
    dataset = acdc(tmp_path, labels="scribble")
    refs = {ref.id: ref for ref in dataset.cases()}
    trained, tested = dataset.load(refs["patient003_frame01"]), dataset.load(refs["patient001_frame01"])
    np.testing.assert_array_equal(trained.label, drawn((1,)))
    np.testing.assert_array_equal(trained.ignore, drawn((1,)) == 0)
    np.testing.assert_array_equal(tested.label, drawn((1, 2, 3)))
    assert tested.ignore is None
    assert dataset.task.tags == ("scribbles",)


def test_scribbles_without_a_split_are_refused(root: Path) -> None:
    with pytest.raises(UserError, match="labels=scribble must know who trains"):
        acdc(root, labels="scribble").cases()


def test_volumes_of_ssl4mis(h5_root: Path) -> None:
    dataset = acdc(h5_root)
    split = dataset.split(0, 0)
    assert split is not None
    assert (len(split.train), split.test) == (6, ("patient011_frame01", "patient011_frame02"))
    assert split.train[0] == "patient099_frame01"
    ref = next(ref for ref in dataset.cases() if ref.id == "patient038_frame01")
    case = dataset.load(ref)
    np.testing.assert_array_equal(case.image[0], (intensities(2) / 900).astype(np.float32))
    np.testing.assert_array_equal(case.label, drawn((1, 2, 3)))
    assert (case.spacing, dataset.normalisation_of(case)) == (None, "none")
    assert dataset.preprocessing_of(case).orientation is None


@pytest.mark.parametrize("where", ["slices", "volumes"])
def test_scribbles_of_wsl4mis(h5_root: Path, where: str) -> None:
    expected = np.where(np.arange(10)[:, None] % 2, drawn((1, 2, 3)), 4)
    if where == "volumes":
        shutil.rmtree(h5_root / "data" / "slices")
        for path in (h5_root / "data").glob("*.h5"):
            with h5py.File(path, "r+") as file:
                file["scribble"] = expected.transpose(2, 1, 0).astype(np.uint8)
    dataset = acdc(h5_root, labels="scribble")
    refs = {ref.id: ref for ref in dataset.cases()}
    case = dataset.load(refs["patient099_frame02"])
    np.testing.assert_array_equal(case.ignore, expected == 4)
    np.testing.assert_array_equal(case.label, np.where(expected == 4, 0, expected))
    assert dataset.load(refs["patient011_frame01"]).ignore is None


def test_slices_that_are_missing(h5_root: Path) -> None:
    (h5_root / "data" / "slices" / "patient099_frame01_slice_3.h5").unlink()
    dataset = acdc(h5_root, labels="scribble")
    with pytest.raises(UserError, match=r"a scribble of \(12, 10, 7\) and an image of \(12, 10, 8\)"):
        dataset.load(next(ref for ref in dataset.cases() if ref.id == "patient099_frame01"))


def test_volumes_without_lists_or_without_files(h5_root: Path) -> None:
    (h5_root / "data" / "patient011_frame01.h5").unlink()
    with pytest.raises(UserError, match=r"the lists name patient011_frame01, whose \.h5 is missing"):
        acdc(h5_root).cases()
    for part in ("train", "val", "test"):
        (h5_root / f"{part}.list").unlink()
    (h5_root / "data").rename(h5_root / "ACDC_training_volumes")
    assert acdc(h5_root).split(0, 0) is None
    assert len(acdc(h5_root).cases()) == 9
    with pytest.raises(UserError, match=r"no train\.list and test\.list"):
        acdc(h5_root, split="ssl4mis").split(0, 0)


def test_both_forms_in_one_folder(root: Path, h5_root: Path) -> None:
    assert acdc(root.parent).cases()[0].files[0].name.endswith(".nii.gz")
    assert acdc(root.parent, layout="h5").cases()[0].files[0].suffix == ".h5"
    with pytest.raises(UserError, match=r"(?s)Looked for:.*train,val,test"):
        acdc(root, layout="h5").cases()


def test_a_prediction_lies_on_its_image(root: Path, h5_root: Path, tmp_path: Path) -> None:
    path = root / "testing" / "patient101" / "patient101_frame01.nii.gz"
    case = acdc(root).read_image(path)
    written: Any = nibabel.load(acdc(root).write_label(case, drawn((1, 2, 3)), tmp_path / path.name))
    np.testing.assert_array_equal(np.asarray(written.dataobj), drawn((1, 2, 3)))
    np.testing.assert_allclose(written.affine, OBLIQUE, atol=1e-6)
    case = acdc(h5_root).read_image(h5_root / "data" / "patient011_frame01.h5")
    file = acdc(h5_root).write_label(case, drawn((1, 2, 3)), tmp_path / "x")
    assert (file.name, case.label) == ("patient011_frame01.nii.gz", None)
