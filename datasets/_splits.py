"""Splits as publishers give them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..benchmark.plugin import Split, UserError
from ._files import reading, some


def read_list(path: Path) -> list[str]:
    """The ids of a list file, one a line; blank lines and a byte order mark are skipped.

    Raises
    ------
    UserError
        When an id occurs twice or there is none.
    """
    with reading(path, "text"):
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    ids = [line.strip() for line in lines if line.strip()]
    if twice := sorted({name for name in ids if ids.count(name) > 1}):
        raise UserError(f"{path}: {some(twice)} listed more than once; remove the repetition")
    if not ids:
        raise UserError(f"{path}: the list is empty; fetch it again")
    return ids


def published_split(dataset: str, fold: int, train: Sequence[str], test: Sequence[str]) -> Split:
    """The split as published; it has one fold only.

    Raises
    ------
    UserError
        For a fold other than 0, or a case in both parts.
    """
    if fold:
        raise UserError(f"dataset {dataset}: the published split has only fold 0, not fold {fold}")
    if both := sorted(set(train) & set(test)):
        raise UserError(f"dataset {dataset}: {some(both)} in the training and in the test part; remove one")
    return Split(tuple(train), tuple(test), source="published")
