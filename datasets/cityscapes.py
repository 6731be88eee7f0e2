"""Cityscapes: street scenes of 50 cities."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..benchmark.plugin import Case, CaseRef, Dataset, Split, Task, param
from ._files import layout_error, require_root, visible
from ._labels import IGNORE
from ._pairs import complete_pairs
from ._splits import published_split
from ._street import CHANNELS, CITYSCAPES_IDS, StreetDataset

_IMAGE, _LABEL = "_leftImg8bit.png", "_gtFine_labelIds.png"
_PARTS = ("train", "val")
_LICENCE_PLATE = 255
"""-1 in the publisher's table, which PNG stores as 255."""

_TABLE = dict.fromkeys((*range(34), _LICENCE_PLATE), IGNORE)
_TABLE |= {value: i + 1 for i, value in enumerate(CITYSCAPES_IDS.values())}


class Cityscapes(StreetDataset):
    """2975 street scenes to train and 500 to test, finely labeled, 19 classes.

    Reads `leftImg8bit/{train,val}/<city>/*_leftImg8bit.png` and `gtFine/.../*_gtFine_labelIds.png`: 2048 x 1024 RGB.
    The other 15 classes are neither trained on nor scored. The validation part is the test part, for the test part's
    labels are not public. A city counts as a patient. Predictions have the values of `labelIds`, as the publisher's
    evaluation wants them. Licence: by registration, non-commercial; no redistribution.
    """

    name = "cityscapes"
    citation = "Cordts et al., 'The Cityscapes dataset for semantic urban scene understanding', CVPR 2016"
    tasks = ("scene",)
    tried_on = "written trees"

    class Params(Dataset.Params):
        """How large the pictures are used."""

        shrink: int = param(1, ge=1, le=16, help="divides width and height: images by area, labels by nearest pixel")

    @property
    def task(self) -> Task:
        """The 19 classes; left and right may be swapped."""
        return Task("scene", tuple(CITYSCAPES_IDS), CHANNELS, ndim=2, flips=(1,), tags=self._tags())

    def cases(self) -> list[CaseRef]:
        """Both labeled parts; group `city`."""
        root = require_root(self.name, self.root)
        if absent := [p for p in _PARTS for kind in ("leftImg8bit", "gtFine") if not (root / kind / p).is_dir()]:
            layouts = [f"leftImg8bit/{part}/<city>/*{_IMAGE}, gtFine/{part}/<city>/*{_LABEL}" for part in absent[:1]]
            raise layout_error(self.name, root, layouts, ["leftImg8bit/train", "gtFine/train", "leftImg8bit", "gtFine"])
        return [ref for part in _PARTS for ref in self._of_part(root, part)]

    def split(self, fold: int, seed: int) -> Split | None:
        """As published, the validation part to test."""
        refs = self.cases()
        train, test = ([ref.id for ref in refs if ref.groups["part"] == part] for part in _PARTS)
        return published_split(self.name, fold, train, test)

    def load(self, ref: CaseRef) -> Case:
        """Image float32 `[3, rows, columns]`, label 0..19, ignored pixels; no spacing."""
        return self._labeled(ref.id, ref.files[0], ref.files[1], _TABLE)

    def write_label(self, case: Case, label: Any, path: Path) -> Path:
        """Write `<id>.png` of label ids at the picture's own size; no class at all is 0, unlabeled."""
        return self._write(case, label, path, {0: 0} | {i + 1: v for i, v in enumerate(CITYSCAPES_IDS.values())})

    def _of_part(self, root: Path, part: str) -> list[CaseRef]:
        images, labels = _by_name(root / "leftImg8bit" / part, _IMAGE), _by_name(root / "gtFine" / part, _LABEL)
        return [
            CaseRef(name, image.parent.name, {"part": part, "city": image.parent.name}, (image, label))
            for name, image, label in complete_pairs(self.name, images, labels, self.lacks)
        ]


def _by_name(folder: Path, ending: str) -> dict[str, Path]:
    cities = [city for city in visible(folder) if city.is_dir()]
    files = [path for city in cities for path in visible(city) if path.name.endswith(ending)]
    return {path.name.removesuffix(ending): path for path in files}
