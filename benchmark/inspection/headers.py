"""Do the headers of a case's NIfTI files agree on where the voxels lie?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

_TOLERANCE = 0.5
"""Distance between corresponding corners, in voxels, up to which two grids count as one."""


def disagreement(files: Sequence[Path]) -> Iterator[str]:
    """One message for each NIfTI file whose grid is not that of the case's first one.

    The adapter has read the case all the same: it refuses what it cannot use, and may know a header to be wrong.
    """
    volumes = [path for path in files if path.name.endswith((".nii", ".nii.gz"))]
    headers = [_header(path) for path in volumes]
    for path, header in zip(volumes[1:], headers[1:]):
        if message := _difference(header, headers[0]):
            yield f"{path}: {message} {volumes[0].name}"


def _header(path: Path) -> Any:
    import nibabel

    # reads the header alone
    return nibabel.load(path)


def _difference(one: Any, other: Any) -> str:
    shape, expected = one.shape[:3], other.shape[:3]
    if shape != expected:
        return f"{'x'.join(map(str, shape))} voxels, {'x'.join(map(str, expected))} in"
    corners = np.array([(*np.multiply(corner, np.subtract(shape, 1)), 1) for corner in np.ndindex(2, 2, 2)])
    apart = np.linalg.norm((corners @ (one.affine - other.affine).T)[:, :3], axis=1).max()
    smallest = min(float(step) for step in other.header.get_zooms()[:3])
    return f"its voxels lie up to {apart:.3g} mm from those of" if apart > _TOLERANCE * smallest else ""
