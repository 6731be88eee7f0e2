"""ACDC as SSL4MIS and WSL4MIS ship it, in HDF5."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np

from ..benchmark.plugin import Case, CaseRef, UserError
from ._acdc_forms import Form, Parts, Wanted, patient_of
from ._files import some
from ._readers import read_h5
from ._search import named, only
from ._splits import read_list
from ._volume import Volume

_NAME = re.compile(r"(patient\d+_frame\d+)(?:_slice_(\d+))?\.h5")
_LIST = re.compile(r"(train|val|test)\.list")


class H5Form(Form):
    """SSL4MIS's: `data/<case>.h5` of (z, y, x), lists of cases; scribbles slice by slice (WSL4MIS)."""

    description = "{train,val,test}.list and data/patient001_frame01.h5, or ACDC_training_volumes/patient001_frame01.h5"

    def fits(self) -> bool:
        return any(not match[2] for _, match in self._files)

    def cases(self, scribbles: bool, parts: Mapping[str, str] | None, lacks: Callable[[str], None]) -> list[CaseRef]:
        volumes = only("acdc", ((m[1], path) for path, m in self._files if not m[2]))
        listed = [name for path in self._lists.values() for name in read_list(path)]
        if absent := [name for name in listed if name not in volumes]:
            lacks(f"dataset acdc: the lists name {some(absent, 4)}, whose .h5 is missing; fetch it again")
        found = []
        for name in (name for name in listed or volumes if name in volumes):
            part = (parts or {}).get(patient_of(name), "")
            scribbled = scribbles and part == "train"
            groups = {"part": part, "label": "scribble" if scribbled else "label"}
            files = (volumes[name], *(self._slices.get(name, ()) if scribbled else ()))
            found.append(CaseRef(name, patient_of(name), groups, files))
        return found

    def tables(self) -> tuple[Path, ...]:
        return tuple(self._lists.values())

    def parts(self, wanted: Wanted) -> Parts | None:
        lists = self._lists
        if wanted == "official":
            raise UserError("dataset acdc: split=official needs the NIfTI form; choose split=auto or split=k-fold")
        listed = {"train", "test"} <= lists.keys()
        if wanted == "ssl4mis" and not listed:
            raise UserError(
                f"dataset acdc: no train.list and test.list below {self.root}; add them, or choose split=k-fold"
            )
        if wanted == "k-fold" or not listed:
            return None
        return {patient_of(name): part for part, path in lists.items() for name in read_list(path)}

    @staticmethod
    def read(path: Path) -> Case:
        arrays, spacing = read_h5(path, ["image"])
        image = _turned(path, arrays["image"])[None].astype(np.float32)
        return Case(path.stem, image, None, spacing[::-1] if spacing else None)

    def label(self, ref: CaseRef, image: Case) -> Volume:
        key, (volume, *slices) = ref.groups["label"], ref.files
        drawn = [read_h5(path, [key])[0][key] for path in slices or [volume]]
        stored = _turned(slices[0], _stacked(slices, drawn)) if slices else _turned(volume, drawn[0])
        if stored.shape != image.image.shape[1:]:
            shapes = " and an image of ".join(str(found) for found in (stored.shape, image.image.shape[1:]))
            raise UserError(f"{(slices or [volume])[0]}: a {key} of {shapes} voxels; fetch the case again")
        return Volume(volume, stored, np.eye(4), (1.0, 1.0, 1.0))

    @cached_property
    def _files(self) -> list[tuple[Path, re.Match[str]]]:
        return named(self.root, _NAME)

    @cached_property
    def _slices(self) -> dict[str, list[Path]]:
        """Files of single slices by case, in the order of their numbers."""
        found: dict[str, list[Path]] = {}
        numbered = ((int(m[2]), path, m[1]) for path, m in self._files if m[2])
        for _, path, name in sorted(numbered):
            found.setdefault(name, []).append(path)
        return found

    @cached_property
    def _lists(self) -> dict[str, Path]:
        return only("acdc", sorted((m[1], path) for path, m in named(self.root, _LIST)))


def _turned(path: Path, values: np.ndarray) -> np.ndarray:
    """(z, y, x) to (x, y, z), the order that the other form has."""
    if values.ndim != 3:
        raise UserError(f"{path}: an array of {values.ndim} axes; expected a volume (z, y, x)")
    return values.transpose(2, 1, 0)


def _stacked(slices: Sequence[Path], drawn: Sequence[np.ndarray]) -> np.ndarray:
    """Slices as (z, y, x)."""
    if len({one.shape for one in drawn}) > 1:
        raise UserError(f"{slices[0]}: this slice and the case's others differ in shape; fetch the case again")
    return np.stack(drawn)
