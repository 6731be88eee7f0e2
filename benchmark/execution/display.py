"""What a person sees while the grid runs."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from typing import Any

from rich.console import Group
from rich.progress import TextColumn
from rich.table import Table

from ..cell import Cell
from ..rough_time import duration
from ..store import Store
from .events import Event
from .live import LiveTable

MAX_RUNNING_SHOWN = 16


class Display(LiveTable):
    """Live table on a terminal, one line per event elsewhere.

    Parameters
    ----------
    pending
        Cells to run.
    before
        Cells that need not be run, by status.
    workers
        Cells that run at a time, for the estimate of the time left.
    """

    def __init__(self, store: Store, pending: int, before: Mapping[str, int], workers: int, quiet: bool) -> None:
        self.store = store
        self.statuses = Counter(before)
        self.ended = self.statuses.total()
        self.total, self.workers = self.ended + pending, max(workers, 1)
        self.running: dict[str, tuple[Cell, float]] = {}
        self.spent: list[float] = []
        left = TextColumn("{task.fields[left]}")
        super().__init__("cells", self.total, self.ended, quiet, (left,))

    def show(self, event: Event) -> None:
        """Take in one event."""
        if event.kind == "started":
            self.running[event.cell.id] = (event.cell, time.monotonic())
        else:
            _, since = self.running.pop(event.cell.id, (event.cell, time.monotonic()))
            if event.kind == "ended":
                self._ended(event, time.monotonic() - since)
        self._say(event)

    def _ended(self, event: Event, seconds: float) -> None:
        self.statuses[event.status] += 1
        self.ended += 1
        if event.status == "done":
            self.spent.append(seconds)
        self.bar.update(self.task, completed=self.ended, left=self.time_left())

    def time_left(self) -> str:
        """Estimate from the measured time of the finished cells."""
        if not self.spent:
            return ""
        left = (self.total - self.ended) * sum(self.spent) / len(self.spent) / self.workers
        return f"about {duration(left)} left" if left else ""

    def _say(self, event: Event) -> None:
        if self.quiet or (self.on_terminal and event.kind == "started"):
            return
        words = {"started": "start", "ended": event.status, "retried": "retry"}[event.kind]
        note = f"  ({event.note})" if event.note else ""
        left = f"  {self.time_left()}" if event.kind == "ended" else ""
        line = f"[{self.ended}/{self.total}] {words:7} {event.cell.id} {event.cell.describe()}{left}{note}"
        self.say(line)

    def picture(self) -> Group:
        """The bar over what runs."""
        table = Table(box=None, pad_edge=False)
        for column in ("running", "stage", "update", "loss", "s/update"):
            table.add_column(column, justify="left" if column == "running" else "right")
        for cell, _ in list(self.running.values())[:MAX_RUNNING_SHOWN]:
            table.add_row(cell.describe(), *_facts(self.store.progress(cell.id)))
        done = self.statuses["done"]
        counts = f"done {done}   running {len(self.running)}   failed {self.ended - done}"
        return Group(self.bar, counts, table)


def _facts(progress: dict[str, Any] | None) -> tuple[str, str, str, str]:
    if progress is None:
        return ("preparing", "", "", "")
    loss, speed = progress.get("loss"), progress.get("seconds_per_update")
    return (
        str(progress.get("stage", "")),
        f"{progress.get('update', '?')}/{progress.get('total', '?')}",
        "" if loss is None else f"{loss:.4f}",
        "" if speed is None else f"{speed:.3f}",
    )
