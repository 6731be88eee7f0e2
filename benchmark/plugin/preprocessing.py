"""What is done to a case before anybody trains on it, declared by its dataset."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .case import Normalisation


@dataclass(frozen=True)
class Preprocessing:
    """Steps that the harness applies in this order, once, and undoes for predictions.

    Scores are always those of the original grid. `Task.flips`, the axis of 2-D slices and patches refer to the axes
    after `orientation`.

    Attributes
    ----------
    orientation
        Axis codes (`RAS`) to bring volumes to by `Case.geometry["affine"]`, the 4x4 matrix from voxels to mm in RAS+;
        None leaves the axes as they are.
    spacing
        Millimetres per voxel to resample to, one per axis; None for an axis, or for all, keeps what the file has.
        Images are interpolated linearly, labels per class.
    crop
        `nonzero`: to the bounding box of the voxels that are not 0 in any channel (skull-stripped scans).
    clip
        Lowest and highest intensity (for CT in HU), before normalisation; None for no limit.
    normalisation
        Of each channel: `zscore` to mean 0 and deviation 1, `zscore-nonzero` the same over the voxels that are not 0,
        `minmax` to 0..1, `none` as it is.
    """

    orientation: str | None = None
    spacing: tuple[float | None, ...] | None = None
    crop: Literal["none", "nonzero"] = "none"
    clip: tuple[float, float] | None = None
    normalisation: Normalisation = "zscore"
