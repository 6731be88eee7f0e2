"""dataset.json of the Medical Segmentation Decathlon."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..benchmark.plugin import UserError
from ._files import reading, some


@dataclass(frozen=True)
class Description:
    """What a task's dataset.json says.

    Attributes
    ----------
    path
        The file.
    classes
        Names of the labels 1, 2 ...
    channels
        Names of the modalities, in the order of the last axis of an image.
    training
        Pairs of image and label, which exist.
    """

    path: Path
    classes: tuple[str, ...]
    channels: tuple[str, ...]
    training: tuple[tuple[Path, Path], ...]


def read_description(path: Path, lacks: Callable[[str], None]) -> Description:
    """Read one dataset.json and look for the files it lists.

    Parameters
    ----------
    lacks
        Told of files that are listed and missing, whose scans are left out, and of another number of scans than the
        file announces.

    Raises
    ------
    UserError
        When it is no JSON, lacks a field, numbers labels or modalities with gaps, or lists no scan, or one twice.
    """
    with reading(path, "JSON"):
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    labels, channels = _names(path, content, "labels"), _names(path, content, "modality")
    if len(labels) < 2:
        raise UserError(f"{path}: labels are {some(labels)}; expected background and at least one class")
    return Description(path, labels[1:], channels, _training(path, content, lacks))


def _names(path: Path, content: Any, field: str) -> tuple[str, ...]:
    """The values of an object with the keys "0", "1" ... in that order."""
    found = _field(path, content, field, dict)
    expected = [str(index) for index in range(len(found))]
    if not found or sorted(found, key=lambda key: (len(key), key)) != expected:
        raise UserError(f"{path}: {field} has the keys {some(found) or 'none'}; expected 0, 1 ... without a gap")
    return tuple(str(found[key]) for key in expected)


def _training(path: Path, content: Any, lacks: Callable[[str], None]) -> tuple[tuple[Path, Path], ...]:
    listed = _field(path, content, "training", list)
    pairs = [_pair(path, entry) for entry in listed]
    # archives made on macOS list AppleDouble twins
    pairs = [pair for pair in pairs if not pair[0].name.startswith((".", "_"))]
    announced = content.get("numTraining", len(listed))
    if not pairs:
        raise UserError(f"{path}: numTraining is {announced}, but training lists no scan; fetch it again")
    if announced not in (len(listed), len(pairs)):
        lacks(f"{path}: numTraining is {announced}, but training lists {len(pairs)} scans; fetch it again")
    images = [image for image, _ in pairs]
    if twice := sorted({image.name for image in images if images.count(image) > 1}):
        raise UserError(f"{path}: lists {some(twice)} more than once; fetch it again")
    if missing := [file for pair in pairs for file in pair if not file.is_file()]:
        lacks(f"{path}: lists files that are missing: {some(missing, 4)}; complete the data folder")
    return tuple(pair for pair in pairs if not set(pair) & set(missing))


def _pair(path: Path, entry: Any) -> tuple[Path, Path]:
    if not isinstance(entry, dict) or not all(isinstance(entry.get(key), str) for key in ("image", "label")):
        raise UserError(f"{path}: training lists {entry!r}; expected an object with image and label")
    return path.parent / entry["image"], path.parent / entry["label"]


def _field(path: Path, content: Any, field: str, kind: type) -> Any:
    if not isinstance(content, dict) or not isinstance(content.get(field), kind):
        newer = isinstance(content, dict) and "channel_names" in content
        remedy = "it is of nnU-Net v2: use the dataset nnunet" if newer else "fetch it again"
        raise UserError(f"{path}: no {'object' if kind is dict else 'list'} {field}; {remedy}")
    return content[field]
