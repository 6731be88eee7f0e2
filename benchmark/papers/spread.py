"""How uncertain the difference of our mean to a paper's is, and where the paper's part is borrowed from ours."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import sqrt
from typing import Any

import numpy as np

from ..seeds import stream
from ..stats.bootstrap import Estimates

DRAWS = 20_000

Part = tuple[float, int]
"""A squared standard error and the degrees of freedom that it is known with."""


@dataclass(frozen=True)
class Gap:
    """Our mean less the paper's.

    Attributes
    ----------
    difference
        In the printed unit.
    error
        Standard error of our mean.
    parts
        Independent parts of the difference's squared standard error.
    treated
        In words, where the paper's own uncertainty comes from.
    """

    difference: float
    error: float
    parts: tuple[Part, ...]
    treated: str

    def draws(self) -> np.ndarray:
        """`[DRAWS]` differences as they may be in truth: a t variable for each part (Behrens and Fisher).

        Welch's approximation adds the degrees of freedom up and is too sure with two or three seeds.
        """
        drawn = np.full(DRAWS, self.difference)
        for place, (variance, freedom) in enumerate(self.parts):
            drawn += sqrt(variance) * _student(freedom, place)
        return drawn


@lru_cache(maxsize=64)
def _student(freedom: int, place: int) -> np.ndarray:
    return stream(0, "reported number", freedom, place).standard_t(freedom, DRAWS)


def gap(number: dict[str, Any], estimates: Estimates, same_cases: bool, test_cases: int | None = None) -> Gap:
    """Compare our mean with a reported one.

    A standard deviation over runs covers the choice of runs, one over cases that of cases, folds cover both. What the
    paper does not say is taken from our scores: for as many patients as it has, and a single run. Were it left out, a
    paper's mean would count as exact, and honest repetitions would differ from it far too often. What is borrowed is
    no new knowledge: it adds to our own part and keeps its degrees of freedom.

    Parameters
    ----------
    number
        As `nsbench reported --json` has it.
    same_cases
        Both means are over the very same cases: these are no part of the difference.
    test_cases
        How many patients the paper's mean is over; None: as many as ours.
    """
    printed, spread = _printed(number)
    lends_patients = spread in ("", "runs")
    lends_run = spread in ("", "cases")
    (patients, n), (seeds, s) = _own(estimates)
    lent = n / (test_cases or n) if lends_patients else 0.0
    parts = [
        (0.0 if same_cases else patients * (1 + lent), n - 1),
        (seeds * (1 + s * lends_run), s - 1),
        (0.0, 1) if printed is None or (same_cases and spread == "cases") else printed,
    ]
    kept = tuple(part for part in parts if part[0] > 0 and part[1] > 0)
    difference = float(estimates.mean[0] - number["mean"])
    treated = _TREATED[spread] + (f", for {test_cases} patients" if test_cases and lent and not same_cases else "")
    return Gap(difference, sqrt((0.0 if same_cases else patients) + seeds), kept, treated)


_TREATED = {
    "": "the paper gives no spread: that of ours is taken, with a single run",
    "runs": "the paper's spread over runs; over patients, that of ours is taken",
    "cases": "the paper's spread over cases; from run to run, that of ours is taken",
    "folds": "the paper's spread over folds",
    "variance": "the paper's variance",
}


def _own(estimates: Estimates) -> tuple[Part, Part]:
    """Squared standard errors by patients and by seeds, each with how many there are."""
    patients, seeds = estimates.variances()
    count = int((estimates.patients[0] != 0).sum())
    return (float(patients[0]), count), (float(seeds[0]), estimates.seeds.shape[1])


def _printed(number: dict[str, Any]) -> tuple[Part | None, str]:
    """The squared standard error that the paper gives, where it says of how many."""
    if number["std"] is None or not number["n"] or number["n"] < 2:
        return None, ""
    variance = number["std"] if number["spread"] == "variance" else number["std"] ** 2
    return (variance / number["n"], number["n"] - 1), number["spread"]
