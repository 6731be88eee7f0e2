"""Lung CT of two sources, one in HU and one windowed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest

from nsbench.benchmark.errors import UserError
from nsbench.benchmark.plugin import Preprocessing
from nsbench.datasets.covid19_ct_seg import Covid19CTSeg

from .written_trees import AFFINE, COVID_NAMES, body, write_covid, write_volume


def covid(root: Path, task: str | None = None) -> Covid19CTSeg:
    return Covid19CTSeg(root, task, Covid19CTSeg.Params())


@pytest.mark.parametrize("kaggle", [False, True])
def test_cases_sources_and_patients(tmp_path: Path, kaggle: bool) -> None:
    write_covid(tmp_path, kaggle)
    refs = covid(tmp_path).cases()
    assert [ref.id for ref in refs] == list(COVID_NAMES)
    assert [ref.patient for ref in refs] == ["coronacases_001", "radiopaedia_29", "radiopaedia_29"]
    assert [ref.groups["source"] for ref in refs] == ["coronacases", "radiopaedia", "radiopaedia"]
    assert covid(tmp_path).split(0, 0) is None


def test_both_sources_have_one_window(tmp_path: Path) -> None:
    write_covid(tmp_path)
    dataset = covid(tmp_path)
    corona, radiopaedia = (dataset.load(ref) for ref in dataset.cases()[:2])
    expected = np.clip((20.0 * body(0)[0] - 1400 + 1250) / 1500, 0, 1) * 255
    np.testing.assert_allclose(corona.image[0], expected, atol=1e-3)
    np.testing.assert_array_equal(radiopaedia.image[0], np.clip(body(1)[0], 0, 255))
    assert dataset.preprocessing_of(corona) == Preprocessing("RAS")


def test_tasks_are_the_three_kinds_of_masks(tmp_path: Path) -> None:
    write_covid(tmp_path)
    labels = {}
    for task in Covid19CTSeg.tasks:
        dataset = covid(tmp_path, task)
        labels[task] = np.asarray(dataset.load(dataset.cases()[0]).label)
        assert labels[task].max() == len(dataset.task.classes)
    np.testing.assert_array_equal(labels["lung"], body(0)[1])
    np.testing.assert_array_equal(labels["infection"], labels["lung-and-infection"] == 3)


def test_predictions_overlay(tmp_path: Path) -> None:
    write_covid(tmp_path)
    dataset, label = covid(tmp_path), body()[1]
    case = dataset.read_image(dataset.cases()[0].files[0])
    written: Any = nibabel.load(dataset.write_label(case, label, tmp_path / "out"))
    np.testing.assert_array_equal(np.asarray(written.dataobj), label)
    np.testing.assert_allclose(written.affine, AFFINE, atol=1e-6)


def test_faulty_trees(tmp_path: Path) -> None:
    write_covid(tmp_path)
    ref = covid(tmp_path).cases()[0]
    for values, message in ((body()[1], "label values 2; expected 0, 1"), (body()[1][1:], "another shape")):
        write_volume(ref.files[1], values)
        with pytest.raises(UserError, match=rf"Infection_Mask/coronacases_001\.nii: {message}"):
            covid(tmp_path).load(ref)
    ref.files[1].unlink()
    with pytest.raises(UserError, match=r"no label for .*coronacases_001"):
        covid(tmp_path).cases()
    with pytest.raises(UserError, match=r"Looked for:(?s:.*)infection_mask/"):
        covid(tmp_path / "COVID-19-CT-Seg_20cases").cases()
