"""Augmentation moves image, label and ignore mask alike."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from nsbench.benchmark.training.augment import INTENSITY, Augmentation


def plain(flips: list[tuple[int, ...]], affine: Tensor | None = None) -> Augmentation:
    """No change of intensities."""
    return Augmentation(flips, affine, torch.ones(len(flips)), torch.zeros(len(flips)))


def blocks(*shape: int) -> Tensor:
    coarse = torch.randint(0, 3, (shape[0], *[side // 4 for side in shape[1:]]), generator=torch.manual_seed(0))
    for axis in range(1, len(shape)):
        coarse = coarse.repeat_interleave(4, axis)
    return coarse


@pytest.mark.parametrize("shape", [(4, 6, 5), (4, 6, 5, 3)])
def test_image_and_label_are_mirrored_alike(shape: tuple[int, ...]) -> None:
    label = torch.arange(np.prod(shape)).view(shape) % 251
    axes = [(), (0,), (1,), tuple(range(len(shape) - 1))]
    draw = plain(axes)
    image = draw.on_image(label.float()[:, None].clone())
    mask = draw.on_mask(label.clone(), outside=0)
    assert torch.equal(image[:, 0].long(), mask)
    for i, chosen in enumerate(axes):
        assert torch.equal(mask[i], label[i].flip(chosen))


@pytest.mark.parametrize("shape", [(8, 24, 24), (8, 24, 16), (6, 16, 20, 12)])
def test_image_and_label_are_resampled_alike(shape: tuple[int, ...]) -> None:
    label = blocks(*shape)
    draw = Augmentation.draw(np.random.default_rng(3), shape[0], "full", (0, 1), len(shape) - 1)
    draw.gain, draw.shift = torch.ones(shape[0]), torch.zeros(shape[0])
    image = draw.on_image(label.float()[:, None].clone())[:, 0]
    mask = draw.on_mask(label.clone(), outside=0)
    inside = draw.on_mask(torch.zeros(shape, dtype=torch.bool), outside=1).logical_not()
    flat = (image - image.round()).abs() < 1e-4
    assert (inside & flat).float().mean() > 0.4
    agree = (mask == image.round())[inside & flat].float().mean()
    assert agree > 0.99


def test_voxels_from_outside_are_ignored_and_background() -> None:
    draw = Augmentation.draw(np.random.default_rng(0), 6, "full", (), 2)
    ignore = draw.on_mask(torch.zeros(6, 32, 32, dtype=torch.bool), outside=1)
    label = draw.on_mask(torch.ones(6, 32, 32, dtype=torch.uint8), outside=0)
    assert ignore.dtype == torch.bool
    assert ignore.any()
    assert torch.equal(label == 0, ignore)
    assert draw.on_mask(torch.ones(6, 32, 32, dtype=torch.bool), outside=1).all()


def test_a_quarter_turn_of_an_oblong_patch_is_no_shear() -> None:
    label = torch.zeros(1, 9, 21)
    label[0, 4 + 3, 10] = 1
    turn = torch.tensor([[[0.0, -1.0, 0.0], [1.0, 0.0, 0.0]]])
    turned = plain([()], turn).on_mask(label, outside=0)
    rows, columns = torch.nonzero(turned[0], as_tuple=True)
    assert rows.tolist() == [4]
    assert abs(int(columns[0]) - 10) == 3


def test_intensities_stay_in_their_range() -> None:
    draw = Augmentation.draw(np.random.default_rng(0), 500, "light", (), 2)
    assert draw.affine is None
    image = draw.on_image(torch.ones(500, 1, 2, 2))
    low, high = 1 - 2 * INTENSITY, 1 + 2 * INTENSITY
    assert low <= image.min() < low + 0.05
    assert high - 0.05 < image.max() <= high


def test_light_mirrors_half_of_the_patches_along_each_axis() -> None:
    draw = Augmentation.draw(np.random.default_rng(0), 400, "light", (0, 2), 3)
    for axis, share in ((0, 0.5), (1, 0.0), (2, 0.5)):
        assert abs(np.mean([axis in axes for axes in draw.flips]) - share) < 0.08
