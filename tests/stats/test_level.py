"""On two samples of one truth hardly anything is told apart; on samples two points apart something is."""

from __future__ import annotations

import numpy as np
import pytest

from nsbench.benchmark.stats.bootstrap import Estimates
from nsbench.benchmark.stats.simulate import Sample

DRAWS = 1000

SAMPLES = [
    Sample(10, 2, by_patient=4, by_seed=0.5),
    Sample(10, 3, by_patient=4, by_seed=1),
    Sample(20, 2, by_patient=1, by_seed=1),
    Sample(20, 3, by_patient=4, by_seed=0),
    Sample(50, 2, by_patient=4, by_seed=0.5, skewed=True),
    Sample(50, 3, by_patient=2, by_seed=0.3),
]


def told_apart(sample: Sample, mean: float = 0.0, fixed_seeds: bool = False) -> int:
    """Of 1,000 samples, how many have a 95 % interval without 0."""
    scores = sample.draw(np.random.default_rng(5), DRAWS, mean)
    drawn = Estimates.of(scores, fixed_seeds).draws()
    below = (drawn <= 0).mean(0)
    return int(((below <= 0.025) | (below >= 0.975)).sum())


@pytest.mark.parametrize("sample", SAMPLES, ids=str)
def test_one_truth_is_told_apart_in_at_most_five_of_a_hundred_draws(sample: Sample) -> None:
    assert told_apart(sample) <= 50


def test_seeds_that_are_taken_as_they_are_must_not_vary() -> None:
    """Ignoring the seeds is wrong where they matter, which is why one has to ask for it."""
    sample = Sample(50, 2, by_patient=2, by_seed=1)
    assert told_apart(sample) <= 50
    assert told_apart(sample, fixed_seeds=True) > 100
    assert told_apart(Sample(20, 1, by_patient=4, by_seed=0), fixed_seeds=True) <= 62  # two standard errors above 50


def test_two_points_are_found_with_enough_patients_and_seeds() -> None:
    assert told_apart(Sample(50, 3, by_patient=2, by_seed=0.3), mean=2.0) > 950
    assert 50 < told_apart(Sample(10, 3, by_patient=4, by_seed=0.5), mean=2.0) < 500


def test_draws_have_the_errors_that_the_variances_say() -> None:
    estimates = Estimates.of(Sample(40, 30, 3, 2).draw(np.random.default_rng(0), 1))
    patients, seeds = estimates.variances()
    assert estimates.draws().std() == pytest.approx(np.sqrt(patients + seeds)[0], rel=0.1)
    assert np.sqrt(patients[0]) == pytest.approx(3 / np.sqrt(40), rel=0.35)


def test_missing_scores_are_in_no_mean() -> None:
    scores = np.array([[[1.0, 2.0], [3.0, np.nan], [np.nan, np.nan]]])
    estimates = Estimates.of(scores)
    assert estimates.mean[0] == 2.0
    np.testing.assert_allclose(estimates.patients, [[-1 / 3, 1 / 3]])
    np.testing.assert_allclose(estimates.seeds, [[0, 0]])
