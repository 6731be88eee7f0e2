"""Is an unpacked prediction an image or an array of integers?"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from .refused import Refused

_LARGEST_HEADER = 2**16


def check_prediction(path: Path) -> None:
    """Refused when the header does not say that the file holds integers; the voxels are not read."""
    reader, kind = _READERS[path.suffix]
    try:
        dtype = reader(path)
    except Refused:
        raise
    except Exception as error:
        # readers raise anything on a damaged file
        raise Refused(f"{path.name} is no {kind}") from error
    if not np.issubdtype(dtype, np.integer):
        raise Refused(f"{path.name} is no array of integers")


def _of_numpy(path: Path) -> np.dtype[Any]:
    array = np.load(path, mmap_mode="r", allow_pickle=False)
    return array.dtype if isinstance(array, np.ndarray) else np.dtype(object)


def _of_nifti(path: Path) -> np.dtype[Any]:
    import nibabel

    return np.dtype(nibabel.Nifti1Image.from_filename(path).get_data_dtype())  # type: ignore[no-untyped-call]


def _of_nrrd(path: Path) -> np.dtype[Any]:
    import nrrd

    with path.open("rb") as stream:
        head = stream.read(_LARGEST_HEADER).split(b"\n\n")[0]
        if any(line.lower().startswith((b"data file", b"datafile")) for line in head.splitlines()):
            raise Refused(f"{path.name} speaks of another file")
        stream.seek(0)
        header = nrrd.read_header(stream)
    return np.dtype(str(header["type"]).removeprefix("unsigned ").replace("char", "int8"))


def _of_png(path: Path) -> np.dtype[Any]:
    from PIL import Image

    with Image.open(path, formats=["PNG"]) as image:
        return np.dtype(np.uint8 if image.mode in ("1", "L", "P") else np.int32 if image.mode[0] == "I" else object)


_READERS: dict[str, tuple[Callable[[Path], np.dtype[Any]], str]] = {
    ".npy": (_of_numpy, "NumPy array"),
    ".gz": (_of_nifti, "NIfTI file"),
    ".nrrd": (_of_nrrd, "NRRD file"),
    ".png": (_of_png, "PNG file"),
}
