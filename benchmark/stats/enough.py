"""When there is not enough data for a number, and why."""

from __future__ import annotations

FEWEST_PATIENTS = 6
"""With fewer, the exact paired Wilcoxon test cannot reach p = 0.05 whatever the scores are."""

FEWEST_SEEDS = 2
"""One training run says nothing about the next."""


def too_few(patients: int, seeds: int, fixed_seeds: bool = False) -> str:
    """The reason, or an empty text.

    Parameters
    ----------
    patients, seeds
        How many have a score on both sides.
    fixed_seeds
        The trained models are taken as they are, so that one is enough.
    """
    if not patients:
        return "no case has a score on both sides"
    if patients < FEWEST_PATIENTS:
        return f"{patients} patient{'s' if patients > 1 else ''}; at least {FEWEST_PATIENTS} are needed"
    if seeds < FEWEST_SEEDS and not fixed_seeds:
        return "one seed; the next training run may differ by as much"
    return ""
