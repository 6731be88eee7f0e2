"""BIDS: images of subjects, labels in derivatives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest

from nsbench.benchmark.data.split import split_cases
from nsbench.benchmark.errors import UserError
from nsbench.datasets.bids_derivatives import BIDSDerivatives

from .written_trees import AFFINE, BIDS_VALUES, body, write_bids, write_volume


def bids(root: Path, **params: Any) -> BIDSDerivatives:
    return BIDSDerivatives(root, None, BIDSDerivatives.Params(**params))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write_bids(tmp_path / "study")
    return tmp_path / "study"


def test_cases_are_labeled_sessions_of_subjects(root: Path) -> None:
    write_volume(root / "sub-03" / "anat" / "sub-03_T1w.nii.gz", body()[0])
    dataset = bids(root)
    assert [ref.id for ref in dataset.cases()] == ["sub-01_ses-a", "sub-01_ses-b", "sub-02_run-1"]
    assert [ref.patient for ref in dataset.cases()] == ["sub-01", "sub-01", "sub-02"]
    assert [ref.groups for ref in dataset.cases()] == [{"session": "a"}, {"session": "b"}, {"run": "1"}]
    split = split_cases(dataset, dataset.cases(), 0, 2, 0)
    assert {len(split.train), len(split.test)} == {1, 2}


def test_classes_are_those_of_the_table(root: Path, tmp_path: Path) -> None:
    dataset, (image, label) = bids(root, images=("FLAIR", "T1w")), body(2)
    case = dataset.load(dataset.cases()[2])
    assert (dataset.task.classes, dataset.task.channels) == (("organ", "lesion"), ("FLAIR", "T1w"))
    np.testing.assert_array_equal(case.image, [image + 7, image])
    np.testing.assert_array_equal(case.label, label)
    unlabeled = dataset.read_image(dataset.cases()[2].files[1])
    np.testing.assert_array_equal(unlabeled.image, case.image)
    written: Any = nibabel.load(dataset.write_label(unlabeled, label, tmp_path / "out.nii.gz"))
    np.testing.assert_array_equal(np.asarray(written.dataobj), np.array(BIDS_VALUES)[label])
    np.testing.assert_allclose(written.affine, AFFINE, atol=1e-6)
    with pytest.raises(UserError, match=r"x\.nii\.gz: no BIDS name that ends in FLAIR, T1w"):
        dataset.read_image(root / "x.nii.gz")


def test_masks_of_one_label(root: Path) -> None:
    dataset = bids(root, label="lesion")
    assert dataset.task.classes == ("lesion",)
    np.testing.assert_array_equal(dataset.load(dataset.cases()[0]).label, body(0)[1] == 2)


def test_other_pipelines_are_further_annotators(root: Path) -> None:
    other = np.roll(np.array(BIDS_VALUES, np.uint8)[body(0)[1]], 1, axis=0)
    write_volume(root / "derivatives" / "draft" / "sub-01" / "ses-a" / "sub-01_ses-a_dseg.nii.gz", other)
    with pytest.raises(UserError, match="labels in draft, manual; choose one by the parameter pipeline"):
        bids(root).cases()
    dataset = bids(root, pipeline="manual")
    first, second = (dataset.load(ref) for ref in dataset.cases()[:2])
    np.testing.assert_array_equal(first.annotations["draft"], np.roll(body(0)[1], 1, axis=0))
    assert second.annotations == {}


def test_faulty_trees(root: Path) -> None:
    table = root / "derivatives" / "manual" / "desc-x_dseg.tsv"
    ref = bids(root).cases()[0]
    table.write_text("index\tname\n10\torgan\n")
    with pytest.raises(UserError, match=r"_dseg\.nii\.gz: label values 17; expected 0, 10"):
        bids(root).load(ref)
    table.write_text("value\tname\n10\torgan\n")
    with pytest.raises(UserError, match=r"dseg\.tsv: damaged or not a table with the columns index and name"):
        bids(root).cases()
    table.unlink()
    with pytest.raises(UserError, match=r"0 files \*dseg\.tsv; expected one"):
        bids(root).cases()
    with pytest.raises(UserError, match=r"sub-01_ses-a has no image that ends in T2w; set images"):
        bids(root, label="lesion", images=("T2w",)).cases()
    write_volume(root / "sub-01" / "ses-a" / "anat" / "sub-01_ses-a_acq-b_T1w.nii.gz", body()[0])
    with pytest.raises(UserError, match="are the same part of one case; keep one"):
        bids(root, label="lesion").cases()
    with pytest.raises(UserError, match=r"Looked for:(?s:.*)label-nodule_mask(?s:.*)nearest match: .*derivatives"):
        bids(root, label="nodule").cases()
