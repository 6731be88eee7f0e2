"""A predicted label that takes the place of the published one is read as the same classes."""

from __future__ import annotations

import shutil
from pathlib import Path

import nibabel
import numpy as np
import pytest
import SimpleITK as sitk

from nsbench.benchmark.registry import Registries

from .written_trees import write_folder, write_formats, write_nnunet
from .written_volumes import write_acdc_h5, write_volume_trees

LABEL = {"nih-pancreas": 0, "brats2015": 4, "nnunet": 2}
"""Which of a case's files is the label; else the second."""


@pytest.fixture(scope="module")
def trees(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("trees")
    write_volume_trees(root)
    write_formats(root)
    return root


def put(written: Path, label: Path) -> None:
    """Let a written NIfTI file take the place of a label."""
    if label.suffix == ".mha":
        sitk.WriteImage(sitk.ReadImage(str(written)), str(label))
    else:
        nibabel.save(nibabel.load(written), label)


@pytest.mark.parametrize(
    ("name", "task"),
    [
        ("brats2015", "tissues"),
        ("brats2015", "whole-tumour"),
        ("brats2018", "tissues"),
        ("brats2018", "whole-tumour"),
        ("hvsmr2016", None),
        ("wmh2017", None),
        ("msd", "pancreas"),
        ("msd", "brain-tumour"),
        ("acdc", None),
        ("nih-pancreas", None),
        ("uestc-covid19", None),
        ("covid19-ct-seg", "infection"),
        ("covid19-ct-seg", "lung-and-infection"),
        ("nnunet", None),
        ("folder", None),
        ("bids-derivatives", None),
    ],
)
def test_volumes(trees: Path, tmp_path: Path, name: str, task: str | None) -> None:
    root = tmp_path / name
    shutil.copytree(trees / name, root)
    plugin = Registries().datasets.get(name)
    dataset = plugin.load()(root, task, plugin.load().Params())
    ref = dataset.cases()[0]
    case = dataset.load(ref)
    assert case.label is not None
    assert case.label.any()
    put(dataset.write_label(case, case.label, tmp_path / "out"), ref.files[LABEL.get(name, 1)])
    np.testing.assert_array_equal(dataset.load(ref).label, case.label)


def test_one_class_of_many(tmp_path: Path) -> None:
    write_nnunet(tmp_path / "nnunet")
    plugin = Registries().datasets.get("nnunet")
    dataset = plugin.load()(tmp_path / "nnunet", None, plugin.load().Params(target="lesion"))
    ref = dataset.cases()[0]
    case = dataset.load(ref)
    assert case.label is not None
    assert case.label.any()
    put(dataset.write_label(case, case.label, tmp_path / "out"), ref.files[2])
    np.testing.assert_array_equal(dataset.load(ref).label, case.label)


@pytest.mark.parametrize("ignore", [None, 255])
def test_pictures(tmp_path: Path, ignore: int | None) -> None:
    write_folder(tmp_path, ".png")
    plugin = Registries().datasets.get("folder")
    dataset = plugin.load()(tmp_path, None, plugin.load().Params(ignore=ignore))
    ref = dataset.cases()[0]
    label = np.zeros((12, 10), np.uint8)
    label[2:5, 3:8] = 1
    case = dataset.read_image(ref.files[0])
    shutil.copyfile(dataset.write_label(case, label, tmp_path / "out"), ref.files[1])
    np.testing.assert_array_equal(dataset.load(ref).label, label)


def test_the_h5_form_is_written_in_the_axes_it_is_read_in(tmp_path: Path) -> None:
    write_acdc_h5(tmp_path / "acdc", scribbles=False)
    plugin = Registries().datasets.get("acdc")
    dataset = plugin.load()(tmp_path / "acdc", None, plugin.load().Params())
    case = dataset.load(dataset.cases()[0])
    written = sitk.GetArrayFromImage(sitk.ReadImage(str(dataset.write_label(case, case.label, tmp_path / "out"))))
    np.testing.assert_array_equal(written.transpose(2, 1, 0), case.label)
