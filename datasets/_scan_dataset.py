"""What adapters of CT scans share: predictions are made on image files and written in their geometry."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ..benchmark.plugin import Case, Dataset, UserError
from ._image_files import ImageFile, read_image_file, stem_of
from ._writers import write_nifti


class ScanDataset(Dataset):
    """Base of adapters whose cases are volumes of one channel."""

    def read_image(self, path: Path) -> Case:
        """Read one volume of NIfTI, NRRD or MHA."""
        return self._case(stem_of(path), self._read(path))

    def write_label(self, case: Case, label: Any, path: Path) -> Path:
        """Write `<id>.nii.gz` of class indices with the image's affine."""
        return write_nifti(path.with_name(case.id), label, case.geometry.get("affine"), case.spacing)

    def _read(self, path: Path) -> ImageFile:
        """The scan; UserError unless it has one channel and three axes."""
        found = read_image_file(path)
        if len(found.values) != 1 or len(found.shape) != 3:
            grid = " x ".join(map(str, found.values.shape))
            raise UserError(f"{path}: channels and voxels {grid}; expected one channel of three axes; fetch it again")
        return found

    @staticmethod
    def _case(name: str, scan: ImageFile, label: np.ndarray | None = None) -> Case:
        return Case(name, scan.values.astype(np.float32), label, scan.spacing, geometry=scan.geometry)
