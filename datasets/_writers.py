"""Writers of predicted labels, in the geometry of the image they belong to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

_SUFFIXES = (".nii.gz", ".nii", ".nrrd", ".mha", ".h5", ".png")
_NRRD_GEOMETRY = ("space", "space dimension", "space directions", "space origin", "spacings", "space units")


def with_format(path: Path, suffix: str) -> Path:
    """The path with an image suffix replaced or, where it has none, appended; a dot in the id stays."""
    name = next((path.name.removesuffix(s) for s in _SUFFIXES if path.name.endswith(s)), path.name)
    return path.with_name(name + suffix)


def write_nifti(path: Path, label: np.ndarray, affine: np.ndarray | None, spacing: Sequence[float] | None) -> Path:
    """Write `<path>.nii.gz` (uint8); without an affine, one that holds the spacing alone (1 mm if unknown)."""
    import nibabel

    target = with_format(path, ".nii.gz")
    if affine is None:
        affine = np.diag([*(spacing or ()), 1.0, 1.0, 1.0, 1.0][:3] + [1.0])
    nibabel.save(nibabel.Nifti1Image(np.asarray(label, dtype=np.uint8), affine), target)  # type: ignore[no-untyped-call]
    return target


def write_nrrd(path: Path, label: np.ndarray, header: Mapping[str, Any]) -> Path:
    """Write `<path>.nrrd` (uint8) with the geometry fields of the image's header."""
    import nrrd

    target = with_format(path, ".nrrd")
    geometry = {key: header[key] for key in _NRRD_GEOMETRY if key in header}
    nrrd.write(str(target), np.asarray(label, dtype=np.uint8), geometry)
    return target


def write_png(path: Path, label: np.ndarray, size: tuple[int, int]) -> Path:
    """Write `<path>.png` with values 0 and 255, enlarged to `size` (rows, columns) by nearest neighbour."""
    from PIL import Image

    target = with_format(path, ".png")
    image = Image.fromarray(np.where(np.asarray(label) > 0, 255, 0).astype(np.uint8))
    image.resize(size[::-1], Image.Resampling.NEAREST).save(target)
    return target
