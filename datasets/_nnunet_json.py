"""What nnU-Net's `dataset.json` (version 2) says of channels, classes and files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel, Field, ValidationError

from ..benchmark.plugin import UserError
from ._files import reading, some
from ._labels import IGNORE


class ListedCase(BaseModel):
    """Files of one case, relative to `dataset.json`; environment variables are expanded."""

    images: list[str]
    label: str


class DatasetJson(BaseModel):
    """The fields of `dataset.json` that matter here; the others are left alone."""

    channel_names: dict[str, str] = Field(min_length=1)
    labels: dict[str, int | list[int]]
    file_ending: str
    numTraining: int | None = None
    dataset: dict[str, ListedCase] | None = None

    @property
    def channels(self) -> tuple[str, ...]:
        """Names by index."""
        return tuple(self.channel_names[key] for key in sorted(self.channel_names, key=int))

    @property
    def ignored(self) -> int | None:
        """The value of voxels without annotation."""
        value = self.labels.get("ignore")
        return value if isinstance(value, int) else None

    @property
    def regions(self) -> dict[str, set[int]]:
        """Foreground classes and regions: name -> values."""
        named = {name: value for name, value in self.labels.items() if name not in ("background", "ignore")}
        return {name: set(value) if isinstance(value, list) else {value} for name, value in named.items()}

    def classes(self, path: Path, target: str | None) -> dict[str, set[int]]:
        """Disjoint classes: name -> values of the file.

        A value that lies in several regions becomes a class named after all of them (`whole+core`).

        Parameters
        ----------
        target
            One class or region that is wanted alone; None for all.
        """
        if target is not None:
            if target not in self.regions:
                raise UserError(f"{path}: no label {target!r}; target can be {some(self.regions, 20)}")
            return {target: self.regions[target]}
        found: dict[str, set[int]] = {}
        for value in sorted(set().union(*self.regions.values()) - {0}):
            name = "+".join(name for name, values in self.regions.items() if value in values)
            found.setdefault(name, set()).add(value)
        return found

    def table(self, classes: dict[str, set[int]]) -> dict[int, int]:
        """The file's value -> nsbench's."""
        table = {value: 0 for value in (0, *set().union(*self.regions.values()))}
        for i, values in enumerate(classes.values()):
            table |= {value: i + 1 for value in values}
        return table if self.ignored is None else table | {self.ignored: IGNORE}


def read_dataset_json(path: Path) -> DatasetJson:
    """Read and check `dataset.json`.

    Raises
    ------
    UserError
        When it is no JSON, of nnU-Net's version 1, incomplete, or its labels are not as nnU-Net wants them.
    """
    with reading(path, "JSON"):
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    if isinstance(content, dict) and "modality" in content and "channel_names" not in content:
        remedy = "use the dataset msd for it, or convert it with nnUNetv2_convert_MSD_dataset"
        raise UserError(f"{path}: of the Medical Segmentation Decathlon or of nnU-Net version 1; {remedy}")
    try:
        found = DatasetJson.model_validate(content)
    except ValidationError as error:
        where = ".".join(map(str, error.errors()[0]["loc"])) or "the file"
        raise UserError(f"{path}: {where}: {error.errors()[0]['msg']}; see nnU-Net's dataset_format.md") from error
    if faults := list(_faults(found)):
        raise UserError(f"{path}: {'; '.join(faults)}; correct it as nnU-Net's dataset_format.md says")
    return found


def _faults(found: DatasetJson) -> Iterator[str]:
    if sorted(found.channel_names) != sorted(map(str, range(len(found.channel_names)))):
        yield f"channel_names has the keys {some(found.channel_names)}, expected 0, 1 ..."
    if found.labels.get("background", 0) != 0:
        yield f"labels: background is {found.labels['background']}, expected 0"
    if not found.regions:
        yield "labels: no class besides background"
        return
    values = {0}.union(*found.regions.values(), () if found.ignored is None else {found.ignored})
    if values != set(range(len(values))):
        yield f"labels: values {some(sorted(values))} are not 0, 1, 2 ... without a gap"
    if found.ignored is not None and found.ignored != max(values):
        yield f"labels: ignore is {found.ignored}, expected the highest value"
    if len(values) > IGNORE:
        yield f"labels: {len(values)} values, at most {IGNORE} can be used"
