"""NIH Pancreas-CT of The Cancer Imaging Archive."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

import numpy as np

from ..benchmark.plugin import Case, CaseRef, Dataset, Preprocessing, Split, Task, UserError, param
from ._dicom import read_dicom_series
from ._files import layout_error, require_root, visible
from ._flips import FLIPS, lies_by_intensity
from ._labels import relabel
from ._pairs import complete_pairs
from ._readers import read_nifti
from ._scan_dataset import ScanDataset
from ._search import named, only

_CASE = re.compile(r"['\"]?PANCREAS_(\d{4})['\"]?")
_LABEL = re.compile(r"label(\d{4})\.nii(\.gz)?")
_SLICE = re.compile(r".+\.dcm", re.IGNORECASE)
_WITHDRAWN = {"0025", "0070"}
"""Other crops of the scan of case 2; TCIA has withdrawn their images, not their labels."""

_FIRST_OF_FOLD = (1, 21, 41, 62, 83)


class NIHPancreas(ScanDataset):
    """80 portal-venous abdominal CT scans with the pancreas: DICOM series and NIfTI labels as TCIA ships them.

    Reads `PANCREAS_<number>/**/*.dcm` and `label<number>.nii.gz`, however deep below the folder. Slices must be of one
    series, equally spaced and as many as the label's; intensities are made Hounsfield units. The labels' headers do
    not say how they lie on the slices, so the intensities inside them do (`orientation`). Cases 25 and 70, other crops
    of case 2, are left out. The test part is one of the four folds of Zhou et al.; HU are clipped to -100..240 as
    theirs. Licence: CC BY 3.0.
    """

    name = "nih-pancreas"
    citation = (
        "Roth et al., 'DeepOrgan: Multi-level deep convolutional networks for automated pancreas segmentation', MICCAI "
        "2015; doi 10.7937/K9/TCIA.2016.tNB1kqBU; folds: Zhou et al., 'A fixed-point model', MICCAI 2017"
    )
    tasks = ("pancreas",)
    normalisation = "minmax"
    tried_on = "written trees"
    choice_params = ("fold",)

    class Params(Dataset.Params):
        """What the files do not say."""

        fold: int = param(0, ge=0, le=3, help="the fold that is the test part", source="Zhou et al. 2017, 4 folds")
        orientation: Literal["auto", "as-is", "flip-y", "flip-z", "flip-yz"] = param(
            "auto", help="how labels lie on the slices; auto: what puts them on soft tissue"
        )

    @property
    def task(self) -> Task:
        """The pancreas; nothing is mirrored."""
        return Task("pancreas", ("pancreas",), ("CT",), ndim=3)

    def cases(self) -> list[CaseRef]:
        """One patient a scan; files: the label, then the slices."""
        root = require_root(self.name, self.root)
        scans = _scans(root)
        labels = only(self.name, ((match[1], path) for path, match in named(root, _LABEL)))
        if not scans or not labels:
            layouts = ["PANCREAS_<number>/**/*.dcm", "label<number>.nii.gz (TCIA_pancreas_labels-02-05-2017)"]
            raise layout_error(self.name, root, layouts, ["PANCREAS_0001", "label0001.nii.gz", "Pancreas-CT", "*.h5"])
        folders = {key: scans[key][0].parent for key in sorted(set(scans) - _WITHDRAWN)}
        labels = {key: path for key, path in labels.items() if key not in _WITHDRAWN}
        return [
            CaseRef(f"PANCREAS_{key}", key, {}, (label, *scans[key]))
            for key, _, label in complete_pairs(self.name, folders, labels, self.lacks)
        ]

    def split(self, fold: int, seed: int) -> Split | None:
        """One of the four published folds to test, the others to train."""
        if fold:
            raise UserError(f"dataset {self.name}: the test part is chosen by the parameter fold, not by fold {fold}")
        held_out = range(*_FIRST_OF_FOLD[self.params.fold : self.params.fold + 2])
        refs = self.cases()
        test = tuple(ref.id for ref in refs if int(ref.patient) in held_out)
        train = tuple(ref.id for ref in refs if int(ref.patient) not in held_out)
        return Split(train, test, f"published, fold {self.params.fold} of 4")

    def load(self, ref: CaseRef) -> Case:
        """Image float32 `[1, x, y, z]` in HU, label 0 and 1."""
        path, slices = ref.files[0], ref.files[1:]
        stored, scan = read_nifti(path)[0], read_dicom_series(slices[0].parent, slices)
        if stored.shape != scan.shape:
            found, wanted = (" x ".join(map(str, shape)) for shape in (stored.shape, scan.shape))
            raise UserError(f"{path}: {found} voxels; its {len(slices)} slices make {wanted}; fetch both again")
        mask = relabel(path, stored, {0: 0, 1: 1})
        asked = self.params.orientation
        chosen = lies_by_intensity(path, mask, scan.values[0]) if asked == "auto" else asked
        return self._case(ref.id, scan, np.ascontiguousarray(np.flip(mask, FLIPS[chosen])))

    def preprocessing_of(self, case: Case) -> Preprocessing:
        """Turned to RAS, HU clipped to soft tissue."""
        return Preprocessing(orientation="RAS", clip=(-100.0, 240.0), normalisation=self.normalisation)

    def read_image(self, path: Path) -> Case:
        """Read a series by its folder or by one of its slices, or a NIfTI file in HU."""
        if path.name.endswith((".nii", ".nii.gz")):
            return super().read_image(path)
        folder = path if path.is_dir() else path.parent
        slices = visible(folder, ".dcm")
        if not slices:
            raise UserError(f"{path}: no DICOM slices (*.dcm); name the folder of a series or a NIfTI file")
        return self._case(_name_of(slices[0]) or folder.name, read_dicom_series(folder, slices))


def _scans(root: Path) -> dict[str, list[Path]]:
    """Slices by case number."""
    found: dict[str, list[Path]] = {}
    for path, _ in named(root, _SLICE):
        if name := _name_of(path):
            found.setdefault(name.removeprefix("PANCREAS_"), []).append(path)
    return found


def _name_of(path: Path) -> str:
    """`PANCREAS_0001` of a slice below such a folder, of which some tools quote the name; empty for none."""
    matches = (_CASE.fullmatch(part) for part in reversed(path.parts))
    return next((f"PANCREAS_{match[1]}" for match in matches if match), "")
