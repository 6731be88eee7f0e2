"""Ended cells whose curves and scores are known."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from nsbench.benchmark.cell import Cell
from nsbench.benchmark.registry import Registries
from nsbench.benchmark.store import Memorisation, Provenance, Record, Result, Store

from ..conftest import build_cell

_ABOUT = {"host": "h", "device": "cpu", "platform": "Linux", "python": "3.11", "versions": {"torch": "2"}, "threads": 1}
_TIMES = {"started": "2026-01-01T00:00:00+00:00", "finished": "2026-01-01T00:01:00+00:00", "train_seconds": 50.0}


def write_done(store: Store, cell: Cell) -> None:
    """Two stages of two rows; two classes with Dice 0.4 and 0.8, one HD95 undefined."""
    rows = [("first", 2, 4.0), ("first", 4, 3.0), ("second", 2, 2.0), ("second", 4, float("nan"))]
    curves = [{"stage": s, "update": u, "learning_rate": 0.1, "loss": loss, "kept": 0.5} for s, u, loss in rows]
    values = [("a", 0.4, 3.0), ("b", 0.8, float("nan"))]
    cases = [{"case": "c", "class_name": name, "dice": dice, "hd95": hd95} for name, dice, hd95 in values]
    trust = [{"stage": "second", "update": 4, "class": name, "auroc": 0.9, "kept": None} for name in ("all", "a")]
    memory = Memorisation(wrong=0.25, right=0.5, voxels=9, cases=1)
    result = Result(status="done", classes=["a", "b"], trust=trust, memorisation=memory)
    tables = {"cases.parquet": pd.DataFrame(cases), "curves.parquet": pd.DataFrame(curves)}
    store.write(Record(cell=cell.id, identity=cell.identity, result=result), provenance(), tables)


def write_failed(store: Store, cell: Cell) -> None:
    result = Result(status="failed", error="ValueError: loss is nan")
    store.write(Record(cell=cell.id, identity=cell.identity, result=result), provenance())


def provenance() -> Provenance:
    return Provenance(nsbench="0.1.0", **_ABOUT, **_TIMES)  # type: ignore[arg-type]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "out")


@pytest.fixture
def cells(registries: Registries, store: Store) -> list[Cell]:
    """One done, one failed, one without a record."""
    found = [build_cell(registries, "ce", seed=seed) for seed in range(3)]
    write_done(store, found[0])
    write_failed(store, found[1])
    return found


def read_events(folder: Path) -> Iterator[Any]:
    """The events of all event files of a folder, read as TensorBoard reads them, checksums included."""
    from tensorboardX.crc32c import crc32c
    from tensorboardX.proto.event_pb2 import Event

    for path in sorted(folder.glob("events.out.tfevents.*")):
        content, place = path.read_bytes(), 0
        while place < len(content):
            (size,) = struct.unpack_from("<Q", content, place)
            data = content[place + 12 : place + 12 + size]
            (known,) = struct.unpack_from("<I", content, place + 12 + size)
            crc = crc32c(data)
            assert known == (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF
            yield Event.FromString(data)
            place += size + 16


def scalars(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """`(step, value)` of each scalar tag."""
    found: dict[str, list[tuple[int, float]]] = {}
    for event in read_events(folder):
        for value in event.summary.value:
            if value.WhichOneof("value") == "simple_value":
                found.setdefault(value.tag, []).append((event.step, round(value.simple_value, 6)))
    return found
