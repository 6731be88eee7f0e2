"""Mapillary Vistas: street scenes from all over the world."""

from __future__ import annotations

import json
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from ..benchmark.plugin import Case, CaseRef, Dataset, Split, Task, UserError, param
from ._files import layout_error, reading, require_root
from ._labels import IGNORE, safe_ids
from ._mapillary_classes import TO_CITYSCAPES
from ._pairs import complete_pairs, with_known_format
from ._splits import published_split
from ._street import CHANNELS, CITYSCAPES_IDS, StreetDataset

_PARTS = ("training", "validation")


class Mapillary(StreetDataset):
    """18000 street scenes to train and 2000 to test, with the 65 scored classes of v1.2 or those of v2.0.

    Reads `{training,validation}/images/*.jpg`, `.../<version>/labels/*.png` and `config_<version>.json`, or the older
    download's `.../labels/*.png` and `config.json` (v1.2). Classes are those that the configuration calls evaluated;
    pixels of the others are neither trained on nor scored. Task `cityscapes`: the 19 classes of Cityscapes, by a table
    of nsbench's (none is published). The validation part is the test part. Licence: by registration, research only.
    """

    name = "mapillary"
    citation = "Neuhold et al., 'The Mapillary Vistas dataset for semantic understanding of street scenes', ICCV 2017"
    tasks = ("all", "cityscapes")
    tried_on = "written trees"

    class Params(Dataset.Params):
        """Which labels are read, and how large the pictures are used."""

        version: Literal["v1.2", "v2.0"] = param("v1.2", help="of the labels")
        shrink: int = param(1, ge=1, le=16, help="divides width and height: images by area, labels by nearest pixel")

    @property
    def task(self) -> Task:
        """The configuration's classes, or those of Cityscapes; left and right may be swapped."""
        return Task(self.task_name, tuple(self._classes), CHANNELS, ndim=2, flips=(1,), tags=self._tags())

    def cases(self) -> list[CaseRef]:
        """Both labeled parts; a picture counts as a patient, for nobody knows which are of one place."""
        return [ref for part in _PARTS for ref in self._of_part(part)]

    def tables(self) -> tuple[Path, ...]:
        """The configuration."""
        return (self._config,)

    def content_key(self) -> Any:
        """Names of the values, and whether they are evaluated."""
        return self._labels

    def split(self, fold: int, seed: int) -> Split | None:
        """As published, the validation part to test."""
        refs = self.cases()
        train, test = ([ref.id for ref in refs if ref.groups["part"] == part] for part in _PARTS)
        return published_split(self.name, fold, train, test)

    def load(self, ref: CaseRef) -> Case:
        """Image float32 `[3, rows, columns]`, label, ignored pixels; no spacing."""
        table = dict.fromkeys((*range(len(self._labels)), IGNORE), IGNORE)
        for i, values in enumerate(self._classes.values()):
            table |= dict.fromkeys(values, i + 1)
        return self._labeled(ref.id, ref.files[0], ref.files[1], table)

    def write_label(self, case: Case, label: Any, path: Path) -> Path:
        """Write `<id>.png` at the picture's own size: the configuration's values, or label ids of Cityscapes.

        No class at all is 255, or 0 as in Cityscapes.
        """
        if self.task_name == "cityscapes":
            return self._write(case, label, path, {0: 0} | {i + 1: v for i, v in enumerate(CITYSCAPES_IDS.values())})
        return self._write(case, label, path, {0: IGNORE} | {i + 1: v[0] for i, v in enumerate(self._classes.values())})

    @cached_property
    def _config(self) -> Path:
        root = require_root(self.name, self.root)
        names = [f"config_{self.params.version}.json", *(["config.json"] if self.params.version == "v1.2" else [])]
        found = next((root / name for name in names if (root / name).is_file()), None)
        if found is None or not all((root / part / "images").is_dir() for part in _PARTS):
            layouts = [f"training/images/*.jpg, training/{self.params.version}/labels/*.png and {names[0]}"]
            raise layout_error(self.name, root, layouts, ["config_v*.json", "config.json", "training/images"])
        return found

    @cached_property
    def _labels(self) -> list[tuple[str, bool]]:
        """Name of each value, and whether it is evaluated."""
        with reading(self._config, "JSON of Mapillary Vistas"):
            entries = json.loads(self._config.read_text(encoding="utf-8"))["labels"]
            labels = [(str(entry["name"]), bool(entry["evaluate"])) for entry in entries]
        if not 0 < len(labels) < IGNORE:
            raise UserError(f"{self._config}: {len(labels)} labels; expected 1 to {IGNORE - 1}; fetch it again")
        return labels

    @cached_property
    def _classes(self) -> dict[str, tuple[int, ...]]:
        """Class -> values of the files."""
        if self.task_name == "all":
            return {name: (value,) for value, (name, evaluated) in enumerate(self._labels) if evaluated}
        if self.params.version != "v1.2":
            raise UserError(f"dataset {self.name}: task cityscapes is for version=v1.2, not {self.params.version}")
        values: dict[str, list[int]] = {wanted: [] for wanted in CITYSCAPES_IDS}
        for value, (name, _) in enumerate(self._labels):
            if name in TO_CITYSCAPES:
                values[TO_CITYSCAPES[name]].append(value)
        return {wanted: tuple(found) for wanted, found in values.items()}

    def _of_part(self, part: str) -> list[CaseRef]:
        base = self._config.parent / part
        below = base / self.params.version / "labels"
        folder = below if below.is_dir() or self.params.version != "v1.2" else base / "labels"
        if not folder.is_dir():
            raise layout_error(self.name, base, [f"{self.params.version}/labels/*.png"], ["labels", "*/labels"])
        images, labels = (dict(with_known_format(where, self.lacks)) for where in (base / "images", folder))
        ids = safe_ids(self.name, images)
        return [
            CaseRef(ids[name], ids[name], {"part": part}, (image, label))
            for name, image, label in complete_pairs(self.name, images, labels, self.lacks)
        ]
