"""Files found by name, however deep they lie, and what one of them is the only one of."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Iterator
from pathlib import Path
from typing import TypeVar

from ..benchmark.plugin import UserError
from ._files import visible

Key = TypeVar("Key", bound=Hashable)

_DEEPEST = 8


def named(root: Path, pattern: re.Pattern[str]) -> list[tuple[Path, re.Match[str]]]:
    """Files below a folder whose whole name matches, with the match, in the order of their paths; no clutter."""
    matches = ((path, pattern.fullmatch(path.name)) for path in files_below(root))
    return [(path, match) for path, match in matches if match is not None]


def files_below(folder: Path, depth: int = _DEEPEST) -> Iterator[Path]:
    """All files below a folder in the order of their paths, without clutter, down to a depth that ends loops."""
    for path in visible(folder):
        if not path.is_dir():
            yield path
        elif depth:
            yield from files_below(path, depth - 1)


def only(dataset: str, found: Iterable[tuple[Key, Path]]) -> dict[Key, Path]:
    """Paths by key.

    Raises
    ------
    UserError
        When two files have one key: nobody says which of them is meant.
    """
    by_key: dict[Key, Path] = {}
    for key, path in found:
        if key in by_key:
            raise UserError(f"dataset {dataset}: {by_key[key]} and {path} are the same part of one case; keep one")
        by_key[key] = path
    return by_key
