"""White matter hyperintensities of three sites."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest

from nsbench.benchmark.errors import UserError
from nsbench.datasets.wmh2017 import WMH2017

from .written_volumes import OBLIQUE, SHAPE, drawn, intensities, write_nifti, write_wmh

TEST = "test-Amsterdam-Philips_VU_PETMR_01-160"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "WMH"
    write_wmh(folder)
    return folder


def wmh(root: Path, **params: Any) -> WMH2017:
    return WMH2017(root, None, WMH2017.Params(**params))


def release(root: Path, sites: tuple[str, ...] = ("Utrecht", "Singapore", "Amsterdam/GE3T")) -> None:
    """20 training cases a site, by name alone."""
    for index, site in enumerate(sites):
        for number in range(50 * index, 50 * index + 20):
            folder = root / "training" / site / str(number)
            (folder / "pre").mkdir(parents=True)
            for name in ("pre/FLAIR.nii.gz", "wmh.nii.gz"):
                (folder / name).touch()


def test_sites_scanners_and_parts(root: Path) -> None:
    refs = wmh(root).cases()
    assert [ref.id for ref in refs] == ["Amsterdam-GE3T-100", "Singapore-50", "Utrecht-0", TEST]
    assert refs[3].groups == {"site": "Amsterdam", "scanner": "Philips_VU_PETMR_01", "part": "test"}
    assert refs[2].groups == {"site": "Utrecht", "scanner": "Utrecht", "part": "training"}


def test_other_pathology_is_ignored(root: Path) -> None:
    dataset = wmh(root)
    case = dataset.load(dataset.cases()[2])
    assert case.label is not None
    assert case.ignore is not None
    np.testing.assert_array_equal(case.image, intensities(0)[None])
    np.testing.assert_array_equal(case.label, drawn((1, 2)) == 1)
    np.testing.assert_array_equal(case.ignore, drawn((1, 2)) == 2)
    assert case.label.dtype == np.uint8
    write_nifti(root / "training" / "Utrecht" / "0" / "wmh.nii.gz", drawn((1,)).astype(np.float32))
    assert dataset.load(dataset.cases()[2]).ignore is None


def test_two_more_observers_are_annotations(root: Path) -> None:
    dataset = wmh(root)
    case = dataset.load(dataset.cases()[2])
    assert list(case.annotations) == ["observer_o3", "observer_o4"]
    for shift, label in enumerate(case.annotations.values(), start=1):
        np.testing.assert_array_equal(label, np.roll(drawn((1,)), shift, axis=0))
    test = dataset.cases()[3]
    assert dataset.load(test).annotations == {}


def test_two_channels(root: Path) -> None:
    dataset = wmh(root, modality="flair+t1")
    case = dataset.load(dataset.cases()[2])
    np.testing.assert_array_equal(case.image, np.stack([intensities(0), intensities(1)]))
    assert dataset.task.channels == ("flair", "t1")


def test_the_download_of_2017(tmp_path: Path) -> None:
    write_wmh(tmp_path, training=".")
    shutil.move(tmp_path / "Amsterdam" / "GE3T", tmp_path / "GE3T")
    for observer in (tmp_path / "additional_annotations").iterdir():
        shutil.move(observer, tmp_path / f"training-{observer.name}")
    ids = [ref.id for ref in wmh(tmp_path).cases()]
    assert ids == ["Amsterdam-GE3T-100", "Singapore-50", "Utrecht-0", TEST]


def test_header_noise_of_t1_is_no_other_grid(root: Path) -> None:
    tilted = OBLIQUE.copy()
    tilted[:3, :3] += 2e-5
    write_nifti(root / "training" / "Utrecht" / "0" / "pre" / "T1.nii.gz", intensities(1), tilted)
    dataset = wmh(root, modality="flair+t1")
    assert dataset.load(dataset.cases()[2]).image.shape == (2, *SHAPE)


def test_massl_is_stratified_by_site(tmp_path: Path) -> None:
    release(tmp_path)
    dataset = wmh(tmp_path)
    site = {ref.id: ref.groups["site"] for ref in dataset.cases()}
    draws = [dataset.split(fold, 0) for fold in range(5)]
    for split in draws:
        assert split is not None
        assert (len(split.train), len(split.test)) == (40, 20)
        assert sorted(Counter(site[name] for name in split.test).values()) == [6, 7, 7]
        assert "MASSL" in split.source
    assert len({split.test for split in draws if split}) == 5
    assert wmh(tmp_path, split="k-fold").split(0, 0) is None
    with pytest.raises(UserError, match=r"split=official needs the folder test/"):
        wmh(tmp_path, split="official").split(0, 0)


def test_incomplete_folders(root: Path) -> None:
    assert wmh(root).split(0, 0) is None
    split = wmh(root, split="official").split(0, 0)
    assert split is not None
    assert (len(split.train), split.test) == (3, (TEST,))
    with pytest.raises(UserError, match=r"20 training cases.* but 1 of Amsterdam, 1 of Singapore, 1 of Utrecht"):
        wmh(root, split="massl").split(0, 0)


def test_what_is_wrong_is_named(root: Path, tmp_path: Path) -> None:
    case = root / "training" / "Utrecht" / "0"
    write_nifti(case / "wmh.nii.gz", np.where(drawn((1,)), 0.5, 0).astype(np.float32))
    with pytest.raises(UserError, match=r"wmh\.nii\.gz: label values 0\.5; expected 0, 1, 2"):
        wmh(root).load(wmh(root).cases()[2])
    (case / "pre" / "FLAIR.nii.gz").unlink()
    with pytest.raises(UserError, match=r"Utrecht/0/pre/FLAIR\.nii\.gz: no such file"):
        wmh(root).cases()
    (tmp_path / "zips").mkdir()
    (tmp_path / "zips" / "Utrecht.zip").touch()
    with pytest.raises(UserError, match=r"(?s)wmh\.nii\.gz.*nearest match: .*Utrecht\.zip"):
        wmh(tmp_path / "zips").cases()
    shutil.move(root / "training" / "Singapore" / "50", tmp_path / "elsewhere" / "sub" / "50")
    with pytest.raises(UserError, match=r"wmh\.nii\.gz: lies below none of the folders Utrecht, Singapore"):
        wmh(tmp_path / "elsewhere").cases()


def test_scans_without_label_are_a_gap_unless_their_part_has_none(root: Path) -> None:
    shutil.copytree(root / "test" / "Amsterdam", root / "test" / "Utrecht")
    (root / "test" / "Utrecht" / "Philips_VU .PETMR_01." / "160" / "wmh.nii.gz").unlink()
    with pytest.raises(UserError, match=r"test/Utrecht/.*/160/wmh\.nii\.gz: no such file"):
        wmh(root).cases()
    (root / "test" / "Amsterdam" / "Philips_VU .PETMR_01." / "160" / "wmh.nii.gz").unlink()
    assert [ref.groups["part"] for ref in wmh(root).cases()] == ["training"] * 3
    (root / "training" / "Utrecht" / "0" / "wmh.nii.gz").unlink()
    with pytest.raises(UserError, match=r"training/Utrecht/0/wmh\.nii\.gz: no such file"):
        wmh(root, split="k-fold").cases()


def test_a_prediction_lies_on_its_image(root: Path, tmp_path: Path) -> None:
    folder = root / "test" / "Amsterdam" / "Philips_VU .PETMR_01." / "160"
    dataset = wmh(root, modality="flair+t1")
    for path in (folder, folder / "pre" / "FLAIR.nii.gz"):
        case = dataset.read_image(path)
        assert (case.id, case.image.shape) == (TEST, (2, *SHAPE))
    file = dataset.write_label(case, drawn((1,)), tmp_path / "x")
    written: Any = nibabel.load(file)
    assert file.name == f"{TEST}.nii.gz"
    np.testing.assert_array_equal(np.asarray(written.dataobj), drawn((1,)))
    np.testing.assert_allclose(written.affine, OBLIQUE, atol=1e-6)
