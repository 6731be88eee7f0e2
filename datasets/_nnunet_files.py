"""Which files of an nnU-Net raw folder make up a case."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from ..benchmark.plugin import UserError
from ._files import layout_error, reading, some, visible
from ._nnunet_json import DatasetJson, ListedCase
from ._pairs import complete_pairs

_RATER = re.compile(r"labelsTr_(.+)")


@dataclass(frozen=True)
class Entry:
    """Files of one case.

    Attributes
    ----------
    part
        `train` (`imagesTr`) or `test` (`imagesTs` with `labelsTs`).
    raters
        Further labels by the name of their folder, less `labelsTr_`.
    spacing_file
        `<id>.json` beside TIFF images.
    """

    name: str
    images: tuple[Path, ...]
    label: Path
    part: str = "train"
    raters: dict[str, Path] = field(default_factory=dict)
    spacing_file: Path | None = None

    @property
    def files(self) -> tuple[Path, ...]:
        """All of them."""
        return (*self.images, self.label, *self.raters.values(), *([self.spacing_file] if self.spacing_file else []))


def find_base(root: Path) -> Path:
    """The folder of `dataset.json`: the given one, or the only dataset in it."""
    found = [base for base in (root, *(p for p in visible(root) if p.is_dir())) if (base / "dataset.json").is_file()]
    if not found:
        layout = "dataset.json, imagesTr/<id>_0000<file_ending>, labelsTr/<id><file_ending>"
        raise layout_error("nnunet", root, [layout], ["dataset.json", "imagesTr", "plans.json", "nnUNetPlans.json"])
    if found[0] != root and len(found) > 1:
        names = some(base.name for base in found)
        raise UserError(f"dataset nnunet: {root} holds {names}; choose one: --data-root nnunet={found[0]}")
    return found[0]


def list_entries(base: Path, info: DatasetJson, lacks: Callable[[str], None]) -> list[Entry]:
    """All labeled cases: those of `dataset` in `dataset.json`, else of the folders.

    Parameters
    ----------
    lacks
        Told of images without label, labels without image, cases that lack a channel (all of them are named), and
        another number of training cases than `numTraining`.
    """
    if info.dataset is None:
        train, count = _folder_entries(base, info, "Tr", lacks), _count(base, info)
    else:
        train, count = _listed_entries(base, info.dataset, lacks), len(info.dataset)
    test = _folder_entries(base, info, "Ts", lacks) if (base / "labelsTs").is_dir() else []
    if info.numTraining not in (None, count):
        found = f"numTraining is {info.numTraining}, {count} training cases are there"
        lacks(f"{base / 'dataset.json'}: {found}; complete the data folder or correct the number")
    return train + test


def channel_files(path: Path, ending: str) -> tuple[str, tuple[Path, ...]]:
    """Case name and all channels of the image that one of its files, or its only file, belongs to."""
    stem = path.name.removesuffix(ending)
    match = re.fullmatch(r"(.+)_\d{4}", stem)
    if not match:
        return stem, (path,)
    name = match[1]
    return name, tuple(_channels(path.parent, ending)[name].values())


def read_splits(path: Path, fold: int) -> tuple[list[str], list[str]]:
    """Training and validation names of one fold of `splits_final.json`.

    Raises
    ------
    UserError
        When the file is damaged or has no such fold.
    """
    with reading(path, "JSON list of {train, val}"):
        folds = [(list(map(str, part["train"])), list(map(str, part["val"]))) for part in json.loads(path.read_text())]
    if fold >= len(folds):
        raise UserError(f"{path}: no fold {fold}; there are {len(folds)}, counted from 0")
    return folds[fold]


def read_spacing(path: Path, ndim: int) -> tuple[float, ...]:
    """The spacing that a json file beside a TIFF gives, in the order of its axes.

    Raises
    ------
    UserError
        When the file is damaged or does not hold one positive number per axis.
    """
    with reading(path, "JSON with spacing"):
        spacing = tuple(float(step) for step in json.loads(path.read_text())["spacing"])
    if len(spacing) != ndim or not all(0 < step < float("inf") for step in spacing):
        raise UserError(f"{path}: spacing {spacing}; expected {ndim} positive millimetres")
    return spacing


def _listed_entries(base: Path, listed: dict[str, ListedCase], lacks: Callable[[str], None]) -> list[Entry]:
    found = [
        Entry(name, tuple(_absolute(base, text) for text in case.images), _absolute(base, case.label))
        for name, case in listed.items()
    ]
    if absent := [path for entry in found for path in entry.files if not path.is_file()]:
        lacks(f"{base / 'dataset.json'}: lists {some(absent, 3)}, which is missing; correct its field dataset")
    return [entry for entry in found if not set(entry.files) & set(absent)]


def _absolute(base: Path, text: str) -> Path:
    return (base / os.path.expandvars(text)).resolve()


def _folder_entries(base: Path, info: DatasetJson, part: str, lacks: Callable[[str], None]) -> list[Entry]:
    for folder in (f"images{part}", f"labels{part}"):
        if not (base / folder).is_dir():
            raise layout_error("nnunet", base, [f"{folder}/ beside dataset.json"], ["imagesTr", "labelsTr"])
    images = _channels(base / f"images{part}", info.file_ending)
    labels = _labels(base / f"labels{part}", info.file_ending)
    if part == "Ts":  # published test images without label are no mistake
        images = {name: files for name, files in images.items() if name in labels}
    whole = _with_all_channels(base / f"images{part}", images, lacks)
    labels = {name: path for name, path in labels.items() if name in whole or name not in images}
    raters = _raters(base, info.file_ending) if part == "Tr" else {}
    found = []
    firsts = {name: files[0] for name, files in whole.items()}
    for name, _, label in complete_pairs("nnunet", firsts, labels, lacks):
        beside = base / f"images{part}" / f"{name}.json"
        own = {rater: files[name] for rater, files in raters.items() if name in files}
        spacing_file = beside if beside.is_file() else None
        kind = "train" if part == "Tr" else "test"
        found.append(Entry(name, tuple(whole[name].values()), label, kind, own, spacing_file))
    return found


def _count(base: Path, info: DatasetJson) -> int:
    """Training cases of which there is any file."""
    images, labels = (base / "imagesTr", base / "labelsTr")
    return len(_channels(images, info.file_ending).keys() | _labels(labels, info.file_ending).keys())


def _channels(folder: Path, ending: str) -> dict[str, dict[int, Path]]:
    """Case name -> channel -> file."""
    found: dict[str, dict[int, Path]] = {}
    for path in visible(folder):
        if match := re.fullmatch(rf"(.+)_(\d{{4}}){re.escape(ending)}", path.name):
            found.setdefault(match[1], {})[int(match[2])] = path
    return found


def _with_all_channels(
    folder: Path, images: dict[str, dict[int, Path]], lacks: Callable[[str], None]
) -> dict[str, dict[int, Path]]:
    wanted = {channel for files in images.values() for channel in files} | {0}
    if lacking := [f"{name}_{i:04}" for name, files in images.items() for i in sorted(wanted - set(files))]:
        lacks(f"dataset nnunet: {folder} lacks {some(lacking)}; every case needs the same channels")
    return {name: files for name, files in images.items() if wanted <= set(files)}


def _labels(folder: Path, ending: str) -> dict[str, Path]:
    return {path.name.removesuffix(ending): path for path in visible(folder) if path.name.endswith(ending)}


def _raters(base: Path, ending: str) -> dict[str, dict[str, Path]]:
    folders = {match[1]: path for path in visible(base) if (match := _RATER.fullmatch(path.name)) and path.is_dir()}
    return {rater: _labels(folder, ending) for rater, folder in folders.items()}
