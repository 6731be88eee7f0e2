"""The steps of a recipe, and the way back to the original grid."""

from __future__ import annotations

from itertools import permutations, product
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nibabel.orientations import apply_orientation, axcodes2ornt, inv_ornt_aff, ornt_transform

from nsbench.benchmark.data import prepare as module
from nsbench.benchmark.data.normalise import normalise
from nsbench.benchmark.data.placement import Placement
from nsbench.benchmark.data.prepare import dataset_key, prepare
from nsbench.benchmark.data.steps import apply_steps, described, recipe_text
from nsbench.benchmark.errors import UserError
from nsbench.benchmark.plugin import Case, Preprocessing
from nsbench.datasets.phantom import Phantom

TURN = np.deg2rad(20)
OBLIQUE = np.array([[np.cos(TURN), -np.sin(TURN), 0], [np.sin(TURN), np.cos(TURN), 0], [0, 0, 1]])
AFFINE = nibabel.affines.from_matvec(OBLIQUE @ np.diag((1.0, 1.5, 8.0)), (-30, 12, 7))
ALL_CODES = [
    "".join(pair[sign] for pair, sign in zip(order, signs))
    for order in permutations(("RL", "AP", "SI"))
    for signs in product((0, 1), repeat=3)
]


def volume(shape: tuple[int, ...] = (9, 8, 5), **changes: Any) -> Case:
    """A volume in RAS of three classes, 1 x 1.5 x 8 mm."""
    rng = np.random.default_rng(0)
    label = rng.integers(0, 4, shape).astype(np.uint8)
    spacing = (1.0, 1.5, 8.0)[: len(shape)]
    case = Case("c", rng.normal(50, 9, (2, *shape)).astype(np.float32), label, spacing, geometry={"affine": AFFINE})
    for name, value in changes.items():
        setattr(case, name, value)
    return case


def stored_as(case: Case, codes: str) -> Case:
    """The same volume with its axes stored in another order and direction."""
    axes = ornt_transform(axcodes2ornt("RAS"), axcodes2ornt(codes))
    order = np.argsort(axes[:, 0])
    return Case(
        case.id,
        np.stack([apply_orientation(channel, axes) for channel in case.image]),
        apply_orientation(case.label, axes),
        tuple(case.spacing[i] for i in order),  # type: ignore[index]
        geometry={"affine": AFFINE @ inv_ornt_aff(axes, case.image.shape[1:])},
    )


def certain(label: np.ndarray, classes: int = 4) -> np.ndarray:
    """Probabilities that leave no doubt about a label."""
    return np.stack([label == value for value in range(classes)]).astype(np.float32)


def block(shape: tuple[int, ...], box: Any, value: int = 1) -> np.ndarray:
    label = np.zeros(shape, np.uint8)
    label[box] = value
    return label


def test_a_recipe_of_normalisation_alone_changes_nothing_else(cache: Path, squares: Any) -> None:
    dataset = squares()
    ref = dataset.cases()[0]
    (case,) = prepare(dataset, [ref], "key")
    raw = dataset.load(ref)
    assert case.image.tobytes() == normalise(raw.image, "zscore").tobytes()
    assert case.original is None
    folder = cache / "prepared" / "key"
    assert sorted(p.name for p in folder.glob("[!.]*")) == ["p0s0.image.npy", "p0s0.json", "p0s0.label.npy"]
    facts = '{\n "spacing": [\n  0.5,\n  2.0\n ],\n "ignore": false,\n'
    facts += ' "preprocessing": {\n  "normalisation": "zscore"\n },\n "annotations": []\n}\n'
    assert (folder / "p0s0.json").read_text() == facts
    assert recipe_text(case.preprocessing) == "read, check, normalise"


@pytest.mark.parametrize("codes", ALL_CODES)
def test_every_orientation_comes_to_the_same_and_goes_back_exactly(codes: str) -> None:
    case = stored_as(volume(), codes)
    assert "".join(nibabel.aff2axcodes(case.geometry["affine"])) == codes
    ready = apply_steps(case, Preprocessing(orientation="RAS", normalisation="none"), "d")
    expected = volume()
    np.testing.assert_array_equal(ready.image, expected.image)
    np.testing.assert_array_equal(ready.label, expected.label)
    assert ready.spacing == pytest.approx((1.0, 1.5, 8.0))
    if codes == "RAS":
        assert ready.placement is None
    else:
        assert ready.placement is not None
        np.testing.assert_array_equal(ready.placement.restore(certain(expected.label)), case.label)  # type: ignore[arg-type]


def test_another_target_than_ras() -> None:
    ready = apply_steps(volume(), Preprocessing(orientation="SLP", normalisation="none"), "d")
    np.testing.assert_array_equal(ready.image[0], volume().image[0].transpose(2, 0, 1)[:, ::-1, ::-1])
    assert ready.spacing == pytest.approx((8.0, 1.0, 1.5))


