"""Images and masks in two plain folders."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ..benchmark.plugin import (
    Case,
    CaseRef,
    Split,
    Task,
    UserError,
    param,
)
from ._asked import AskedDataset
from ._files import require_root, some
from ._folder_files import Entry, find_lists, list_entries, read_names, read_table
from ._image_files import ImageFile, probe_first, read_image_file, stem_of
from ._labels import IGNORE, patient_of, read_label, safe_ids, split_ignored, write_values
from ._splits import published_split

_CHANNELS = {1: ("image",), 3: ("red", "green", "blue")}


class Folder(AskedDataset):
    """Your own images in `images/` and their masks, of the same names, in `masks/`.

    NIfTI, NRRD, MHA, HDF5, PNG, BMP or TIFF; images also JPEG. Pictures are grayscale or RGB; for several files a case,
    use the dataset nnunet. `masks` may be called `labels`; `masks_<annotator>/` holds further annotators' masks.

    Test part: `test/{images,masks}/` or `{images,masks}/test/` beside `train/` and `val/` (which train), lists
    `train.csv` and `test.csv` (or `.txt`, `.list`), or the column `part` of `cases.csv`; else k folds by seed. That
    table may also give a `patient`, and groups to break results down by. Licence: the data's own.
    """

    name = "folder"
    citation = "Your own data: cite them."
    tasks = ("all",)
    tried_on = "written trees"
    choice_params = ("patient",)

    class Params(AskedDataset.Params):
        """What the files do not say."""

        classes: tuple[str, ...] = param(("foreground",), help="names of the classes, e.g. classes=[organ, lesion]")
        values: tuple[int, ...] = param((), help="their values in the masks; unset: 1, 2 ..., of one class 1 or 255")
        ignore: int | None = param(None, ge=0, help="value of mask voxels that nothing may look at")
        mask_suffix: str = param("", help="what the masks' names have in addition, e.g. _mask")
        patient: str = param("", help="regular expression whose (group) is the patient, from a case's name")
        spacing: tuple[float, ...] | None = param(None, unit="mm", help="voxel size instead of the files' own")

    @property
    def task(self) -> Task:
        """The classes that were named; 2-D or 3-D, and with channels, as the first image is that can be read."""
        channels, ndim = self._probed
        names = _CHANNELS.get(channels) or tuple(f"channel{i}" for i in range(channels))
        return Task("all", self.params.classes, names, ndim=3 if ndim == 3 else 2)

    def cases(self) -> list[CaseRef]:
        """In the order of parts and names, with patient and groups out of `cases.csv`."""
        return [self._ref(key, entry) for key, entry in self._entries.items()]

    def tables(self) -> tuple[Path, ...]:
        """Files that say which case belongs where."""
        table = self._base / "cases.csv"
        return (*(find_lists(self._base) or ()), *([table] if table.is_file() else []))

    def split(self, fold: int, seed: int) -> Split | None:
        """By lists, `cases.csv` or folders, in this order; None where there is no test part."""
        ids = {entry.name: key for key, entry in self._entries.items()}
        if lists := find_lists(self._base):
            train, test = ([ids.get(name, name) for name in read_names(path)] for path in lists)
            return published_split(self.name, fold, train, test)
        parts = {key: self._facts(entry).get("part") or entry.part for key, entry in self._entries.items()}
        train, test = ([key for key, found in parts.items() if found == part] for part in ("train", "test"))
        return published_split(self.name, fold, train, test) if test else None

    def load(self, ref: CaseRef) -> Case:
        """Image float32 `[C, *spatial]`, label, ignored voxels, further annotators by name."""
        entry = self._entries[ref.id]
        image = self._read(entry.image)
        label, ignore = split_ignored(read_label(entry.mask, entry.image, image, self._table, self.trusts_headers))
        further = {
            name: split_ignored(read_label(path, entry.image, image, self._table, self.trusts_headers))[0]
            for name, path in entry.annotators.items()
        }
        return Case(ref.id, image.values, label, image.spacing, ignore, further, image.geometry)

    def read_image(self, path: Path) -> Case:
        """Read one image of any of the formats."""
        image = self._read(path)
        (key,) = safe_ids(self.name, [stem_of(path)]).values()
        return Case(key, image.values, None, image.spacing, geometry=image.geometry)

    def write_label(self, case: Case, label: Any, path: Path) -> Path:
        """Write `<id>.nii.gz`, or `.png` for pictures, with the masks' values; a picture's only class is 255."""
        values = self.params.values or tuple(range(1, len(self.params.classes) + 1))
        if self._table is None and label.ndim == 2:
            values = (255,)
        return write_values(case, label, path.with_name(case.id), {0: 0} | {i + 1: v for i, v in enumerate(values)})

    def _read(self, path: Path) -> ImageFile:
        image, given = read_image_file(path), self.params.spacing
        if given is not None and len(given) != len(image.shape):
            raise UserError(f"{path}: {len(image.shape)} axes; spacing={list(given)} has {len(given)} numbers")
        return ImageFile(image.values.astype(np.float32), given or image.spacing, image.affine)

    def _ref(self, key: str, entry: Entry) -> CaseRef:
        facts = self._facts(entry)
        groups = {name: value for name, value in facts.items() if name not in ("patient", "part") and value}
        patient = facts.get("patient") or patient_of(self.name, entry.name, self.params.patient)
        files = (entry.image, entry.mask, *entry.annotators.values())
        return CaseRef(key, patient, groups, files)

    def _facts(self, entry: Entry) -> dict[str, str]:
        return self._rows.get(entry.name, {})

    @cached_property
    def _probed(self) -> tuple[int, int]:
        return probe_first(entry.image for entry in self._entries.values())

    @cached_property
    def _base(self) -> Path:
        return require_root(self.name, self.root)

    @cached_property
    def _entries(self) -> dict[str, Entry]:
        entries = list_entries(self._base, self.params.mask_suffix, self.lacks)
        ids = safe_ids(self.name, entries)
        if not ids and not self.incomplete:
            raise UserError(f"dataset {self.name}: no image in {self._base / 'images'}; correct --data-root")
        return {ids[name]: entry for name, entry in entries.items()}

    @cached_property
    def _rows(self) -> dict[str, dict[str, str]]:
        path = self._base / "cases.csv"
        if not path.is_file():
            return {}
        rows, known = read_table(path), {entry.name for entry in self._entries.values()}
        unknown = [name for name in rows if name not in known]
        if unknown and not self.incomplete:  # else they may be those that were left out
            raise UserError(f"{path}: no image for {some(unknown)}; remove these rows or add the files")
        return rows

    @property
    def _table(self) -> dict[int, int] | None:
        """The masks' value -> nsbench's; None: 0 and 1, or 0 and 255."""
        classes, values = self.params.classes, self.params.values
        if values and len(values) != len(classes):
            raise UserError(f"dataset {self.name}: {len(values)} values for {len(classes)} classes; give one a class")
        if len(classes) == 1 and not values and self.params.ignore is None:
            return None
        table = {0: 0} | {value: i + 1 for i, value in enumerate(values or range(1, len(classes) + 1))}
        return table if self.params.ignore is None else table | {self.params.ignore: IGNORE}
