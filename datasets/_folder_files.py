"""Which images and masks of plain folders belong together, and what tables say of them."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ..benchmark.plugin import UserError
from ._files import layout_error, reading, some, visible
from ._image_files import stem_of
from ._pairs import complete_pairs, with_known_format
from ._splits import read_list

_PARTS = {"train": "train", "training": "train", "val": "train", "validation": "train", "test": "test"}
"""Folder of a part -> training or test part: cases for validation are held out by the harness, from the former."""

_MASKS = ("masks", "labels")
_LISTS = ("csv", "txt", "list")
_ID_COLUMNS = ("id", "image", "name")


@dataclass(frozen=True)
class Entry:
    """Files of one case.

    Attributes
    ----------
    part
        `train`, `test`, or empty where folders do not say.
    annotators
        Further masks by the name of their folder, less `masks_`.
    """

    name: str
    image: Path
    mask: Path
    part: str = ""
    annotators: dict[str, Path] = field(default_factory=dict)


def list_entries(root: Path, mask_suffix: str, lacks: Callable[[str], None]) -> dict[str, Entry]:
    """All cases by name, in the order of parts and names.

    Parameters
    ----------
    lacks
        Told of images without mask, masks without image, and files of an unknown kind.

    Raises
    ------
    UserError
        Another layout, a name in two parts.
    """
    found: dict[str, Entry] = {}
    for entry in _entries(root, mask_suffix, lacks):
        if entry.name in found:
            raise UserError(f"dataset folder: {found[entry.name].image} and {entry.image} have one name; rename one")
        found[entry.name] = entry
    return found


def read_table(path: Path) -> dict[str, dict[str, str]]:
    """Rows of a csv file with a header, by case: the column `id`, `image` or `name`, less folder and suffix.

    Raises
    ------
    UserError
        When there is no such column, no row, or a case has two.
    """
    with reading(path, "csv"), path.open(encoding="utf-8-sig", newline="") as file:
        rows = [{str(key).strip(): (value or "").strip() for key, value in row.items()} for row in csv.DictReader(file)]
    key = next((name for name in _ID_COLUMNS if rows and name in rows[0]), None)
    if key is None:
        raise UserError(f"{path}: no row, or no column called {some(_ID_COLUMNS)} in its first line; add it")
    names = [_listed_name(row[key]) for row in rows]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise UserError(f"{path}: {some(twice)} listed more than once; remove the repetition")
    return {name: {k: v for k, v in row.items() if k != key} for name, row in zip(names, rows)}


def find_lists(root: Path) -> tuple[Path, Path] | None:
    """The files `train.*` and `test.*` (csv, txt or list); None where there is neither, UserError where one lacks."""
    found = [next((p for end in _LISTS if (p := root / f"{part}.{end}").is_file()), None) for part in ("train", "test")]
    train, test = found
    if train is None and test is None:
        return None
    if train is None or test is None:
        raise UserError(f"dataset folder: {train or test} has no counterpart; add the list of the other part")
    return train, test


def read_names(path: Path) -> list[str]:
    """Cases of a list: one a line, or the rows of a csv file."""
    if path.suffix == ".csv":
        return list(read_table(path))
    return [_listed_name(text) for text in read_list(path)]


def _listed_name(text: str) -> str:
    """`images/a.b.nii.gz` -> `a.b`; a name without the suffix of a format stays."""
    path = Path(text)
    try:
        return stem_of(path)
    except UserError:  # listed without suffix
        return path.name


def _entries(root: Path, mask_suffix: str, lacks: Callable[[str], None]) -> Iterator[Entry]:
    for part, images, base, below in _image_folders(root):
        masks = next((base / name / below for name in _MASKS if (base / name / below).is_dir()), None)
        if masks is None:
            raise UserError(f"dataset folder: no {' or '.join(_MASKS)} beside {base / 'images'} for {images}; add it")
        further = {
            match[1]: folder / below for folder in visible(base) if (match := re.fullmatch(r"masks_(.+)", folder.name))
        }
        others = {name: _files(folder, mask_suffix, lacks) for name, folder in further.items() if folder.is_dir()}
        pairs = complete_pairs("folder", _files(images, "", lacks), _files(masks, mask_suffix, lacks), lacks)
        for name, image, mask in pairs:
            own = {annotator: files[name] for annotator, files in others.items() if name in files}
            yield Entry(name, image, mask, part, own)


def _image_folders(root: Path) -> list[tuple[str, Path, Path, str]]:
    """Part, folder of the images, folder that holds `images`, and what follows `images` in the path."""
    inner = [(part, root / "images" / name, root, name) for name, part in _PARTS.items()]
    outer = [(part, root / name / "images", root / name, "") for name, part in _PARTS.items()]
    whole = [("", root / "images", root, "")]
    for layout in (inner, outer, whole):
        if found := [entry for entry in layout if entry[1].is_dir()]:
            return found
    wanted = ["images/ and masks/", "{train,val,test}/{images,masks}/", "{images,masks}/{train,val,test}/"]
    raise layout_error("folder", root, wanted, ["images", "masks", "labels", "imagesTr", "image"])


def _files(folder: Path, suffix: str, lacks: Callable[[str], None]) -> dict[str, Path]:
    """Files by name without format and, where it is there, without the suffix of masks."""
    found: dict[str, Path] = {}
    for stem, path in with_known_format(folder, lacks):
        name = stem.removesuffix(suffix)
        if name in found:
            raise UserError(f"{path}: {found[name].name} has the same name; keep one of them")
        found[name] = path
    return found
