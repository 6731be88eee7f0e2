"""Made-up scans, generated from a seed: needs no data, and its truth is exact."""

from __future__ import annotations

import math
import re
import zlib
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ..benchmark.plugin import Case, CaseRef, Dataset, Split, Task, UserError, param
from . import _phantom_anatomy as anatomy
from ._phantom_scanner import Site, acquire, paint
from ._phantom_shapes import grid
from ._readers import read_nifti
from ._splits import published_split
from ._writers import write_nifti

_FIELD_OF_VIEW = 96.0
_DEPTH = 5 / 6
_CLASSES = {"chamber": ("chamber",), "lesions": ("lesion",), "multiclass": ("wall", "cavity", "side_cavity")}
_FLIPS = {"chamber": (0,), "lesions": (0,), "multiclass": ()}


class Phantom(Dataset):
    """Generated scans: a chamber with tubes, lesions of all sizes, or several classes; 2-D or 3-D.

    Each case has its own smooth anatomy, partial volume, a bias field, Rician noise and unlabeled
    structures as bright as the labeled ones. Cases go round the sites, which differ in contrast,
    bias, noise, sharpness and voxel size (group `site`). A case depends on the parameters and its
    id alone: bit for bit the same whatever other cases there are.

    The first three quarters of the cases are the training part, the others the test part.
    Predictions are made on NIfTI files and written as such.
    """

    name = "phantom"
    citation = "nsbench, generated; Rician noise: Gudbjartsson and Patz, Magn Reson Med 34(6), 1995"
    tasks = ("chamber", "lesions", "multiclass")
    needs_root = False
    tried_on = "generated"

    class Params(Dataset.Params):
        """What is generated."""

        ndim: Literal[2, 3] = param(3, help="volumes or single slices")
        cases: int = param(40, ge=2, unit="cases", help="training and test cases together")
        size: int | None = param(None, ge=16, le=512, unit="voxel", help="in-plane width; unset: 64 in 3-D, 96 in 2-D")
        spacing: float | None = param(None, gt=0, unit="mm", help="in-plane; unset: a field of view of 96 mm")
        slice_spacing: float | None = param(None, gt=0, unit="mm", help="between slices; unset: 4/3 of the in-plane")
        seed: int = param(0, ge=0, help="other cases and other sites for every seed")
        population: Literal["a", "b"] = param("a", help="`b`: another contrast, smaller and more branched anatomy")
        sites: int = param(3, ge=1, unit="sites", help="scanners that the cases come from by turns")

    @property
    def task(self) -> Task:
        """The task; the middle classes of `multiclass` are nested and touch."""
        name = self.task_name
        return Task(name, _CLASSES[name], ndim=self.params.ndim, flips=_FLIPS[name], tags=("generated",))

    def cases(self) -> list[CaseRef]:
        """`case000`, `case001`, ...: one patient each, without files."""
        return [self._ref(index) for index in range(self.params.cases)]

    def split(self, fold: int, seed: int) -> Split:
        """The first 75 % of the cases for training, the others for the test."""
        ids = [ref.id for ref in self.cases()]
        cut = min(math.ceil(0.75 * len(ids)), len(ids) - 1)
        return published_split(self.name, fold, ids[:cut], ids[cut:])

    def load(self, ref: CaseRef) -> Case:
        """Generate one case: image `[1, *spatial]`, in intensity units of its site."""
        index = _index(ref)
        site = Site.draw(self._rng("site", index % self.params.sites))
        shape, base = self._geometry()
        spacing = tuple(step * site.stretch for step in base)
        x = grid(shape, spacing, unit=shape[0] * base[0])
        layers = getattr(anatomy, self.task_name)(x, self._rng("anatomy", index), self._population)
        signal, label = paint(layers, width=float(np.mean(spacing)) / (shape[0] * base[0]))
        image = acquire(signal, x, site, self._rng("scan", index))
        return Case(ref.id, image[None], label, spacing)

    def read_image(self, path: Path) -> Case:
        """Read a NIfTI image of the task's dimension."""
        data, affine, spacing = read_nifti(path)
        if data.ndim != self.params.ndim:
            raise UserError(f"{path}: {data.ndim} axes; expected {self.params.ndim} (parameter ndim)")
        geometry = {"affine": affine}
        return Case(path.name.split(".nii")[0], data[None].astype(np.float32), None, spacing, geometry=geometry)

    def write_label(self, case: Case, label: Any, path: Path) -> Path:
        """Write `<path>.nii.gz` with the image's affine."""
        return write_nifti(path, label, case.geometry.get("affine"), case.spacing)

    @property
    def _population(self) -> anatomy.Population:
        return anatomy.POPULATIONS[self.params.population]

    def _ref(self, index: int) -> CaseRef:
        name = f"case{index:03d}"
        return CaseRef(name, patient=name, groups={"site": f"site{index % self.params.sites}"})

    def _rng(self, purpose: str, index: int) -> np.random.Generator:
        """An independent stream for each purpose and index; sites are shared by the tasks."""
        what = [] if purpose == "site" else [self.task_name, str(self.params.ndim)]
        key = "/".join([purpose, self.params.population, *what])
        return np.random.default_rng([self.params.seed, zlib.crc32(key.encode()), index])

    def _geometry(self) -> tuple[tuple[int, ...], tuple[float, ...]]:
        """Shape, and spacing before the site's stretch; the field of view keeps its proportions."""
        size = self.params.size or (64 if self.params.ndim == 3 else 96)
        step = self.params.spacing or _FIELD_OF_VIEW / size
        if self.params.ndim == 2:
            return (size, size), (step, step)
        slices = self.params.slice_spacing or 4 / 3 * step
        depth = max(8, round(size * step * _DEPTH / slices))
        return (size, size, depth), (step, step, slices)


def _index(ref: CaseRef) -> int:
    match = re.fullmatch(r"case(\d{3,})", ref.id)
    if match is None:
        raise UserError(f"dataset phantom: no case {ref.id!r}; cases are named case000, case001 ...")
    return int(match[1])
