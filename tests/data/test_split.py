"""Which cases train, validate and test."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nsbench.benchmark.budget import resolve_budget
from nsbench.benchmark.data.split import carve_validation, limit_cases, limit_training, split_cases
from nsbench.benchmark.errors import UserError
from nsbench.benchmark.plugin import Split


def patients_of(ids: tuple[str, ...]) -> set[str]:
    return {i.split("s")[0] for i in ids}


@pytest.mark.parametrize(("patients", "folds"), [(10, 5), (7, 3), (3, 3)])
def test_every_patient_is_tested_in_one_fold(squares: Any, patients: int, folds: int) -> None:
    dataset = squares(patients)
    refs = dataset.cases()
    splits = [split_cases(dataset, refs, fold, folds, seed=0) for fold in range(folds)]
    for split in splits:
        assert not patients_of(split.train) & patients_of(split.test)
        assert sorted(split.train + split.test) == sorted(ref.id for ref in refs)
        assert len(split.test) >= 2 * (patients // folds)
    assert sorted(i for split in splits for i in split.test) == sorted(ref.id for ref in refs)


def test_folds_depend_on_the_seed_and_not_on_the_order_of_cases(squares: Any) -> None:
    dataset = squares(10)
    refs = dataset.cases()
    split = split_cases(dataset, refs, 0, 5, seed=0)
    turned = split_cases(dataset, refs[::-1], 0, 5, seed=0)
    assert set(split.test) == set(turned.test)
    assert any(split.test != split_cases(dataset, refs, 0, 5, seed).test for seed in (1, 2))


def test_fewer_patients_than_folds(squares: Any) -> None:
    dataset = squares(patients=3, scans=5)
    with pytest.raises(UserError, match="squares: 3 patients cannot make 5 folds; lower --folds"):
        split_cases(dataset, dataset.cases(), 0, 5, seed=0)


def test_a_published_split_goes_first(squares: Any) -> None:
    published = Split(("p0s0", "p0s1"), ("p1s0",), "published")
    dataset = squares(published=published)
    assert split_cases(dataset, dataset.cases(), 0, 5, seed=3) == published


@pytest.mark.parametrize(
    ("train", "test", "message"),
    [
        (("p0s0", "p9s0"), ("p1s0",), "names 1 cases without files, first p9s0"),
        (("p0s0",), (), "1 training and 0 test cases"),
        (("p0s0", "p2s0"), ("p2s1", "p1s0"), "patients on both sides of the split: p2"),
    ],
)
def test_wrong_published_splits(squares: Any, train: tuple[str, ...], test: tuple[str, ...], message: str) -> None:
    dataset = squares(published=Split(train, test))
    with pytest.raises(UserError, match=message):
        split_cases(dataset, dataset.cases(), 0, 5, seed=0)


@given(st.integers(2, 12), st.integers(1, 3), st.floats(0, 1), st.integers(0, 5))
def test_validation_is_carved_by_patient(patients: int, scans: int, share: float, seed: int) -> None:
    ids = [f"p{p}s{s}" for p in range(patients) for s in range(scans)]
    owner = {i: i.split("s")[0] for i in ids}
    held_out = carve_validation(ids, owner, share, seed)
    rest = tuple(i for i in ids if i not in held_out)
    assert held_out
    assert rest
    assert not patients_of(held_out) & patients_of(rest)
    assert abs(len(held_out) / scans - share * patients) <= 1
    assert held_out == carve_validation(ids, owner, share, seed)


def test_one_patient_cannot_be_carved() -> None:
    with pytest.raises(UserError, match="at least two training patients"):
        carve_validation(["p0s0", "p0s1"], {"p0s0": "p0", "p0s1": "p0"}, 0.2, 0)


def test_a_limit_takes_some_of_each_side_in_their_order() -> None:
    split = Split(tuple(f"a{i:02}" for i in range(30)), ("b0", "b1"), "published")
    few, more = limit_cases(split, 4), limit_cases(split, 10)
    assert limit_cases(split, None) is split
    assert (len(few.train), few.test) == (4, ("b0", "b1"))
    assert set(few.train) <= set(more.train) <= set(split.train)
    assert list(more.train) == sorted(more.train)
    assert few.source == "published, at most 4 cases a side"


def test_fewer_training_cases_are_nested_and_leave_the_test_part_alone() -> None:
    split = Split(tuple(f"c{i}" for i in range(40)), ("t1", "t2"), "published")
    five, twenty = limit_training(split, 5, seed=3), limit_training(split, 20, seed=3)
    assert len(five.train) == 5
    assert set(five.train) < set(twenty.train) < set(split.train)
    assert twenty.test == split.test
    assert "20 of 40 training cases" in twenty.source
    assert limit_training(split, 5, seed=4).train != five.train
    assert limit_training(split, None, 0) is split
    assert limit_training(split, 99, 0) is split


def test_an_unset_limit_of_training_cases_is_no_part_of_a_budget() -> None:
    assert "train_cases" not in resolve_budget("quick", 2).model_dump(mode="json")
    assert resolve_budget("quick", 2, {"train_cases": 20}).model_dump(mode="json")["train_cases"] == 20
