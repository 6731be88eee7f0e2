"""HVSMR 2016: cardiac MR of congenital heart disease."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from ..benchmark.plugin import Case, CaseRef, Preprocessing, Split, Task, UserError, param
from ._files import layout_error, require_root, some
from ._nifti import SUFFIX, stem
from ._pairs import complete_pairs
from ._search import named, only
from ._splits import published_split
from ._volume import check_same_grid, class_label, ras_spacing
from ._volume_dataset import VolumeDataset

_NAME = re.compile(rf"(training|testing)_(axial_full|axial_crop|sa_crop)_(pat\d+)(-label|_label_[AB])?{SUFFIX}")
_SUCCESSOR = re.compile(rf"pat\d+(_cropped|_cropped_norm)?_seg(_endpoints)?{SUFFIX}")
_LABELS = ("-label", "_label_A", "_label_B")
"""Codings of one and the same label, the preferred one first."""
_CLASSES = {0: 0, 1: 1, 2: 2, 64: 2, 71: 2}
"""Coding B keeps the aorta (64) and the pulmonary arteries (71) apart from the blood pool."""
_ENLARGED, _FACTOR = ("pat4", "pat5"), 1.5


class HVSMR2016(VolumeDataset):
    """10 labeled cardiac MR volumes of congenital heart disease: myocardium and blood pool.

    Reads `{training,testing}_{axial_full,axial_crop,sa_crop}_pat<N>.nii.gz` and, of the same names, `-label` (or
    `_label_A`, `_label_B`, where aorta and pulmonary arteries are apart: merged into the blood pool), at any depth.
    The labels of the 10 test scans are not in the 2016 download; where they lie beside the scans, the split is 10/10.
    HVSMR-2.0 is another task and refused. Licence: by registration with the organisers.
    """

    name = "hvsmr2016"
    citation = (
        "Pace et al., 'Interactive whole-heart segmentation in congenital heart disease', MICCAI 2015; "
        "HVSMR 2016 challenge"
    )
    tasks = ("heart",)
    normalisation = "zscore-nonzero"
    tried_on = "written trees"

    class Params(VolumeDataset.Params):
        """Which of the published versions is read, and how."""

        form: Literal["auto", "axial_full", "axial_crop", "sa_crop"] = param(
            "auto", help="whole scans, their crops, or crops turned to the short axis; auto: the only one that is there"
        )
        enlarge: bool = param(
            True, source="Yu et al. 2017 (DenseVoxNet), published code", help="patients 4 and 5 at 1.5 times their size"
        )

    @property
    def task(self) -> Task:
        """Two classes; mirrored within the slice, as Yu et al. do. Tagged where the organisers cropped to the heart."""
        tags = () if self._form() == "axial_full" else ("cropped to the heart",)
        return Task("heart", ("myocardium", "blood pool"), ("MR",), ndim=3, flips=(0, 1), tags=tags)

    def cases(self) -> list[CaseRef]:
        """The scans with a label; each is a patient."""
        found = []
        for part in ("training", "testing"):
            images, labels = self._images(part), self._labels(part)
            if part == "testing":
                images = {patient: path for patient, path in images.items() if patient in labels}
            found += [
                CaseRef(p, p, {"part": part}, (i, m))
                for p, i, m in complete_pairs(self.name, images, labels, self.lacks)
            ]
        if not found and not self.incomplete:
            raise UserError(f"dataset {self.name}: no training scan in {self.root}, only unlabeled ones; add those")
        return found

    def split(self, fold: int, seed: int) -> Split | None:
        """The challenge's, 10/10, where the labels of test scans are there; else None."""
        refs = self.cases()
        train, test = ([ref.id for ref in refs if ref.groups["part"] == part] for part in ("training", "testing"))
        return published_split(self.name, fold, train, test) if train and test else None

    def load(self, ref: CaseRef) -> Case:
        """Image float32 `[1, x, y, z]`, label 0 to 2."""
        image, label = (self._read(path) for path in ref.files)
        check_same_grid(image, label)
        return self._case(ref.id, [image], class_label(label, _CLASSES))

    def preprocessing_of(self, case: Case) -> Preprocessing:
        """Axes to RAS by the affine; z-score of the voxels that are not 0."""
        enlarged = self.params.enlarge and case.id in _ENLARGED
        spacing = tuple(step / _FACTOR for step in ras_spacing(case)) if enlarged else None
        return Preprocessing(orientation="RAS", spacing=spacing, normalisation=self.normalisation)

    def _images(self, part: str) -> dict[str, Path]:
        return only(self.name, ((m[3], path) for path, m in self._of_form() if m[1] == part and not m[4]))

    def _labels(self, part: str) -> dict[str, Path]:
        coded = only(self.name, (((m[4], m[3]), path) for path, m in self._of_form() if m[1] == part and m[4]))
        by_preference = sorted(coded, key=lambda key: (-_LABELS.index(key[0]), len(key[1]), key[1]))
        return {patient: coded[coding, patient] for coding, patient in by_preference}

    def _of_form(self) -> Sequence[tuple[Path, re.Match[str]]]:
        form = self._form()
        return [(path, match) for path, match in self._files() if match[2] == form]

    def _form(self) -> str:
        root, wanted = require_root(self.name, self.root), self.params.form
        there = sorted({match[2] for _, match in self._files()})
        if wanted == "auto" and len(there) > 1:
            choices = " or ".join(f"form={form}" for form in there)
            raise UserError(f"dataset {self.name}: {root} holds {some(there)}; choose {choices}")
        if not there or wanted not in ("auto", *there):
            raise self._unknown_layout(root)
        return there[0] if wanted == "auto" else str(wanted)

    def _files(self) -> list[tuple[Path, re.Match[str]]]:
        return named(require_root(self.name, self.root), _NAME)

    def _unknown_layout(self, root: Path) -> UserError:
        if successor := named(root, _SUCCESSOR):
            return UserError(
                f"dataset {self.name}: {successor[0][0]} is of HVSMR-2.0, another task (chambers and vessels, no "
                "myocardium); get the 2016 challenge's data, or read it with the dataset folder"
            )
        form = "{axial_full,axial_crop,sa_crop}" if self.params.form == "auto" else self.params.form
        looked_for = [f"training_{form}_pat<N>.nii.gz and training_{form}_pat<N>-label.nii.gz, at any depth"]
        return layout_error(self.name, root, looked_for, ["training_*_pat*.nii*", "*pat0*"])

    def _id_of(self, path: Path) -> str:
        match = _NAME.fullmatch(path.name)
        return match[3] if match else stem(path)
