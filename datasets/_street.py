"""What adapters of street scenes share: the classes of Cityscapes, and pictures too large to be used as they are."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ..benchmark.plugin import Case, Dataset, UserError
from ._image_files import ImageFile, read_image_file, stem_of
from ._labels import read_label, split_ignored
from ._pictures import write_index_png

CITYSCAPES_IDS = {
    "road": 7,
    "sidewalk": 8,
    "building": 11,
    "wall": 12,
    "fence": 13,
    "pole": 17,
    "traffic light": 19,
    "traffic sign": 20,
    "vegetation": 21,
    "terrain": 22,
    "sky": 23,
    "person": 24,
    "rider": 25,
    "car": 26,
    "truck": 27,
    "bus": 28,
    "train": 31,
    "motorcycle": 32,
    "bicycle": 33,
}
"""The 19 classes that are scored -> their value in `labelIds` files, in the order of the train ids."""

CHANNELS = ("red", "green", "blue")


class StreetDataset(Dataset):
    """Base of adapters of RGB pictures with a parameter `shrink`."""

    def read_image(self, path: Path) -> Case:
        """Read one RGB picture."""
        return self._shrunk(stem_of(path), self._rgb(path))

    def _rgb(self, path: Path) -> ImageFile:
        image = read_image_file(path)
        if len(image.values) != len(CHANNELS):
            raise UserError(f"{path}: a picture of {len(image.values)} channel; expected RGB; fetch it again")
        return image

    def _labeled(self, name: str, image_path: Path, label_path: Path, table: Mapping[int, int]) -> Case:
        image = self._rgb(image_path)
        case = self._shrunk(name, image)
        stored = read_label(label_path, image_path, image, table)
        label, ignore = split_ignored(_resize(stored, _size(case.image), Image.Resampling.NEAREST))
        return Case(name, case.image, label, None, ignore, geometry=case.geometry)

    def _shrunk(self, name: str, image: ImageFile) -> Case:
        """Pictures reduced by area; 1 leaves them as they are."""
        size = tuple(max(side // self.params.shrink, 1) for side in image.shape)
        channels = [_resize(channel, size, Image.Resampling.BOX) for channel in image.values.astype(np.float32)]
        return Case(name, np.stack(channels), None, geometry={"size": image.shape})

    def _write(self, case: Case, label: np.ndarray, path: Path, values: Mapping[int, int]) -> Path:
        """Write `<id>.png` with the publisher's values, at the picture's own size."""
        stored = np.vectorize(values.__getitem__, otypes=[np.uint8])(label)
        return write_index_png(
            path.with_name(case.id), _resize(stored, case.geometry["size"], Image.Resampling.NEAREST)
        )

    def _tags(self) -> tuple[str, ...]:
        shrink = self.params.shrink
        return () if shrink == 1 else (f"shrunk {shrink}x",)


def _size(image: np.ndarray) -> tuple[int, ...]:
    return tuple(image.shape[1:])


def _resize(pixels: np.ndarray, size: tuple[int, ...], how: Image.Resampling) -> np.ndarray:
    if pixels.shape == size:
        return pixels
    found: Any = Image.fromarray(pixels).resize((size[1], size[0]), how)
    return np.asarray(found)
