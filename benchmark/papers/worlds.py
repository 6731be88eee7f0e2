"""Rows of a run that together answer what a paper asked: same data, same noise, same protocol."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ..report.rows import Row
from ..report.text import settings
from .mapping import Reported
from .select import Stands, stand_for

_PROTOCOL = (
    "noise",
    "ratio",
    "labeled",
    "unlabeled",
    "source",
    "network",
    "network_params",
    "view",
    "budget",
    "selection",
)


@dataclass(frozen=True)
class World:
    """Rows that may be compared, under the paper's names.

    Attributes
    ----------
    title
        What they have in common, in our words.
    stands
        What stands for what; `facts["unit"]` is the row's number in the plan.
    """

    title: str
    reported: Reported
    stands: tuple[Stands, ...]

    @property
    def dataset(self) -> str:
        """Label of our dataset."""
        return str(self.stands[0].facts["dataset"])


def worlds(rows: Sequence[Row], reported: Reported) -> list[World]:
    """All that a run has of what a mapping names.

    Rows that a spec names by label belong together whatever their protocol, as the spec says; rows that are named by
    plugin only where nothing differs that the mapping does not select by.
    """
    stands = list(stand_for([{**row.facts, "unit": row.unit} for row in rows], reported))
    names = ("dataset",) if reported.methods_are == "labels" else ("dataset", *_free(reported))
    keys = list(dict.fromkeys(key for each in stands if not _anywhere(each, names) for key in [_key(each, names)]))
    found = (_of(key, names, stands) for key in keys)
    return [World(_title(key, names), reported, tuple(members)) for key, members in zip(keys, found)]


def _free(reported: Reported) -> Iterator[str]:
    """Facts that the mapping does not choose by their value."""
    printed = [each for several in reported.methods.values() for each in several]
    chosen = {
        name.partition(".")[0]
        for each in (*reported.at, *printed)
        for name, value in each.rows.items()
        if not str(value).startswith((">", "<"))
    }
    return (name for name in _PROTOCOL if name not in chosen)


def _anywhere(stands: Stands, names: Sequence[str]) -> bool:
    """Clean labels belong to every noise model, where the mapping has a place for them."""
    return stands.facts.get("ratio") == 0 and "noise" in names and "ratio" not in names


def _key(stands: Stands, names: Sequence[str]) -> tuple[str, ...]:
    return tuple(_text(stands.facts.get(name)) for name in names)


def _of(key: tuple[str, ...], names: Sequence[str], stands: Sequence[Stands]) -> Iterator[Stands]:
    for each in stands:
        same = [
            a == b or (name == "noise" and _anywhere(each, names)) for name, a, b in zip(names, key, _key(each, names))
        ]
        if all(same):
            yield each


def _text(value: Any) -> str:
    return settings(value) if isinstance(value, dict) else "" if value is None else str(value)


def _title(key: tuple[str, ...], names: Sequence[str]) -> str:
    """`la@la-half, erode-dilate, ratio 0.5, unet, 3d, quick, last`."""
    words = (f"ratio {value}" if name == "ratio" else value for name, value in zip(names, key))
    return ", ".join(word for word in words if word)