@pytest.mark.parametrize("codes", ["RAS", "PIR", "ILA"])
def test_thick_slices_are_resampled_and_their_labels_come_back_exactly(codes: str) -> None:
    case = stored_as(volume(), codes)
    ready = apply_steps(case, Preprocessing(orientation="RAS", spacing=(0.5, 0.5, 2.0)), "d")
    assert ready.image.shape == (2, 18, 24, 20)
    assert ready.spacing == pytest.approx((0.5, 0.5, 2.0))
    assert ready.placement is not None
    assert ready.label is not None
    np.testing.assert_array_equal(ready.placement.restore(certain(ready.label)), case.label)
    assert Placement.from_json(ready.placement.to_json()) == ready.placement


def test_structures_stay_where_they_are_in_millimetres() -> None:
    shape, box = (20, 20, 10), np.s_[4:12, 5:15, 3:6]
    label = block(shape, box)
    ramp = np.broadcast_to(np.arange(10.0) * 8 + 4, shape).astype(np.float32)[None]
    case = volume(shape, image=ramp, label=label)
    ready = apply_steps(case, Preprocessing(spacing=(2.0, None, 2.0), normalisation="none"), "d")
    assert ready.image.shape == (1, 10, 20, 40)
    np.testing.assert_array_equal(ready.label, block((10, 20, 40), np.s_[2:6, 5:15, 12:24]))
    # away from the faces, a voxel's value is its depth in mm
    np.testing.assert_allclose(ready.image[0, 0, 0, 2:-2], np.arange(40)[2:-2] * 2 + 1, rtol=1e-5)


def test_a_spacing_that_does_not_divide_keeps_the_field_of_view() -> None:
    ready = apply_steps(volume((9, 8, 5)), Preprocessing(spacing=(0.7, 1.0, 3.0)), "d")
    assert ready.image.shape == (2, 13, 12, 13)
    assert ready.spacing is not None
    extent = np.array(ready.spacing) * ready.image.shape[1:]
    np.testing.assert_allclose(extent, (9 * 1.0, 8 * 1.5, 5 * 8.0))


def test_no_class_is_made_of_two_others() -> None:
    label = np.zeros((8, 8), np.uint8)
    label[:, :4], label[:, 4:] = 1, 3
    case = Case("c", np.ones((1, 8, 8), np.float32), label, (1.0, 1.0))
    for spacing in (0.3, 0.5, 1.7):
        ready = apply_steps(case, Preprocessing(spacing=(spacing, spacing)), "d")
        assert set(np.unique(ready.label)) == {1, 3}  # type: ignore[arg-type]


def test_ignored_voxels_reach_all_that_they_touch() -> None:
    ignore = block((8, 8, 5), np.s_[4, 4, 2]).astype(bool)
    case = volume((8, 8, 5), ignore=ignore)
    ready = apply_steps(case, Preprocessing(spacing=(2.0, 3.0, 8.0)), "d")
    assert ready.ignore is not None
    assert ready.ignore[2, 2, 2]
    finer = apply_steps(case, Preprocessing(spacing=(0.5, 1.5, 8.0)), "d").ignore
    assert finer is not None
    assert np.flatnonzero(finer[:, 4, 2]).tolist() == [7, 8, 9, 10]


def test_cropping_keeps_what_any_channel_holds_and_the_rest_becomes_background() -> None:
    image = np.zeros((2, 10, 9, 6), np.float32)
    image[0, 2:5, 3:6, 1:4] = 5
    image[1, 4:7, 3:8, 2:5] = -1
    label = block((10, 9, 6), np.s_[3:6, 4:6, 2:4])
    ready = apply_steps(volume((10, 9, 6), image=image, label=label), Preprocessing(crop="nonzero"), "d")
    assert ready.image.shape == (2, 5, 5, 4)
    assert ready.placement is not None
    np.testing.assert_array_equal(ready.placement.restore(certain(ready.label, 2)), label)  # type: ignore[arg-type]
    everything = np.zeros((2, 5, 5, 4), np.float32)
    everything[1] = 1
    restored = ready.placement.restore(everything)
    np.testing.assert_array_equal(restored, block((10, 9, 6), np.s_[2:7, 3:8, 1:5]))


def test_certain_background_beyond_the_crop_weighs_in_at_its_rim() -> None:
    image = np.zeros((1, 8, 8), np.float32)
    image[0, 2:6, 2:6] = 3
    case = Case("c", image, np.zeros((8, 8), np.uint8), (1.0, 1.0))
    ready = apply_steps(case, Preprocessing(spacing=(0.5, 0.5), crop="nonzero"), "d")
    assert ready.image.shape == (1, 10, 10)
    assert ready.placement is not None
    everything = np.stack([np.zeros((10, 10)), np.ones((10, 10))]).astype(np.float32)
    np.testing.assert_array_equal(ready.placement.restore(everything), block((8, 8), np.s_[2:6, 2:6]))


