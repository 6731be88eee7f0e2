"""Any dataset in the folders of nnU-Net, version 2."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ..benchmark.plugin import (
    Case,
    CaseRef,
    Dataset,
    Normalisation,
    Preprocessing,
    Split,
    Task,
    UserError,
    param,
)
from ._asked import asked_preprocessing
from ._files import require_root, some
from ._image_files import ImageFile, probe_first, read_same_grid
from ._labels import patient_of, read_label, safe_ids, split_ignored, write_values
from ._nnunet_files import Entry, channel_files, find_base, list_entries, read_spacing, read_splits
from ._nnunet_json import DatasetJson, read_dataset_json
from ._splits import published_split

_MINMAX = {"rescale_to_0_1", "rgb_to_0_1", "rescale0_1"}


class NNUNetRaw(Dataset):
    """Your own data, or any other, in the raw folders of nnU-Net v2; classes and channels as `dataset.json` says.

    Reads `dataset.json`, `imagesTr/<id>_0000<file_ending>`, `labelsTr/<id><file_ending>`, of NIfTI, NRRD, MHA, PNG,
    BMP or TIFF (`<id>.json` with `spacing` beside it), or the files that its field `dataset` lists. A dataset's folder,
    or one that holds a single one. Cases of `imagesTs/` count where `labelsTs/` has their label. Image and
    label must agree in shape, spacing and place; nnU-Net itself only warns of the latter: `trust_headers=false`.

    Voxels of the label `ignore` are neither trained on nor scored. Regions that overlap become disjoint classes, named
    after the regions that a voxel lies in (`whole+core`); `target` makes one class or region a binary task. Beyond
    nnU-Net: `labelsTr_<rater>/` holds further annotators' labels.

    Test part: `labelsTs/`, else a fold of `splits_final.json` beside `dataset.json`, else k folds by seed. Volumes are
    turned to RAS and, but for CT, cropped to what is not 0; CT is clipped to `clip`. Licence: the data's own.
    """

    name = "nnunet"
    citation = "Isensee et al., 'nnU-Net', Nature Methods 18, 2021; format: dataset_format.md of nnU-Net v2"
    tasks = ("all",)
    tried_on = "written trees"
    choice_params = ("fold", "patient")

    class Params(Dataset.Params):
        """What `dataset.json` does not say."""

        target: str | None = param(None, help="one class or region of dataset.json, as a binary task; unset: all")
        fold: int | None = param(None, ge=0, help="fold of splits_final.json; unset: labelsTs/, else fold 0")
        patient: str = param(
            "", help="regular expression whose (group) is the patient, from a case's id; unset: the id"
        )
        clip: tuple[float, float] = param((-1000.0, 1000.0), unit="HU", help="limits that CT is clipped to")
        resample: tuple[float, float, float] | None = param(
            None, unit="mm", help="spacing that volumes are brought to; unset: as they are"
        )
        trust_headers: bool = param(
            True, help="image and label must lie alike in space; false where headers are wrong: shapes alone must agree"
        )

    @property
    def task(self) -> Task:
        """All classes of `dataset.json`, or the one of `target`."""
        return Task("all", tuple(self._classes), self._info.channels, ndim=3 if self._ndim == 3 else 2)

    def cases(self) -> list[CaseRef]:
        """The training cases in the order of their names, then those test cases that have a label."""
        return [
            CaseRef(key, patient_of(self.name, entry.name, self.params.patient), {"part": entry.part}, entry.files)
            for key, entry in self._entries.items()
        ]

    def tables(self) -> tuple[Path, ...]:
        """`dataset.json` and, where it is there, `splits_final.json`."""
        return (self._json, self._splits) if self._splits.is_file() else (self._json,)

    def content_key(self) -> Any:
        """Channels in the order of their numbers, labels in that of the file, after which classes are named."""
        return [self._info.channels, list(self._info.labels.items())]

    def split(self, fold: int, seed: int) -> Split | None:
        """Test part `labelsTs/`, else a fold of `splits_final.json`; None where there is neither."""
        by_part = {part: [key for key, e in self._entries.items() if e.part == part] for part in ("train", "test")}
        if by_part["test"] and self.params.fold is None:
            return published_split(self.name, fold, by_part["train"], by_part["test"])
        if not self._splits.is_file():
            if self.params.fold is None:
                return None
            raise UserError(f"dataset {self.name}: fold={self.params.fold}: no {self._splits}; copy it there")
        wanted = self.params.fold or 0
        ids = {entry.name: key for key, entry in self._entries.items()}
        train, test = ([ids.get(name, name) for name in names] for names in read_splits(self._splits, wanted))
        published = published_split(self.name, fold, train, test)
        return Split(published.train, published.test, f"splits_final.json, fold {wanted}")

    def load(self, ref: CaseRef) -> Case:
        """Image float32 `[C, *spatial]`, label, ignored voxels, further annotators by name."""
        entry = self._entries[ref.id]
        image = self._read(entry.images, entry.spacing_file)
        table = self._info.table(self._classes)
        label, ignore = split_ignored(read_label(entry.label, entry.images[0], image, table, self.trusts_headers))
        further = {
            rater: split_ignored(read_label(path, entry.images[0], image, table, self.trusts_headers))[0]
            for rater, path in entry.raters.items()
        }
        return Case(ref.id, image.values, label, image.spacing, ignore, further, image.geometry)

    def preprocessing_of(self, case: Case) -> Preprocessing:
        """As nnU-Net chooses by the channels' names, with intensities of one image instead of the dataset's."""
        names = {name.lower() for name in self._info.channels}
        how: Normalisation = "none" if names == {"nonorm"} else "minmax" if names <= _MINMAX else "zscore"
        if names == {"ct"}:
            return asked_preprocessing(self.name, case, self.params.resample, self.params.clip, how)
        return asked_preprocessing(self.name, case, self.params.resample, None, how, crop="nonzero")

    def normalisation_of(self, case: Case) -> Normalisation:
        """That of `preprocessing_of`."""
        return self.preprocessing_of(case).normalisation

    def read_image(self, path: Path) -> Case:
        """Read an image by any one of its channel files, or by its only file."""
        name, files = channel_files(path, self._info.file_ending)
        beside = path.with_name(f"{name}.json")
        image = self._read(files, beside if beside.is_file() else None)
        (key,) = safe_ids(self.name, [name]).values()
        return Case(key, image.values, None, image.spacing, geometry=image.geometry)

    def write_label(self, case: Case, label: Any, path: Path) -> Path:
        """Write `<id>.nii.gz`, or `.png` for pictures, with the values of `dataset.json`, of a region its lowest."""
        values = {0: 0} | {i + 1: min(raw) for i, raw in enumerate(self._classes.values())}
        return write_values(case, label, path.with_name(case.id), values)

    def _read(self, files: tuple[Path, ...], spacing_file: Path | None) -> ImageFile:
        image = read_same_grid(files, self.trusts_headers)
        values = image.values.astype(np.float32)
        if len(values) != len(self._info.channels):
            found = f"{len(values)} channels in {some(path.name for path in files)}"
            raise UserError(f"{files[0]}: {found}; {self._json} names {len(self._info.channels)}")
        if spacing_file is None or image.spacing is not None:
            return ImageFile(values, image.spacing, image.affine)
        return ImageFile(values, read_spacing(spacing_file, len(image.shape)))

    @cached_property
    def _json(self) -> Path:
        return find_base(require_root(self.name, self.root)) / "dataset.json"

    @property
    def _splits(self) -> Path:
        return self._json.with_name("splits_final.json")

    @cached_property
    def _info(self) -> DatasetJson:
        return read_dataset_json(self._json)

    @cached_property
    def _classes(self) -> dict[str, set[int]]:
        return self._info.classes(self._json, self.params.target)

    @cached_property
    def _entries(self) -> dict[str, Entry]:
        entries = list_entries(self._json.parent, self._info, self.lacks)
        ids = safe_ids(self.name, [entry.name for entry in entries])
        return {ids[entry.name]: entry for entry in entries}

    @cached_property
    def _ndim(self) -> int:
        return probe_first(entry.images[0] for entry in self._entries.values())[1] if self._entries else 3
