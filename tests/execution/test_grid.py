"""The grid: what is run, what is not, and what is said, with an executor that only pretends."""

from __future__ import annotations

import io
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from nsbench.benchmark.cell import Cell
from nsbench.benchmark.errors import UserError
from nsbench.benchmark.execution import grid
from nsbench.benchmark.execution.display import Display
from nsbench.benchmark.execution.events import Event
from nsbench.benchmark.execution.grid import Summary, run_grid
from nsbench.benchmark.execution.lost import lose_cell
from nsbench.benchmark.registry import Registries
from nsbench.benchmark.spec.models import Execution
from nsbench.benchmark.store import Provenance, Record, Result, Store
from nsbench.benchmark.store.files import OutputError

MakeCell = Callable[..., Cell]


@dataclass
class Pretender:
    """Finishes cells at once; `fails` and `interrupts_at` name cells by position."""

    store: Store
    fails: tuple[int, ...] = ()
    interrupts_at: int = -1
    workers: int = 1
    ran: list[str] = field(default_factory=list)
    stopped: bool = False

    def run(self, cells: Sequence[Cell]) -> Iterator[Event]:
        """See `Executor.run`."""
        for at, cell in enumerate(cells):
            yield Event("started", cell)
            if at == self.interrupts_at:
                raise KeyboardInterrupt
            self.ran.append(cell.id)
            if at in self.fails:
                yield Event("ended", cell, *lose_cell(self.store, cell, "failed", "no luck"))
            else:
                finish(self.store, cell)
                yield Event("ended", cell, "done")

    def stop(self) -> None:
        """See `Executor.stop`."""
        self.stopped = True


def finish(store: Store, cell: Cell) -> None:
    """Write a finished record."""
    provenance = Provenance(
        nsbench="", host="", device="", platform="", python="", versions={}, threads=1, started="", finished=""
    )
    record = Record(cell=cell.id, identity=cell.identity, result=Result(status="done"))
    store.write(record, provenance, {"cases.parquet": pd.DataFrame({"case": ["a"], "class": [1], "dice": [0.5]})})


@dataclass
class Bench:
    """A grid of three cells."""

    store: Store
    cells: list[Cell]
    patch: pytest.MonkeyPatch
    registries: Registries

    def run(self, *, retry_failed: bool = False, **how: Any) -> tuple[Summary, Pretender]:
        """Run the grid once."""
        pretender = Pretender(self.store, **how)
        self.patch.setattr(grid, "make_executor", lambda *args: pretender)
        execution = Execution(out=self.store.out, executor="inline", retry_failed=retry_failed)
        return run_grid(self.cells, self.store, execution, self.registries), pretender


