"""Splits that are drawn by counts."""

from __future__ import annotations

import numpy as np
import pytest

from nsbench.benchmark.errors import UserError
from nsbench.benchmark.plugin import CaseRef
from nsbench.datasets._draws import draw, largest_remainder


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_shares_add_up_and_ties_are_drawn() -> None:
    assert largest_remainder(10, {"a": 50, "b": 30, "c": 20}, rng()) == {"a": 5, "b": 3, "c": 2}
    assert largest_remainder(10, {"a": 51, "b": 30, "c": 19}, rng()) == {"a": 5, "b": 3, "c": 2}
    ties = [largest_remainder(20, {"a": 20, "b": 20, "c": 20}, rng(seed)) for seed in range(20)]
    assert {sum(shares.values()) for shares in ties} == {20}
    assert {min(shares, key=lambda site: shares[site]) for shares in ties} == {"a", "b", "c"}


def test_patients_are_drawn_whole() -> None:
    refs = [CaseRef(f"{patient}-{scan}", patient) for patient in "abcdef" for scan in range(1 + 2 * (patient == "a"))]
    for seed in range(10):
        chosen = draw(refs, 4, rng(seed))
        assert len(chosen) == 4
        assert sum(name.startswith("a-") for name in chosen) in (0, 3)
    with pytest.raises(UserError, match="2 of 3 cases cannot be drawn from 1 whole patients"):
        draw(refs[:3], 2, rng())
