"""Paired tests, ranks and what is not enough data, from a plain frame of scores."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats as scipy_stats

from nsbench.benchmark.metrics import METRICS
from nsbench.benchmark.stats.pairs import against, all_pairs
from nsbench.benchmark.stats.panel import Panel
from nsbench.benchmark.stats.ranks import places


def frame(methods: dict[str, float], patients: int = 12, seeds: int = 2, scans: int = 1) -> pd.DataFrame:
    """Scores of methods by their mean; patients differ alike in all, and a little by method and seed."""
    rng = np.random.default_rng(0)
    base = rng.normal(0, 0.05, patients)
    return pd.DataFrame(
        {"method": method, "patient": f"p{p}", "case": f"p{p}-{scan}", "seed": seed, "score": score}
        for method, mean in methods.items()
        for p in range(patients)
        for seed in range(seeds)
        for score in [mean + base[p] + rng.normal(0, 0.005)]
        for scan in range(scans)
    )


def test_tests_are_scipys_on_patients_averaged_over_seeds() -> None:
    scores = frame({"a": 0.8, "b": 0.803, "c": 0.81})
    pair = all_pairs(Panel.of(scores))[0]
    means = scores.groupby(["method", "patient"])["score"].mean()
    difference = means["a"] - means["b"]
    assert (pair.a, pair.b, pair.patients, pair.seeds) == ("a", "b", 12, 2)
    assert pair.t_p == pytest.approx(scipy_stats.ttest_rel(means["a"], means["b"]).pvalue)
    assert pair.wilcoxon_p == pytest.approx(scipy_stats.wilcoxon(difference).pvalue)
    assert pair.difference == pytest.approx(difference.mean())


def test_holm_counts_the_pairs_of_its_own_family() -> None:
    panel = Panel.of(frame({"a": 0.8, "b": 0.803, "c": 0.81}))
    pairs, baseline = all_pairs(panel), against(panel, "a")
    raw = sorted(pair.t_p or 0 for pair in pairs)
    assert sorted(pair.t_holm or 0 for pair in pairs)[0] == pytest.approx(3 * raw[0])
    assert [pair.b for pair in baseline] == ["a", "a"]
    assert min(pair.t_holm or 0 for pair in baseline) == pytest.approx(2 * min(pair.t_p or 0 for pair in baseline))


def test_further_scans_and_seeds_are_no_further_patients() -> None:
    once, often = (all_pairs(Panel.of(frame({"a": 0.8, "b": 0.803}, scans=scans)))[0] for scans in (1, 5))
    assert often.patients == 12
    assert often.t_p == pytest.approx(once.t_p)
    assert often.low == pytest.approx(once.low)


@pytest.mark.parametrize(
    ("scores", "reason"),
    [
        (frame({"a": 0.8, "b": 0.9}, seeds=1), "one seed"),
        (frame({"a": 0.8, "b": 0.9}, patients=2), "2 patients"),
        (frame({"a": 0.8, "b": 0.9}).assign(score=0.5), "all differences are equal (0)"),
        (
            frame({"a": 0.8, "b": 0.9}).assign(score=lambda s: 0.5 + 0.1 * (s["method"] == "a") * (s["seed"] - 0.5)),
            "all differences are equal (0)",
        ),
        (frame({"a": 0.8, "b": 0.9}).query("method == 'a' or seed == 5"), ""),
        (frame({"a": 0.8, "b": 0.9}).query("method == 'a' or seed == 1"), "one seed"),
        (
            frame({"a": 0.8, "b": 0.9}).assign(score=lambda s: s["score"].where(s["patient"].isin(["p0", "p1"]))),
            "2 patients",
        ),
        (frame({"a": 0.8, "b": 0.9}).assign(score=np.nan), "no case has a score on both sides"),
    ],
)
def test_too_little_data_gives_a_reason_and_no_number(scores: pd.DataFrame, reason: str) -> None:
    pairs = all_pairs(Panel.of(scores))
    assert [reason in pair.reason for pair in pairs] == [True] * len(pairs)
    numbers = ("difference", "low", "high", "wilcoxon_p", "wilcoxon_holm", "t_p", "t_holm")
    assert all(getattr(pair, name) is None for pair in pairs for name in numbers)
    assert len(pairs) == (1 if reason else 0)


def test_one_seed_is_enough_where_models_are_taken_as_they_are() -> None:
    scores = frame({"a": 0.8, "b": 0.9}, seeds=1)
    assert all_pairs(Panel.of(scores), fixed_seeds=True)[0].t_p is not None
    assert places(Panel.of(scores))[0].reason
    assert places(Panel.of(scores), fixed_seeds=True)[0].best == pytest.approx(1, abs=0.01)


def test_pairs_with_undefined_scores_use_the_common_patients() -> None:
    scores = frame({"a": 0.8, "b": 0.803})
    scores.loc[(scores["method"] == "b") & (scores["patient"] == "p3"), "score"] = np.nan
    assert all_pairs(Panel.of(scores))[0].patients == 11


def test_ranks_of_methods_far_apart_are_sure_and_ties_are_ties() -> None:
    found = {
        place.method: place for place in places(Panel.of(frame({"a": 0.9, "b": 0.5, "c": 0.9, "d": 0.1}, seeds=5)))
    }
    assert [found[name].rank_low for name in "abcd"] == [1, 3, 1, 4]
    assert [found[name].rank_high for name in "abcd"] == [2, 3, 2, 4]
    assert [found[name].tied for name in "abcd"] == [True, False, True, False]
    assert (found["a"].best or 0) + (found["c"].best or 0) == pytest.approx(1)


def test_equal_methods_share_rank_and_chance() -> None:
    scores = frame({"a": 0.8})
    both = pd.concat([scores, scores.assign(method="b")])
    assert [(place.rank, place.best, place.tied) for place in places(Panel.of(both))] == [(1, 0.5, True)] * 2


def test_lower_is_better_where_it_is() -> None:
    found = places(Panel.of(frame({"a": 5.0, "b": 2.0}, seeds=5)), METRICS["asd"])
    assert [(place.method, place.rank) for place in found] == [("b", 1), ("a", 2)]
    assert (found[0].low or 0) < (found[0].mean or 0) < (found[0].high or 0)


def test_intervals_end_where_the_metric_does() -> None:
    scores = frame({"a": 0.99, "b": 0.5}, seeds=2)
    scores["score"] += np.where(scores["seed"] == 0, 0.01, -0.4)
    wide = {place.method: place for place in places(Panel.of(scores))}
    assert (wide["a"].low or 0) < 0.6
    assert wide["a"].high == 1
    assert wide["b"].low == 0
    assert (places(Panel.of(scores), METRICS["asd"])[-1].high or 0) > 1


def test_a_method_without_scores_does_not_take_the_others_ranks() -> None:
    scores = frame({"a": 0.8, "b": 0.9, "c": 0.7})
    scores.loc[scores["method"] == "c", "score"] = np.nan
    found = places(Panel.of(scores))
    assert [(place.method, place.rank, bool(place.reason)) for place in found][2] == ("c", None, True)
    assert found[0].method == "b"
    assert found[0].rank == 1
