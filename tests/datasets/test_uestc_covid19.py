"""CT with labels of non-experts and, of other scans, of experts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest

from nsbench.benchmark.data.split import split_cases
from nsbench.benchmark.errors import UserError
from nsbench.benchmark.plugin import Preprocessing
from nsbench.datasets.uestc_covid19 import UESTCCovid19

from .written_trees import AFFINE, body, write_uestc, write_volume


def uestc(root: Path, **params: Any) -> UESTCCovid19:
    return UESTCCovid19(root, None, UESTCCovid19.Params(**params))


@pytest.mark.parametrize("below", ["", "UESTC-COVID-19-20210101T000000Z-001/UESTC-COVID-19"])
def test_parts_are_annotators_and_the_split(tmp_path: Path, below: str) -> None:
    write_uestc(tmp_path / below)
    dataset = uestc(tmp_path)
    assert [ref.id for ref in dataset.cases()] == ["part1_1", "part1_2", "part2_1"]
    assert [ref.groups["annotator"] for ref in dataset.cases()] == ["nonexpert", "nonexpert", "expert"]
    split = split_cases(dataset, dataset.cases(), 0, 5, 0)
    assert (split.train, split.test) == (("part1_1", "part1_2"), ("part2_1",))
    assert dataset.task.tags == ("training labels by non-experts",)
    experts = uestc(tmp_path, expert_only=True)
    assert ([ref.id for ref in experts.cases()], experts.split(0, 0), experts.task.tags) == (["part2_1"], None, ())


def test_windowed_scans_are_left_alone_and_labels_lie_as_images_do(tmp_path: Path) -> None:
    write_uestc(tmp_path)
    dataset, (image, label) = uestc(tmp_path), body(2)
    case = dataset.load(dataset.cases()[1])
    np.testing.assert_array_equal(case.image[0], np.clip(image / 200, 0, 1).astype(np.float32))
    np.testing.assert_array_equal(case.label, label > 0)
    assert dataset.preprocessing_of(case) == Preprocessing("RAS", normalisation="none")
    written: Any = nibabel.load(dataset.write_label(case, label, tmp_path / "out"))
    np.testing.assert_array_equal(np.asarray(written.dataobj), label)
    np.testing.assert_allclose(written.affine, AFFINE, atol=1e-6)


def test_hounsfield_units_are_windowed_as_the_publisher_does(tmp_path: Path) -> None:
    write_uestc(tmp_path)
    hounsfield = np.resize(np.array([-2000, -1400, -650, 100, 900], np.int16), (12, 10, 8))
    path = tmp_path / "part2" / "image" / "1.nii.gz"
    write_volume(path, hounsfield)
    image = uestc(tmp_path).read_image(path).image[0]
    np.testing.assert_allclose(image.ravel()[:5], [0, 0, 0.5, 1, 1])
    write_volume(path, np.clip(hounsfield, 0, 255))
    with pytest.raises(UserError, match=r"1\.nii\.gz: intensities 0 to 255; expected 0 to 1, or HU"):
        uestc(tmp_path).read_image(path)


def test_faulty_trees(tmp_path: Path) -> None:
    write_uestc(tmp_path)
    ref = uestc(tmp_path).cases()[0]
    write_volume(ref.files[1], body()[1][1:])
    with pytest.raises(UserError, match=r"label/1\.nii\.gz: shape \(11, 10, 8\), its image has \(12, 10, 8\)"):
        uestc(tmp_path).load(ref)
    write_volume(ref.files[1], body()[1])
    with pytest.raises(UserError, match=r"label/1\.nii\.gz: label values 2; expected 0, 1"):
        uestc(tmp_path).load(ref)
    ref.files[1].unlink()
    with pytest.raises(UserError, match=r"no label for .*part1/image/1\.nii\.gz"):
        uestc(tmp_path).cases()
    (tmp_path / "part2").rename(tmp_path / "part3")
    with pytest.raises(UserError, match=r"nearest match: .*part1/image"):
        uestc(tmp_path).cases()
