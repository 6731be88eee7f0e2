"""Runs the cells of a plan that are not done yet."""

from __future__ import annotations

import shutil
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ..cell import Cell, Noisy
from ..errors import UserError
from ..registry import Registries
from ..store import Store
from ..store.files import check_writable, explain, sweep
from .display import Display
from .events import Event, Executor
from .executors import make_executor
from .indexing import IndexKeeper
from .interrupt import terminable, uninterrupted
from .limits import raise_file_limit
from .state import cell_states

if TYPE_CHECKING:
    from ..spec.models import Execution

BYTES_PER_CELL = 2**20
"""Room that a finished cell takes at the least: weights and tables."""

BYTES_TO_WORK = 64 * 2**20
"""Room for checkpoints of running cells and for the leaderboard."""

Observer = Callable[[Event], None]

UNFINISHED = ("waiting", "partial", "damaged")


@dataclass
class Summary:
    """How the grid went: cells by status, and whether it was interrupted."""

    statuses: Counter[str] = field(default_factory=Counter)
    interrupted: bool = False

    @property
    def done(self) -> int:
        """Cells with a result."""
        return self.statuses["done"]

    @property
    def failed(self) -> int:
        """Cells with a record of failure."""
        return sum(self.statuses[s] for s in ("failed", "timeout", "oom", "skipped"))


def run_grid(
    cells: Sequence[Cell],
    store: Store,
    execution: Execution,
    registries: Registries,
    *,
    quiet: bool = False,
    observers: Sequence[Observer] = (),
    checked: bool = False,
) -> Summary:
    """Run what is not done, seed by seed; finished cells are not touched, torch is not imported for them.

    Parameters
    ----------
    observers
        Called with every event, in the thread that hands out the cells: they must return at once.
    checked
        Whether `check_data` has been called for these cells.

    Raises
    ------
    UserError
        The output folder cannot be written or another run fills it, or the data of a dataset cannot be used.
    """
    unique = list({cell.id: cell for cell in cells}.values())
    with store.exclusive():
        states = cell_states(unique, store, execution.retry_failed)
        pending = [cell for cell in unique if states[cell.id] in UNFINISHED]
        summary = Summary(Counter(s for s in states.values() if s not in UNFINISHED))
        _clear_up(states, store)
        if pending:
            check_writable(store.out / "cells", BYTES_TO_WORK + BYTES_PER_CELL * len(pending))
            raise_file_limit()
            if not checked:
                _prepare_data(pending, registries, quiet)
            _run(pending, store, make_executor(store, execution), summary, quiet, observers)
        if summary.done == len(unique):
            # a cell that is to be run again would train its shared stages again, to the same outcome
            shutil.rmtree(store.shared_stages, ignore_errors=True)
    return summary


def check_data(
    cells: Sequence[Cell], store: Store, execution: Execution, registries: Registries, *, quiet: bool = False
) -> None:
    """Read, check and prepare the data of all cells that are not done, before anything is written to the store.

    Raises
    ------
    UserError
        The data of a dataset cannot be used.
    """
    states = cell_states(cells, store, execution.retry_failed)
    pending = [cell for cell in cells if states[cell.id] in UNFINISHED]
    if pending:
        raise_file_limit()
        with _writable(store.out):
            _prepare_data(pending, registries, quiet)


@contextmanager
def _writable(out: Path) -> Iterator[None]:
    """Make sure of the output folder before work is done for it; leaves no folder behind when that fails."""
    existed = out.exists()
    check_writable(out, BYTES_TO_WORK)
    try:
        yield
    except BaseException:
        if not existed:
            with suppress(OSError):
                out.rmdir()
        raise


def _run(
    pending: list[Cell],
    store: Store,
    executor: Executor,
    summary: Summary,
    quiet: bool,
    observers: Sequence[Observer],
) -> None:
    index = IndexKeeper(store)
    with Display(store, len(pending), summary.statuses, executor.workers, quiet) as display, terminable():
        try:
            for event in executor.run(pending):
                display.show(event)
                index(event)
                for observe in observers:
                    observe(event)
                if event.kind == "ended":
                    summary.statuses[event.status] += 1
        except KeyboardInterrupt:
            summary.interrupted = True
        finally:
            with uninterrupted():
                executor.stop()


def _clear_up(states: dict[str, str], store: Store) -> None:
    """Set damaged records aside, and remove what a process that was killed left behind."""
    sweep(store.out)
    for cell_id, state in states.items():
        if state == "damaged":
            _set_aside(cell_id, store)
        elif state == "done" and store.folder(cell_id).stages.exists():
            store.tidy(cell_id)


def _set_aside(cell_id: str, store: Store) -> None:
    try:
        store.read(cell_id)
    except ValueError as error:
        where = store.set_aside(cell_id)
        print(f"cell {cell_id} is run again: {error}; kept for inspection in {where}", file=sys.stderr)


def _prepare_data(pending: Sequence[Cell], registries: Registries, quiet: bool) -> None:
    """Read and check the data of every dataset once, before hours are spent."""
    from ..data.cell_data import load_cell_data
    from .preparing import preparing

    first: dict[str, Cell] = {}
    for cell in pending:
        who = cell.identity
        # noise is made cell by cell; few labels, and another dataset's, may turn out to be unusable
        drawn = "" if isinstance(who.supervision, Noisy) else who.supervision.model_dump_json()
        first.setdefault(f"{who.dataset.model_dump_json()}{who.fold}{who.seed}{who.budget.case_limit}{drawn}", cell)
    with preparing(quiet) as tick:
        for cell in first.values():
            try:
                load_cell_data(cell, registries, tick(cell.dataset_label))
            except OSError as error:
                raise _unusable_data(cell, error) from error


def _unusable_data(cell: Cell, error: OSError) -> UserError:
    from ..data.cache import cache_folder

    path = Path(error.filename or "")
    if path.is_relative_to(cache_folder()):
        return explain(error, path)
    return UserError(f"dataset {cell.dataset_label} cannot be read: {error}")
