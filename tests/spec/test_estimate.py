"""Estimates."""

from __future__ import annotations

from pathlib import Path

from nsbench.benchmark.cell import Cell
from nsbench.benchmark.registry import Registries
from nsbench.benchmark.spec.estimate import core_seconds, measured_speeds, speed_key
from nsbench.benchmark.spec.load import load
from nsbench.benchmark.spec.plan import plan
from nsbench.benchmark.store import Provenance, Record, Result, Store


def _cells(**flags: str) -> list[Cell]:
    return plan(load(flags={"methods": "ce", **flags}).spec, Registries()).cells


def _finish(store: Store, cell: Cell, seconds: float) -> None:
    result = Result(status="done", updates=cell.identity.budget.updates)
    how = Provenance(
        nsbench="", host="", device="cpu", platform="", python="", versions={}, threads=2, started="", finished=""
    )
    record = Record(cell=cell.id, identity=cell.identity, result=result)
    store.write(record, how.model_copy(update={"train_seconds": seconds}))


def test_estimate_grows_with_what_costs_time() -> None:
    smoke, quick, paper = (_cells(budget=name)[0] for name in ("smoke", "quick", "paper"))
    assert core_seconds(smoke, 1, 6) < core_seconds(quick, 1, 6) < core_seconds(paper, 1, 6)
    assert core_seconds(quick, 1, 6) < core_seconds(quick, 2, 6) < core_seconds(quick, 2, 60)
    wide = _cells(networks="unet,width=32")[0]
    assert core_seconds(quick, 1, 6) < core_seconds(wide, 1, 6)


def test_measured_speed_replaces_the_guess(tmp_path: Path) -> None:
    store, cells = Store(tmp_path), _cells(seeds="3")
    assert measured_speeds(store, cells, {"ce": 1.0}) == {}
    updates = cells[0].identity.budget.updates
    for cell, seconds in zip(cells[:2], (updates * 3.0, updates * 5.0)):
        _finish(store, cell, seconds)
    speeds = measured_speeds(store, cells, {"ce": 2.0})
    # two threads, two passes: 3 and 5 seconds per update are 3 and 5 core-seconds per pass
    assert speeds == {speed_key(cells[2].identity): 4.0}
    assert core_seconds(cells[2], 2.0, 0, speeds) == updates * 8.0
