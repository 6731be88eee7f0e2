"""Which cases are labeled, and what a method sees of the others."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nsbench.benchmark.cell import Scarce
from nsbench.benchmark.data.counts import labeled_count
from nsbench.benchmark.data.scarce import draw_labeling, labeling_order, view_of
from nsbench.benchmark.errors import UserError
from nsbench.benchmark.plugin import CaseRef, TrainingCase

GROUPED = st.lists(st.sampled_from(["north", "south", "east", ""]), min_size=1, max_size=40)


def refs_of(sites: list[str]) -> list[CaseRef]:
    return [CaseRef(f"c{i}", f"p{i}", {"site": site} if site else {}) for i, site in enumerate(sites)]


@settings(max_examples=100, deadline=None)
@given(sites=GROUPED, seed=st.integers(0, 5))
def test_the_order_is_whole_and_every_beginning_of_it_is_stratified(sites: list[str], seed: int) -> None:
    refs = refs_of(sites)
    order = labeling_order(refs, seed, "toy:organ")
    assert sorted(order) == sorted(ref.id for ref in refs)
    site_of, sizes = {ref.id: ref.groups.get("site", "") for ref in refs}, Counter(sites)
    for count in range(len(order) + 1):
        held = Counter(site_of[i] for i in order[:count])
        assert all(abs(held[site] - count * size / len(refs)) < 1 for site, size in sizes.items())


@settings(max_examples=100, deadline=None)
@given(
    scans=st.lists(st.integers(1, 4), min_size=1, max_size=12),
    sites=st.sampled_from([[""], ["north", "south"]]),
    seed=st.integers(0, 5),
)
def test_of_a_group_one_patient_at_most_is_in_part_labeled(scans: list[int], sites: list[str], seed: int) -> None:
    patients = [f"p{i}" for i, count in enumerate(scans) for _ in range(count)]
    refs = [CaseRef(f"{who}-{i}-{site}", who, {"site": site}) for site in sites for i, who in enumerate(patients)]
    order = labeling_order(refs, seed, "toy")
    whose = {ref.id: (ref.groups["site"], ref.patient) for ref in refs}
    size = Counter(whose.values())
    for count in range(len(order) + 1):
        begun = Counter(whose[i] for i in order[:count])
        split = [site for (site, who), given in begun.items() if given < size[site, who]]
        assert len(split) == len(set(split))
    by_site = [list(dict.fromkeys(whose[i][1] for i in order if whose[i][0] == site)) for site in sites]
    assert all(found == by_site[0] for found in by_site)


@settings(max_examples=100, deadline=None)
@given(sites=GROUPED, shares=st.tuples(st.floats(0.1, 1.0), st.floats(0.1, 1.0)), seed=st.integers(0, 5))
def test_fewer_labels_are_among_more(sites: list[str], shares: tuple[float, float], seed: int) -> None:
    refs, few, many = refs_of(sites * 5), min(shares), max(shares)
    small, large = (draw_labeling(refs, Scarce(labeled=share), seed, "toy") for share in (few, many))
    assert set(small.labeled) <= set(large.labeled)
    assert set(small.labeled) | set(small.unlabeled) == {ref.id for ref in refs}
    assert not set(small.labeled) & set(small.unlabeled)


def test_the_draw_is_a_function_of_the_seed_and_not_of_other_datasets() -> None:
    refs = refs_of(["north", "south"] * 20)
    first = labeling_order(refs, 0, "toy:organ")
    assert labeling_order(refs, 0, "toy:organ") == first
    assert labeling_order(refs, 1, "toy:organ") != first
    assert labeling_order(refs, 0, "toy:tumour") != first


@pytest.mark.parametrize(
    ("wanted", "count"), [(0.1, 3), (0.2, 6), (0.05, 2), (1.0, 30), (1, 1), (20, 20), (30, 30), (0.02, 1)]
)
def test_a_fraction_is_rounded_and_a_count_is_kept(wanted: float, count: int) -> None:
    assert labeled_count(30, wanted) == count


@pytest.mark.parametrize(("wanted", "words"), [(31, "only 30 train"), (0.01, "is no case; raise labeled to 0.033")])
def test_no_case_and_too_many_are_refused(wanted: float, words: str) -> None:
    with pytest.raises(UserError, match=words):
        labeled_count(30, wanted)


def case(name: str) -> TrainingCase:
    return TrainingCase(name, np.zeros((1, 4, 4), np.float32), np.ones((4, 4), np.uint8), None, (1.0, 1.0))


@pytest.mark.parametrize(("unlabeled", "without"), [("rest", 8), ("none", 0), ("all", 10), (3, 3)])
def test_what_a_scarce_method_sees_and_what_a_blind_one(unlabeled: str | int, without: int) -> None:
    refs = refs_of([""] * 10)
    labeling = draw_labeling(refs, Scarce(labeled=2, unlabeled=unlabeled), 0, "toy")
    cases = {ref.id: case(ref.id) for ref in refs}
    view, blind = (view_of(cases, labeling, knows) for knows in ("scarce", "blind"))
    assert (len(view.labeled), len(view.unlabeled), len(blind)) == (2, without, 2)
    assert all(not hidden.label.any() and not hidden.trusted for hidden in view.unlabeled.cases)
    assert all(known.label.all() and known.trusted for known in view.labeled.cases)
    assert blind.ids == view.labeled.ids
    assert not any(known.trusted for known in blind.cases)
    again = set(view.labeled.ids) & set(view.unlabeled.ids)
    assert again == (set(view.labeled.ids) if unlabeled == "all" else set())
