"""What can be said of all methods of a table at once: who is told apart from whom, and how means may come out.

Intervals of all pairwise differences that hold 0 together in 95 % of tables of equal methods: the largest of all
studentised differences, over the bootstrap draws, is the bound for each of them (Mogstad, Romano, Shaikh and Wilhelm,
"Inference for ranks with applications to mobility across neighbourhoods and academic achievement across countries",
Review of Economic Studies 91, 2024). Patients are resampled for all methods alike, and each pair has the tails of its
own t variable. Every method has training luck of its own, of which two or three seeds tell too little: its variance is
taken as the mean over the methods, or as its own where that is larger, and the tails are those of that mean's degrees
of freedom (Satterthwaite), which are few where the methods' variances differ.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np

from ..seeds import stream
from .bootstrap import DRAWS, LEVEL, Estimates, resampled


def luck_of_seeds(estimates: Estimates) -> tuple[np.ndarray, np.ndarray]:
    """Variances `[m]` of the means by the choice of seeds, and `[m, DRAWS]` of what other seeds may do to each.

    What moves all methods alike at a seed is taken out. Zeros where the trained models are taken as they are.
    """
    methods, seeds = estimates.seeds.shape
    own = ((estimates.seeds - estimates.seeds.mean(0)) ** 2).sum(1) if seeds else np.zeros(methods)
    if not own.any():
        return own, np.zeros((methods, 1))
    own *= seeds / (seeds - 1) * methods / (methods - 1)
    degrees = (seeds - 1) * (methods - 1) / methods * own.sum() ** 2 / (own**2).sum()
    variances = np.maximum(own, own.mean())
    rng = stream(0, "luck of seeds", methods, seeds)
    drawn = rng.standard_normal((methods, DRAWS)) * np.sqrt(degrees / rng.chisquare(degrees, DRAWS))
    return variances, np.sqrt(variances)[:, None] * drawn


def means(estimates: Estimates) -> np.ndarray:
    """`[m, DRAWS]`: means as they may have come out, every method with training luck of its own."""
    patients = Estimates(estimates.mean, estimates.patients, estimates.seeds[:, :0])
    return np.asarray(patients.draws().T + luck_of_seeds(estimates)[1])


def better(estimates: Estimates) -> np.ndarray:
    """bool `[m, m]`: whether the mean of the first is told apart from that of the second, and higher."""
    count = len(estimates.mean)
    # rounding errors tell nobody apart
    gaps = np.round(estimates.mean[:, None] - estimates.mean, 12)
    errors = np.zeros((count, count))
    highest = np.zeros(DRAWS, dtype=np.float32)
    for at, (error, drawn) in enumerate(_differences(estimates), 1):
        errors[at - 1, at:] = errors[at:, at - 1] = error
        known = error > 0
        np.maximum(highest, np.abs(drawn[known] / error[known, None]).max(0, initial=0), out=highest)
    return np.asarray(gaps > np.quantile(highest, LEVEL) * errors)


def _differences(estimates: Estimates) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Each method's differences to those that follow: standard errors `[k]`, deviations `[k, DRAWS]`; float32."""
    methods, patients = estimates.patients.shape
    variances, luck = (found.astype(np.float32) for found in luck_of_seeds(estimates))
    moved = estimates.patients.astype(np.float32) @ _weights(patients)
    rng = stream(0, "tails of pairs", methods, patients)
    for at in range(methods - 1):
        after = slice(at + 1, None)
        squares = ((estimates.patients[after] - estimates.patients[at]) ** 2).sum(1) * patients / (patients - 1)
        error = np.sqrt(squares + variances[after] + variances[at]).astype(np.float32)
        chi2 = 2 * rng.standard_gamma((patients - 1) / 2, (len(error), DRAWS), dtype=np.float32)
        yield error, (moved[after] - moved[at]) * np.sqrt(patients / chi2) + luck[after] - luck[at]


@lru_cache(maxsize=16)
def _weights(patients: int) -> np.ndarray:
    """float32 `[patients, DRAWS]` factors of the patients' deviations."""
    return resampled(stream(0, "resampled patients", patients), patients).T.astype(np.float32)
