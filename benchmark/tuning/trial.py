"""Runs one trial: its cells one after the other, from the store where they are done."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from filelock import FileLock

from ..cell import Cell
from ..errors import UserError
from ..registry import Registries
from ..spec.tune import Pruner, Tune
from ..store import Store
from .cells import TrialCells
from .scores import CellScore, read_score, trial_values

if TYPE_CHECKING:
    from ..execution.worker import CellWorker

Report = Callable[[Mapping[int, float]], None]
"""Hears intermediate scores by step; may raise `Pruned`."""

LOCKS = ".locks"
"""Folder of the locks of running cells, beside the page."""

_FAILED = ("failed", "timeout", "oom", "skipped")


@dataclass(frozen=True)
class TrialResult:
    """How a trial ended.

    Attributes
    ----------
    values
        The objectives; empty for a trial that failed.
    scores
        Dice of each cell.
    error
        Why it failed, in one line.
    """

    values: tuple[float, ...] = ()
    cells: tuple[str, ...] = ()
    scores: tuple[float, ...] = ()
    error: str = ""


@dataclass
class TrialRunner:
    """Runs trials of one method with one worker.

    Attributes
    ----------
    retry_failed
        Run cells again that have a record of failure.
    """

    worker: CellWorker
    store: Store
    registries: Registries
    method: TrialCells
    tune: Tune
    retry_failed: bool = False

    def run(self, params: Mapping[str, Any], report: Report) -> TrialResult:
        """Run the cells of a trial.

        Raises
        ------
        Pruned
            `report` ended the trial.
        """
        steps = _Steps(self.tune.early_stop, report)
        found: list[CellScore] = []
        try:
            cells = self.method.of(params, self.registries)
            for i, cell in enumerate(cells):
                found.append(self._score(cell, steps))
                steps.close(found[-1], last=i == len(cells) - 1)
            scores = [score.dice for score in found]
            values = trial_values(scores, [score.seconds for score in found], self.tune)
        except UserError as error:
            return TrialResult(error=str(error))
        return TrialResult(tuple(values), tuple(cell.id for cell in cells), tuple(scores))

    def _score(self, cell: Cell, steps: _Steps) -> CellScore:
        # trials of equal parameters may run at once: the second one waits and finds the record
        folder = self.store.out / "tuning" / LOCKS
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / cell.id):
            known = read_score(self.store, cell.id)
            if known is None:
                self._refuse_failed(cell)
                ending = self.worker.run(cell, steps.validated)
                known = read_score(self.store, cell.id)
                if known is None:
                    raise UserError(f"cell {cell.id} ({cell.describe()}): {ending.status}: {ending.note}")
        steps.validated(known.validations)
        return known

    def _refuse_failed(self, cell: Cell) -> None:
        try:
            record = self.store.read(cell.id)
        except ValueError:
            self.store.set_aside(cell.id)
            return
        if record is not None and record.result.status in _FAILED and not self.retry_failed:
            raise UserError(f"cell {cell.id} has failed before ({record.result.status}); --retry-failed runs it again")


class _Steps:
    """Numbers the intermediate scores of a trial, so that equal numbers of two trials can be compared.

    `asha` and `median` look at every validation, counted through the cells; `wilcoxon` at every validation
    case of every finished cell, as it tests pairs.
    """

    def __init__(self, pruner: Pruner, report: Report) -> None:
        self.pruner, self.report = pruner, report
        self.before = self.seen = self.closed = 0

    def validated(self, scores: Sequence[float]) -> None:
        """Take in all validation scores so far of the running cell."""
        new = {self.before + i + 1: float(scores[i]) for i in range(self.seen, len(scores))}
        self.seen = len(scores)
        if new and self.pruner in ("asha", "median"):
            self.report(new)

    def close(self, score: CellScore, last: bool) -> None:
        """End a cell; nothing is pruned after the last one."""
        if self.pruner == "wilcoxon" and not last:
            self.report({self.closed + i: value for i, value in enumerate(score.cases.values()) if value == value})
        self.before, self.seen = self.before + self.seen, 0
        self.closed += len(score.cases)
