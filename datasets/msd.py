"""Medical Segmentation Decathlon: any of its ten tasks, as dataset.json describes it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from ..benchmark.plugin import Case, CaseRef, Normalisation, Preprocessing, Split, Task, UserError, param
from ._draws import draw, drawn_split, generator
from ._files import layout_error, require_root
from ._msd_json import Description, read_description
from ._nifti import read_nifti_channels, stem
from ._volume import check_same_grid, class_label
from ._volume_dataset import VolumeDataset

_FOLDERS: Mapping[str, tuple[str, str, tuple[int, ...]]] = {
    "pancreas": ("Task07_Pancreas", "pancreas_", ()),
    "brain-tumour": ("Task01_BrainTumour", "BRATS_", (0,)),
    "heart": ("Task02_Heart", "la_", ()),
    "liver": ("Task03_Liver", "liver_", ()),
    "hippocampus": ("Task04_Hippocampus", "hippocampus_", (0,)),
    "prostate": ("Task05_Prostate", "prostate_", (0,)),
    "lung": ("Task06_Lung", "lung_", ()),
    "hepatic-vessel": ("Task08_HepaticVessel", "hepaticvessel_", ()),
    "spleen": ("Task09_Spleen", "spleen_", ()),
    "colon": ("Task10_Colon", "colon_", ()),
}
"""Task -> folder, begin of the file names, axes of plausible mirror images."""
_ATSO_CASES, _ATSO_TEST = 281, 81
_RSTN_WINDOW = (-100.0, 240.0)


class MSD(VolumeDataset):
    """The ten tasks of the Medical Segmentation Decathlon: the labeled scans that each dataset.json lists.

    Reads `Task<NN>_<Name>/dataset.json` and the files that it names, or a task's folder itself. Labels of the test
    scans are unreleased, so those are not listed. Task07 (pancreas): the tumour is merged into the pancreas, as ATSO's
    evaluation seems to do. Licence: CC BY-SA 4.0.
    """

    name = "msd"
    citation = "Antonelli et al., 'The Medical Segmentation Decathlon', Nature Communications 2022"
    tasks = (
        "pancreas",
        "brain-tumour",
        "heart",
        "liver",
        "hippocampus",
        "prostate",
        "lung",
        "hepatic-vessel",
        "spleen",
        "colon",
    )
    normalisation = "zscore"
    tried_on = "written trees"
    choice_params = ("split",)

    class Params(VolumeDataset.Params):
        """How labels are merged, scans prepared and split."""

        labels: Literal["auto", "merged", "classes"] = param(
            "auto",
            help="merged: one class of all labels > 0; classes: as dataset.json lists them; auto: pancreas merged",
        )
        lowest: float | None = param(
            None, unit="HU", source="RSTN, published code", help="clip CT from here; unset: -100 for pancreas"
        )
        highest: float | None = param(
            None, unit="HU", source="RSTN, published code", help="clip CT up to here; unset: 240 for pancreas"
        )
        slice_spacing: float | None = param(
            None, gt=0, unit="mm", source="ATSO, 4.2", help="resample slices to it; ATSO does, without saying to what"
        )
        split: Literal["auto", "k-fold", "atso"] = param(
            "auto",
            source="ATSO, 4.2",
            help="atso: 200/81 of the 281 of pancreas; auto: that where all are there, else k-fold",
        )

    @property
    def task(self) -> Task:
        """Classes and channels of dataset.json."""
        found = self._description
        classes = (self.task_name,) if self._merged else found.classes
        return Task(self.task_name, classes, found.channels, ndim=3, flips=_FOLDERS[self.task_name][2])

    def cases(self) -> list[CaseRef]:
        """The labeled scans in the order of dataset.json; the release has no patient map, so each is a patient."""
        found, prefix = self._description, _FOLDERS[self.task_name][1]
        refs = [CaseRef(stem(image), stem(image), {}, (image, label)) for image, label in found.training]
        if other := [ref.id for ref in refs if not ref.id.startswith(prefix)]:
            task = next(
                (name for name, (_, begin, _) in _FOLDERS.items() if other[0].startswith(begin)), "another task"
            )
            raise UserError(
                f"{found.path}: lists {other[0]}, but the files of {self.task_name} begin with {prefix}; "
                f"correct --data-root, or ask for {self.name}:{task}"
            )
        return refs

    def tables(self) -> tuple[Path, ...]:
        """The task's dataset.json."""
        return (self._description.path,)

    def content_key(self) -> Any:
        """Labels and modalities in the order of their numbers."""
        return [self._description.classes, self._description.channels]

    def split(self, fold: int, seed: int) -> Split | None:
        """None, or ATSO's counts for pancreas: 200 (unlabeled there) and 81, drawn by seed, its lists unpublished."""
        if self.params.split == "k-fold" or (self.params.split == "auto" and self.task_name != "pancreas"):
            return None
        refs = self.cases()
        if self.task_name == "pancreas" and len(refs) == _ATSO_CASES:
            test = draw(refs, _ATSO_TEST, generator(self.name, seed, fold))
            return drawn_split(refs, test, "counts of ATSO, whose lists are unpublished", seed, fold)
        if self.params.split == "auto":
            return None
        raise UserError(
            f"dataset {self.name}: split=atso tests on 81 of the {_ATSO_CASES} scans of pancreas, but {len(refs)} of "
            f"{self.task_name} are there; complete the data folder, or choose split=k-fold"
        )

    def load(self, ref: CaseRef) -> Case:
        """Image float32 `[C, x, y, z]`, label 0 and 1 or 0 to the number of classes."""
        found = self._description
        images, label = read_nifti_channels(ref.files[0], len(found.channels)), self._read(ref.files[1])
        check_same_grid(images[0], label)
        stored = range(1, len(found.classes) + 1)
        table = {0: 0, **{value: 1 if self._merged else value for value in stored}}
        return self._case(ref.id, images, class_label(label, table))

    def read_image(self, path: Path) -> Case:
        """Read one unlabeled NIfTI file with the channels of the task."""
        return self._case(stem(path), read_nifti_channels(path, len(self.task.channels)))

    def preprocessing_of(self, case: Case) -> Preprocessing:
        """Axes to RAS by the affine; CT windowed where a window is known; brain tumours within the brain."""
        return Preprocessing(
            orientation="RAS",
            spacing=(None, None, self.params.slice_spacing) if self.params.slice_spacing else None,
            crop="nonzero" if self.task_name == "brain-tumour" else "none",
            clip=self._window,
            normalisation=self.normalisation_of(case),
        )

    def normalisation_of(self, case: Case) -> Normalisation:
        """Windowed CT to [0, 1], as RSTN does; brain tumours by the brain's z-score, all others by z-score."""
        if self._window is not None:
            return "minmax"
        return "zscore-nonzero" if self.task_name == "brain-tumour" else "zscore"

    @property
    def _merged(self) -> bool:
        return bool(self.params.labels == "merged" or (self.params.labels == "auto" and self.task_name == "pancreas"))

    @property
    def _window(self) -> tuple[float, float] | None:
        low, high = self.params.lowest, self.params.highest
        if low is None and high is None:
            return _RSTN_WINDOW if self.task_name == "pancreas" else None
        if "CT" not in self._description.channels:
            raise UserError(f"dataset {self.name}: lowest and highest are for CT, and {self.task_name} is not")
        if low is None or high is None or low >= high:
            raise UserError(f"dataset {self.name}: lowest={low}, highest={high}; give both, the lower one first")
        return float(low), float(high)

    @cached_property
    def _description(self) -> Description:
        root, folder = require_root(self.name, self.root), _FOLDERS[self.task_name][0]
        places = (root / "dataset.json", root / folder / "dataset.json")
        path = next((place for place in places if place.is_file()), None)
        if path is None:
            wanted = [f"{folder}/dataset.json", f"dataset.json, imagesTr/ and labelsTr/ of {folder}"]
            raise layout_error(
                self.name, root, wanted, [f"{folder}/dataset.json", folder, f"{folder}.tar", "dataset.json"]
            )
        return read_description(path, self.lacks)
