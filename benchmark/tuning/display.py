"""What a person sees while trials run."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from rich.console import Group
from rich.table import Table

from ..execution.live import LiveTable
from .trial import TrialResult


class TrialDisplay(LiveTable):
    """Live table on a terminal, one line per ended trial elsewhere.

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
        self.label, self.count, self.best = label, count, best
        self.done = self.failed = 0
        self.running: dict[int, tuple[str, float]] = {}
        super().__init__(f"{label}: trials", count, quiet=quiet)

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
            self.say(line + best)

    def picture(self) -> Group:
        """The bar over what runs."""
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
