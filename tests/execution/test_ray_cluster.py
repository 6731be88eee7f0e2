"""The ray executor: crashes, lost nodes, and a cluster that shares the output folder."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nsbench.benchmark.cell import Cell
from nsbench.benchmark.execution.events import Event
from nsbench.benchmark.execution.ray_pool import RayExecutor
from nsbench.benchmark.execution.settings import WorkerSettings
from nsbench.benchmark.store import Store

ray = pytest.importorskip("ray")
MakeCell = Callable[..., Cell]


@pytest.fixture(autouse=True)
def _no_ray_left() -> Iterator[None]:
    yield
    ray.shutdown()


def statuses(events: list[Event]) -> dict[str, str]:
    return {event.cell.id: event.status for event in events if event.kind == "ended"}


@pytest.mark.timeout(240)
def test_a_node_that_goes_away_costs_no_cell(make_cell: MakeCell, tmp_path: Path) -> None:
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    second = cluster.add_node(num_cpus=1)
    try:
        cells = [make_cell("ce", seed=seed, updates=40) for seed in range(6)]
        executor = RayExecutor(tmp_path, WorkerSettings(checkpoint_seconds=0.5), None, cluster.address, retries=1)
        assert executor.workers == 2
        events, removed = [], False
        for event in executor.run(cells):
            events.append(event)
            if event.kind == "ended" and not removed:
                cluster.remove_node(second, allow_graceful=False)
                removed = True
        assert removed
        assert statuses(events) == {cell.id: "done" for cell in cells}
        assert {cell.id for cell in cells} == Store(tmp_path).finished_ids()
        executor.stop()
    finally:
        cluster.shutdown()


@pytest.mark.timeout(240)
def test_a_killed_worker_costs_no_cell_and_one_that_always_dies_fails_alone(
    make_cell: MakeCell, tmp_path: Path
) -> None:
    victim, other = make_cell("ce", seed=0, updates=4000), make_cell("ce", seed=1)
    settings = WorkerSettings(checkpoint_seconds=0.2)
    executor = RayExecutor(tmp_path, settings, workers=1, address=None, retries=1)
    stop = threading.Event()
    killer = threading.Thread(target=_kill_whoever_trains, args=(Store(tmp_path), victim, stop))
    killer.start()
    try:
        events = list(executor.run([victim, other]))
    finally:
        stop.set()
        killer.join()
        executor.stop()
    assert [e.kind for e in events if e.cell.id == victim.id] == ["started", "retried", "started", "ended"]
    assert statuses(events) == {victim.id: "failed", other.id: "done"}
    record = Store(tmp_path).read(victim.id)
    assert record is not None
    assert record.result.error


def _kill_whoever_trains(store: Store, cell: Cell, stop: threading.Event) -> None:
    """SIGKILL the worker each time it says that it is training `cell`."""
    import psutil

    progress = store.folder(cell.id).progress
    while not stop.is_set():
        time.sleep(0.1)
        if progress.exists():
            progress.unlink(missing_ok=True)
            for process in psutil.Process().children(recursive=True):
                if process.is_running() and "_Actor.run" in " ".join(_words(process)):
                    os.kill(process.pid, signal.SIGKILL)


def _words(process: object) -> list[str]:
    import psutil

    assert isinstance(process, psutil.Process)
    try:
        return process.cmdline()
    except psutil.Error:
        return []