def test_an_empty_image_is_not_cropped_away() -> None:
    image = np.zeros((1, 4, 4, 4), np.float32)
    assert apply_steps(volume((4, 4, 4), image=image), Preprocessing(crop="nonzero"), "d").image.shape == (1, 4, 4, 4)


def test_intensities_are_clipped_before_they_are_normalised() -> None:
    case = Case("c", np.array([[[-2000.0, -100.0], [240.0, 3000.0]]], np.float32), np.zeros((2, 2), np.uint8))
    ready = apply_steps(case, Preprocessing(clip=(-100, 240), normalisation="minmax"), "d")
    np.testing.assert_allclose(ready.image, [[[0, 0], [1, 1]]])


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_all_steps_together_go_back_exactly_when_nothing_is_coarsened(data: st.DataObject) -> None:
    shape = tuple(data.draw(st.tuples(*[st.integers(2, 7)] * 3)))
    factors = data.draw(st.tuples(*[st.integers(1, 4)] * 3))
    codes = data.draw(st.sampled_from(ALL_CODES))
    case = volume(shape)
    recipe = Preprocessing("RAS", tuple(s / f for s, f in zip((1.0, 1.5, 8.0), factors)), "nonzero", (0, 60))
    case = stored_as(case, codes)
    ready = apply_steps(case, recipe, "d")
    if ready.placement is None:
        np.testing.assert_array_equal(ready.label, case.label)
    else:
        np.testing.assert_array_equal(ready.placement.restore(certain(ready.label)), case.label)  # type: ignore[arg-type]


def test_the_record_names_the_steps_that_are_taken() -> None:
    recipe = Preprocessing("RAS", (1.0, None, 2.0), "nonzero", (-100, 240), "minmax")
    assert described(recipe) == {
        "orientation": "RAS",
        "spacing": [1.0, None, 2.0],
        "crop": "nonzero",
        "clip": [-100, 240],
        "normalisation": "minmax",
    }
    assert recipe_text(described(recipe)) == "read, check, orient, resample, crop, clip, normalise"


@pytest.mark.parametrize(
    ("changes", "recipe", "message"),
    [
        ({"geometry": {}}, Preprocessing(orientation="RAS"), r"\[d/orientation\] case c: no affine"),
        ({"geometry": {"affine": np.diag([1, 0, 1, 1])}}, Preprocessing(orientation="RAS"), "axis of length 0"),
        ({"spacing": None}, Preprocessing(spacing=(1, 1, 1)), r"\[d/spacing\] case c: no spacing"),
        ({}, Preprocessing(spacing=(1, 1)), "3 axes, resampling to"),
    ],
)
def test_a_recipe_that_cannot_be_carried_out_is_named(
    changes: dict[str, Any], recipe: Preprocessing, message: str
) -> None:
    with pytest.raises(UserError, match=message):
        apply_steps(volume(**changes), recipe, "d")


def test_the_keys_of_datasets_without_a_recipe_stay(monkeypatch: pytest.MonkeyPatch, squares: Any) -> None:
    class Recipe(squares):  # type: ignore[misc]
        def preprocessing_of(self, case: Case) -> Preprocessing:
            return Preprocessing(spacing=(1.0, 1.0))

    plain, own = dataset_key(squares(), "f", "c"), dataset_key(Recipe(), "f", "c")
    phantom = dataset_key(Phantom(None, "chamber", Phantom.Params()), "f", "c")
    assert phantom == "9f6594c177b1301be840606e-30f8b180d63559f2"
    assert plain != own
    monkeypatch.setattr(module, "STEPS", 99)
    assert dataset_key(squares(), "f", "c") == plain
    assert dataset_key(Recipe(), "f", "c") != own


def test_the_original_is_kept_beside_what_is_prepared(cache: Path, squares: Any) -> None:
    class Recipe(squares):  # type: ignore[misc]
        def preprocessing_of(self, case: Case) -> Preprocessing:
            return Preprocessing(spacing=(1.0, 1.0))

    dataset, told = Recipe(), list[str]()
    dataset.changes["p0s0"] = {"ignore": block((12, 10), np.s_[0, :3]).astype(bool)}
    for _ in range(2):
        case, other = prepare(dataset, dataset.cases()[:2], "key", told.append)
    assert told == ["p0s0", "p0s1"]
    raw = dataset.load(dataset.cases()[0])
    assert (case.image.shape, case.label.shape, case.spacing) == ((1, 6, 20), (6, 20), (1.0, 1.0))
    assert case.original is not None
    assert other.original is not None
    np.testing.assert_array_equal(case.original.label, raw.label)
    np.testing.assert_array_equal(case.original.ignore, raw.ignore)  # type: ignore[arg-type]
    assert case.original.spacing == raw.spacing == (0.5, 2.0)
    assert other.original.ignore is None
    assert isinstance(case.original.label, np.memmap)
