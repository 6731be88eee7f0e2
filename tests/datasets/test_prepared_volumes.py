"""Volumes go through the preprocessing that their adapters declare, and back, voxel by voxel."""

from __future__ import annotations

from pathlib import Path

import nibabel
import numpy as np
import pytest

from nsbench.benchmark.data.prepare import PreparedCase, prepare
from nsbench.benchmark.plugin import CaseRef, Dataset
from nsbench.benchmark.registry import Registries

from .written_trees import AFFINE, write_covid, write_formats
from .written_volumes import write_volume_trees


@pytest.fixture(scope="module")
def trees(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("trees")
    write_volume_trees(root)
    write_formats(root)
    return root


def open_first(name: str, root: Path) -> tuple[Dataset, CaseRef]:
    """The dataset and its first case."""
    plugin = Registries().datasets.get(name)
    dataset: Dataset = plugin.load()(root, None, plugin.validate({}))
    return dataset, dataset.cases()[0]


def check_there_and_back(dataset: Dataset, ref: CaseRef, key: str) -> PreparedCase:
    """Prepare a case and see that its label comes back voxel by voxel."""
    loaded = dataset.load(ref)
    (case,) = prepare(dataset, [ref], key)
    assert case.original is not None
    assert loaded.label is not None
    classes = np.arange(dataset.task.num_classes).reshape(-1, 1, 1, 1)
    restored = case.original.placement.restore((case.label[None] == classes).astype(np.float32))
    np.testing.assert_array_equal(restored, loaded.label)
    np.testing.assert_array_equal(case.original.label, loaded.label)
    assert sorted(case.spacing or ()) == pytest.approx(sorted(loaded.spacing or ()))
    assert np.isfinite(case.image).all()
    return case


@pytest.mark.parametrize(
    "name",
    [
        "hvsmr2016",
        "brats2015",
        "brats2018",
        "wmh2017",
        "msd",
        "acdc",
        "nnunet",
        "folder",
        "bids-derivatives",
        "nih-pancreas",
        "covid19-ct-seg",
        "uestc-covid19",
    ],
)
def test_there_and_back(name: str, trees: Path) -> None:
    check_there_and_back(*open_first(name, trees / name), name)


def test_thick_slices_stored_along_the_first_axis(tmp_path: Path) -> None:
    thick = (AFFINE @ np.diag([1, 1, 3.2, 1]))[:, [2, 0, 1, 3]]
    write_covid(tmp_path, affine=thick)
    dataset, ref = open_first("covid19-ct-seg", tmp_path)
    case = check_there_and_back(dataset, ref, "thick")
    assert dataset.load(ref).spacing == pytest.approx((8.006, 0.5, 0.608), abs=1e-3)
    assert case.spacing == pytest.approx((0.5, 0.608, 8.006), abs=1e-3)
    assert case.label.shape == (10, 8, 12)
    written = nibabel.load(dataset.write_label(dataset.load(ref), case.original.label, tmp_path / "out"))  # type: ignore[attr-defined, union-attr]
    stored = nibabel.load(ref.files[1])  # type: ignore[attr-defined]
    np.testing.assert_array_equal(np.asarray(written.dataobj), np.asarray(stored.dataobj))
    np.testing.assert_allclose(written.affine, stored.affine, atol=1e-6)


def test_brains_are_cropped_and_normalised_within(trees: Path) -> None:
    plugin = Registries().datasets.get("brats2018")
    dataset: Dataset = plugin.load()(trees / "brats2018", None, plugin.validate({}))
    (case,) = prepare(dataset, dataset.cases()[:1], "brain")
    assert case.image.shape == (1, 10, 8, 6)
    assert abs(float(case.image.mean())) < 1e-5
    assert float(case.image.std()) == pytest.approx(1, abs=1e-4)
