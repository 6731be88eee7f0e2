"""What adapters of volumes share: a case out of volumes, and predictions in their geometry."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..benchmark.plugin import Case, Dataset
from ._nifti import read_nifti_volume, stem
from ._volume import Volume, stack_channels
from ._writers import write_nifti


class VolumeDataset(Dataset):
    """Base of adapters whose cases are volumes with an affine, one file a channel."""

    def read_image(self, path: Path) -> Case:
        """Read one unlabeled image: a file, further channels lying beside it, or the folder of a case."""
        return self._case(self._id_of(path), [self._read(file) for file in self._channel_files(path)])

    def write_label(self, case: Case, label: Any, path: Path) -> Path:
        """Write `<ID>.nii.gz` of the values that the dataset's own labels have, with the image's affine."""
        return write_nifti(path.with_name(case.id), self._stored(label), case.geometry.get("affine"), case.spacing)

    def _stored(self, label: Any) -> Any:
        """Class indices to the values of the dataset's label files: themselves, unless a subclass knows better."""
        return label

    def _read(self, path: Path) -> Volume:
        return read_nifti_volume(path)

    def _channel_files(self, path: Path) -> Sequence[Path]:
        """The files of an unlabeled image's channels."""
        return [path]

    def _id_of(self, path: Path) -> str:
        """The id of an unlabeled image."""
        return stem(path)

    def _case(self, name: str, volumes: Sequence[Volume], label: np.ndarray | None = None, **more: Any) -> Case:
        first, image = volumes[0], stack_channels(volumes)
        return Case(name, image, label, first.spacing, geometry={"affine": first.affine}, **more)
