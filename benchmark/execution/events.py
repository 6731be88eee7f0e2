"""What an executor tells the grid."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

from ..cell import Cell
from ..store import Status


class Ending(NamedTuple):
    """The status of a cell, and the cause in one line where it is not `done`."""

    status: Status
    note: str = ""


@dataclass(frozen=True)
class Event:
    """A cell started, ended with a status, or lost its worker and is tried again."""

    kind: Literal["started", "ended", "retried"]
    cell: Cell
    status: str = ""
    note: str = ""


class Executor(Protocol):
    """Runs cells somewhere and says how they went."""

    workers: int

    def run(self, cells: Sequence[Cell]) -> Iterator[Event]:
        """Run the cells in order; every one of them yields an `ended` event."""
        ...

    def stop(self) -> None:
        """End everything at once; running cells continue from their checkpoints next time."""
        ...
