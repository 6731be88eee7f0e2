"""Patches: where they are cut, what is padded, what the stream remembers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nsbench.benchmark.plugin import TrainingView
from nsbench.benchmark.training.sampler import PatchSampler, Sampling

CPU = torch.device("cpu")
ViewOf = Callable[..., TrainingView]
MakeSampling = Callable[..., Sampling]


def sampler(view: TrainingView, how: Sampling, seed: int = 0) -> PatchSampler:
    return PatchSampler(view, how, CPU, np.random.default_rng(seed))


def dot(shape: tuple[int, ...], where: tuple[int, ...]) -> np.ndarray:
    label = np.zeros(shape, np.uint8)
    label[where] = 1
    return label


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_a_share_of_patches_is_centred_on_foreground(view_of: ViewOf, sampling: MakeSampling, share: float) -> None:
    stream = sampler(view_of(dot((90, 90), (40, 50))), sampling((9, 9), foreground=share, batch_size=400))
    centred = (stream.next().label[:, 4, 4] == 1).float().mean()
    assert abs(centred - share) < (0.08 if share == 0.5 else 0.02)


def test_a_patch_centred_at_the_border_stays_inside(view_of: ViewOf, sampling: MakeSampling) -> None:
    batch = sampler(view_of(dot((30, 30), (0, 29))), sampling((8, 8), foreground=1.0)).next()
    assert (batch.label[:, 0, 7] == 1).all()
    assert batch.ignore is None


@pytest.mark.parametrize("hidden", ["unlabeled", "ignored"])
def test_what_may_not_be_learned_from_attracts_no_patches(view_of: ViewOf, sampling: MakeSampling, hidden: str) -> None:
    label = dot((90, 90), (40, 50))
    fields: dict[str, Any] = {"labeled": False} if hidden == "unlabeled" else {"ignore": label > 0}
    batch = sampler(view_of(label, **fields), sampling((9, 9), foreground=1.0, batch_size=100)).next()
    assert batch.label.flatten(1).amax(1).float().mean() < 0.1


def test_cases_are_drawn_without_replacement(view_of: ViewOf, sampling: MakeSampling) -> None:
    stream = sampler(view_of(*[np.ones((8, 8))] * 7), sampling((8, 8), batch_size=1))
    drawn = [int(stream.next().case) for _ in range(21)]
    rounds = [drawn[i : i + 7] for i in (0, 7, 14)]
    assert all(sorted(each) == list(range(7)) for each in rounds)
    assert rounds[0] != rounds[1]


def test_a_case_smaller_than_the_patch_is_padded_with_ignored_voxels(view_of: ViewOf, sampling: MakeSampling) -> None:
    view = view_of(np.ones((5, 20)))
    batch = sampler(view, sampling((8, 8))).next()
    assert batch.ignore is not None
    inside = np.s_[:, 1:6]
    assert batch.ignore[:, [0, 6, 7]].all()
    assert not batch.ignore[inside].any()
    assert (batch.label[inside] == 1).all()
    assert not batch.label[batch.ignore].any()
    assert (batch.image[:, 0][batch.ignore] == view.cases[0].image.min()).all()


def test_a_batch_says_which_cases_it_holds(view_of: ViewOf, sampling: MakeSampling) -> None:
    labels = [np.ones((8, 8))] * 2
    view = view_of(*labels, trusted=True) + view_of(*labels, labeled=False)
    batch = sampler(view, sampling((8, 8), batch_size=4)).next()
    assert batch.trusted.tolist() == batch.labeled.tolist() == (batch.case < 2).tolist()
    for patch, index in zip(batch.image, batch.case):
        np.testing.assert_array_equal(patch.numpy(), view.cases[index].image)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_slices_are_cut_along_their_axis(view_of: ViewOf, sampling: MakeSampling, axis: int) -> None:
    view = view_of(dot((12, 13, 14), (3, 4, 5)))
    how = sampling((12, 12), slice_axis=axis, foreground=1.0, flips=(0, 1, 2))
    stream = sampler(view, how)
    batch = stream.next()
    assert batch.image.shape == (2, 1, 12, 12)
    assert batch.label.flatten(1).sum(1).tolist() == [1, 1]
    slice_ = np.take(view.cases[0].image[0], (3, 4, 5)[axis], axis)
    where = tuple(part for i, part in enumerate(stream.cuts[0].where) if i != axis)
    np.testing.assert_array_equal(batch.image[0, 0].numpy(), slice_[where])
    assert stream._flips() == (0, 1)


def test_flips_along_the_slices_are_left_out(view_of: ViewOf, sampling: MakeSampling) -> None:
    label = dot((8, 8, 8), (1, 1, 1))
    flips = [sampler(view_of(label), sampling((8, 8), slice_axis=a, flips=(0, 2)))._flips() for a in range(3)]
    assert flips == [(1,), (0, 1), (0,)]


@settings(max_examples=80, deadline=None)
@given(
    shape=st.lists(st.integers(3, 20), min_size=3, max_size=3),
    patch=st.lists(st.integers(2, 9), min_size=3, max_size=3),
    axis=st.sampled_from([None, 0, 1, 2]),
    ndim=st.sampled_from([2, 3]),
    how=st.sampled_from(["none", "light", "full"]),
    seed=st.integers(0, 1000),
)
def test_cutting_again_gives_the_very_same_patches(
    view_of: ViewOf,
    sampling: MakeSampling,
    shape: list[int],
    patch: list[int],
    axis: int | None,
    ndim: int,
    how: str,
    seed: int,
) -> None:
    axis = axis if ndim == 3 else None
    labels = [np.random.default_rng(seed + i).integers(0, 2, shape[:ndim]) for i in range(3)]
    view = view_of(*labels)
    sides = tuple(patch[: ndim - (axis is not None)])
    fields = {"slice_axis": axis, "augmentation": how, "flips": tuple(range(ndim)), "batch_size": 3}
    stream = sampler(view, sampling(sides, **fields), seed)
    for _ in range(2):
        batch = stream.next()
        again = stream.cut_again({case.id: case.label for case in view.cases})
        assert torch.equal(again.long(), batch.label)


def test_what_a_turn_brings_in_from_outside_the_patch_is_ignored(view_of: ViewOf, sampling: MakeSampling) -> None:
    batch = sampler(view_of(np.ones((24, 24))), sampling((24, 24), augmentation="full", batch_size=8)).next()
    assert batch.ignore is not None
    assert 0 < batch.ignore.float().mean() < 0.5
    assert torch.equal(batch.ignore, batch.label == 0)


def test_a_stream_continues_where_it_was(view_of: ViewOf, sampling: MakeSampling) -> None:
    view = view_of(*[np.ones((20, 20))] * 5)
    how = sampling((8, 8), augmentation="full", flips=(0, 1))
    first, second = sampler(view, how), sampler(view, how)
    for _ in range(3):
        first.next()
    second.load_state_dict(first.state_dict())
    for _ in range(4):
        a, b = first.next(), second.next()
        assert torch.equal(a.image, b.image)
        assert torch.equal(a.label, b.label)
        assert torch.equal(a.case, b.case)


def test_drawing_leaves_the_cases_as_they_were(view_of: ViewOf, sampling: MakeSampling) -> None:
    view = view_of(np.ones((8, 8)), np.zeros((8, 8)))
    before = [(case.image.copy(), case.label.copy()) for case in view.cases]
    stream = sampler(view, sampling((8, 8), augmentation="full", flips=(0, 1)))
    for _ in range(5):
        stream.next()
    for case, (image, label) in zip(view.cases, before):
        np.testing.assert_array_equal(case.image, image)
        np.testing.assert_array_equal(case.label, label)
