"""Which method learns from which supervision."""

from __future__ import annotations

from ..cell import Noisy, Scarce, Supervision
from ..data.counts import rounded
from .instances import Instance


def unfit(instance: Instance, supervision: Supervision, cases: int) -> str:
    """Why a method has nothing to learn from a supervision as it is meant to; empty where it has.

    A method that learns from images without label needs some of both kinds.

    Parameters
    ----------
    cases
        Number of training cases.
    """
    if not instance.needs_unlabeled:
        return ""
    if isinstance(supervision, Noisy):
        corrupted = round(supervision.ratio * cases)
        if 0 < corrupted < cases:
            return ""
        lacking = "no case is corrupted, so that none is unlabeled" if not corrupted else "no case is clean"
        return f"{instance.label}: {supervision.describe()}: {lacking}"
    none_left = supervision.unlabeled == "none"
    if isinstance(supervision, Scarce) and supervision.unlabeled == "rest":
        labeled = supervision.labeled
        # more than there are is refused with a message of its own
        none_left = (labeled if isinstance(labeled, int) else rounded(labeled * cases)) == cases
    if not none_left:
        return ""
    words = f"{instance.label}: {supervision.describe()}: no image is unlabeled"
    return f"{words}; unlabeled: all takes the labeled images again"
