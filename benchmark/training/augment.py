"""Augmentation of a batch on the training device."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample

ROTATION = np.deg2rad(15.0)
SCALE = 0.15
INTENSITY = 0.1


@dataclass
class Augmentation:
    """One draw of augmentation for B patches; applied alike to image, label and mask.

    Attributes
    ----------
    flips
        Per patch, the spatial axes to mirror.
    affine
        float `[B, n, n + 1]` or None: rotation and scaling about the patch's centre, in voxels; coordinates
        in the order of a sampling grid, last axis first.
    gain, shift
        float `[B]`: image * gain + shift, in units of the normalised intensity.
    """

    flips: list[tuple[int, ...]]
    affine: Tensor | None
    gain: Tensor
    shift: Tensor

    @classmethod
    def draw(cls, rng: np.random.Generator, count: int, how: str, flips: tuple[int, ...], ndim: int) -> Augmentation:
        """Draw for `count` patches; `how` is `light` (mirror, intensity) or `full` (also rotate and scale)."""
        chosen = [tuple(axis for axis in flips if rng.random() < 0.5) for _ in range(count)]
        gain = torch.from_numpy(rng.uniform(1 - INTENSITY, 1 + INTENSITY, count).astype(np.float32))
        shift = torch.from_numpy(rng.uniform(-INTENSITY, INTENSITY, count).astype(np.float32))
        affine = _draw_affine(rng, count, ndim) if how == "full" else None
        return cls(chosen, affine, gain, shift)

    def on_image(self, image: Tensor) -> Tensor:
        """Image `[B, C, *spatial]`, mirrored, resampled linearly, intensities changed."""
        image = self._mirror(image, offset=2)
        if self.affine is not None:
            image = self._resample(image, "bilinear", "border")
        shape = (-1,) + (1,) * (image.ndim - 1)
        return image.mul_(self.gain.to(image.device).view(shape)).add_(self.shift.to(image.device).view(shape))

    def on_mask(self, mask: Tensor, outside: int) -> Tensor:
        """Label or ignore mask `[B, *spatial]`, mirrored and resampled to the nearest voxel.

        Voxels that come from outside the patch get the value `outside`.
        """
        mask = self._mirror(mask, offset=1)
        if self.affine is None:
            return mask
        moved = self._resample((mask.float() - outside)[:, None], "nearest", "zeros")[:, 0]
        return (moved.round() + outside).to(mask.dtype)

    def _mirror(self, batch: Tensor, offset: int) -> Tensor:
        for i, axes in enumerate(self.flips):
            if axes:
                batch[i] = batch[i].flip([axis + offset - 1 for axis in axes])
        return batch

    def _resample(self, batch: Tensor, mode: str, padding: str) -> Tensor:
        assert self.affine is not None
        # grid_sample counts in half sides of the patch: without this a rotation of an oblong one would shear it
        sides = torch.tensor(batch.shape[:1:-1], dtype=torch.float32)
        affine = self.affine.clone()
        affine[:, :, :-1] *= sides / sides[:, None]
        grid = affine_grid(affine.to(batch.device), list(batch.shape), align_corners=False)
        return grid_sample(batch, grid, mode=mode, padding_mode=padding, align_corners=False)


def _draw_affine(rng: np.random.Generator, count: int, ndim: int) -> Tensor:
    angles = rng.uniform(-ROTATION, ROTATION, count)
    scales = rng.uniform(1 - SCALE, 1 + SCALE, count)
    matrices = np.zeros((count, ndim, ndim + 1), dtype=np.float32)
    matrices[:, range(ndim), range(ndim)] = scales[:, None]
    # rotate in the plane of the first two spatial axes: the last two coordinates of a sampling grid
    i, j = ndim - 1, ndim - 2
    matrices[:, i, i] = matrices[:, j, j] = scales * np.cos(angles)
    matrices[:, i, j], matrices[:, j, i] = -scales * np.sin(angles), scales * np.sin(angles)
    return torch.from_numpy(matrices)
