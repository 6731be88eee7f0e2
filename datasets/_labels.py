"""Label values, ids and patients that a user's files give in their own way."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from ..benchmark.plugin import Case, UserError
from ._files import some
from ._image_files import ImageFile, check_same_grid, read_image_file
from ._pictures import write_index_png
from ._volume import check_numbers
from ._writers import write_nifti

IGNORE = 255
"""In a table of values, what is to become of ignored voxels."""


def read_label(
    path: Path, image_path: Path, image: ImageFile, table: Mapping[int, int] | None, trust_headers: bool = True
) -> np.ndarray:
    """The label of an image, on its grid, in nsbench's values: uint8, ignored voxels `IGNORE`.

    Parameters
    ----------
    table
        The file's value -> nsbench's; None for a mask of 0 and 1 or of 0 and 255.
    trust_headers
        As of `check_same_grid`.

    Raises
    ------
    UserError
        When the file is damaged, on another grid, or holds a value that the table does not know.
    """
    found = read_image_file(path, "label")
    check_same_grid(path, found, image_path, image, trust_headers)
    if table is not None:
        return relabel(path, found.values[0], table)
    on = 255 if found.values.max() > 1 else 1
    return relabel(path, found.values[0], {0: 0, on: 1}, "0 and 1, or 0 and 255")


def relabel(path: Path, values: np.ndarray, table: Mapping[int, int], known: str = "") -> np.ndarray:
    """Values as stored in the file to nsbench's, uint8.

    Parameters
    ----------
    known
        What can be expected, for messages, where it is more than the values of the table.

    Raises
    ------
    UserError
        When there are colours, complex numbers, or a value that the table does not know.
    """
    check_numbers(path, values)
    present = np.unique(values).tolist()
    if strange := [value for value in present if value not in table]:
        found, wanted = (some(present, 6), known) if known else (some(strange, 4), some(sorted(table)))
        raise UserError(f"{path}: label values {found}; expected {wanted}; repair the label or its list")
    lookup = np.zeros(max(table) + 1, np.uint8)
    lookup[list(table)] = list(table.values())
    return np.asarray(lookup[values.astype(np.intp)])


def split_ignored(label: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """The label with 0 where it says `IGNORE`, and where that is; None for nowhere."""
    ignored = label == IGNORE
    return np.where(ignored, np.uint8(0), label), ignored if ignored.any() else None


def safe_ids(dataset: str, names: Iterable[str]) -> dict[str, str]:
    """Names as users give them -> ids that fit in a file name.

    Raises
    ------
    UserError
        When two names become one id.
    """
    ids = {name: re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-._") or "case" for name in names}
    if twice := [key for key, count in Counter(ids.values()).items() if count > 1]:
        clash = [name for name, key in ids.items() if key == twice[0]]
        raise UserError(f"dataset {dataset}: {some(clash)} differ in special characters only; rename one")
    return ids


def patient_of(dataset: str, name: str, pattern: str) -> str:
    """The patient that a case's name tells: group 1 of the pattern, matched at its begin; the name for no pattern.

    Raises
    ------
    UserError
        When the pattern is no regular expression with a group, or does not match.
    """
    if not pattern:
        return name
    try:
        match = re.match(pattern, name)
        return match[1] if match and match[1] else _no_patient(dataset, name, pattern)
    except (re.error, IndexError) as error:
        raise UserError(
            f"dataset {dataset}: patient={pattern}: {error}; write a regular expression with (one group)"
        ) from error


def _no_patient(dataset: str, name: str, pattern: str) -> str:
    raise UserError(f"dataset {dataset}: patient={pattern} does not match the case {name}; widen the expression")


def write_values(case: Case, label: np.ndarray, path: Path, values: Mapping[int, int]) -> Path:
    """Write a predicted label with the values that the user's own files have.

    A picture without affine becomes `<path>.png`, everything else `<path>.nii.gz` with the image's affine.

    Parameters
    ----------
    values
        nsbench's value -> the file's.
    """
    stored = np.vectorize(values.__getitem__, otypes=[np.uint8])(label)
    affine = case.geometry.get("affine")
    if stored.ndim == 2 and affine is None:
        return write_index_png(path, stored)
    return write_nifti(path, stored, affine, case.spacing)
