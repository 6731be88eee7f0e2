"""Statistics against exact values and by simulation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import ttest_1samp

from nsbench.benchmark.report.stats import Design, summarise


def crossed(seeds: int, cases: int, cases_per_patient: int = 1) -> Design:
    """Every case observed with every seed."""
    seed, case = (codes.ravel() for codes in np.meshgrid(np.arange(seeds), np.arange(cases), indexing="ij"))
    return Design(seed, case, case // cases_per_patient, seed)


def test_mean_and_both_spreads_are_exact() -> None:
    scores = np.array([[0.2, 0.4, 0.9], [0.4, 0.6, 0.5]])
    found = summarise(scores.reshape(-1, 1), crossed(2, 3))
    assert found.mean[0] == pytest.approx(0.5)
    assert found.std_cases[0] == pytest.approx(np.std([0.3, 0.5, 0.7], ddof=1))
    assert found.std_seeds[0] == pytest.approx(np.std([0.5, 0.5], ddof=1))


def test_undefined_values_are_counted_and_in_no_mean() -> None:
    scores = np.array([[0.2, np.nan, 0.9], [0.4, np.nan, np.nan]]).reshape(-1, 1)
    found = summarise(np.hstack([scores, np.full((6, 1), np.nan)]), crossed(2, 3))
    assert found.undefined.tolist() == [3, 6]
    assert found.mean[0] == pytest.approx(0.5)
    assert found.std_cases[0] == pytest.approx(np.std([0.3, 0.9], ddof=1))
    assert np.isnan([found.mean[1], found.std_cases[1], found.std_seeds[1], found.low[1]]).all()


@pytest.mark.parametrize(("seeds", "cases", "lost"), [(1, 8, "std_seeds"), (3, 1, "std_cases"), (3, 5, "low")])
def test_too_little_data_gives_no_number(seeds: int, cases: int, lost: str) -> None:
    scores = np.random.default_rng(0).random((seeds * cases, 1))
    found = summarise(scores, crossed(seeds, cases))
    assert np.isnan(getattr(found, lost)[0])
    assert found.mean[0] == pytest.approx(scores.mean())


def test_patients_without_a_value_are_none_of_those_that_the_interval_rests_on() -> None:
    """Eight of thirty patients have a distance: the interval is that of eight, and five are too few."""
    scores = np.random.default_rng(1).normal(4, 1, (2, 30, 2))
    scores[:, 8:, 0], scores[:, 5:, 1] = np.nan, np.nan
    found = summarise(scores.reshape(60, 2), crossed(2, 30))
    alone = summarise(scores[:, :8, :1].reshape(16, 1), crossed(2, 8))
    assert (found.low[0], found.high[0]) == (pytest.approx(alone.low[0]), pytest.approx(alone.high[0]))
    assert np.isnan([found.low[1], found.high[1]]).all()


def test_a_metric_that_one_of_two_seeds_has_gets_no_interval() -> None:
    scores = np.random.default_rng(1).normal(4, 1, (2, 10, 1))
    scores[1] = np.nan
    assert np.isnan(summarise(scores.reshape(20, 1), crossed(2, 10)).low[0])


def test_equal_scores_have_an_interval_of_no_width() -> None:
    found = summarise(np.full((12, 1), 0.1), crossed(2, 6))
    assert found.low[0] == pytest.approx(found.mean[0])
    assert found.high[0] == pytest.approx(found.mean[0])


def test_interval_is_the_same_every_time_and_alone_or_in_company() -> None:
    scores = np.random.default_rng(1).random((20, 700))
    together, alone = summarise(scores, crossed(2, 10)), summarise(scores[:, 600:601], crossed(2, 10))
    np.testing.assert_allclose(together.low[600], alone.low[0], rtol=1e-6)
    np.testing.assert_allclose(together.high[600], alone.high[0], rtol=1e-6)


def test_interval_of_one_run_is_that_of_a_t_test() -> None:
    scores = np.random.default_rng(2).normal(0.8, 0.1, 40)
    found = summarise(scores[:, None], crossed(1, 40))
    known = ttest_1samp(scores, 0).confidence_interval(0.95)
    assert found.low[0] == pytest.approx(known.low, abs=0.003)
    assert found.high[0] == pytest.approx(known.high, abs=0.003)


def test_cases_of_one_patient_do_not_count_as_independent() -> None:
    rng = np.random.default_rng(3)
    scores = np.repeat(rng.normal(size=(12, 50)), 6, axis=0)
    clustered, naive = summarise(scores, crossed(1, 72, 6)), summarise(scores, crossed(1, 72))
    ratio = (clustered.high - clustered.low).mean() / (naive.high - naive.low).mean()
    assert ratio == pytest.approx(6**0.5, rel=0.2)


@pytest.mark.parametrize(("seeds", "cases", "seed_sd"), [(2, 20, 0.5), (3, 10, 0.3), (2, 50, 0.5), (1, 10, 0.0)])
def test_interval_misses_the_truth_in_at_most_five_of_a_hundred_draws(seeds: int, cases: int, seed_sd: float) -> None:
    rng = np.random.default_rng(4)
    draws = 1000
    scores = rng.normal(0, 1, (1, cases, draws)) + rng.normal(0, seed_sd, (seeds, 1, draws))
    scores = scores + rng.normal(0, 0.5, (seeds, cases, draws))
    found = summarise(scores.reshape(seeds * cases, draws), crossed(seeds, cases))
    assert ((found.low > 0) | (found.high < 0)).mean() <= 0.064  # two standard errors above 0.05


def test_each_seed_may_have_tested_other_cases() -> None:
    seeds, cases = np.repeat([0, 1], 4), np.arange(8)
    found = summarise(np.linspace(0.1, 0.8, 8)[:, None], Design(seeds, cases, cases, seeds))
    assert found.mean[0] == pytest.approx(0.45)
    assert found.std_seeds[0] == pytest.approx(np.std([0.25, 0.65], ddof=1))
    assert found.low[0] < 0.25 < 0.65 < found.high[0]


def test_folds_of_one_seed_are_runs() -> None:
    """Models that differ from fold to fold are no sure thing, however many patients each has."""
    cases, folds = np.arange(40), np.repeat([0, 1], 20)
    scores = (0.5 + 0.1 * folds + np.random.default_rng(5).normal(0, 0.01, 40))[:, None]
    none = np.zeros(40, dtype=int)
    runs, fixed = (summarise(scores, Design(none, cases, cases, codes)) for codes in (folds, none))
    assert runs.high[0] - runs.low[0] > 5 * (fixed.high[0] - fixed.low[0])
    assert np.isnan(runs.std_seeds[0])
