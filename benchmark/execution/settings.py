"""What every worker is told once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class WorkerSettings:
    """How a worker runs its cells; nothing here changes a result except the number of threads.

    Attributes
    ----------
    threads
        Threads of one cell.
    gpus
        Share of a GPU; 0 for the CPU.
    plugins
        Loose plugin files.
    """

    threads: int = 1
    gpus: float = 0.0
    plugins: tuple[Path, ...] = ()
    timeout_seconds: float | None = None
    save_predictions: bool = False
    checkpoint_seconds: float = 20.0

    @property
    def patience_seconds(self) -> float | None:
        """When a cell that does not end by itself at its timeout (it hangs in one step) is ended from outside."""
        return None if self.timeout_seconds is None else 1.25 * self.timeout_seconds + 5
