"""UESTC-COVID-19: lung CT, labeled by non-experts and by experts."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..benchmark.plugin import Case, CaseRef, Dataset, Preprocessing, Split, Task, UserError, param
from ._files import layout_error, require_root
from ._image_files import ImageFile
from ._labels import relabel, safe_ids
from ._pairs import complete_pairs, with_known_format
from ._readers import read_nifti
from ._scan_dataset import ScanDataset
from ._splits import published_split

_ANNOTATORS = {"part1": "nonexpert", "part2": "expert"}
_WINDOW = (-1400.0, 100.0)
"""HU that the publisher maps to 0 and 1 (width 1500, level -650)."""


class UESTCCovid19(ScanDataset):
    """Lung CT with COVID-19 pneumonia: 70 scans labeled by non-experts to train, 50 others by experts to test.

    Reads `part1/{image,label}/*.nii.gz` and `part2/...`, also below one or two more folders. The labels of `part1` are
    noisy by themselves: there are no clean ones of the same scans, so nothing need be corrupted (`--ratios 0`), and how
    noisy they are is not known. `expert_only` uses the other part alone, in k folds.

    Intensities are 0 to 1, windowed by the publisher; scans in HU are brought to the same window. The headers of the
    labels are wrong, so labels take their image's geometry. Licence: on request from its authors; no redistribution.
    """

    name = "uestc-covid19"
    citation = (
        "Wang et al., 'A noise-robust framework for automatic segmentation of COVID-19 pneumonia lesions from CT "
        "images', IEEE TMI 39(8), 2020"
    )
    tasks = ("lesion",)
    normalisation = "none"
    tried_on = "written trees"

    class Params(Dataset.Params):
        """Which of the two parts are used."""

        expert_only: bool = param(False, help="use the scans labeled by experts (part2) alone, in k folds by seed")

    @property
    def task(self) -> Task:
        """The lesions; tagged where the training labels are those of non-experts."""
        tags = () if self.params.expert_only else ("training labels by non-experts",)
        return Task("lesion", ("lesion",), ("CT",), ndim=3, tags=tags)

    @property
    def trusts_headers(self) -> bool:
        """False: those of the labels are wrong."""
        return False

    def cases(self) -> list[CaseRef]:
        """Ids begin with the part, for both have scans of one name; group `annotator`."""
        base = self._base()
        return [ref for part in self._parts() for ref in self._of_part(base / part)]

    def split(self, fold: int, seed: int) -> Split | None:
        """`part1` to train, `part2` to test; None for `expert_only`."""
        if self.params.expert_only:
            return None
        refs = self.cases()
        train, test = ([r.id for r in refs if r.groups["annotator"] == who] for who in _ANNOTATORS.values())
        found = published_split(self.name, fold, train, test)
        return Split(found.train, found.test, "part1 (non-experts) to train, part2 (experts) to test")

    def load(self, ref: CaseRef) -> Case:
        """Image float32 `[1, x, y, z]`, 0 to 1; label 0 and 1."""
        scan, path = self._read(ref.files[0]), ref.files[1]
        stored = read_nifti(path)[0]
        if stored.shape != scan.shape:
            raise UserError(f"{path}: shape {stored.shape}, its image has {scan.shape}; fetch both again")
        return self._case(ref.id, scan, relabel(path, stored, {0: 0, 1: 1}))

    def preprocessing_of(self, case: Case) -> Preprocessing:
        """Turned to RAS; the publisher has windowed the intensities."""
        return Preprocessing(orientation="RAS", normalisation=self.normalisation)

    def _read(self, path: Path) -> ImageFile:
        scan = super()._read(path)
        values = scan.values.astype(np.float32)
        low, high = float(values.min()), float(values.max())
        if low >= -0.01 and high <= 1.01:
            return ImageFile(values, scan.spacing, scan.affine)
        if low > -200:
            raise UserError(f"{path}: intensities {low:g} to {high:g}; expected 0 to 1, or HU; fetch the scan again")
        windowed = np.clip((values - _WINDOW[0]) / (_WINDOW[1] - _WINDOW[0]), 0, 1)
        return ImageFile(windowed, scan.spacing, scan.affine)

    def _parts(self) -> list[str]:
        return ["part2"] if self.params.expert_only else list(_ANNOTATORS)

    def _base(self) -> Path:
        root, parts = require_root(self.name, self.root), self._parts()
        for pattern in ("", "*", "*/*"):
            for base in sorted(root.glob(pattern)) if pattern else [root]:
                if all((base / part / kind).is_dir() for part in parts for kind in ("image", "label")):
                    return base
        layouts = [f"{part}/image/*.nii.gz and {part}/label/*.nii.gz" for part in parts]
        raise layout_error(self.name, root, layouts, ["part1/image", "part2/image", "part1", "part2"])

    def _of_part(self, folder: Path) -> list[CaseRef]:
        images, labels = (dict(with_known_format(folder / kind, self.lacks)) for kind in ("image", "label"))
        ids = safe_ids(self.name, images)
        groups = {"annotator": _ANNOTATORS[folder.name]}
        return [
            CaseRef(f"{folder.name}_{ids[name]}", f"{folder.name}_{ids[name]}", dict(groups), (image, label))
            for name, image, label in complete_pairs(self.name, images, labels, self.lacks)
        ]
