"""A plugin for tests: oblique volumes of thick slices, each stored in an orientation of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import nibabel
import numpy as np
from nibabel.orientations import apply_orientation, axcodes2ornt, inv_ornt_aff, ornt_transform

from nsbench import Case, CaseRef, Dataset, Preprocessing, Task, UserError, param

SHAPE, SPACING = (40, 36, 10), (1.5, 1.5, 8.0)
CODES = ("RAS", "LPI", "PIR", "SRA", "ALS", "RPS")


class Tilted(Dataset):
    """NIfTI volumes `images/ID.nii.gz`, `labels/ID.nii.gz` and, of a second reader, `second/ID.nii.gz`."""

    name = "tilted"
    citation = "None: written by the tests."
    tasks = ("blob",)

    class Params(Dataset.Params):
        """The recipe."""

        spacing: tuple[float, ...] | None = param(None, help="to resample to")
        orientation: str | None = param("RAS", help="to bring volumes to")
        crop: Literal["none", "nonzero"] = param("none", help="what is kept")

    @property
    def task(self) -> Task:
        return Task("blob", ("body", "core"))

    def cases(self) -> list[CaseRef]:
        assert self.root is not None
        names = sorted(path.name for path in (self.root / "images").iterdir())
        folders = ("images", "labels", "second")
        paths = {name: [self.root / folder / name for folder in folders] for name in names}
        return [CaseRef(n.split(".")[0], n.split(".")[0], {}, tuple(p for p in paths[n] if p.exists())) for n in names]

    def load(self, ref: CaseRef) -> Case:
        case = self.read_image(ref.files[0])
        case.label = _read(ref.files[1])[0].astype(np.uint8)
        case.annotations = {path.parent.name: _read(path)[0].astype(np.uint8) for path in ref.files[2:]}
        return case

    def preprocessing_of(self, case: Case) -> Preprocessing:
        p = self.params
        return Preprocessing(orientation=p.orientation, spacing=p.spacing, crop=p.crop, clip=(-200.0, 900.0))

    def read_image(self, path: Path) -> Case:
        data, affine = _read(path)
        spacing = tuple(np.linalg.norm(affine[:3, :3], axis=0).tolist())
        return Case(path.name.split(".")[0], data[None].astype(np.float32), None, spacing, geometry={"affine": affine})

    def write_label(self, case: Case, label: Any, path: Path) -> Path:
        target = path.with_name(f"{case.id}.nii.gz")
        nibabel.save(nibabel.Nifti1Image(label, case.geometry["affine"]), target)
        return target

    @classmethod
    def write(cls, root: Path, cases: int = len(CODES)) -> Path:
        """A tree of volumes: a body of 2 classes in air, seen by two readers."""
        for index in range(cases):
            image, label = _scan(index)
            second = np.roll(label, 3, axis=0)
            for folder, array in {"images": image, "labels": label, "second": second}.items():
                (root / folder).mkdir(parents=True, exist_ok=True)
                nibabel.save(_stored(array, CODES[index % len(CODES)]), root / folder / f"p{index}.nii.gz")
        return root


def _scan(index: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(index)
    axes = np.meshgrid(*(np.arange(n) for n in SHAPE), indexing="ij")
    centre = (14 + index, 16, 4)
    away = sum(((x - c) / r) ** 2 for x, c, r in zip(axes, centre, (9, 7, 3)))
    label = (away < 1).astype(np.uint8) + (away < 0.35)
    inside = sum(((x - (n - 1) / 2) / (n / 2 - 3)) ** 2 for x, n in zip(axes, SHAPE)) < 1
    image = np.where(inside, 100 + 300.0 * label + rng.normal(0, 10, SHAPE), 0)
    return image.astype(np.int16), label


def _stored(array: np.ndarray, codes: str) -> nibabel.Nifti1Image:
    turn = np.deg2rad(12)
    rotation = np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]])
    affine = nibabel.affines.from_matvec(rotation @ np.diag(SPACING), (-20, 30, -40))
    axes = ornt_transform(axcodes2ornt("RAS"), axcodes2ornt(codes))
    return nibabel.Nifti1Image(apply_orientation(array, axes), affine @ inv_ornt_aff(axes, array.shape))


def _read(path: Path) -> tuple[np.ndarray, np.ndarray]:
    try:
        file = nibabel.load(path)
        return np.asarray(file.dataobj), file.affine
    except (OSError, EOFError, nibabel.filebasedimages.ImageFileError) as error:
        raise UserError(f"{path}: damaged or no NIfTI file ({error}); fetch it again") from error
