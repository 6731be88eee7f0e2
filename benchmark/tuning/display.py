"""What a person sees while trials run."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from .trial import TrialResult


class TrialDisplay:
    """Live table on a terminal, one line per ended trial elsewhere. Writes to standard error only.

    Parameters
    ----------
    label
        The method.
    count
        Trials to run.
    best
        Highest score of earlier trials; None for none.
    """

    def __init__(self, label: str, count: int, best: float | None, quiet: bool) -> None:
        self.label, self.count, self.best, self.quiet = label, count, best, quiet
        self.done = self.failed = 0
        self.running: dict[int, tuple[str, float]] = {}
        self.console = Console(file=sys.stderr)
        columns = (TextColumn("[bold]{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self.bar = Progress(*columns, console=self.console)
        self.task = self.bar.add_task(f"{label}: trials", total=count)
        self.live = Live(get_renderable=self._picture, console=self.console, refresh_per_second=2, transient=True)

    @property
    def on_terminal(self) -> bool:
        """Whether the live table is shown."""
        return self.console.is_terminal and not self.quiet

    def __enter__(self) -> TrialDisplay:
        if self.on_terminal:
            self.live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.on_terminal:
            self.live.stop()

    def started(self, number: int, params: Mapping[str, Any]) -> None:
        """A trial begins."""
        self.running[number] = (params_text(params), time.monotonic())

    def ended(self, number: int, params: Mapping[str, Any], result: TrialResult | None) -> None:
        """A trial has ended; None: it was pruned."""
        self.running.pop(number, None)
        self.done += 1
        self.failed += bool(result and result.error)
        if result and result.values:
            self.best = max(self.best if self.best is not None else -1.0, result.values[0])
        self.bar.update(self.task, completed=self.done)
        if not self.quiet:
            best = f"  best {100 * self.best:.2f}" if self.best is not None else ""
            line = f"[{self.done}/{self.count}] {self.label} trial {number}: {params_text(params)}  {_ending(result)}"
            self.console.print(line + best, markup=False, highlight=False, soft_wrap=True)

    def _picture(self) -> Group:
        table = Table("running", "seconds", box=None, pad_edge=False)
        for number, (text, since) in list(self.running.items()):
            table.add_row(f"trial {number}: {text}", f"{time.monotonic() - since:.0f}")
        return Group(self.bar, table)


def params_text(params: Mapping[str, Any]) -> str:
    """`gamma=1.5, learning_rate=0.00213`."""
    return ", ".join(
        f"{name}={value:.4g}" if isinstance(value, float) else f"{name}={value}" for name, value in params.items()
    )


def _ending(result: TrialResult | None) -> str:
    if result is None:
        return "pruned"
    if result.error:
        return f"failed: {result.error}"
    seconds = f", {result.values[1]:.1f} s" if len(result.values) > 1 else ""
    return f"Dice {100 * result.values[0]:.2f}{seconds}"
