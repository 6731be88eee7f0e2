"""Ties and rank intervals of many methods at once: equal methods are hardly told apart, worse ones are."""

from __future__ import annotations

import numpy as np
import pytest

from nsbench.benchmark.stats.panel import Panel
from nsbench.benchmark.stats.ranks import Place, places
from nsbench.benchmark.stats.simulate import Sample, tables

METHODS, TABLES = 10, 100
ALLOWED = 9  # of 100: two standard errors above 5


def placed(sample: Sample, means: np.ndarray, fixed_seeds: bool = False) -> list[list[Place]]:
    """Places in the order of the methods, table by table."""
    names = tuple(map(str, range(len(means))))
    patients, seeds = tuple(map(str, range(sample.patients))), tuple(range(sample.seeds))
    found = [
        places(Panel(names, patients, seeds, scores / 100), fixed_seeds=fixed_seeds)
        for scores in tables(sample, np.random.default_rng(3), TABLES, means)
    ]
    return [sorted(table, key=lambda place: int(place.method)) for table in found]


@pytest.mark.parametrize(
    "sample",
    [Sample(20, 3, by_patient=1, by_seed=2), Sample(8, 3, by_patient=4, by_seed=0.1)],
    ids=["seeds matter", "few patients"],
)
def test_of_ten_equal_methods_none_is_told_apart_from_the_best(sample: Sample) -> None:
    found = placed(sample, np.zeros(METHODS))
    assert sum(not all(place.tied for place in table) for table in found) <= ALLOWED
    assert sum(any((place.rank_low, place.rank_high) != (1, METHODS) for place in table) for table in found) <= ALLOWED


def test_rank_intervals_hold_all_true_ranks_and_agree_with_the_ties() -> None:
    means = -0.5 * np.arange(METHODS)
    found = placed(Sample(50, 5, by_patient=1, by_seed=0.3), means)
    missed = [
        any(not (place.rank_low or 0) <= rank <= (place.rank_high or 0) for rank, place in enumerate(table, 1))
        for table in found
    ]
    assert sum(missed) <= ALLOWED
    # and they say something
    assert np.mean([(place.rank_high or 0) - (place.rank_low or 0) for table in found for place in table]) < 5
    for table in found:
        assert all(place.tied or (place.rank_low or 0) > 1 for place in table)
    assert np.mean([table[0].best for table in found]) > 0.5


def test_models_that_are_taken_as_they_are_are_judged_by_their_patients() -> None:
    found = placed(Sample(20, 1, by_patient=2, by_seed=0), np.repeat([0.0, -4.0], METHODS // 2), fixed_seeds=True)
    assert sum(not all(place.tied for place in table[: METHODS // 2]) for table in found) <= ALLOWED
    assert np.mean([not place.tied for table in found for place in table[METHODS // 2 :]]) > 0.9


def test_the_best_of_few_seeds_is_not_too_sure_of_itself() -> None:
    """Luck of two seeds makes some method look best; the one that is must keep a chance."""
    means = np.r_[0.3, np.zeros(METHODS - 1)]
    found = placed(Sample(20, 2, by_patient=0.5, by_seed=1), means)
    assert sum((table[0].best or 0) < 0.001 for table in found) <= ALLOWED
