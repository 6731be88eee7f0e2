"""NIfTI volumes with their geometry."""

from __future__ import annotations

from pathlib import Path

from ..benchmark.plugin import UserError
from ._readers import read_nifti
from ._volume import Volume, check_affine, check_numbers

SUFFIX = r"\.nii(?:\.gz)?"
"""End of a NIfTI file's name, as a regular expression."""


def stem(path: Path) -> str:
    """The file's name without `.nii` or `.nii.gz`; other dots stay."""
    return path.name.removesuffix(".gz").removesuffix(".nii")


def read_nifti_volume(path: Path) -> Volume:
    """Read a NIfTI file of one channel; trailing axes of length 1 are dropped.

    Raises
    ------
    UserError
        When the file is damaged, holds no real numbers, has another number of axes, or a matrix that puts voxels on
        top of each other.
    """
    return read_nifti_channels(path, 1)[0]


def read_nifti_channels(path: Path, channels: int) -> list[Volume]:
    """Read a NIfTI file whose fourth axis, if there are several channels, is theirs; errors as above."""
    data, affine, spacing = read_nifti(path)
    check_numbers(path, data)
    found = " x ".join(map(str, data.shape))
    while data.ndim > 4 and data.shape[-1] == 1:
        data = data[..., 0]
    if data.ndim == 3:
        data = data[..., None]
    if data.ndim != 4 or data.shape[3] != channels:
        wanted = "three axes" + (f" and {channels} channels" if channels > 1 else "")
        raise UserError(f"{path}: {found} voxels; expected {wanted}")
    check_affine(path, affine)
    return [Volume(path, data[..., index], affine, spacing[:3]) for index in range(channels)]
