"""How a label lies on its CT scan, told from the intensities inside it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..benchmark.plugin import UserError

FLIPS: dict[str, tuple[int, ...]] = {"as-is": (), "flip-y": (1,), "flip-z": (2,), "flip-yz": (1, 2)}
"""What readers of the same slices disagree about: name -> axes to reverse."""

_SOFT_TISSUE = (0.0, 200.0)
_VOTERS = 3
_LEAD = 0.02
"""Part of the mask by which the best flip must beat the second."""


def lies_by_intensity(path: Path, mask: np.ndarray, hounsfield: np.ndarray) -> str:
    """The key of `FLIPS` that puts the most of a mask on soft tissue (0 to 200 HU).

    The lower, middle and upper slices of the mask vote; those that are not undecided must agree.

    Parameters
    ----------
    path
        File of the mask, for messages.
    mask, hounsfield
        `[x, y, z]`, of one shape.

    Raises
    ------
    UserError
        When the mask is empty, or the votes differ or are all undecided.
    """
    tissue = (hounsfield >= _SOFT_TISSUE[0]) & (hounsfield <= _SOFT_TISSUE[1])
    slices = np.flatnonzero(mask.any(axis=(0, 1)))
    if not len(slices):
        raise UserError(f"{path}: the mask is empty; fetch it again")
    votes = [_vote(tissue, mask, part) for part in np.array_split(slices, _VOTERS) if len(part)]
    if len(set(votes) - {""}) != 1:
        found = ", ".join(vote or "undecided" for vote in votes)
        remedy = f"look at it and set orientation to one of {', '.join(FLIPS)}"
        raise UserError(f"{path}: soft tissue does not tell how the mask lies on its scan ({found}); {remedy}")
    return next(vote for vote in votes if vote)


def _vote(tissue: np.ndarray, mask: np.ndarray, slices: np.ndarray) -> str:
    """The best flip for some slices of the mask; empty where another one is about as good."""
    part = np.zeros(mask.shape, bool)
    part[:, :, slices] = mask[:, :, slices] > 0
    shares = {name: float(tissue[np.flip(part, axes)].mean()) for name, axes in FLIPS.items()}
    second, first = sorted(shares, key=shares.__getitem__)[-2:]
    return first if shares[first] > shares[second] + _LEAD else ""
