"""A store with one finished record, and a disk that is as small as one wants."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest

from nsbench.benchmark.cell import Cell
from nsbench.benchmark.store import Provenance, Record, Result, Store

MakeDisk = Callable[[str], Path]


def provenance() -> Provenance:
    """How nobody's record came about."""
    return Provenance(
        nsbench="", host="", device="", platform="", python="", versions={}, threads=1, started="", finished=""
    )


def write_record(store: Store, cell: Cell, result: Result | None = None) -> None:
    """A finished record with one row per table."""
    tables = {name: pd.DataFrame({"case": ["a"], "dice": [0.5]}) for name in ("cases.parquet", "curves.parquet")}
    record = Record(cell=cell.id, identity=cell.identity, result=result or Result(status="done", updates=6))
    store.write(record, provenance(), tables)


@pytest.fixture
def finished(make_cell: Callable[..., Cell], tmp_path: Path) -> tuple[Store, Cell]:
    """A store that holds one finished cell."""
    store, cell = Store(tmp_path / "out"), make_cell("ce")
    write_record(store, cell)
    return store, cell


@pytest.fixture
def make_disk(tmp_path: Path) -> Iterator[MakeDisk]:
    """Mount a file system of its own with the given options (`size=1m`); skipped where mounting is not allowed."""
    mounted: list[Path] = []

    def mount(options: str) -> Path:
        folder = tmp_path / f"disk{len(mounted)}"
        folder.mkdir()
        words = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
        try:
            subprocess.run(words, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            pytest.skip("a file system of its own cannot be mounted here: needs root on Linux")
        mounted.append(folder)
        return folder

    yield mount
    for folder in mounted:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
