"""Verdicts on reported numbers, on made-up papers of known truth."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest

from nsbench.benchmark.papers.equivalence import equivalence
from nsbench.benchmark.papers.spread import gap
from nsbench.benchmark.stats.bootstrap import Estimates
from nsbench.benchmark.stats.simulate import Sample

DRAWS = 1000


def paper(scores: np.ndarray, spread: str) -> dict[str, Any]:
    """What a paper prints of its scores `[patients, seeds]`."""
    values = {"runs": scores.mean(0), "cases": scores.mean(1)}.get(spread)
    if values is None:
        return {"mean": scores.mean(), "std": None, "spread": "", "n": None}
    return {"mean": scores.mean(), "std": values.std(ddof=1), "spread": spread, "n": len(values)}


def outcomes(
    sample: Sample, spread: str, apart: float, theirs_as: Sample | None = None, test_cases: int | None = None
) -> Counter[str]:
    """Verdicts on 1,000 runs and papers whose true means are this far apart, margin 2."""
    rng = np.random.default_rng(3)
    mine, printed = sample.draw(rng, DRAWS, apart), (theirs_as or sample).draw(rng, DRAWS)
    found: Counter[str] = Counter()
    for run, other in zip(mine, printed):
        estimates = Estimates.of(run[None])
        compared = gap(paper(other, spread), estimates, same_cases=False, test_cases=test_cases)
        found[equivalence(compared, 2.0).verdict] += 1
    return found


@pytest.mark.parametrize(
    ("sample", "spread", "printed"),
    [
        (Sample(20, 3, by_patient=5, by_seed=0.5), "runs", None),
        (Sample(50, 3, by_patient=13, by_seed=0.7), "cases", Sample(130, 1, by_patient=13, by_seed=0.7)),
        (Sample(20, 3, by_patient=5, by_seed=0.5), "", Sample(20, 1, by_patient=5, by_seed=0.5)),
        (Sample(10, 2, by_patient=2, by_seed=1), "", Sample(10, 1, by_patient=2, by_seed=1)),
    ],
)
def test_one_truth_differs_in_at_most_five_of_a_hundred_draws(
    sample: Sample, spread: str, printed: Sample | None
) -> None:
    found = outcomes(sample, spread, 0.0, printed)
    assert found["higher"] + found["lower"] <= 50


@pytest.mark.parametrize(("theirs", "spread"), [(10, "runs"), (20, "")])
def test_a_paper_of_few_patients_is_lent_the_doubt_of_so_few(theirs: int, spread: str) -> None:
    """Ours are 200: that many would make the paper's mean far too sure."""
    ours, printed = Sample(200, 3, by_patient=8, by_seed=0.5), Sample(theirs, 3, by_patient=8, by_seed=0.5)
    found = outcomes(ours, spread, 0.0, printed, theirs)
    assert found["higher"] + found["lower"] <= 62  # two standard errors above 50
    if spread:
        unaware = outcomes(ours, spread, 0.0, printed)
        assert unaware["higher"] + unaware["lower"] > 150


def test_means_at_the_margin_are_called_reproduced_in_at_most_five_of_a_hundred_draws() -> None:
    assert outcomes(Sample(50, 3, by_patient=2, by_seed=0.2), "runs", 2.0)["reproduced"] <= 50


def test_every_verdict_is_reached() -> None:
    sharp = Sample(50, 3, by_patient=2, by_seed=0.2)
    assert outcomes(sharp, "runs", 0.0)["reproduced"] > 900
    assert outcomes(sharp, "runs", 4.0)["higher"] > 900
    assert outcomes(sharp, "runs", -4.0)["lower"] > 900
    assert outcomes(Sample(10, 2, by_patient=5, by_seed=1), "runs", 0.0)["underpowered"] > 900


def test_spread_that_the_paper_gives_is_used_and_the_rest_is_said() -> None:
    estimates = Estimates.of(Sample(20, 3, 5, 0.5).draw(np.random.default_rng(0), 1))
    patients, seeds = (float(value[0]) for value in estimates.variances())
    number = {"mean": 80.0, "std": 0.6, "spread": "runs", "n": 3}
    found = gap(number, estimates, same_cases=False)
    assert found.parts == (pytest.approx((2 * patients, 19)), pytest.approx((seeds, 2)), pytest.approx((0.12, 2)))
    assert found.treated == "the paper's spread over runs; over patients, that of ours is taken"
    assert gap(number, estimates, same_cases=True).parts == (pytest.approx((seeds, 2)), pytest.approx((0.12, 2)))


@pytest.mark.parametrize("std", [None, 0.6])
def test_a_mean_without_spread_or_count_borrows_ours(std: float | None) -> None:
    estimates = Estimates.of(Sample(20, 3, 5, 0.5).draw(np.random.default_rng(0), 1))
    patients, seeds = (float(value[0]) for value in estimates.variances())
    found = gap({"mean": 80.0, "std": std, "spread": "runs" if std else "", "n": None}, estimates, same_cases=False)
    assert found.parts == (pytest.approx((2 * patients, 19)), pytest.approx((4 * seeds, 2)))
    assert "no spread" in found.treated


def test_a_printed_variance_is_one() -> None:
    estimates = Estimates.of(Sample(20, 3, 5, 0.5).draw(np.random.default_rng(0), 1))
    found = gap({"mean": 1.0, "std": 0.5, "spread": "variance", "n": 5}, estimates, same_cases=False)
    assert found.parts[-1] == pytest.approx((0.1, 4))
