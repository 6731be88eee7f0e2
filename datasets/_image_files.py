"""An image file of any common format, as channels on a grid."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ..benchmark.plugin import UserError
from ._files import reading, some
from ._pictures import read_picture, read_tiff
from ._readers import read_h5, read_nifti
from ._volume import check_affine, check_numbers, check_same_place

Role = Literal["image", "label"]
_H5_KEYS: dict[Role, tuple[str, ...]] = {"image": ("image", "raw", "data"), "label": ("label", "mask", "seg", "data")}

_DISTRUST = "set the dataset's trust_headers=false where a header is wrong and the voxels correspond as stored"


@dataclass(frozen=True)
class ImageFile:
    """What a file holds.

    Attributes
    ----------
    values
        `[C, *spatial]`; volumes as (x, y, z), pictures as (row, column), TIFF stacks as (page, row, column).
    spacing
        Millimetres per voxel, one per spatial axis; None where the file does not know.
    affine
        4x4, from voxels to mm in RAS+; None where the file does not know.
    """

    values: np.ndarray
    spacing: tuple[float, ...] | None = None
    affine: np.ndarray | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """Size of the grid."""
        return tuple(self.values.shape[1:])

    @property
    def geometry(self) -> dict[str, Any]:
        """What `Case.geometry` needs: the affine, where the file knows it."""
        return {} if self.affine is None else {"affine": self.affine}


def read_image_file(path: Path, role: Role = "image") -> ImageFile:
    """Read NIfTI, NRRD, MHA, HDF5, PNG, BMP, TIFF or, as an image only, JPEG.

    Parameters
    ----------
    role
        A `label` may have a palette, of which the indices are read, but no colour channels; lossy formats are refused.

    Raises
    ------
    UserError
        When the file is of another kind, damaged, holds no real numbers, or has more axes than three; when an image
        does not say where its voxels lie.
    """
    suffix = suffix_of(path)
    found = _READERS[suffix](path, role)
    check_numbers(path, found.values)
    if role == "label" and len(found.values) != 1:
        raise UserError(f"{path}: label of {len(found.values)} channels; expected one value per voxel")
    if len(found.shape) not in (2, 3):
        grid = "x".join(map(str, found.shape))
        raise UserError(f"{path}: {role} of {grid} voxels; expected 2 or 3 axes, one file per channel or time point")
    if role == "image" and found.affine is not None:
        check_affine(path, found.affine, len(found.shape))
    return found


def probe(path: Path) -> tuple[int, int]:
    """Number of channels and of spatial axes; of a NIfTI file only the header is read."""
    if not suffix_of(path).startswith(".nii"):
        values = read_image_file(path).values
        return len(values), values.ndim - 1
    import nibabel

    with reading(path, "NIfTI"):
        file: Any = nibabel.load(path)
    return 1, 2 if len(file.shape) == 2 else 3


def probe_first(paths: Iterable[Path]) -> tuple[int, int]:
    """`probe` of the first file that can be read; UserError naming the first one where none can."""
    first: UserError | None = None
    for path in paths:
        try:
            return probe(path)
        except UserError as error:
            # told when its case is read
            first = first or error
    raise first or UserError("no image to look at")


def read_same_grid(paths: Sequence[Path], trust_headers: bool = True) -> ImageFile:
    """The channels of several files on one grid, in the order of the files; errors as of `check_same_grid`."""
    files = [read_image_file(path) for path in paths]
    for path, other in zip(paths[1:], files[1:]):
        check_same_grid(path, other, paths[0], files[0], trust_headers)
    return ImageFile(np.concatenate([file.values for file in files]), files[0].spacing, files[0].affine)


def check_same_grid(
    path: Path, found: ImageFile, image_path: Path, image: ImageFile, trust_headers: bool = True
) -> None:
    """Refuse a file that is not on the grid of an image.

    Parameters
    ----------
    trust_headers
        Whether what the files say of spacing and place counts; shapes always do.

    Raises
    ------
    UserError
        Naming both files when their shapes or spacings differ, or their voxels lie more than half a voxel apart.
    """
    remedy = f"than {image_path.name}; resample one to the grid of the other"
    if found.shape != image.shape:
        raise UserError(f"{path}: another shape, {found.shape} instead of {image.shape}, {remedy}")
    if not trust_headers:
        return
    remedy += f", or {_DISTRUST}"
    if found.spacing and image.spacing and not np.allclose(found.spacing, image.spacing, rtol=1e-3):
        raise UserError(f"{path}: another spacing, {found.spacing} mm instead of {image.spacing}, {remedy}")
    if found.affine is not None and image.affine is not None:
        check_affine(path, found.affine, len(found.shape))
        how = f"resample one to the grid of the other, or {_DISTRUST}"
        check_same_place(image_path, image.affine, path, found.affine, image.shape, how)


def suffix_of(path: Path) -> str:
    """The suffix of a known format in lower case (`.nii.gz`); UserError for another."""
    name = path.name.lower()
    for suffix in SUFFIXES:
        if name.endswith(suffix):
            return suffix
    raise UserError(f"{path}: unknown kind of file; expected one of {', '.join(SUFFIXES)}")


def stem_of(path: Path) -> str:
    """The name without the suffix of its format; a dot in it stays."""
    return path.name[: -len(suffix_of(path))]


def _nifti(path: Path, role: Role) -> ImageFile:
    values, affine, spacing = read_nifti(path)
    while values.ndim > 3 and values.shape[-1] == 1:
        values = values[..., 0]
    return ImageFile(values[None], spacing[: values.ndim], affine)


def _itk(path: Path, role: Role) -> ImageFile:
    import SimpleITK as sitk

    with reading(path, path.suffix[1:].upper()):
        file: Any = sitk.ReadImage(str(path))
        values = sitk.GetArrayFromImage(file)
    ndim = file.GetDimension()
    affine = _ras_affine(file.GetDirection(), file.GetSpacing(), file.GetOrigin())
    # SimpleITK's arrays are (z, y, x, channel)
    channels = values if file.GetNumberOfComponentsPerPixel() > 1 else values[..., None]
    return ImageFile(channels.transpose(range(ndim, -1, -1)), tuple(map(float, file.GetSpacing())), affine)


def _ras_affine(direction: Sequence[float], spacing: Sequence[float], origin: Sequence[float]) -> np.ndarray | None:
    """ITK's geometry, in LPS, as a 4x4 matrix in RAS+; None for more axes than three."""
    ndim = math.isqrt(len(direction))
    if ndim > 3:
        return None
    affine = np.eye(4)
    affine[:ndim, :ndim] = np.reshape(direction, (ndim, ndim)) * np.asarray(spacing)
    affine[:ndim, 3] = origin
    return np.diag([-1.0, -1.0, 1.0, 1.0]) @ affine


