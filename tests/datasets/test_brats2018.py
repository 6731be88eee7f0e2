"""Brain tumours as NIfTI."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest

from nsbench.benchmark.errors import UserError
from nsbench.datasets.brats2018 import BraTS2018

from .written_volumes import OBLIQUE, SHAPE, drawn, intensities, write_brats2018, write_nifti

AAB = "Brats18_CBICA_AAB_1"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "MICCAI_BraTS_2018_Data_Training"
    write_brats2018(folder)
    return folder


def brats(root: Path, task: str | None = None, **params: Any) -> BraTS2018:
    return BraTS2018(root, task, BraTS2018.Params(**params))


def release(root: Path, hgg: int) -> None:
    """HGG scans, by name alone."""
    for number in range(hgg):
        name = f"Brats18_TCIA01_{number:03}_1"
        (root / "HGG" / name).mkdir(parents=True)
        for part in ("flair", "seg"):
            (root / "HGG" / name / f"{name}_{part}.nii.gz").touch()


def test_the_default_is_the_papers(root: Path) -> None:
    dataset = brats(root)
    refs = dataset.cases()
    assert [ref.id for ref in refs] == ["Brats18_2013_2_1", AAB, "Brats18_TCIA09_620_1"]
    assert [ref.groups["grade"] for ref in refs] == ["HGG", "HGG", "LGG"]
    assert refs[1].patient == "Brats18_CBICA_AAB"
    case = dataset.load(refs[1])
    np.testing.assert_array_equal(case.image, intensities(0)[None])
    np.testing.assert_array_equal(case.label, drawn((1, 1, 1)))
    assert (dataset.task.channels, dataset.task.classes) == (("flair",), ("whole tumour",))
    wanted = dataset.preprocessing_of(case)
    assert (wanted.orientation, wanted.crop, wanted.normalisation) == ("RAS", "nonzero", "zscore-nonzero")


def test_label_4_is_the_third_tissue(root: Path) -> None:
    dataset = brats(root, "tissues", modality="all")
    floats, integers, low_grade = (dataset.load(ref) for ref in dataset.cases())
    for case in (floats, integers):
        np.testing.assert_array_equal(case.label, drawn((1, 2, 3)))
    np.testing.assert_array_equal(floats.image, np.stack([intensities(10 + channel) for channel in range(4)]))
    assert dataset.task.channels == ("flair", "t1", "t1ce", "t2")
    np.testing.assert_array_equal(low_grade.label, drawn((1, 2)))
    assert dataset.task.num_classes == 4


@pytest.mark.parametrize("task", ["whole-tumour", "tissues"])
def test_label_3_is_invalid(root: Path, task: str) -> None:
    write_nifti(root / "HGG" / AAB / f"{AAB}_seg.nii.gz", drawn((1, 2, 3)))
    dataset = brats(root, task)
    with pytest.raises(UserError, match=rf"{AAB}_seg\.nii\.gz: label values 3; expected 0, 1, 2, 4; .*nnU-Net"):
        dataset.load(dataset.cases()[1])


def test_uncompressed_copies_and_unlabeled_parts(root: Path) -> None:
    for path in sorted(root.rglob("*.nii.gz")):
        write_nifti(path.with_suffix(""), np.asarray(nibabel.load(path).dataobj))  # type: ignore[attr-defined]
        path.unlink()
    (root / "survival_data.csv").write_text("Brats18ID,Age,Survival\n")
    (root.parent / "MICCAI_BraTS_2018_Data_Validation" / "Brats18_CBICA_ZZZ_1").mkdir(parents=True)
    (
        root.parent / "MICCAI_BraTS_2018_Data_Validation" / "Brats18_CBICA_ZZZ_1" / "Brats18_CBICA_ZZZ_1_flair.nii"
    ).touch()
    dataset = brats(root.parent)
    assert len(dataset.cases()) == 3
    np.testing.assert_array_equal(dataset.load(dataset.cases()[1]).image, intensities(0)[None])


def test_copies_without_grades(root: Path) -> None:
    for folder in [*(root / "HGG").iterdir(), *(root / "LGG").iterdir()]:
        shutil.move(folder, root)
    assert [ref.groups["grade"] for ref in brats(root).cases()] == ["unknown"] * 3
    for params in ({"grade": "HGG"}, {"split": "massl"}, {"split": "massl-shares"}):
        with pytest.raises(UserError, match=r"the grade of Brats18_2013_2_1.* is unknown"):
            brats(root, **params).split(0, 0) or brats(root, **params).cases()


def test_220_hgg_are_not_in_this_release(tmp_path: Path) -> None:
    release(tmp_path, 210)
    assert brats(tmp_path).split(0, 0) is None
    with pytest.raises(UserError, match=r"of 220 HGG, but .* has 210 .*Choose split=massl-shares.*k-fold.*brats2015"):
        brats(tmp_path, split="massl").split(0, 0)
    draws = [brats(tmp_path, split="massl-shares").split(fold, 0) for fold in range(2)]
    assert draws[0] is not None
    assert (len(draws[0].train), len(draws[0].test)) == (162, 48)
    assert "shares of MASSL" in draws[0].source
    assert draws[0] != draws[1]


def test_what_is_missing_is_named(root: Path, tmp_path: Path) -> None:
    (root / "HGG" / AAB / f"{AAB}_t2.nii.gz").unlink()
    assert len(brats(root).cases()) == 3
    with pytest.raises(UserError, match=rf"incomplete cases {AAB} \(no t2\)"):
        brats(root, modality="all").cases()
    (root / "HGG" / AAB / f"{AAB}_seg.nii.gz").unlink()
    with pytest.raises(UserError, match=rf"{AAB} \(no label\)"):
        brats(root).cases()
    (tmp_path / "other" / "BraTS20_Training_001").mkdir(parents=True)
    (tmp_path / "other" / "BraTS20_Training_001" / "BraTS20_Training_001_seg.nii").touch()
    with pytest.raises(
        UserError, match=r"(?s)<ID> like Brats18_CBICA_AAB_1.*nearest match: .*BraTS20_Training_001_seg"
    ):
        brats(tmp_path / "other").cases()


def test_channels_on_other_grids_are_refused(root: Path) -> None:
    t2 = root / "HGG" / AAB / f"{AAB}_t2.nii.gz"
    shifted = OBLIQUE.copy()
    shifted[2, 3] += 2.9
    write_nifti(t2, intensities(3), shifted)
    dataset = brats(root, modality="all")
    with pytest.raises(UserError, match=rf"{AAB}_t2\.nii\.gz: its voxels lie up to 2\.9 mm"):
        dataset.load(dataset.cases()[1])
    shifted[2, 3] = OBLIQUE[2, 3] + 1e-3
    write_nifti(t2, intensities(3), shifted)
    assert dataset.load(dataset.cases()[1]).image.shape == (4, *SHAPE)


def test_a_prediction_lies_on_its_image(root: Path, tmp_path: Path) -> None:
    dataset = brats(root, modality="all")
    case = dataset.read_image(root / "HGG" / AAB / f"{AAB}_t1.nii.gz")
    np.testing.assert_array_equal(case.image, dataset.load(dataset.cases()[1]).image)
    file = dataset.write_label(case, drawn((1,)), tmp_path / "x")
    written: Any = nibabel.load(file)
    assert file.name == f"{AAB}.nii.gz"
    np.testing.assert_allclose(written.affine, OBLIQUE, atol=1e-6)
    np.testing.assert_array_equal(np.asarray(written.dataobj), drawn((1,)))


def test_channels_that_are_not_beside_an_image(root: Path, tmp_path: Path) -> None:
    lone = tmp_path / "lone"
    lone.mkdir()
    for part in ("flair", "t1"):
        shutil.copy(root / "HGG" / AAB / f"{AAB}_{part}.nii.gz", lone)
    with pytest.raises(UserError, match="no t1ce, t2 of this scan found"):
        brats(root, modality="all").read_image(lone)
