"""What every way of running trials shares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from ..execution.settings import WorkerSettings
from .cells import TrialCells
from .display import TrialDisplay
from .study import TuningStudy


@dataclass(frozen=True)
class Job:
    """The trials of one method that are to be run.

    Attributes
    ----------
    count
        How many.
    """

    method: TrialCells
    study: TuningStudy
    count: int
    retry_failed: bool
    display: TrialDisplay


class TrialExecutor(Protocol):
    """Runs trials somewhere; the study learns how they ended."""

    workers: int
    settings: WorkerSettings

    def run(self, job: Job) -> None:
        """Run the trials of a job."""
        ...

    def stop(self) -> None:
        """End everything at once; running trials are tried again by the next command."""
        ...
