"""The 2018 left atrium challenge, in the community's h5 form and in the challenge's NRRD form."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ..benchmark.plugin import Case, CaseRef, Dataset, Normalisation, Split, Task, UserError, param
from ._files import layout_error, require_root, some, visible
from ._readers import binary_mask, nrrd_spacing, read_h5, read_nifti, read_nrrd
from ._splits import published_split, read_list
from ._writers import write_nifti, write_nrrd

_SPACING = 0.625
_H5_FOLDER = "2018LA_Seg_Training Set"
_NRRD_PAIR = ("lgemri.nrrd", "laendo.nrrd")
_FILE_NAMES = ("mri_norm2.h5", "lgemri.nrrd")
_PARTS = ("Training Set", "Testing Set")


class LeftAtrium(Dataset):
    """100 (h5) or 154 (NRRD) late gadolinium-enhanced MR volumes with the left atrium.

    h5 form (Yu et al. 2019): `train.list`, `test.list`, `2018LA_Seg_Training Set/<ID>/mri_norm2.h5` with `image`
    and `label`, also below `data/`; 80/20. Its volumes were cropped around the ground truth, test scans
    included (tag `gt_cropped`). float32 images are z-scored by the publisher and left as they are; integer
    images are raw and z-scored here. Spacing: the attribute `spacing`, else 0.625 mm.

    NRRD form: `<ID>/lgemri.nrrd` and `laendo.nrrd` of 0 and 255, below `Training Set/` and `Testing Set/` or
    directly. The headers say 1 mm, the challenge 0.625 mm: that is used; a header that says anything else is
    believed. Licence: no redistribution.
    """

    name = "la"
    citation = (
        "Xiong et al., 'A global benchmark of algorithms for segmenting the left atrium from late "
        "gadolinium-enhanced cardiac MRI', MedIA 2021; h5 form: Yu et al., 'UA-MT', MICCAI 2019"
    )
    tasks = ("atrium",)
    tried_on = "real files"

    class Params(Dataset.Params):
        """How the files are read."""

        layout: Literal["auto", "h5", "nrrd"] = param("auto", help="which form the folder has; auto: look")
        spacing: float | None = param(None, gt=0, unit="mm", help="isotropic spacing instead of the files' own")

    @property
    def task(self) -> Task:
        """The atrial cavity; mirrored as Yu et al. do, never head to foot."""
        tags = ("gt_cropped",) if self._form() == "h5" else ()
        return Task("atrium", ("atrium",), ("LGE-MRI",), ndim=3, flips=(0, 1), tags=tags)

    def cases(self) -> list[CaseRef]:
        """All labeled scans; the release has no patient map, so each counts as a patient."""
        return self._h5_cases() if self._form() == "h5" else self._nrrd_cases()

    def split(self, fold: int, seed: int) -> Split | None:
        """The lists of the h5 form, or the two folders of the NRRD form; None where there is one folder only."""
        refs = self.cases()
        train, test = ([ref.id for ref in refs if ref.groups["part"] == part] for part in ("train", "test"))
        return published_split(self.name, fold, train, test) if test else None

    def load(self, ref: CaseRef) -> Case:
        """Image float32 `[1, x, y, z]`, label 0 and 1."""
        case = self.read_image(ref.files[0])
        if self._form() == "h5":
            arrays, _ = read_h5(ref.files[0], ["image", "label"])
            label = arrays["label"]
        else:
            label = binary_mask(ref.files[1], read_nrrd(ref.files[1])[0])
        return Case(ref.id, case.image, label, case.spacing, geometry=case.geometry)

    def normalisation_of(self, case: Case) -> Normalisation:
        """`none` for volumes that their publisher z-scored, else `zscore`."""
        return "none" if case.geometry.get("normalised") else "zscore"

    def read_image(self, path: Path) -> Case:
        """Read an h5, NRRD or NIfTI volume."""
        geometry: dict[str, Any]
        if path.suffix == ".h5":
            arrays, spacing = read_h5(path, ["image"])
            raw, geometry = arrays["image"], {"normalised": arrays["image"].dtype.kind == "f"}
        elif path.suffix == ".nrrd":
            raw, header = read_nrrd(path)
            spacing, geometry = _resampled(header), {"header": header}
        elif path.name.endswith((".nii", ".nii.gz")):
            raw, affine, spacing = read_nifti(path)
            geometry = {"affine": affine}
        else:
            raise UserError(f"{path}: unknown kind of file; expected .h5, .nrrd, .nii or .nii.gz")
        # in both forms every scan's file has the same name, and its folder the scan's
        name = path.parent.name if path.name in _FILE_NAMES else path.name.removesuffix(".gz").rsplit(".", 1)[0]
        return Case(name, raw[None].astype(np.float32), None, self._spacing(spacing), geometry=geometry)

    def write_label(self, case: Case, label: Any, path: Path) -> Path:
        """Write `<ID>.nrrd` with the image's header for NRRD, else `<ID>.nii.gz`."""
        target = path.with_name(case.id)
        if "header" in case.geometry:
            return write_nrrd(target, label, case.geometry["header"])
        return write_nifti(target, label, case.geometry.get("affine"), case.spacing)

    def _spacing(self, found: tuple[float, ...] | None) -> tuple[float, ...]:
        if self.params.spacing is not None:
            return (self.params.spacing,) * 3
        return found or (_SPACING,) * 3

    def _form(self) -> str:
        root = require_root(self.name, self.root)
        h5, nrrd = self._h5_base(root), self._nrrd_folders(root)
        wanted = self.params.layout
        if h5 is not None and wanted in ("auto", "h5"):
            return "h5"
        if nrrd and wanted in ("auto", "nrrd"):
            return "nrrd"
        layouts = [f"train.list, test.list and {_H5_FOLDER}/<ID>/mri_norm2.h5", "[Training Set/]<ID>/lgemri.nrrd"]
        raise layout_error(self.name, root, layouts, ["train.list", "mri_norm2.h5", "lgemri.nrrd"])

    @staticmethod
    def _h5_base(root: Path) -> Path | None:
        return next((base for base in (root, root / "data") if (base / "train.list").is_file()), None)

    def _h5_cases(self) -> list[CaseRef]:
        base = self._h5_base(require_root(self.name, self.root))
        assert base is not None
        found = []
        for part in ("train", "test"):
            for name in read_list(base / f"{part}.list"):
                path = base / _H5_FOLDER / name / "mri_norm2.h5"
                found.append(CaseRef(name, name, {"part": part}, (path,)))
        if absent := [ref.files[0] for ref in found if not ref.files[0].is_file()]:
            raise UserError(f"dataset {self.name}: the lists name {some(absent, 3)}, which is missing; fetch it again")
        return found

    @staticmethod
    def _nrrd_folders(root: Path) -> list[tuple[str, Path]]:
        bases = [("train", root / _PARTS[0]), ("test", root / _PARTS[1])]
        if not bases[0][1].is_dir():
            bases = [("train", root)]
        folders = [(part, p) for part, base in bases if base.is_dir() for p in visible(base)]
        return [(part, folder) for part, folder in folders if any((folder / name).is_file() for name in _NRRD_PAIR)]

    def _nrrd_cases(self) -> list[CaseRef]:
        folders = self._nrrd_folders(require_root(self.name, self.root))
        if absent := [p / name for _, p in folders for name in _NRRD_PAIR if not (p / name).is_file()]:
            raise UserError(f"dataset {self.name}: {some(absent, 3)} missing; complete or remove these folders")
        return [CaseRef(p.name, p.name, {"part": part}, (p / "lgemri.nrrd", p / "laendo.nrrd")) for part, p in folders]


def _resampled(header: Mapping[str, Any]) -> tuple[float, ...] | None:
    """The header's spacing in mm; None for the 1 mm that the publisher's headers say, or none."""
    steps = nrrd_spacing(header)
    return None if steps is None or np.allclose(steps, 1) else steps
