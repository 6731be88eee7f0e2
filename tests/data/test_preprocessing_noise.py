"""What a noise model is shown of a case whose grid is changed, and stored annotations as noise."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest

from nsbench.benchmark.data.annotated import reread
from nsbench.benchmark.data.cell_data import CellData, load_cell_data, open_dataset
from nsbench.benchmark.data.corruption import corrupt
from nsbench.benchmark.data.prepare import prepare
from nsbench.benchmark.errors import UserError
from nsbench.benchmark.plugin import Corruption, NoiseModel
from nsbench.benchmark.registry import Registries

from ..conftest import build_cell

FINE = (0.75, 0.75, 4.0)


class Witness(NoiseModel):
    """Moves the label by one voxel and remembers what it was shown."""

    name = "witness"

    def __init__(self) -> None:
        super().__init__(NoiseModel.Params())
        self.seen: list[tuple[np.ndarray, tuple[float, ...], np.ndarray]] = []

    def corrupt(
        self, label: np.ndarray, spacing: tuple[float, ...], rng: np.random.Generator, image: np.ndarray
    ) -> Corruption:
        self.seen.append((label, spacing, image))
        return Corruption(np.roll(label, 1, axis=0))


@pytest.fixture(scope="module")
def tilted() -> Registries:
    """The registries with the dataset `tilted`."""
    return Registries(loose=(Path(__file__).with_name("tilted_volumes.py"),))


@pytest.fixture
def tree(tilted: Registries, tmp_path: Path, cache: Path) -> Path:
    """Six volumes in six orientations."""
    root: Path = tilted.datasets.get("tilted").load().write(tmp_path / "tilted")
    return root


def data_of(tilted: Registries, tree: Path, noise: str = "real", **params: Any) -> CellData:
    cell = build_cell(
        tilted, dataset="tilted", task="blob", root=str(tree), dataset_params=params, noise=noise, ratio=1.0
    )
    return load_cell_data(cell, tilted)


def witnessed(tilted: Registries, tree: Path, **params: Any) -> tuple[Witness, list[Any], dict[str, np.ndarray]]:
    cell = build_cell(tilted, dataset="tilted", task="blob", root=str(tree), dataset_params=params)
    dataset, model = open_dataset(cell, tilted), Witness()
    refs = {ref.id: ref for ref in dataset.cases()}
    cases = prepare(dataset, list(refs.values()), f"key{params}{tree}")
    found = corrupt(cases, model, "t", f"key{params}{tree}", 0, 3, lambda case: reread(dataset, refs[case.id], case))
    return model, cases, found.labels


def test_labels_are_corrupted_on_the_annotated_voxels_in_the_declared_orientation(
    tilted: Registries, tree: Path
) -> None:
    model, cases, labels = witnessed(tilted, tree, spacing=FINE)
    assert len(model.seen) == len(cases) == 6
    for (label, spacing, image), case in zip(model.seen, cases):
        assert label.shape == image.shape[1:] == (40, 36, 10)
        assert spacing == pytest.approx((1.5, 1.5, 8.0))
        assert label.dtype == np.uint8
        assert labels[case.id].shape == case.label.shape == (80, 72, 20)
        # one annotated voxel is two prepared ones
        np.testing.assert_array_equal(labels[case.id], np.roll(case.label, 2, axis=0))
        assert image[0][label == 2].mean() > image[0][label == 0].mean() + 1


def test_masks_do_not_depend_on_the_spacing_that_is_resampled_to(tilted: Registries, tree: Path) -> None:
    coarse, _, _ = witnessed(tilted, tree, spacing=(3.0, 3.0, 8.0))
    fine, _, _ = witnessed(tilted, tree, spacing=FINE)
    for one, other in zip(coarse.seen, fine.seen):
        np.testing.assert_array_equal(one[0], other[0])
        np.testing.assert_array_equal(one[2], other[2])


def test_a_model_that_changes_the_shape_is_refused_before_it_is_resampled(tilted: Registries, tree: Path) -> None:
    cell = build_cell(tilted, dataset="tilted", task="blob", root=str(tree), dataset_params={"spacing": FINE})
    dataset, model = open_dataset(cell, tilted), Witness()
    refs = {ref.id: ref for ref in dataset.cases()}
    cases = prepare(dataset, list(refs.values())[:1], "shape")
    model.corrupt = lambda label, *rest: Corruption(label[1:])  # type: ignore[method-assign]
    with pytest.raises(UserError, match=r"changed the shape of case p0: \(40, 36, 10\) -> \(39, 36, 10\)"):
        corrupt(cases, model, "t", "shape", 0, 3, lambda case: reread(dataset, refs[case.id], case))


@pytest.mark.parametrize("spacing", [None, FINE])
def test_a_second_reader_is_trained_on(tilted: Registries, tree: Path, spacing: tuple[float, ...] | None) -> None:
    data = data_of(tilted, tree, spacing=spacing)
    factor = 2 if spacing else 1
    assert data.corrupted == set(data.split.train)
    for case in data.view.cases:
        np.testing.assert_array_equal(case.label, np.roll(data.truth[case.id], 3 * factor, axis=0))
        assert data.noise.notes[case.id] == {"annotator": "second"}
    assert data.noise.dice_mean is not None
    assert 0.3 < data.noise.dice_mean < 0.9


def test_a_reader_s_values_are_checked_and_named(tilted: Registries, tree: Path) -> None:
    for path in (tree / "second").iterdir():
        file = nibabel.load(path)
        nibabel.save(nibabel.Nifti1Image(np.asarray(file.dataobj) + np.uint8(7), file.affine), path)
    with pytest.raises(UserError, match=r"case p\d \(annotation second, .*label values \[7, 8, 9\]"):
        data_of(tilted, tree)


def test_a_case_without_a_second_reader_is_named(tilted: Registries, tree: Path) -> None:
    shutil.rmtree(tree / "second")
    with pytest.raises(UserError, match=r"case p\d: noise model real: no annotation beside its label; choose another"):
        data_of(tilted, tree)


def test_the_recipe_is_recorded_and_part_of_the_parameters(tilted: Registries, tree: Path) -> None:
    data = data_of(tilted, tree, noise="erode-dilate", spacing=FINE, crop="nonzero")
    assert data.preprocessing == {
        "orientation": "RAS",
        "spacing": list(FINE),
        "crop": "nonzero",
        "clip": [-200.0, 900.0],
        "normalisation": "zscore",
        "recipe": "read, check, orient, resample, crop, clip, normalise",
    }
    assert all(case.original is not None for case in data.test)


@pytest.mark.parametrize("against", ["clean-val", "noisy-val"])
def test_held_out_cases_are_scored_on_their_original_grid_too(tilted: Registries, tree: Path, against: str) -> None:
    params = {"spacing": FINE}
    cell = build_cell(
        tilted, dataset="tilted", task="blob", root=str(tree), dataset_params=params, noise="real", ratio=1.0
    )
    cell = cell.model_copy(update={"identity": cell.identity.model_copy(update={"evaluate": against})})
    folder = "labels" if against == "clean-val" else "second"
    data = load_cell_data(cell, tilted)
    assert not data.test
    for case in data.scored:
        assert case.original is not None
        stored = np.asarray(nibabel.load(tree / folder / f"{case.id}.nii.gz").dataobj)
        np.testing.assert_array_equal(case.original.label, stored)
