"""What a run measured, in a paper's terms."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from nsbench.benchmark.papers.measured import Measurements
from nsbench.benchmark.papers.metrics import PrintedMetric
from nsbench.benchmark.papers.select import Stands
from nsbench.benchmark.stats.bootstrap import Estimates
from nsbench.benchmark.stats.panel import Panel


@pytest.mark.parametrize("seeds", [1, 2])
def test_measured_means_are_over_patients_as_the_verdicts_are(seeds: int) -> None:
    """Of two patients, one has three scans: she counts once."""
    scans = {"a-1": 0.9, "a-2": 0.8, "a-3": 0.7, "b-1": 0.2}
    cases = pd.DataFrame(
        {"row": 0, "seed": seed, "fold": 0, "case": case, "patient": case[0], "dice": dice + 0.1 * seed}
        for seed in range(seeds)
        for case, dice in scans.items()
    )
    stands = Stands({"unit": 0}, "Ours", {}, None, None)
    found = Measurements([stands], pd.DataFrame(), cases).score(stands, PrintedMetric("dice", 100.0))
    panel = Panel.of(cases.assign(method="Ours", score=cases["dice"]))
    assert found is not None
    assert found.mean == pytest.approx(100 * Estimates.of(panel.values).mean[0])
    assert found.mean == pytest.approx(50 + 5 * (seeds - 1))
    assert (found.seeds, found.cases) == (seeds, 4)
    assert found.std_cases == pytest.approx(100 * np.std(list(scans.values()), ddof=1))
