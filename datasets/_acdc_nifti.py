"""ACDC as the challenge ships it, in NIfTI."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path

from ..benchmark.plugin import Case, CaseRef, UserError
from ._acdc_forms import OFFICIAL, SSL4MIS, Form, Parts, Wanted, patient_of
from ._files import reading, some
from ._nifti import SUFFIX, read_nifti_volume, stem
from ._search import named, only
from ._volume import Volume, check_same_grid, stack_channels

_NAME = re.compile(rf"(patient\d+_frame\d+)(_gt|_scribble)?{SUFFIX}")
_INFO = re.compile(r"Info\.cfg")


class NiftiForm(Form):
    """The challenge's: `patient<NNN>/patient<NNN>_frame<NN>.nii.gz` and `_gt`, phases told by `Info.cfg`."""

    description = "{training,testing}/patient001/{Info.cfg,patient001_frame01.nii.gz,patient001_frame01_gt.nii.gz}"

    def fits(self) -> bool:
        return any(not match[2] for _, match in self._files)

    def cases(self, scribbles: bool, parts: Mapping[str, str] | None, lacks: Callable[[str], None]) -> list[CaseRef]:
        files = only("acdc", (((m[1], m[2] or ""), path) for path, m in self._files))
        found = []
        bare = [name for name, kind in files if kind == "_gt" and (name, "") not in files]
        for (name, kind), image in files.items():
            if kind or (OFFICIAL.get(patient_of(name)) == "test" and (name, "_gt") not in files):
                continue
            part = (parts or {}).get(patient_of(name), "")
            drawn = "_scribble" if scribbles and part == "train" else "_gt"
            if (name, drawn) not in files:
                bare.append(f"{name}{drawn}")
                continue
            try:
                facts = _facts(image, name)
            except UserError as error:
                lacks(str(error))
                continue
            groups = {"part": part, "label": drawn[1:], **facts}
            found.append(CaseRef(name, patient_of(name), groups, (image, files[name, drawn])))
        if bare:
            missing = some(f"{name}.nii.gz" for name in bare)
            lacks(f"dataset acdc: {missing} missing below {self.root}; complete the data folder")
        return found

    def tables(self) -> tuple[Path, ...]:
        return tuple(path for path, _ in named(self.root, _INFO))

    def parts(self, wanted: Wanted) -> Parts | None:
        there = {patient_of(m[1]) for _, m in self._files if m[2] == "_gt"}
        choices = {"official": OFFICIAL, "ssl4mis": SSL4MIS}
        if wanted in choices and not there >= choices[wanted].keys():
            absent = sorted(choices[wanted].keys() - there)
            raise UserError(
                f"dataset acdc: split={wanted} needs the labels of {len(choices[wanted])} patients, and those of "
                f"{some(absent, 4)} are not there; complete the data folder, or choose split=k-fold"
            )
        names = {"auto": ("official", "ssl4mis"), "k-fold": ()}.get(wanted, (wanted,))
        return next((choices[name] for name in names if there >= choices[name].keys()), None)

    @staticmethod
    def read(path: Path) -> Case:
        volume = read_nifti_volume(path)
        geometry = {"affine": volume.affine}
        return Case(stem(path), stack_channels([volume]), None, volume.spacing, geometry=geometry)

    def label(self, ref: CaseRef, image: Case) -> Volume:
        drawn = read_nifti_volume(ref.files[1])
        assert image.spacing is not None
        check_same_grid(Volume(ref.files[0], image.image[0], image.geometry["affine"], image.spacing), drawn)
        return drawn

    @cached_property
    def _files(self) -> list[tuple[Path, re.Match[str]]]:
        return named(self.root, _NAME)


def _facts(image: Path, name: str) -> dict[str, str]:
    """Phase of the heart beat and pathology, out of Info.cfg beside the image or one folder above."""
    path = next((p for folder in image.parents[:2] if (p := folder / "Info.cfg").is_file()), image.parent / "Info.cfg")
    with reading(path, "text"):
        rows = [line.partition(":") for line in path.read_text(encoding="utf-8-sig").splitlines()]
    info = {key.strip(): value.strip() for key, _, value in rows}
    frame = int(name.rpartition("_frame")[2])
    phase = next((phase for phase in ("ED", "ES") if info.get(phase) == str(frame)), None)
    if phase is None:
        frames = f"ED {info.get('ED', 'missing')} and ES {info.get('ES', 'missing')}"
        raise UserError(f"{image}: frame {frame} is no phase that {path} names ({frames}); fetch the patient again")
    return {"phase": phase, "pathology": info.get("Group", "unknown")}
