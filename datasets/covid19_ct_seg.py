"""COVID-19-CT-Seg: 20 lung CT scans with lungs and infections."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from ..benchmark.plugin import Case, CaseRef, Dataset, Preprocessing, Task, param
from ._files import layout_error, require_root
from ._image_files import ImageFile
from ._labels import read_label
from ._pairs import complete_pairs
from ._scan_dataset import ScanDataset
from ._search import named, only

_FILE = re.compile(
    r"(?P<source>coronacases|radiopaedia)(?:_org)?_(?:case)?(?:covid-19-pneumonia-)?(?P<number>[\d_]+?)(?:-dcm)?\.nii(\.gz)?"
)
_SCANS = ("covid-19-ct-seg_20cases", "ct_scans")
_MASKS = {"infection": "infection_mask", "lung": "lung_mask", "lung-and-infection": "lung_and_infection_mask"}
_CLASSES = {
    "infection": ("infection",),
    "lung": ("left_lung", "right_lung"),
    "lung-and-infection": ("left_lung", "right_lung", "infection"),
}
_WINDOW = (-1250.0, 250.0)
"""HU that the scans of Radiopaedia have at 0 and 255."""


class Covid19CTSeg(ScanDataset):
    """20 lung CT scans with COVID-19: infections, left and right lung, or both.

    Reads, however deep, `COVID-19-CT-Seg_20cases/*.nii.gz` and `Infection_Mask/`, `Lung_Mask/`,
    `Lung_and_Infection_Mask/` (Zenodo), or `ct_scans/` and the same in lower case with Kaggle's longer names. The ten
    scans of Coronacases are in HU, the ten of Radiopaedia are windowed (-1250..250) to 0..255: the former are brought
    to the latter's window. Two pairs of Radiopaedia's scans are of one patient each. k folds by seed: for the authors'
    4 training cases, set the budget's `train_cases=4`. Licence: CC BY-NC-SA (authors' repository).
    """

    name = "covid19-ct-seg"
    citation = (
        "Ma et al., 'Toward data-efficient learning: a benchmark for COVID-19 CT lung and infection segmentation', "
        "Medical Physics 48(3), 2021; doi 10.5281/zenodo.3757476"
    )
    tasks = ("infection", "lung", "lung-and-infection")
    tried_on = "written trees"

    class Params(Dataset.Params):
        """Whether the files' headers count."""

        trust_headers: bool = param(
            True, help="image and label must lie alike in space; false where headers are wrong: shapes alone must agree"
        )

    @property
    def task(self) -> Task:
        """The task's classes; nothing is mirrored."""
        return Task(self.task_name, _CLASSES[self.task_name], ("CT",), ndim=3)

    def cases(self) -> list[CaseRef]:
        """Scans of both sources, group `source`."""
        scans, masks = self._in(_SCANS), self._in((_MASKS[self.task_name],))
        root = require_root(self.name, self.root)
        if not scans or not masks:
            layouts = ["COVID-19-CT-Seg_20cases/ or ct_scans/", f"{_MASKS[self.task_name]}/, upper or lower case"]
            raise layout_error(self.name, root, layouts, ["COVID-19-CT-Seg_20cases", "ct_scans", "Infection_Mask"])
        return [_ref(name, scan, mask) for name, scan, mask in complete_pairs(self.name, scans, masks, self.lacks)]

    def load(self, ref: CaseRef) -> Case:
        """Image float32 `[1, x, y, z]`, 0 to 255; label."""
        scan = self._read(ref.files[0])
        values = range(len(_CLASSES[self.task_name]) + 1)
        label = read_label(ref.files[1], ref.files[0], scan, dict(zip(values, values)), self.trusts_headers)
        return self._case(ref.id, scan, label)

    def preprocessing_of(self, case: Case) -> Preprocessing:
        """Turned to RAS; windowed alike already."""
        return Preprocessing(orientation="RAS", normalisation=self.normalisation)

    def _read(self, path: Path) -> ImageFile:
        scan = super()._read(path)
        values = scan.values.astype(np.float32)
        if values.min() < -1:  # in HU: the windowed ones have no negative value
            low, high = _WINDOW
            values = (np.clip(values, low, high) - low) * np.float32(255 / (high - low))
        return ImageFile(values, scan.spacing, scan.affine)

    def _in(self, folders: tuple[str, ...]) -> dict[str, Path]:
        """Files in folders of these names, by case."""
        found = named(require_root(self.name, self.root), _FILE)
        inside = [(path, match) for path, match in found if path.parent.name.lower() in folders]
        return only(self.name, ((f"{match['source']}_{match['number']}", path) for path, match in inside))


def _ref(name: str, scan: Path, mask: Path) -> CaseRef:
    source, number = name.split("_", 1)
    # Radiopaedia's numbers are case_study_series
    patient = f"{source}_{number.split('_')[0]}"
    return CaseRef(name, patient, {"source": source}, (scan, mask))
