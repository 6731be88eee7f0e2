"""Statistics against exact values and by simulation."""

from __future__ import annotations

import numpy as np
import pytest

from nsbench.benchmark.report.stats import Design, summarise


def crossed(seeds: int, cases: int, cases_per_patient: int = 1) -> Design:
    """Every case observed with every seed."""
    seed, case = (codes.ravel() for codes in np.meshgrid(np.arange(seeds), np.arange(cases), indexing="ij"))
    return Design(seed, case, case // cases_per_patient)


def test_mean_and_both_spreads_are_exact() -> None:
    scores = np.array([[0.2, 0.4, 0.9], [0.4, 0.6, 0.5]])
    found = summarise(scores.reshape(-1, 1), crossed(2, 3))
    assert found.mean[0] == pytest.approx(0.5)
    assert found.std_cases[0] == pytest.approx(np.std([0.3, 0.5, 0.7], ddof=1))
    assert found.std_seeds[0] == pytest.approx(np.std([0.5, 0.5], ddof=1))
    assert found.low[0] < 0.5 < found.high[0]


def test_undefined_values_are_counted_and_in_no_mean() -> None:
    scores = np.array([[0.2, np.nan, 0.9], [0.4, np.nan, np.nan]]).reshape(-1, 1)
    found = summarise(np.hstack([scores, np.full((6, 1), np.nan)]), crossed(2, 3))
    assert found.undefined.tolist() == [3, 6]
    assert found.mean[0] == pytest.approx(0.5)
    assert found.std_cases[0] == pytest.approx(np.std([0.3, 0.9], ddof=1))
    assert np.isnan([found.mean[1], found.std_cases[1], found.std_seeds[1], found.low[1]]).all()
    assert np.isnan(found.low[0])  # two patients with a value are too few


@pytest.mark.parametrize(("seeds", "cases", "lost"), [(1, 5, "std_seeds"), (3, 1, "std_cases"), (3, 2, "low")])
def test_too_little_data_gives_no_number(seeds: int, cases: int, lost: str) -> None:
    scores = np.random.default_rng(0).random((seeds * cases, 1))
    found = summarise(scores, crossed(seeds, cases))
    assert np.isnan(getattr(found, lost)[0])
    assert found.mean[0] == pytest.approx(scores.mean())


def test_equal_scores_have_an_interval_of_no_width() -> None:
    found = summarise(np.full((10, 1), 0.1), crossed(2, 5))
    assert found.low[0] == found.mean[0] == found.high[0]


def test_interval_is_the_same_every_time_and_alone_or_in_company() -> None:
    scores = np.random.default_rng(1).random((20, 700))
    together, alone = summarise(scores, crossed(2, 10)), summarise(scores[:, 600:601], crossed(2, 10))
    np.testing.assert_allclose(together.low[600], alone.low[0], rtol=1e-6)
    np.testing.assert_allclose(together.high[600], alone.high[0], rtol=1e-6)


def test_interval_agrees_with_scipy_where_scipy_has_one() -> None:
    from scipy.stats import bootstrap

    scores = np.random.default_rng(2).normal(0.8, 0.1, 40)
    found = summarise(scores[:, None], crossed(1, 40))
    known = bootstrap((scores,), np.mean, method="percentile", rng=np.random.default_rng(0)).confidence_interval
    assert found.low[0] == pytest.approx(known.low, abs=0.005)
    assert found.high[0] == pytest.approx(known.high, abs=0.005)


def test_cases_of_one_patient_do_not_count_as_independent() -> None:
    rng = np.random.default_rng(3)
    scores = np.repeat(rng.normal(size=(8, 50)), 6, axis=0)
    clustered, naive = summarise(scores, crossed(1, 48, 6)), summarise(scores, crossed(1, 48))
    ratio = (clustered.high - clustered.low).mean() / (naive.high - naive.low).mean()
    assert ratio == pytest.approx(6**0.5, rel=0.15)


@pytest.mark.parametrize(("seeds", "cases", "seed_sd"), [(10, 30, 0.3), (6, 25, 0.2), (3, 40, 0.0)])
def test_interval_covers_the_truth_in_most_draws(seeds: int, cases: int, seed_sd: float) -> None:
    rng = np.random.default_rng(4)
    draws = 1000
    scores = rng.normal(0, 0.5, (1, cases, draws)) + rng.normal(0, seed_sd, (seeds, 1, draws))
    scores = scores + rng.normal(0, 0.5, (seeds, cases, draws))
    found = summarise(scores.reshape(seeds * cases, draws), crossed(seeds, cases))
    assert 0.88 < ((found.low < 0) & (found.high > 0)).mean() < 0.99


def test_each_seed_may_have_tested_other_cases() -> None:
    design = Design(np.array([0, 0, 1, 1]), np.array([0, 1, 2, 3]), np.array([0, 1, 2, 3]))
    found = summarise(np.array([[0.1], [0.2], [0.3], [0.4]]), design)
    assert found.mean[0] == pytest.approx(0.25)
    assert found.std_seeds[0] == pytest.approx(np.std([0.15, 0.35], ddof=1))
    assert found.low[0] < 0.25 < found.high[0]
