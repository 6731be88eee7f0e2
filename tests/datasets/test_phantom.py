"""Generated scans: reproducible, and with the difficulties that they promise."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.ndimage import label as components

from nsbench.benchmark.data.checks import check_case
from nsbench.benchmark.errors import UserError
from nsbench.benchmark.plugin import Case, CaseRef
from nsbench.benchmark.registry import Registry
from nsbench.datasets import _phantom_anatomy as anatomy
from nsbench.datasets._phantom_scanner import paint
from nsbench.datasets._phantom_shapes import capsule, ellipsoid, grid
from nsbench.datasets.phantom import Phantom

SMALL: dict[int, dict[str, Any]] = {2: {"ndim": 2, "size": 64}, 3: {"ndim": 3, "size": 32}}
TASKS = pytest.mark.parametrize("task", Phantom.tasks)
DIMENSIONS = pytest.mark.parametrize("ndim", [2, 3])
POPULATIONS = pytest.mark.parametrize("population", ["a", "b"])


def phantom(task: str | None = None, **params: Any) -> Phantom:
    return Phantom(None, task, Phantom.Params(**params))


def load(dataset: Phantom, *indices: int) -> list[Case]:
    refs = dataset.cases()
    return [dataset.load(refs[i]) for i in indices]


def label_of(case: Case) -> np.ndarray:
    assert case.label is not None
    return case.label


def same(first: Case, second: Case) -> bool:
    return all(
        a.tobytes() == b.tobytes() for a, b in ((first.image, second.image), (label_of(first), label_of(second)))
    )


@TASKS
@DIMENSIONS
def test_a_case_depends_on_nothing_but_parameters_and_id(task: str, ndim: int) -> None:
    few, many = (phantom(task, cases=n, **SMALL[ndim]) for n in (4, 50))
    third = load(few, 3)[0]
    np.random.seed(1)
    again = load(many, 49, 0, 3)[-1]
    assert same(third, again)
    assert third.spacing == again.spacing
    assert not same(third, load(few, 2)[0])


@pytest.mark.parametrize("change", [{"seed": 1}, {"population": "b"}, {"sites": 1}])
def test_every_parameter_makes_other_scans(change: dict[str, Any]) -> None:
    assert not same(load(phantom(**SMALL[2]), 1)[0], load(phantom(**SMALL[2] | change), 1)[0])


@TASKS
@DIMENSIONS
@POPULATIONS
def test_every_case_has_every_class_and_passes_the_checks(task: str, ndim: int, population: str) -> None:
    dataset = phantom(task, population=population, cases=6, **SMALL[ndim])
    for case in load(dataset, *range(6)):
        check_case(case, dataset.task, "phantom", "generated")
        assert np.unique(label_of(case)).tolist() == list(range(dataset.task.num_classes))
        assert case.image.dtype == np.float32
        assert case.image.min() >= 0
        np.testing.assert_array_equal(case.image, np.rint(case.image))


def test_default_sizes_and_spacing() -> None:
    volume, slice_ = load(phantom(), 0)[0], load(phantom(ndim=2), 0)[0]
    assert volume.image.shape == (1, 64, 64, 40)
    assert slice_.image.shape == (1, 96, 96)
    assert volume.spacing is not None
    assert volume.spacing[2] == pytest.approx(4 / 3 * volume.spacing[0])


@pytest.mark.parametrize(
    ("params", "shape", "ratio"),
    [({"size": 48}, (48, 48, 30), 4 / 3), ({"size": 32, "slice_spacing": 6.0}, (32, 32, 13), 2.0)],
)
def test_shape_follows_spacing(params: dict[str, Any], shape: tuple[int, ...], ratio: float) -> None:
    case = load(phantom(**params), 0)[0]
    assert case.image.shape[1:] == shape
    assert case.spacing is not None
    assert case.spacing[2] / case.spacing[0] == pytest.approx(ratio)


def test_finer_voxels_show_the_same_anatomy() -> None:
    coarse, fine = (load(phantom(ndim=2, size=size), 0)[0] for size in (48, 96))
    volumes = [float((label_of(case) > 0).sum() * np.prod(case.spacing or ())) for case in (coarse, fine)]
    assert volumes[0] == pytest.approx(volumes[1], rel=0.05)


def test_sites_take_turns_and_differ() -> None:
    dataset = phantom(cases=6, sites=3, **SMALL[2])
    assert [ref.groups["site"] for ref in dataset.cases()] == ["site0", "site1", "site2"] * 2
    cases = load(dataset, *range(6))
    assert len({case.spacing for case in cases}) == 3
    assert [case.spacing for case in cases[:3]] == [case.spacing for case in cases[3:]]
    assert len({case.spacing for case in load(phantom(cases=3, sites=1, **SMALL[2]), 0, 1, 2)}) == 1


def test_lesions_differ_in_size_by_orders_of_magnitude() -> None:
    volumes: list[int] = []
    for case in load(phantom("lesions", size=48), *range(5)):
        labeled, count = components(label_of(case))
        assert count >= 2
        volumes += np.bincount(labeled.ravel())[1:].tolist()
    assert max(volumes) > 50 * min(volumes)
    assert min(volumes) < 10


@TASKS
@DIMENSIONS
@POPULATIONS
def test_unlabeled_tissue_is_as_bright_as_labeled(task: str, ndim: int, population: str) -> None:
    x = grid((40,) * ndim, (1.0,) * ndim, 40.0)
    for seed in range(3):
        layers = getattr(anatomy, task)(x, np.random.default_rng(seed), anatomy.POPULATIONS[population])
        signal, label = paint(layers, width=1 / 40)
        brightest_class = signal[label == (2 if task == "multiclass" else 1)]
        distractors = (label == 0) & (signal >= 0.88 * np.median(brightest_class))
        assert distractors.sum() > 0.03 * brightest_class.size


def test_population_b_has_less_contrast_and_smaller_organs() -> None:
    contrast, share = {}, {}
    for population in ("a", "b"):
        cases = load(phantom("chamber", population=population, sites=1, **SMALL[2]), *range(6))
        labeled = [label_of(case) > 0 for case in cases]
        body = [(case.image[0] > np.percentile(case.image, 50)) & ~mask for case, mask in zip(cases, labeled)]
        levels = [np.median(c.image[0][m]) / np.median(c.image[0][b]) for c, m, b in zip(cases, labeled, body)]
        contrast[population], share[population] = np.mean(levels), np.mean([mask.mean() for mask in labeled])
    assert contrast["a"] > 1.15 * contrast["b"]
    assert share["a"] > share["b"]


def test_the_walls_surround_the_cavity() -> None:
    label = label_of(load(phantom("multiclass", ndim=2), 0)[0])
    cavity = label == 2
    neighbours = np.concatenate([np.roll(label, step, axis)[cavity] for step in (-1, 1) for axis in (0, 1)])
    assert set(neighbours.tolist()) == {1, 2}


@pytest.mark.parametrize(("cases", "parts"), [(2, (1, 1)), (3, (2, 1)), (40, (30, 10))])
def test_three_quarters_are_for_training(cases: int, parts: tuple[int, int]) -> None:
    split = phantom(cases=cases).split(0, 0)
    assert (len(split.train), len(split.test)) == parts
    assert not set(split.train) & set(split.test)


@pytest.mark.parametrize("name", ["case7", "kidney007", "case-01", "case001x"])
def test_unknown_cases_are_refused(name: str) -> None:
    with pytest.raises(UserError, match="cases are named case000"):
        phantom().load(CaseRef(name, name))


@pytest.mark.parametrize(("name", "value"), [("ndim", 4), ("cases", 1), ("size", 8), ("spacing", 0.0), ("colour", 1)])
def test_senseless_parameters_are_refused(name: str, value: float) -> None:
    with pytest.raises(UserError, match=name):
        Registry[Any]("dataset").get("phantom").validate({name: value})


@DIMENSIONS
def test_shapes_have_the_volume_of_geometry(ndim: int) -> None:
    x = grid((80,) * ndim, (1.0,) * ndim, 80.0)
    ball = np.pi * 0.2**2 if ndim == 2 else 4 / 3 * np.pi * 0.2**3
    tube = 0.3 * (0.2 if ndim == 2 else np.pi * 0.1**2) + ball * 0.5**ndim
    assert (ellipsoid(x, [0, 0, 0], [0.2] * 3) < 0).mean() == pytest.approx(ball, rel=0.03)
    assert (capsule(x, [-0.15, 0, 0], [0.15, 0, 0], 0.1) < 0).mean() == pytest.approx(tube, rel=0.03)


def test_no_file_is_needed(tmp_path: Path) -> None:
    assert not Phantom.needs_root
    assert all(not ref.files for ref in phantom().cases())