def _h5(path: Path, role: Role) -> ImageFile:
    import h5py

    with reading(path, "HDF5"), h5py.File(path) as file:  # type: ignore[attr-defined, no-untyped-call]
        names = [name for name in file if hasattr(file[name], "shape")]
    keys = [key for key in _H5_KEYS[role] if key in names] or (names if len(names) == 1 else [])
    if not keys:
        raise UserError(f"{path}: holds {some(names) or 'no array'}; expected one array, or one called {role}")
    arrays, spacing = read_h5(path, keys[:1])
    return ImageFile(arrays[keys[0]][None], spacing)


def _picture(path: Path, role: Role) -> ImageFile:
    return ImageFile(read_picture(path, indexed=role == "label"))


def _tiff(path: Path, role: Role) -> ImageFile:
    return ImageFile(read_tiff(path))


def _jpeg(path: Path, role: Role) -> ImageFile:
    if role == "label":
        raise UserError(f"{path}: a JPEG label is not what was drawn; fetch it in a lossless format")
    return _picture(path, role)


_READERS: dict[str, Callable[[Path, Role], ImageFile]] = {
    ".nii.gz": _nifti,
    ".nii": _nifti,
    ".nrrd": _itk,
    ".mha": _itk,
    ".h5": _h5,
    ".hdf5": _h5,
    ".png": _picture,
    ".bmp": _picture,
    ".tif": _tiff,
    ".tiff": _tiff,
    ".jpg": _jpeg,
    ".jpeg": _jpeg,
}
SUFFIXES = tuple(_READERS)
"""Of the formats that can be read."""