@pytest.fixture
def bench(make_cell: MakeCell, registries: Registries, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    cells = [make_cell("ce", seed=seed) for seed in range(3)]
    return Bench(Store(tmp_path / "out"), cells, monkeypatch, registries)


def test_what_is_done_is_not_run_again(bench: Bench) -> None:
    summary, first = bench.run()
    assert (summary.done, summary.failed, summary.interrupted) == (3, 0, False)
    assert first.ran == [cell.id for cell in bench.cells]
    assert first.stopped
    bench.cells.append(bench.cells[0].model_copy(update={"label": "the same under another label"}))
    summary, second = bench.run()
    assert (summary.done, second.ran) == (3, [])


def test_failed_cells_are_counted_and_run_again_on_request_only(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    summary, _ = bench.run(fails=(1,))
    assert (summary.done, summary.failed) == (2, 1)
    assert "failed" in capsys.readouterr().err
    summary, second = bench.run()
    assert (summary.done, summary.failed, second.ran) == (2, 1, [])
    summary, third = bench.run(retry_failed=True)
    assert (summary.done, summary.failed, third.ran) == (3, 0, [bench.cells[1].id])


def test_a_damaged_record_is_reported_set_aside_and_redone(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    bench.run()
    cell = bench.cells[2]
    bench.store.folder(cell.id).cases.write_bytes(b"PAR1")
    summary, again = bench.run()
    assert (summary.done, again.ran) == (3, [cell.id])
    said = capsys.readouterr().err
    assert f"cell {cell.id} is run again: " in said
    assert "cases.parquet is damaged" in said
    assert f"{cell.id}.damaged1" in said
    assert (bench.store.out / "cells" / f"{cell.id}.damaged1" / "record.json").exists()
    assert bench.store.read(cell.id) is not None


def test_an_interrupt_stops_the_executor_and_the_next_run_goes_on(bench: Bench) -> None:
    summary, first = bench.run(interrupts_at=1)
    assert (summary.done, summary.interrupted, first.stopped) == (1, True, True)
    summary, second = bench.run()
    assert (summary.done, summary.interrupted) == (3, False)
    assert second.ran == [cell.id for cell in bench.cells[1:]]


def test_a_folder_that_another_run_fills_is_refused(bench: Bench) -> None:
    with bench.store.exclusive(), pytest.raises(UserError, match="another nsbench run is filling this folder"):
        bench.run()
    assert bench.store.finished_ids() == set()
    assert bench.run()[0].done == 3


def test_what_a_killed_run_left_behind_is_removed(bench: Bench) -> None:
    bench.run()
    folder = bench.store.folder(bench.cells[0].id)
    folder.stages.mkdir()
    (folder.stages / "train.pt").touch()
    (folder.path / ".checkpoint.pt.1234.tmp").touch()
    (bench.store.out / ".plan.json.1234.tmp").touch()
    bench.run()
    assert {path.name for path in folder.path.iterdir()} == {"record.json", "cases.parquet", "provenance.json"}
    assert not (bench.store.out / ".plan.json.1234.tmp").exists()


def test_too_little_room_is_said_before_anything_is_run(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grid, "BYTES_PER_CELL", 2**60)
    with pytest.raises(UserError, match="MiB are needed; free some space or choose another --out"):
        bench.run()
    assert bench.store.finished_ids() == set()


def test_an_index_that_cannot_be_written_stops_nothing(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def fail(store: Store, ids: list[str]) -> None:
        asked.extend(ids)
        raise OutputError("the disk is full")

    monkeypatch.setattr("nsbench.benchmark.execution.indexing.BATCH", 1)
    monkeypatch.setattr("nsbench.benchmark.store.index.update_index", fail)
    assert bench.run()[0].done == 3
    assert asked == [cell.id for cell in bench.cells]


def test_data_that_cannot_be_kept_or_read_is_said_before_anything_is_run(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "cache").touch()
    monkeypatch.setenv("NSBENCH_CACHE", str(tmp_path / "cache" / "inside"))
    with pytest.raises(UserError, match=r"cannot write .*cache.*a part of the path is a file.*NSBENCH_CACHE"):
        bench.run()

    def refuse(*args: object) -> None:
        raise PermissionError(13, "Permission denied", "/data/scan.nii")

    monkeypatch.setattr("nsbench.benchmark.data.cell_data.load_cell_data", refuse)
    with pytest.raises(UserError, match=r"dataset phantom:chamber cannot be read: .*scan.nii"):
        bench.run()


def test_a_gpu_share_without_a_gpu_is_refused(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    execution = Execution(out=bench.store.out, executor="inline", gpus_per_run=0.5)
    with pytest.raises(UserError, match=r"--gpus-per-run 0.5: this machine has no GPU"):
        run_grid(bench.cells, bench.store, execution, bench.registries)


def test_ray_that_is_not_installed_is_named(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    execution = Execution(out=bench.store.out, executor="ray")
    with pytest.raises(UserError, match=r"pip install 'nsbench\[ray\]', or use --executor inline"):
        run_grid(bench.cells, bench.store, execution, bench.registries)


def test_lines_where_there_is_no_terminal(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    errors = io.StringIO()
    monkeypatch.setattr(sys, "stderr", errors)
    bench.run(fails=(2,))
    lines = errors.getvalue().splitlines()
    assert [line[:13] for line in lines] == [
        "[0/3] start  ",
        "[1/3] done   ",
        "[1/3] start  ",
        "[2/3] done   ",
        "[2/3] start  ",
        "[3/3] failed ",
    ]
    assert lines[-1].endswith("(no luck)")
    assert all(cell.id in errors.getvalue() for cell in bench.cells)
    assert "\x1b" not in errors.getvalue()


def test_the_count_starts_from_what_was_done_before(make_cell: MakeCell, tmp_path: Path) -> None:
    display = Display(Store(tmp_path), pending=2, before=Counter(done=3, failed=1), workers=1, quiet=True)
    with display:
        display.show(Event("started", make_cell("ce")))
        display.show(Event("ended", make_cell("ce"), "oom"))
    assert (display.ended, display.total) == (5, 6)
    assert display.statuses == {"done": 3, "failed": 1, "oom": 1}
