"""A finished run with weights, predictions, and a failure that speaks of this machine's folders."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from nsbench.benchmark.cell import Cell
from nsbench.benchmark.metrics import METRICS
from nsbench.benchmark.registry import Registries
from nsbench.benchmark.share import export_run
from nsbench.benchmark.store import Provenance, Record, Result, Store

from ..conftest import build_cell

SECRET = "/home/alice/hospital"


def provenance() -> Provenance:
    return Provenance(
        nsbench="0.1.0",
        host="host",
        device="cpu",
        platform="Linux",
        python="3.11",
        versions={"torch": "2.13"},
        threads=1,
        started="2026-01-01T00:00:00",
        finished="2026-01-01T00:01:00",
    )


def cases(shift: float) -> pd.DataFrame:
    rows = [
        {"case": f"c{i}", "patient": f"p{i}", "group_site": "a", "class_name": "chamber", "class": 1, "empty": ""}
        | {metric: 0.5 + 0.1 * i + shift for metric in METRICS}
        for i in range(3)
    ]
    return pd.DataFrame(rows)


def curves() -> pd.DataFrame:
    rows = [{"stage": "train", "update": 2 * i, "learning_rate": 0.1 / i, "loss": 1 / i} for i in (1, 2, 3)]
    return pd.DataFrame(rows)


def write_done(store: Store, cell: Cell, shift: float = 0.0) -> None:
    """A finished record with weights and one prediction."""
    result = Result(status="done", updates=6, parameters=9, train_cases=4, test_cases=3, classes=["chamber"])
    record = Record(cell=cell.id, identity=cell.identity, result=result)
    store.write(record, provenance(), {"cases.parquet": cases(shift), "curves.parquet": curves()})
    folder = store.folder(cell.id)
    torch.save({"method": {"weight": torch.ones(3)}}, folder.weights)
    folder.predictions.mkdir()
    np.save(folder.predictions / "c0.npy", np.zeros((4, 4), np.uint8))


def write_run(out: Path, registries: Registries) -> Store:
    """Three cells: two done, one failed."""
    store = Store(out)
    out.mkdir()
    cells = [build_cell(registries, name, root=f"{SECRET}/jsrt") for name in ("ce", "mae", "gce")]
    about = {"command": f"nsbench run {SECRET}/spec.yaml --out=run"}
    store.write_plan({"name": None}, cells, [f"tsman: {SECRET}/tsman.py cannot be read"], about=about)
    for number, cell in enumerate(cells[:2]):
        write_done(store, cell, 0.1 * number)
    error = f'File "{SECRET}/my methods/gce.py", line 3\nOSError: cannot read {SECRET}/jsrt/x.png'
    failed = Record(cell=cells[2].id, identity=cells[2].identity, result=Result(status="failed", error=error))
    store.write(failed, provenance())
    return store


@pytest.fixture
def run(tmp_path: Path, registries: Registries) -> Store:
    """Three cells: two done, one failed."""
    return write_run(tmp_path / "run", registries)


@pytest.fixture
def archive(run: Store, tmp_path: Path) -> Path:
    """The run as an archive, with weights and predictions."""
    file = tmp_path / "archive" / "run.zip"
    export_run(run.out, file, weights=True, predictions=True)
    return file


def read_all(file: Path) -> dict[str, bytes]:
    """Content of an archive's members, by name."""
    with zipfile.ZipFile(file) as found:
        return {name: found.read(name) for name in found.namelist()}
