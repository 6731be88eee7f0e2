"""Volumes in the formats of ITK (.mha, .mhd)."""

from __future__ import annotations

from pathlib import Path

from ..benchmark.plugin import UserError
from ._image_files import read_image_file
from ._volume import Volume


def read_itk_volume(path: Path) -> Volume:
    """Read a 3-D volume, its axes in the order x, y, z and its geometry turned from ITK's LPS into RAS+.

    Raises
    ------
    UserError
        When the file is damaged or is no volume of one channel.
    """
    found = read_image_file(path)
    if found.affine is None or found.spacing is None or len(found.values) != 1 or len(found.shape) != 3:
        raise UserError(f"{path}: {len(found.values)} channels of {len(found.shape)} axes; expected one of three")
    return Volume(path, found.values[0], found.affine, found.spacing)
