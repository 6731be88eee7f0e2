"""JSRT chest radiographs with the organ masks of SCR, as PNG folders."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ..benchmark.plugin import Case, CaseRef, Dataset, Split, Task, UserError, param
from ._files import layout_error, pair, require_root, visible
from ._readers import binary_mask, read_grey_png
from ._splits import published_split
from ._writers import write_png

_PARTS = ("training", "validation")
_MILLIMETRES = 0.175 * 2048
"""Width of the field of view: 2048 pixels of 0.175 mm."""


class JSRT(Dataset):
    """247 chest radiographs; lung, heart and clavicles overlap and are separate binary tasks.

    Reads `{training,validation}/{images,lung,heart,clavicle}/*.png`, also below `clean-data/`: 8-bit
    grayscale 256 x 256, masks of 0 and 255. The validation folder is the test part (197/50). The heart lies
    on one side, so nothing is mirrored. Licence: JSRT by registration; SCR forbids redistribution.
    """

    name = "jsrt"
    citation = (
        "Shiraishi et al., 'Development of a digital image database for chest radiographs', AJR 2000; "
        "van Ginneken et al., 'Segmentation of anatomical structures in chest radiographs', MedIA 2006"
    )
    tasks = ("heart", "lung", "clavicle")
    tried_on = "real files"

    class Params(Dataset.Params):
        """How the files are read."""

        size: int = param(
            256, ge=32, le=2048, unit="pixel", help="side that images (by area) and masks (by majority) are brought to"
        )

    @property
    def task(self) -> Task:
        """One organ; tagged where the images are not used at 256 x 256."""
        size = self.params.size
        tags = () if size == 256 else (f"resampled to {size}x{size}",)
        return Task(self.task_name, (self.task_name,), ("radiograph",), ndim=2, tags=tags)

    def cases(self) -> list[CaseRef]:
        """One patient an image, in the order of the names; group `part` is the folder."""
        base = self._base()
        found = []
        for part in _PARTS:
            images, masks = (self._pngs(base / part / name) for name in ("images", self.task_name))
            for name, image, mask in pair(self.name, images, masks):
                found.append(CaseRef(name, name, {"part": part}, (image, mask)))
        return found

    def split(self, fold: int, seed: int) -> Split:
        """As published: the folders."""
        by_part = {part: [ref.id for ref in self.cases() if ref.groups["part"] == part] for part in _PARTS}
        return published_split(self.name, fold, by_part["training"], by_part["validation"])

    def load(self, ref: CaseRef) -> Case:
        """Image float32 `[1, size, size]`, mask 0 and 1."""
        image, mask = ref.files
        case = self.read_image(image)
        inside = binary_mask(mask, read_grey_png(mask))
        if inside.shape != case.geometry["size"]:
            raise UserError(
                f"{mask}: mask of {inside.shape} pixels for an image of {case.geometry['size']}; fetch both again"
            )
        return Case(ref.id, case.image, self._shrink(inside * np.uint8(255)) > 127, case.spacing)

    def read_image(self, path: Path) -> Case:
        """Read one grayscale PNG."""
        pixels = read_grey_png(path)
        image = self._shrink(pixels.astype(np.float32))[None]
        return Case(path.stem, image, None, (_MILLIMETRES / self.params.size,) * 2, geometry={"size": pixels.shape})

    def write_label(self, case: Case, label: Any, path: Path) -> Path:
        """Write `<path>.png` of 0 and 255 at the image's own size."""
        return write_png(path, label, case.geometry["size"])

    def _shrink(self, pixels: np.ndarray) -> np.ndarray:
        side = self.params.size
        if pixels.shape == (side, side):
            return pixels
        return np.asarray(Image.fromarray(pixels).resize((side, side), Image.Resampling.BOX))

    def _base(self) -> Path:
        root = require_root(self.name, self.root)
        for base in (root, root / "clean-data"):
            if all((base / part / "images").is_dir() and (base / part / self.task_name).is_dir() for part in _PARTS):
                return base
        wanted = [f"{{training,validation}}/{{images,{self.task_name}}}/*.png", "clean-data/ with the same inside"]
        raise layout_error(self.name, root, wanted, ["training/images", "images", "All247images"])

    @staticmethod
    def _pngs(folder: Path) -> dict[str, Path]:
        return {path.stem: path for path in visible(folder, ".png")}
