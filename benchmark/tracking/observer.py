"""Tells the trackers what becomes of the cells.

A cell is tracked when it has ended, from its record and its curves, by the process that runs the grid. So it
works with every executor, costs a worker nothing, is complete for a cell that was interrupted and continued,
cannot change a result, and a run in a tracker is a record that the leaderboard counts. Cells that run are shown
live by TensorBoard only, from the `progress.json` that the display reads: its files are replaced when the cell
ends, whereas a server would keep the remains of every interrupted attempt.

All of it happens in a thread of its own: a slow server holds up no worker. A tracker that fails is left out from
then on, with a warning; the cells that it missed are told the next time that it is asked for by name.
"""

from __future__ import annotations

import queue
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ..cell import Cell
from ..execution.events import Event
from ..store import Store
from .choose import choose_trackers
from .journal import Journal
from .summary import CellSummary, summarise
from .tracker import Tracker

LIVE_SECONDS = 5.0
"""Time between looks at the running cells."""


class Tracking:
    """An observer of the grid's events; a context in which its thread runs.

    Parameters
    ----------
    trackers
        May be none.
    store
        Where the records are.
    backlog
        Cells that are told after the run if the tracker does not know them and they have a record.
    """

    def __init__(self, trackers: Sequence[Tracker], store: Store, backlog: Sequence[Cell] = ()) -> None:
        self.trackers = list(trackers)
        self.store = store
        self.backlog = list({cell.id: cell for cell in backlog}.values())
        self._journals = {tracker.name: Journal(_journal_file(store.out, tracker)) for tracker in trackers}
        self._events: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
        self._running: dict[str, Cell] = {}
        self._heard: dict[str, dict[str, Any]] = {}
        self._thread = threading.Thread(target=self._work, name="nsbench-tracking", daemon=True)

    @classmethod
    def of(cls, names: Sequence[str] | None, store: Store, cells: Sequence[Cell], title: str | None) -> Tracking:
        """The tracking of a run; a tracker that was asked for by name is also told of cells that were done before.

        Raises
        ------
        UserError
            A tracker's package is not installed, or it cannot be used.
        """
        trackers = choose_trackers(names, store.out, title or store.out.resolve().name)
        return cls(trackers, store, cells if names else ())

    def __call__(self, event: Event) -> None:
        """Take in one event; returns at once."""
        self._events.put(event)

    def __enter__(self) -> Tracking:
        if self.trackers:
            self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Wait until everything is told, after an error only what has been begun."""
        if kind is not None:
            self.backlog = []
        if self._thread.is_alive():
            self._events.put(None)
            self._thread.join()

    def _work(self) -> None:
        due = time.monotonic() + LIVE_SECONDS
        while self.trackers:
            try:
                event = self._events.get(timeout=max(due - time.monotonic(), 0.0))
                if event is None:
                    break
                self._take(event)
            except queue.Empty:
                self._look()
                due = time.monotonic() + LIVE_SECONDS
        self._catch_up()
        for tracker in list(self.trackers):
            self._guarded(tracker, tracker.close)

    def _take(self, event: Event) -> None:
        cell = event.cell
        if event.kind == "started":
            self._running[cell.id] = cell
            return
        self._running.pop(cell.id, None)
        self._heard.pop(cell.id, None)
        if event.kind == "ended":
            self._tell(cell, self.trackers)
        for tracker in list(self.trackers):
            self._guarded(tracker, tracker.leave, cell)

    def _look(self) -> None:
        """Pass on what the running cells say of themselves, where it is new."""
        for cell in self._running.values():
            facts = self.store.progress(cell.id)
            if facts is not None and facts != self._heard.get(cell.id):
                self._heard[cell.id] = facts
                for tracker in list(self.trackers):
                    self._guarded(tracker, tracker.live, cell, facts)

    def _catch_up(self) -> None:
        for cell in self.backlog:
            self._tell(
                cell, [tracker for tracker in self.trackers if cell.id not in self._journals[tracker.name].known]
            )

    def _tell(self, cell: Cell, trackers: Sequence[Tracker]) -> None:
        summary = self._read(cell) if trackers else None
        for tracker in list(trackers) if summary else []:
            self._guarded(tracker, self._write, tracker, summary)

    def _read(self, cell: Cell) -> CellSummary | None:
        try:
            return summarise(self.store, cell)
        except Exception as error:
            print(f"cell {cell.id} is not tracked: {error}", file=sys.stderr)
            return None

    def _write(self, tracker: Tracker, summary: CellSummary) -> None:
        tracker.write(summary)
        self._journals[tracker.name].add(summary.cell.id)

    def _guarded(self, tracker: Tracker, act: Callable[..., None], *arguments: Any) -> None:
        try:
            act(*arguments)
        except Exception as error:
            self.trackers.remove(tracker)
            cause = f"{type(error).__name__}: {error}".splitlines()[0][:300]
            print(f"tracking with {tracker.name} stopped, the run goes on: {cause}", file=sys.stderr)


def _journal_file(out: Path, tracker: Tracker) -> Path:
    return out / "tracking" / f"{tracker.name}.cells"
