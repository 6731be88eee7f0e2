"""Do the headers of a case's volumes agree on where the voxels lie?"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

_TOLERANCE = 0.5
"""Distance between corresponding corners, in voxels, up to which two grids count as one."""

_NIFTI = (".nii", ".nii.gz")
_ITK = (".mha", ".mhd", ".nrrd")


@dataclass(frozen=True)
class _Header:
    """Size of the grid, and the affine from voxels to mm in RAS+."""

    shape: tuple[int, ...]
    affine: np.ndarray


def disagreement(files: Sequence[Path]) -> Iterator[str]:
    """One message for each file (NIfTI, MetaImage, NRRD) whose grid is not that of the case's first one."""
    volumes = [path for path in files if path.name.lower().endswith(_NIFTI + _ITK)]
    headers = [_nifti(path) if path.name.lower().endswith(_NIFTI) else _itk(path) for path in volumes]
    for path, header in zip(volumes[1:], headers[1:]):
        if message := _difference(header, headers[0]):
            yield f"{path}: {message} {volumes[0]}"


def _nifti(path: Path) -> _Header:
    import nibabel

    # reads the header alone
    file: Any = nibabel.load(path)
    return _Header(tuple(file.shape[:3]), file.affine)


def _itk(path: Path) -> _Header:
    import SimpleITK as sitk

    file: Any = sitk.ImageFileReader()  # type: ignore[no-untyped-call]
    file.SetFileName(str(path))
    file.ReadImageInformation()
    shape, ndim = file.GetSize()[:3], min(file.GetDimension(), 3)
    direction = np.reshape(file.GetDirection(), (math.isqrt(len(file.GetDirection())),) * 2)
    affine = np.eye(4)
    affine[:ndim, :ndim] = direction[:ndim, :ndim] * file.GetSpacing()[:ndim]
    affine[:ndim, 3] = file.GetOrigin()[:ndim]
    # ITK's axes are LPS
    return _Header(tuple(shape), np.diag([-1.0, -1.0, 1.0, 1.0]) @ affine)


def _difference(one: _Header, other: _Header) -> str:
    if one.shape != other.shape:
        return f"{'x'.join(map(str, one.shape))} voxels, {'x'.join(map(str, other.shape))} in"
    ends = np.subtract((*one.shape, 1, 1)[:3], 1)
    corners = np.array([(*np.multiply(corner, ends), 1) for corner in np.ndindex(2, 2, 2)])
    apart = np.linalg.norm((corners @ (one.affine - other.affine).T)[:, :3], axis=1).max()
    smallest = float(np.linalg.norm(other.affine[:3, : len(other.shape)], axis=0).min())
    return f"its voxels lie up to {apart:.3g} mm from those of" if apart > _TOLERANCE * smallest else ""
