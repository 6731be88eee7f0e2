"""JSRT chest radiographs with the organ masks of SCR, as PNG folders."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ..benchmark.plugin import Case, CaseRef, Dataset, Split, Task, UserError, param
from ._files import require_root
from ._jsrt_forms import Form, find_form
from ._readers import binary_mask, read_grey_png
from ._writers import write_png

_MILLIMETRES = 0.175 * 2048
"""Width of the field of view: 2048 pixels of 0.175 mm."""


class JSRT(Dataset):
    """247 chest radiographs; lung, heart and clavicles overlap and are separate binary tasks.

    Reads `{training,validation}/{images,lung,heart,clavicle}/*.png`, also below `clean-data/`: 8-bit
    grayscale 256 x 256, masks of 0 and 255. The validation folder is the test part (197/50). Also PyMIC's form,
    lungs only: `image/`, `label/` and noisy labels in `label_noise1/`, split by `jsrt_train.csv` and `jsrt_test.csv`
    (180/47; the 20 validation cases are left out) beside them or in `config/data/`. The heart lies on one side, so
    nothing is mirrored. Licence: JSRT by registration; SCR forbids redistribution.
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
        """One patient an image, in the order of the names."""
        return self._form().cases()

    def split(self, fold: int, seed: int) -> Split | None:
        """As published: the folders, or the csv lists; None for a folder without lists."""
        return self._form().split(fold)

    def load(self, ref: CaseRef) -> Case:
        """Image float32 `[1, size, size]`, mask 0 and 1; masks of `label_noise1/` ... as annotations of that name."""
        image, mask, *others = ref.files
        case = self.read_image(image)
        size = case.geometry["size"]
        further = {path.parent.name: self._mask(path, size) for path in others}
        return Case(ref.id, case.image, self._mask(mask, size), case.spacing, annotations=further)

    def read_image(self, path: Path) -> Case:
        """Read one grayscale PNG."""
        pixels = read_grey_png(path)
        if pixels.shape[0] != pixels.shape[1] or len(pixels) < self.params.size:
            found, wanted = "x".join(map(str, pixels.shape)), f"square, at least {self.params.size} (parameter size)"
            raise UserError(f"{path}: image of {found} pixels; expected {wanted}")
        image = self._shrink(pixels.astype(np.float32))[None]
        return Case(path.stem, image, None, (_MILLIMETRES / self.params.size,) * 2, geometry={"size": pixels.shape})

    def write_label(self, case: Case, label: Any, path: Path) -> Path:
        """Write `<path>.png` of 0 and 255 at the image's own size."""
        return write_png(path, label, case.geometry["size"])

    def _mask(self, path: Path, size: tuple[int, ...]) -> np.ndarray:
        inside = binary_mask(path, read_grey_png(path))
        if inside.shape != size:
            raise UserError(f"{path}: mask of {inside.shape} pixels for an image of {size}; fetch both again")
        return np.asarray(self._shrink(inside * np.uint8(255)) > 127)

    def _shrink(self, pixels: np.ndarray) -> np.ndarray:
        side = self.params.size
        if pixels.shape == (side, side):
            return pixels
        return np.asarray(Image.fromarray(pixels).resize((side, side), Image.Resampling.BOX))

    def _form(self) -> Form:
        return find_form(require_root(self.name, self.root), self.task_name)
