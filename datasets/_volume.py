"""Volumes in space: an array, where its voxels lie, and whether two of them share a grid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np

from ..benchmark.plugin import Case, UserError
from ._files import some

_SMALLEST_ANGLE = 1e-6
"""Determinant of the axes' directions below which voxels lie on top of each other."""

_TOLERANCE = 0.5
"""Distance between corresponding corners, in voxels, up to which two grids count as one."""


@dataclass(frozen=True)
class Volume:
    """One channel, or a label, and its geometry.

    Attributes
    ----------
    path
        The file.
    data
        `[x, y, z]`.
    affine
        4x4, voxel indices to mm in RAS+.
    spacing
        Millimetres per voxel along x, y, z.
    """

    path: Path
    data: np.ndarray
    affine: np.ndarray
    spacing: tuple[float, ...]


def check_numbers(path: Path, values: np.ndarray) -> None:
    """Refuse voxels that are no real numbers: colours, complex numbers."""
    if values.dtype.kind not in "biuf":
        parts = f"made of {some(values.dtype.names)}" if values.dtype.names else f"of type {values.dtype}"
        raise UserError(f"{path}: voxels are {parts}; convert it to one real number a voxel, one file per channel")


def check_affine(path: Path, affine: np.ndarray, ndim: int = 3) -> None:
    """Refuse an affine (4x4, voxels to mm) that is not finite or puts voxels of `ndim` axes on top of each other."""
    axes = affine[:3, :ndim]
    steps = np.linalg.norm(axes, axis=0)
    if np.isfinite(affine).all() and steps.all():
        directions = axes / steps
        if np.linalg.det(directions.T @ directions) > _SMALLEST_ANGLE**2:
            return
    raise UserError(f"{path}: its header does not say where the voxels lie; fetch it again, or correct its affine")


def check_same_grid(first: Volume, other: Volume) -> None:
    """Refuse a volume whose voxels are not those of the first one.

    Raises
    ------
    UserError
        When shapes differ, or corners lie more than half a voxel apart: flipped, shifted or resampled.
    """
    if first.data.shape != other.data.shape:
        shapes = [" x ".join(map(str, volume.data.shape)) for volume in (other, first)]
        raise UserError(f"{other.path}: {shapes[0]} voxels, but {first.path} has {shapes[1]}; fetch both again")
    check_same_place(first.path, first.affine, other.path, other.affine, first.data.shape)


def check_same_place(
    first_path: Path,
    first: np.ndarray,
    other_path: Path,
    other: np.ndarray,
    shape: tuple[int, ...],
    remedy: str = "fetch both again, or correct the header that is wrong",
) -> None:
    """Refuse an affine (4x4, voxels to mm in RAS+) that puts a grid of this shape elsewhere than the first one.

    Raises
    ------
    UserError
        When corners lie more than half a voxel apart.
    """
    ends = [(0, n - 1) for n in (*shape, 1, 1)[:3]]
    corners = np.array([(*corner, 1) for corner in product(*ends)])
    apart = float(np.linalg.norm((corners @ (first - other).T)[:, :3], axis=1).max())
    if apart > _TOLERANCE * float(np.linalg.norm(first[:3, : len(shape)], axis=0).min()):
        axes = f"axes {_axis_codes(other)} and {_axis_codes(first)}"
        raise UserError(
            f"{other_path}: its voxels lie up to {apart:.3g} mm from those of {first_path} ({axes}); {remedy}"
        )


def stack_channels(volumes: Sequence[Volume]) -> np.ndarray:
    """Volumes as float32 `[C, x, y, z]`; UserError unless they share one grid."""
    for other in volumes[1:]:
        check_same_grid(volumes[0], other)
    return np.stack([np.asarray(volume.data, dtype=np.float32) for volume in volumes])


def class_label(label: Volume, classes: Mapping[int, int], remedy: str = "fetch the label again") -> np.ndarray:
    """Stored values to class indices, uint8 `[x, y, z]`; exact, so a float file of whole numbers is welcome.

    Parameters
    ----------
    classes
        Stored value -> class index, 0 for background.

    Raises
    ------
    UserError
        When there is any other value.
    """
    strange = [value for value in np.unique(label.data).tolist() if value not in classes]
    if strange:
        found = some((f"{value:g}" for value in strange), 4)
        raise UserError(f"{label.path}: label values {found}; expected {some(sorted(classes))}; {remedy}")
    mapped = np.zeros(label.data.shape, np.uint8)
    for stored, index in classes.items():
        mapped[label.data == stored] = index
    return mapped


def ras_spacing(case: Case) -> tuple[float, ...]:
    """The spacing of a case along the axes that it has once they are brought to RAS."""
    import nibabel

    assert case.spacing is not None
    along = nibabel.io_orientation(case.geometry["affine"])[:, 0]  # type: ignore[no-untyped-call]
    return tuple(case.spacing[axis] for axis in np.argsort(along))


def _axis_codes(affine: np.ndarray) -> str:
    """Where the axes point, as in `RAS`."""
    import nibabel

    return "".join(str(code) for code in nibabel.aff2axcodes(affine))  # type: ignore[no-untyped-call]
