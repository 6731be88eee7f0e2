"""Pictures: PNG, BMP, JPEG and TIFF."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from ..benchmark.plugin import UserError
from ._files import reading
from ._writers import with_format

_GREY = ("1", "L", "I", "I;16", "I;16B", "F")


def read_picture(path: Path, indexed: bool = False) -> np.ndarray:
    """A picture as `[C, rows, columns]`: one channel, or red, green, blue; rotation tags are not followed.

    Parameters
    ----------
    indexed
        Whether a palette may colour the values, as labels have it; the values are read.

    Raises
    ------
    UserError
        When the file is damaged, transparent, or has a palette where none is allowed.
    """
    from PIL import Image

    with reading(path, path.suffix[1:].upper()), Image.open(path) as file:
        file.load()
        if file.mode in _GREY or (indexed and file.mode == "P"):
            return np.asarray(file.convert("L") if file.mode == "1" else file)[None]
        if file.mode != "RGB":
            wanted = "grayscale or with a palette" if indexed else "grayscale or RGB"
            raise UserError(f"{path}: picture of mode {file.mode}; expected {wanted}, without transparency")
        return np.moveaxis(np.asarray(file), -1, 0)


def read_tiff(path: Path) -> np.ndarray:
    """A TIFF as `[C, rows, columns]` or, of several pages, `[C, pages, rows, columns]`.

    Raises
    ------
    UserError
        When the file is damaged or transparent.
    """
    import tifffile

    with reading(path, "TIFF"), _complaints("tifffile"), tifffile.TiffFile(path) as file:
        values, axes = file.series[0].asarray(), file.series[0].axes
    if axes.endswith("S"):
        if values.shape[-1] != 3:
            raise UserError(f"{path}: picture of {values.shape[-1]} channels; expected grayscale or RGB")
        return np.moveaxis(values, -1, 0)
    return np.asarray(values)[None]


@contextmanager
def _complaints(logger: str) -> Iterator[None]:
    """Raise what a library only logs as an error: tifffile goes on with the pages that it can read."""
    messages: list[str] = []
    handler = logging.Handler(logging.ERROR)
    handler.emit = lambda record: messages.append(record.getMessage())  # type: ignore[method-assign]
    logging.getLogger(logger).addHandler(handler)
    try:
        yield
    finally:
        logging.getLogger(logger).removeHandler(handler)
    if messages:
        raise ValueError(messages[0])


def write_index_png(path: Path, label: Any) -> Path:
    """Write `<path>.png` whose grey values are the label's values, 0 to 255."""
    from PIL import Image

    target = with_format(path, ".png")
    Image.fromarray(np.asarray(label, dtype=np.uint8)).save(target)
    return target
