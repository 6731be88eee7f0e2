"""What every tracker does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Protocol

from ..cell import Cell
from .summary import CellSummary


class Tracker(Protocol):
    """Takes down cells through a tracking library's own writer; used from one thread.

    Whatever it raises is caught: the tracker is then left out for the rest of the run.
    """

    name: ClassVar[str]

    def write(self, summary: CellSummary) -> None:
        """Take down a cell that has ended, as a run of its own."""

    def live(self, cell: Cell, facts: Mapping[str, Any]) -> None:
        """Take down the last word of a running cell: `{stage, update, total, loss, seconds_per_update}`."""
        return None

    def leave(self, cell: Cell) -> None:
        """Forget a running cell that lost its worker."""
        return None

    def close(self) -> None:
        """Write out what is buffered."""
        return None
