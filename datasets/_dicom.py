"""One DICOM series as a volume in Hounsfield units, its slices checked first."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..benchmark.plugin import UserError
from ._files import reading
from ._image_files import ImageFile

_FIELDS = (
    "SeriesInstanceUID",
    "InstanceNumber",
    "ImagePositionPatient",
    "ImageOrientationPatient",
    "PixelSpacing",
    "RescaleSlope",
    "RescaleIntercept",
)
_ALIKE = ("SeriesInstanceUID", "ImageOrientationPatient", "PixelSpacing", "Rows", "Columns")
_GAP_TOLERANCE = 0.05
"""Part of the usual gap by which one may differ."""

_LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])


def read_dicom_series(folder: Path, files: Sequence[Path]) -> ImageFile:
    """The slices of one series as float32 `[1, x, y, z]` in Hounsfield units, in the order of their InstanceNumber.

    Parameters
    ----------
    folder
        What the volume is called in messages.

    Raises
    ------
    UserError
        Naming the file: a slice that is damaged, of another series, out of order, missing, or lacks a field.
    """
    slices = sorted(((_read(path), path) for path in files), key=lambda item: int(item[0].InstanceNumber))
    _check_alike(slices)
    first = slices[0][0]
    across, down = np.reshape(np.asarray(first.ImageOrientationPatient, float), (2, 3))
    corners = np.array([np.asarray(data.ImagePositionPatient, float) for data, _ in slices])
    _check_gaps(folder, corners @ np.cross(across, down), [path for _, path in slices])
    affine = np.eye(4)
    affine[:3, 0] = across * float(first.PixelSpacing[1])
    affine[:3, 1] = down * float(first.PixelSpacing[0])
    affine[:3, 2] = (corners[-1] - corners[0]) / (len(slices) - 1)
    affine[:3, 3] = corners[0]
    values = np.stack([_hounsfield(data, path).T for data, path in slices], axis=-1)
    spacing = tuple(float(step) for step in np.linalg.norm(affine[:3, :3], axis=0))
    return ImageFile(values[None], spacing, _LPS_TO_RAS @ affine)


def _read(path: Path) -> Any:
    import pydicom

    with reading(path, "DICOM"):
        data = pydicom.dcmread(path)
    if "PixelData" not in data:  # it comes last
        raise UserError(f"{path}: damaged or incomplete DICOM file, it ends before its pixels; fetch the series again")
    absent = [name for name in _FIELDS if data.get(name) is None]
    if absent:
        raise UserError(f"{path}: the DICOM header has no {', '.join(absent)}; fetch the series again")
    return data


def _check_alike(slices: Sequence[tuple[Any, Path]]) -> None:
    first, first_path = slices[0]
    for data, path in slices[1:]:
        for name in _ALIKE:
            if data.get(name) != first.get(name):
                found = f"{name} is {data.get(name)}, in {first_path.name} it is {first.get(name)}"
                raise UserError(f"{path}: {found}; keep the slices of one series only")


def _check_gaps(folder: Path, heights: np.ndarray, paths: Sequence[Path]) -> None:
    """Refuse slices whose positions, in the order of InstanceNumber, are not equidistant."""
    if len(paths) < 2:
        raise UserError(f"{folder}: {len(paths)} DICOM slice; a volume has at least two, fetch the series again")
    gaps = np.diff(heights)
    usual = float(np.median(gaps))
    wrong = np.flatnonzero(np.abs(gaps - usual) > _GAP_TOLERANCE * abs(usual))
    if usual == 0 or len(wrong):
        at = int(wrong[0]) if len(wrong) else 0
        gap = f"{gaps[at]:.4g} mm after {paths[at].name}, where {usual:.4g} mm is usual"
        raise UserError(f"{paths[at + 1]}: {gap}: a slice is missing, doubled or out of order; fetch the series again")


def _hounsfield(data: Any, path: Path) -> np.ndarray:
    with reading(path, "DICOM"):
        stored = data.pixel_array
    return np.asarray(stored * np.float32(data.RescaleSlope) + np.float32(data.RescaleIntercept), dtype=np.float32)
