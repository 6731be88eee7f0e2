"""Cardiac MR of congenital heart disease."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest

from nsbench.benchmark.errors import UserError
from nsbench.datasets.hvsmr2016 import HVSMR2016

from .written_volumes import PIR, drawn, intensities, write_hvsmr, write_nifti


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "Training short-axis cropped"
    write_hvsmr(folder)
    return folder


def hvsmr(root: Path, **params: Any) -> HVSMR2016:
    return HVSMR2016(root, None, HVSMR2016.Params(**params))


def test_labeled_scans_as_they_lie_on_disk(root: Path) -> None:
    (root / "Ground truth" / "._training_sa_crop_pat0-label.nii.gz").write_bytes(b"\0\5\26\7")
    dataset = hvsmr(root)
    assert [ref.id for ref in dataset.cases()] == ["pat0", "pat4", "pat9"]
    case = dataset.load(dataset.cases()[1])
    assert case.label is not None
    np.testing.assert_array_equal(case.image, intensities(4)[None])
    np.testing.assert_array_equal(case.label, drawn((1, 2)))
    assert (case.image.dtype, case.label.dtype) == (np.float32, np.uint8)
    assert case.spacing == pytest.approx((0.7, 0.8, 0.9))
    assert dataset.split(0, 0) is None
    assert dataset.task.tags == ("cropped to the heart",)


def test_aorta_and_pulmonary_arteries_are_blood_pool(root: Path) -> None:
    label = root / "Ground truth" / "training_sa_crop_pat0-label.nii.gz"
    label.unlink()
    write_nifti(label.with_name("training_sa_crop_pat0_label_B.nii.gz"), drawn((1, 2, 64, 71)).astype(np.uint16), PIR)
    dataset = hvsmr(root)
    np.testing.assert_array_equal(dataset.load(dataset.cases()[0]).label, drawn((1, 2, 2, 2)))


def test_the_merged_coding_is_preferred(root: Path) -> None:
    write_nifti(root / "training_sa_crop_pat0_label_B.nii.gz", drawn((64,)), PIR)
    assert hvsmr(root).cases()[0].files[1].name == "training_sa_crop_pat0-label.nii.gz"


def test_patients_4_and_5_are_enlarged_along_the_right_axes(root: Path) -> None:
    first, fourth = (hvsmr(root).load(ref) for ref in hvsmr(root).cases()[:2])
    wanted = hvsmr(root).preprocessing_of(fourth)
    assert (wanted.orientation, wanted.normalisation) == ("RAS", "zscore-nonzero")
    assert wanted.spacing == pytest.approx((0.9 / 1.5, 0.7 / 1.5, 0.8 / 1.5))
    assert hvsmr(root).preprocessing_of(first).spacing is None
    assert hvsmr(root, enlarge=False).preprocessing_of(fourth).spacing is None


def test_labels_of_test_scans_make_the_official_split(root: Path) -> None:
    write_nifti(root / "testing_sa_crop_pat10-label.nii.gz", drawn((1, 2)), PIR)
    split = hvsmr(root).split(0, 0)
    assert split is not None
    assert (split.train, split.test, split.source) == (("pat0", "pat4", "pat9"), ("pat10",), "published")


def test_several_forms_are_not_mixed(root: Path) -> None:
    write_hvsmr(root.parent, "axial_full", (0, 1))
    with pytest.raises(UserError, match="choose form=axial_full or form=sa_crop"):
        hvsmr(root.parent).cases()
    dataset = hvsmr(root.parent, form="axial_full")
    assert [ref.id for ref in dataset.cases()] == ["pat0", "pat1"]
    assert dataset.task.tags == ()


def test_the_successor_is_another_task(tmp_path: Path) -> None:
    write_nifti(tmp_path / "orig" / "pat0_seg.nii.gz", drawn((1,)))
    with pytest.raises(UserError, match=r"pat0_seg\.nii\.gz is of HVSMR-2\.0.*no myocardium"):
        hvsmr(tmp_path).cases()


def test_what_is_wrong_is_named(root: Path) -> None:
    with pytest.raises(UserError, match=r"(?s)training_axial_crop_pat<N>.*nearest match: .*training_sa_crop_pat"):
        hvsmr(root, form="axial_crop").cases()
    label = root / "Ground truth" / "training_sa_crop_pat0-label.nii.gz"
    for values, affine, message in (
        (drawn((1, 3)), PIR, r"pat0-label\.nii\.gz: label values 3; expected 0, 1, 2"),
        (drawn((1, 2))[:-1], PIR, r"pat0-label\.nii\.gz: 11 x 10 x 8 voxels, but .*pat0\.nii\.gz has 12 x 10 x 8"),
        (drawn((1, 2)), PIR @ np.diag([-1, 1, 1, 1]), r"pat0-label\.nii\.gz: its voxels lie up to .*axes AIR and PIR"),
    ):
        write_nifti(label, values, affine)
        with pytest.raises(UserError, match=message):
            hvsmr(root).load(hvsmr(root).cases()[0])
    label.unlink()
    with pytest.raises(UserError, match=r"no label for .*training_sa_crop_pat0\.nii\.gz"):
        hvsmr(root).cases()


def test_two_copies_of_a_scan(root: Path) -> None:
    write_nifti(root / "Training dataset" / "training_sa_crop_pat0.nii", intensities(0), PIR)
    with pytest.raises(UserError, match=r"pat0\.nii and .*pat0\.nii\.gz are the same part of one case; keep one"):
        hvsmr(root).cases()


def test_a_prediction_lies_on_its_image(root: Path, tmp_path: Path) -> None:
    path = root / "Testing dataset" / "testing_sa_crop_pat10.nii.gz"
    case = hvsmr(root).read_image(path)
    file = hvsmr(root).write_label(case, drawn((1, 2)), tmp_path / path.name)
    written: Any = nibabel.load(file)
    assert (file.name, case.label) == ("pat10.nii.gz", None)
    np.testing.assert_array_equal(np.asarray(written.dataobj), drawn((1, 2)))
    np.testing.assert_allclose(written.affine, PIR, atol=1e-6)
