"""Readers: a file to arrays, damage turned into a message that names the file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..benchmark.plugin import UserError
from ._files import reading, some

Spacing = tuple[float, ...]


def read_h5(path: Path, keys: Sequence[str]) -> tuple[dict[str, np.ndarray], Spacing | None]:
    """The named arrays of an HDF5 file, and the attribute `spacing` of the file or of the first array.

    Returns
    -------
    Arrays by key, as stored, and the spacing in mm, None where the file does not know.

    Raises
    ------
    UserError
        When the file is truncated or lacks one of the keys.
    """
    import h5py

    with reading(path, "HDF5"), h5py.File(path) as file:  # type: ignore[attr-defined, no-untyped-call]
        if absent := [key for key in keys if key not in file]:
            raise UserError(f"{path}: no array {some(absent)}; the file holds {some(file) or 'none'}")
        arrays = {key: np.asarray(file[key]) for key in keys}
        raw = file.attrs.get("spacing", file[keys[0]].attrs.get("spacing"))
    return arrays, None if raw is None else _spacing(path, raw, arrays[keys[0]].ndim)


def read_nrrd(path: Path) -> tuple[np.ndarray, dict[str, Any]]:
    """The array of an NRRD file in the header's axis order (x, y, z), and the header.

    Raises
    ------
    UserError
        When the file is truncated or no NRRD.
    """
    import nrrd

    with reading(path, "NRRD"):
        data, header = nrrd.read(str(path))
    return np.asarray(data), dict(header)


def nrrd_spacing(header: Mapping[str, Any]) -> Spacing | None:
    """Millimetres per voxel out of an NRRD header; None where it has no such field."""
    if "space directions" in header:
        rows = np.asarray(header["space directions"], dtype=float)
        return tuple(float(length) for length in np.linalg.norm(rows, axis=1))
    if "spacings" in header:
        return tuple(float(value) for value in header["spacings"])
    return None


def read_nifti(path: Path) -> tuple[np.ndarray, np.ndarray, Spacing]:
    """Array, affine (4x4) and spacing in mm of a NIfTI file.

    Raises
    ------
    UserError
        When the file is truncated or no NIfTI.
    """
    import nibabel

    with reading(path, "NIfTI"):
        file: Any = nibabel.load(path)
        data = np.asarray(file.dataobj)
        spacing = tuple(float(zoom) for zoom in file.header.get_zooms()[: data.ndim])
    return data, np.asarray(file.affine), spacing


def read_grey_png(path: Path) -> np.ndarray:
    """A grayscale PNG of 1, 8 or 16 bits as `[rows, columns]`; 1-bit pixels become 0 and 255.

    Raises
    ------
    UserError
        When the file is truncated, or has colours, a palette or transparency.
    """
    from PIL import Image

    with reading(path, "PNG"), Image.open(path, formats=["PNG"]) as file:
        file.load()
        if file.mode not in ("1", "L", "I", "I;16"):
            raise UserError(f"{path}: PNG of mode {file.mode}; expected grayscale without palette or transparency")
        return np.asarray(file.convert("L") if file.mode == "1" else file)


def binary_mask(path: Path, values: np.ndarray, on: int = 255) -> np.ndarray:
    """A mask stored as {0, on} as uint8 {0, 1}.

    Raises
    ------
    UserError
        When there is any other value: a resampled or lossy mask is not what was drawn.
    """
    other = sorted({v for v in np.unique(values).tolist() if v not in (0, on)})
    if other:
        raise UserError(
            f"{path}: mask values {some(other, 4)} besides 0 and {on}; "
            "fetch the mask again, or resample it by nearest neighbour"
        )
    return (values == on).astype(np.uint8)  # type: ignore[no-any-return]


def _spacing(path: Path, raw: Any, ndim: int) -> Spacing:
    values = tuple(float(value) for value in np.broadcast_to(raw, (ndim,))) if np.size(raw) in (1, ndim) else ()
    if not values or not all(np.isfinite(values)) or min(values) <= 0:
        raise UserError(
            f"{path}: attribute spacing is {np.asarray(raw).tolist()}; expected {ndim} positive millimetres"
        )
    return values
