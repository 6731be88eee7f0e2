"""Two records of one cell: are they the same result, and if not, what differs and why might it?"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from ..store import CellFolder, Provenance, Record, Store

_KEYS = ["case", "class"]
_EXPLAINS = ("nsbench", "device", "python", "platform", "threads")


@dataclass(frozen=True)
class Conflict:
    """A cell with different results.

    Attributes
    ----------
    cell, what
        Its id, and the cell in words.
    sources
        The two that differ.
    fields
        Fields of the result that differ, and `cases` or `curves` where those tables have other rows or columns.
    metrics
        Largest absolute difference of each metric that differs, over the cases and classes.
    made
        What the two records were made with, where it differs: it may explain the difference.
    taken
        The source whose record is taken; None where the merge is refused.
    """

    cell: str
    what: str
    sources: tuple[str, str]
    fields: list[str]
    metrics: dict[str, float]
    made: dict[str, tuple[str, str]]
    taken: str | None = None

    def as_json(self) -> dict[str, Any]:
        """The attributes."""
        return asdict(self)

    def __str__(self) -> str:
        parts = [f"{name} by up to {value:.3g}" for name, value in self.metrics.items()]
        parts += [name for name in self.fields if name not in ("cases", "curves") or not self.metrics]
        made = "; ".join(f"{name}: {one} and {other}" for name, (one, other) in self.made.items())
        differs = ", ".join(parts[:6]) + (" ..." if len(parts) > 6 else "")
        found = f"{self.cell} ({self.what}): {' and '.join(self.sources)} differ in {differs}"
        return f"{found} (made with {made})" if made else f"{found} (made with the same versions on the same device)"


def compare(one: tuple[Store, Record], other: tuple[Store, Record]) -> tuple[list[str], dict[str, float]]:
    """Fields of the results that differ, and metrics with their largest difference; both empty for the same result."""
    (store, first), (second_store, second) = one, other
    ours, theirs = first.result.model_dump(mode="json"), second.result.model_dump(mode="json")
    fields = sorted(name for name in ours if ours[name] != theirs[name])
    if first.files == second.files:
        return fields, {}
    folders = store.folder(first.cell), second_store.folder(second.cell)
    metrics = _different_metrics(*(_cases(folder) for folder in folders))
    if metrics is None or metrics:
        fields.append("cases")
    if not _same_table(*(folder.curves for folder in folders)):
        fields.append("curves")
    return fields, metrics or {}


def made_with(one: Provenance | None, other: Provenance | None) -> dict[str, tuple[str, str]]:
    """Versions and hardware that differ between two records."""
    if one is None or other is None:
        return {}
    ours, theirs = ({name: str(getattr(known, name)) for name in _EXPLAINS} | known.versions for known in (one, other))
    names = dict.fromkeys([*ours, *theirs])
    pairs = {name: (ours.get(name, "none"), theirs.get(name, "none")) for name in names}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def _cases(folder: CellFolder) -> pd.DataFrame | None:
    if not folder.cases.exists():
        return None
    found: pd.DataFrame = pq.ParquetFile(folder.cases).read().to_pandas()
    return found.sort_values(_KEYS, ignore_index=True)


def _different_metrics(ours: pd.DataFrame | None, theirs: pd.DataFrame | None) -> dict[str, float] | None:
    """Metrics whose values differ anywhere; None where the tables are not of the same cases or columns."""
    if ours is None or theirs is None:
        return {} if ours is theirs else None
    if list(ours.columns) != list(theirs.columns) or not ours[_KEYS].equals(theirs[_KEYS]):
        return None
    found: dict[str, float] = {}
    for name in ours.columns.drop(_KEYS):
        if not pd.api.types.is_numeric_dtype(ours[name]):
            if not ours[name].equals(theirs[name]):
                return None
            continue
        a, b = (frame[name].to_numpy(float) for frame in (ours, theirs))
        if not np.array_equal(a, b, equal_nan=True):
            gaps = np.abs(a - b)
            found[name] = float(np.nanmax(gaps)) if np.isfinite(gaps).any() else float("inf")
    return found


def _same_table(one: Path, other: Path) -> bool:
    if not one.exists() or not other.exists():
        return one.exists() == other.exists()
    ours, theirs = (pq.ParquetFile(path).read().to_pandas() for path in (one, other))
    return bool(ours.equals(theirs))
