"""Volumes go through the preprocessing that their adapters declare, and back, voxel by voxel."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nsbench.benchmark.data.prepare import prepare
from nsbench.benchmark.plugin import Dataset
from nsbench.benchmark.registry import Registries

from .written_volumes import write_volume_trees


@pytest.fixture(scope="module")
def trees(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("trees")
    write_volume_trees(root)
    return root


@pytest.mark.parametrize("name", ["hvsmr2016", "brats2015", "brats2018", "wmh2017", "msd", "acdc"])
def test_there_and_back(name: str, trees: Path) -> None:
    plugin = Registries().datasets.get(name)
    dataset: Dataset = plugin.load()(trees / name, None, plugin.validate({}))
    ref = dataset.cases()[0]
    loaded = dataset.load(ref)
    (case,) = prepare(dataset, [ref], name)
    assert case.original is not None
    assert loaded.label is not None
    classes = np.arange(dataset.task.num_classes).reshape(-1, 1, 1, 1)
    restored = case.original.placement.restore((case.label[None] == classes).astype(np.float32))
    np.testing.assert_array_equal(restored, loaded.label)
    np.testing.assert_array_equal(case.original.label, loaded.label)
    assert sorted(case.spacing or ()) == pytest.approx(sorted(loaded.spacing or ()))
    assert np.isfinite(case.image).all()


def test_brains_are_cropped_and_normalised_within(trees: Path) -> None:
    plugin = Registries().datasets.get("brats2018")
    dataset: Dataset = plugin.load()(trees / "brats2018", None, plugin.validate({}))
    (case,) = prepare(dataset, dataset.cases()[:1], "brain")
    assert case.image.shape == (1, 10, 8, 6)
    assert abs(float(case.image.mean())) < 1e-5
    assert float(case.image.std()) == pytest.approx(1, abs=1e-4)
