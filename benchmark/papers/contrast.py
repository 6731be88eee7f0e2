"""Weighted sums of mean scores of rows, with what they owe to each patient and each seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..stats.bootstrap import Estimates
from ..stats.enough import too_few
from ..stats.panel import Panel, by_patient, why_not
from ..stats.records import Records
from .metrics import PrintedMetric
from .select import Stands

Term = tuple[float, Stands]


@dataclass(frozen=True)
class Contrast:
    """A weighted sum of mean scores, in the paper's unit.

    Attributes
    ----------
    estimates
        Of one quantity; None where there is not enough data, for the reason in `reason`.
    patients, seeds
        How many it rests on.
    """

    estimates: Estimates | None
    patients: int
    seeds: int
    reason: str = ""


@dataclass(frozen=True)
class PairedT:
    """A two-sided paired t-test over patients; `reason` says why there is none."""

    difference: float = 0.0
    p: float = 1.0
    reason: str = ""


class Scores:
    """Reads the scores of rows once."""

    def __init__(self, records: Records, fixed_seeds: bool = False) -> None:
        self._records, self._fixed_seeds = records, fixed_seeds
        self._rows = {row.unit: row for row in records.rows}
        self._panels: dict[object, Panel] = {}

    def contrast(self, terms: Sequence[Term], metric: PrintedMetric) -> Contrast:
        """The sum of `factor * mean score` over the terms.

        Rows that were scored on the same patients are paired: only patients and seeds with all scores count. Rows
        that share none (groups of cases) are independent in the patients.
        """
        panels = [self._panel(stands, metric) for _, stands in terms]
        values = metric.scale * _paired(_aligned(panels))
        known = np.isfinite(values)
        patients = int(known.any((0, 2)).sum())
        fewest = min(int(one.any(1).sum()) for one in known)
        seeds = min(int(one.any(0).sum()) for one in known)
        reason = too_few(fewest, seeds, self._fixed_seeds)
        if reason:
            return Contrast(None, fewest, seeds, self._unfinished(terms) or reason)
        kept = values[:, known.any((0, 2))]
        factors = np.array([[factor for factor, _ in terms]])
        return Contrast(Estimates.of(kept, self._fixed_seeds).contrast(factors), patients, seeds)

    def paired_t(self, a: Stands, b: Stands, metric: PrintedMetric) -> PairedT:
        """Of `a` less `b`, each patient averaged over the seeds."""
        from scipy.stats import ttest_1samp

        first, second = _aligned([self._panel(a, metric), self._panel(b, metric)])
        values = metric.scale * (first - second)
        reason = why_not(values, self._fixed_seeds)
        if reason:
            return PairedT(reason=self._unfinished([(1.0, a), (1.0, b)]) or reason)
        found = by_patient(values)
        return PairedT(float(found.mean()), float(ttest_1samp(found, 0).pvalue))

    def _panel(self, stands: Stands, metric: PrintedMetric) -> Panel:
        key = (stands.facts["unit"], metric.name, stands.only, stands.group)
        if key not in self._panels:
            row = self._rows[stands.facts["unit"]]
            self._panels[key] = Panel.of(self._records.scores(row, metric.name, stands.only, stands.group))
        return self._panels[key]

    def _unfinished(self, terms: Sequence[Term]) -> str:
        rows = [self._rows[stands.facts["unit"]] for _, stands in terms]
        open_rows = dict.fromkeys(row.facts["method"] for row in rows if not row.complete)
        return f"cells of {', '.join(open_rows)} are not done" if open_rows else ""


def _aligned(panels: Sequence[Panel]) -> np.ndarray:
    """`[panels, patients, seeds]` over all patients and seeds of any; NaN where one has none."""
    patients = sorted({patient for panel in panels for patient in panel.patients})
    seeds = sorted({seed for panel in panels for seed in panel.seeds})
    values = np.full((len(panels), len(patients), len(seeds)), np.nan)
    for at, panel in enumerate(panels):
        if panel.methods:
            rows = np.searchsorted(patients, panel.patients)
            values[at][np.ix_(rows, np.searchsorted(seeds, panel.seeds))] = panel.values[0]
    return values


def _paired(values: np.ndarray) -> np.ndarray:
    known = np.isfinite(values)
    together = known.all(0)
    return np.where(together, values, np.nan) if together.any() else values
