"""Splits that a paper gives by counts alone: drawn by seed, whole patients at a time."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence

import numpy as np

from ..benchmark.plugin import CaseRef, Split, UserError


def generator(dataset: str, seed: int, fold: int) -> np.random.Generator:
    """The randomness of one draw: fold k is the k-th Monte Carlo repetition."""
    return np.random.default_rng([seed, fold, zlib.crc32(dataset.encode())])


def largest_remainder(total: int, sizes: Mapping[str, int], rng: np.random.Generator) -> dict[str, int]:
    """`total` shared out in proportion to sizes; who of equal remainders gets one more is drawn."""
    names = sorted(sizes)
    exact = np.array([total * sizes[name] / sum(sizes.values()) for name in names])
    shares = np.floor(exact).astype(int)
    ties = rng.permutation(len(names))
    order = np.lexsort((ties, -np.round(exact - shares, 9)))
    shares[order[: total - int(shares.sum())]] += 1
    return dict(zip(names, shares.tolist()))


def draw(refs: Sequence[CaseRef], count: int, rng: np.random.Generator) -> set[str]:
    """Ids of `count` cases; of a patient all cases or none.

    Raises
    ------
    UserError
        When whole patients do not add up to the count.
    """
    of_patient: dict[str, list[str]] = {}
    for ref in refs:
        of_patient.setdefault(ref.patient, []).append(ref.id)
    patients, chosen = sorted(of_patient), set[str]()
    for index in rng.permutation(len(patients)):
        scans = of_patient[patients[index]]
        if len(chosen) + len(scans) <= count:
            chosen.update(scans)
    if len(chosen) != count:
        raise UserError(f"{count} of {len(refs)} cases cannot be drawn from {len(patients)} whole patients; use k-fold")
    return chosen


def drawn_split(refs: Sequence[CaseRef], test: set[str], source: str, seed: int, fold: int) -> Split:
    """The drawn cases to test, the others to train; the source names the draw."""
    train = tuple(ref.id for ref in refs if ref.id not in test)
    kept = tuple(ref.id for ref in refs if ref.id in test)
    return Split(train, kept, f"{source}: {len(train)}/{len(kept)}, drawn by seed {seed}, draw {fold}")


def counted(refs: Sequence[CaseRef], group: str) -> dict[str, list[CaseRef]]:
    """Cases by the value of one of their groups."""
    found: dict[str, list[CaseRef]] = {}
    for ref in refs:
        found.setdefault(ref.groups[group], []).append(ref)
    return found
