"""Whatever goes wrong in a cell costs that cell, has a status, and leaves the worker fit for the next one."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from nsbench.benchmark.cell import Cell
from nsbench.benchmark.execution.events import Ending
from nsbench.benchmark.execution.inline import InlineExecutor
from nsbench.benchmark.execution.lost import lose_cell
from nsbench.benchmark.execution.settings import WorkerSettings
from nsbench.benchmark.execution.worker import CellWorker
from nsbench.benchmark.registry import Registries
from nsbench.benchmark.store import Store
from nsbench.benchmark.store.files import write_json

from ..conftest import build_cell

PLUGIN = Path(__file__).with_name("hostile_methods.py")


@pytest.fixture(scope="module")
def hostile() -> Registries:
    """The plugins, with those that go wrong."""
    return Registries(loose=(PLUGIN,))


@pytest.fixture
def worker(hostile: Registries, tmp_path: Path) -> CellWorker:
    """A worker on the CPU that saves a checkpoint after every update."""
    return CellWorker(Store(tmp_path), hostile, WorkerSettings(checkpoint_seconds=0.0))


@pytest.mark.parametrize(
    ("method", "status", "words"),
    [
        ("x-device-memory", "oom", "OutOfMemoryError: CUDA out of memory"),
        ("x-host-memory", "oom", "can't allocate memory"),
        ("x-leaves", "failed", "SystemExit: 3"),
        ("x-raises", "failed", "ValueError: "),
        ("x-raises-early", "failed", "KeyError: 'no such thing'"),
        ("x-nan", "failed", "loss is nan at update 0"),
    ],
)
def test_a_method_that_goes_wrong_fails_its_cell_alone(
    worker: CellWorker, hostile: Registries, method: str, status: str, words: str
) -> None:
    cell = build_cell(hostile, method, updates=2)
    ending = worker.run(cell)
    record = worker.store.read(cell.id)
    assert record is not None
    assert ending.status == record.result.status == status
    assert words in record.result.error
    assert ending.note in record.result.error
    assert len(record.result.error) < 5000
    assert not worker.store.folder(cell.id).progress.exists()


def test_the_worker_goes_on_after_a_failure(worker: CellWorker, hostile: Registries) -> None:
    assert worker.run(build_cell(hostile, "x-host-memory", updates=2)).status == "oom"
    cell = build_cell(hostile, "ce", updates=2)
    assert worker.run(cell) == Ending("done")
    record = worker.store.folder(cell.id).record
    written = record.stat().st_mtime_ns
    assert worker.run(cell) == Ending("done")
    assert record.stat().st_mtime_ns == written


@pytest.mark.parametrize("when", ["at the start", "at a checkpoint", "at the record"])
def test_a_full_disk_fails_the_cell_without_a_record_and_it_is_continued_later(
    worker: CellWorker, make_cell: Callable[..., Cell], monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    cell = make_cell("ce", updates=4)
    whole = Store(worker.store.out / "whole")
    assert CellWorker(whole, worker.registries, WorkerSettings()).run(cell).status == "done"
    with monkeypatch.context() as patch:
        _fill_disk(patch, when)
        ending = worker.run(cell)
    assert ending.status == "failed"
    assert "the disk is full: free some space and run the same command again" in ending.note
    assert worker.store.read(cell.id) is None
    assert worker.run(cell) == Ending("done")
    names = ("record.json", "cases.parquet", "curves.parquet")
    found, wanted = (store.folder(cell.id).path for store in (worker.store, whole))
    assert all((found / name).read_bytes() == (wanted / name).read_bytes() for name in names)


def _fill_disk(patch: pytest.MonkeyPatch, when: str) -> None:
    replace = Path.replace
    wanted = {"at the start": ".writable", "at a checkpoint": "checkpoint.pt", "at the record": "record.json"}[when]
    written = []

    def fail(path: Path, target: Path) -> Path:
        written.append(target.name)
        # the second checkpoint: the first one is what is continued from
        if target.name == wanted and (when != "at a checkpoint" or written.count(wanted) == 2):
            raise OSError(28, os.strerror(28))
        return replace(path, target)

    patch.setattr(Path, "replace", fail)


def test_a_failed_cell_that_is_retried_and_killed_is_continued(worker: CellWorker, hostile: Registries) -> None:
    cell = build_cell(hostile, "ce", updates=4)
    lose_cell(worker.store, cell, "failed", "gone")

    def interrupt(*args: object) -> None:
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("nsbench.benchmark.execution.run_cell.build_method", interrupt)
        with pytest.raises(KeyboardInterrupt):
            worker.run(cell)
    assert worker.store.read(cell.id) is None


class _Payload:
    """What a hostile checkpoint holds: reading it by pickle makes a folder."""

    def __init__(self, victim: Path) -> None:
        self.victim = victim

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.victim),)


def test_a_checkpoint_is_read_without_running_what_it_holds(worker: CellWorker, make_cell: Callable[..., Cell]) -> None:
    cell = make_cell("ce", updates=2)
    victim, folder = worker.store.out / "victim", worker.store.folder(cell.id)
    folder.path.mkdir(parents=True)
    torch.save({"stage": "train", "method": _Payload(victim)}, folder.checkpoint)
    assert worker.run(cell) == Ending("done")
    assert not victim.exists()
    assert folder.checkpoint.with_suffix(".damaged").exists()


def test_a_cell_that_hangs_is_a_timeout_and_the_grid_goes_on(
    tmp_path: Path, hostile: Registries, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = WorkerSettings(timeout_seconds=100.0, plugins=(PLUGIN,))
    monkeypatch.setattr(WorkerSettings, "patience_seconds", 2.0)
    cells = [build_cell(hostile, name, updates=1) for name in ("x-hangs", "ce")]
    events = list(InlineExecutor(tmp_path, settings).run(cells))
    assert [(e.cell.label, e.status) for e in events if e.kind == "ended"] == [("x-hangs", "timeout"), ("ce", "done")]
    assert "not ended after 2 s" in events[1].note


def test_patience_is_longer_than_the_timeout() -> None:
    assert WorkerSettings().patience_seconds is None
    patience = dataclasses.replace(WorkerSettings(), timeout_seconds=60.0).patience_seconds
    assert patience is not None
    assert patience > 60


def test_the_last_word_of_a_dead_worker_stands(worker: CellWorker, make_cell: Callable[..., Cell]) -> None:
    cell = make_cell("ce", updates=1)
    assert lose_cell(worker.store, cell, "oom", "killed for memory") == Ending("oom", "killed for memory")
    assert lose_cell(worker.store, cell, "failed", "again") == Ending("oom", "again")
    write_json(worker.store.folder(cell.id).record, {"damaged": True})
    assert lose_cell(worker.store, cell, "failed", "again") == Ending("failed", "again")
