"""What the two BraTS releases share: skull-stripped modalities on one grid, grades, tissues."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from ..benchmark.plugin import Case, CaseRef, Preprocessing, Split, Task, UserError
from ._draws import draw, drawn_split, generator
from ._files import layout_error, require_root, some
from ._search import files_below
from ._volume import check_same_grid, class_label
from ._volume_dataset import VolumeDataset

LABEL = "label"
UNKNOWN = "unknown"
_MASSL_CASES, _MASSL_TEST = 220, 50
Parts = dict[str, Path]
"""Files of one case by modality, and its label."""


class BratsDataset(VolumeDataset):
    """Base of the two adapters; a subclass says how files are called and which values stand for which tissue."""

    normalisation = "zscore-nonzero"
    is_1_mm = True
    modalities: ClassVar[tuple[str, ...]]
    tissues: ClassVar[Mapping[int, str]]
    layout: ClassVar[str]
    landmarks: ClassVar[tuple[str, ...]]
    remedy: ClassVar[str] = "fetch the label again"
    """What to do about a label of other values."""

    @property
    def task(self) -> Task:
        """All tumour tissues as one class, or each as a class; mirrored left to right."""
        classes = tuple(self.tissues.values()) if self.task_name == "tissues" else ("whole tumour",)
        return Task(self.task_name, classes, self._wanted(), ndim=3, flips=(0,))

    def cases(self) -> list[CaseRef]:
        """The labeled scans of the wanted grade, in the order of their ids."""
        root = require_root(self.name, self.root)
        scans = {name: parts for name, parts in self._scans(root).items() if not _is_unlabeled(root, parts)}
        if not scans:
            raise layout_error(self.name, root, [self.layout], self.landmarks)
        wanted = (*self._wanted(), LABEL)
        complete = sorted(self._complete(scans).items())
        refs = [self._ref(root, name, [parts[part] for part in wanted]) for name, parts in complete]
        return self._of_grade(refs, self.params.grade)

    def load(self, ref: CaseRef) -> Case:
        """Image float32 `[C, x, y, z]`; label 0 and 1, or one value a tissue."""
        *images, label = (self._read(path) for path in ref.files)
        check_same_grid(images[0], label)
        table = {0: 0, **{value: index + 1 for index, value in enumerate(self.tissues)}}
        tissues = class_label(label, table, self.remedy)
        return self._case(ref.id, images, tissues if self.task_name == "tissues" else (tissues > 0).astype(np.uint8))

    def preprocessing_of(self, case: Case) -> Preprocessing:
        """Axes to RAS by the affine, cropped to the brain, z-score within it."""
        return Preprocessing(orientation="RAS", crop="nonzero", normalisation=self.normalisation)

    @abstractmethod
    def _part_of(self, path: Path) -> tuple[str, str] | None:
        """Id of the case and modality (or `LABEL`) of a file; None for a file that is neither."""

    def _stored(self, label: Any) -> np.ndarray:
        # the whole tumour has the value of its first tissue
        return np.array((0, *self.tissues), np.uint8)[np.asarray(label, np.intp)]

    def _wanted(self) -> tuple[str, ...]:
        chosen: str = self.params.modality
        return self.modalities if chosen == "all" else (chosen,)

    def _scans(self, folder: Path) -> dict[str, Parts]:
        found: dict[str, Parts] = {}
        for path in files_below(folder):
            if what := self._part_of(path):
                parts = found.setdefault(what[0], {})
                if what[1] in parts:
                    raise UserError(f"dataset {self.name}: {parts[what[1]]} and {path} are the same scan; keep one")
                parts[what[1]] = path
        return found

    def _complete(self, scans: Mapping[str, Parts]) -> dict[str, Parts]:
        lacking = {name: [part for part in (*self._wanted(), LABEL) if part not in scans[name]] for name in scans}
        if gaps := [f"{name} (no {some(parts)})" for name, parts in lacking.items() if parts]:
            self.lacks(f"dataset {self.name}: incomplete cases {some(gaps)}; complete or remove their folders")
        return {name: parts for name, parts in scans.items() if not lacking[name]}

    def _ref(self, root: Path, name: str, files: Sequence[Path]) -> CaseRef:
        # ids end with the number of the scan
        return CaseRef(name, re.sub(r"_\d+$", "", name), {"grade": _grade(root, files[0])}, tuple(files))

    def _of_grade(self, refs: Sequence[CaseRef], grade: str) -> list[CaseRef]:
        if grade == "all" or not refs:
            return list(refs)
        if unknown := [ref.id for ref in refs if ref.groups["grade"] == UNKNOWN]:
            raise UserError(
                f"dataset {self.name}: {grade} is asked for, but the grade of {some(unknown, 3)} is unknown: they lie "
                "in no folder HGG or LGG; restore these folders, or use grade=all without a split that needs grades"
            )
        if chosen := [ref for ref in refs if ref.groups["grade"] == grade]:
            return chosen
        raise UserError(f"dataset {self.name}: none of the {len(refs)} cases in {self.root} is {grade}; use grade=all")

    def _massl(self, fold: int, seed: int, choices: str) -> Split:
        """120 + 50 to train and 50 to test of 220 HGG; refused, with the choices, unless there are as many.

        Without choices, the same shares of however many there are.
        """
        refs = self._of_grade(self.cases(), "HGG")
        if len(refs) != _MASSL_CASES and choices:
            raise UserError(
                f"dataset {self.name}: split=massl is 120 + 50 training and 50 test cases of {_MASSL_CASES} HGG, but "
                f"{self.root} has {len(refs)} (BraTS 2018 has 210, BRATS 2015 has 220). Choose {choices}"
            )
        test = draw(refs, round(len(refs) * _MASSL_TEST / _MASSL_CASES), generator(self.name, seed, fold))
        source = "counts of MASSL, whose lists are unpublished" if choices else "shares of MASSL on HGG"
        return drawn_split(refs, test, source, seed, fold)

    def _channel_files(self, path: Path) -> Sequence[Path]:
        if path.is_file() and len(self._wanted()) == 1:
            return [path]
        what = self._part_of(path) if path.is_file() else None
        scans = self._scans(path if path.is_dir() else self._case_folder(path))
        parts = scans.get(what[0] if what else next(iter(scans), ""), {})
        if absent := [name for name in self._wanted() if name not in parts]:
            raise UserError(f"{path}: no {some(absent)} of this scan found; expected {self.layout}")
        return [parts[name] for name in self._wanted()]

    def _case_folder(self, path: Path) -> Path:
        return path.parent

    def _id_of(self, path: Path) -> str:
        files = [path] if path.is_file() else files_below(path)
        return next((what[0] for file in files if (what := self._part_of(file))), super()._id_of(path))


def _is_unlabeled(root: Path, parts: Parts) -> bool:
    """Whether a case is one of the challenge's validation or test scans, whose labels are unreleased."""
    folders = next(iter(parts.values())).relative_to(root).parts[:-1]
    return LABEL not in parts and any(word in f.lower() for f in folders for word in ("validation", "testing"))


def _grade(root: Path, path: Path) -> str:
    """The grade, as the folders at or below the root tell it."""
    folders = (root.resolve().name, *path.relative_to(root).parts)
    return next((grade for grade in ("HGG", "LGG") if grade in folders), UNKNOWN)
