"""Is a measured mean the reported one? Two one-sided tests and a test of difference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .spread import Gap

Verdict = Literal["reproduced", "higher", "lower", "underpowered", "not comparable"]
LEVEL = 0.05


@dataclass(frozen=True)
class Tested:
    """The outcome and what led to it.

    Attributes
    ----------
    equal_p
        The larger p-value of the two one-sided tests: is the difference beyond the margin?
    different_p
        Two-sided p-value: is there a difference at all?
    """

    verdict: Verdict
    equal_p: float
    different_p: float


def equivalence(gap: Gap, margin: float) -> Tested:
    """Test one number.

    `reproduced`: the difference lies within the margin (both one-sided tests, 5 % each). Else `higher` or `lower`: the
    means differ (two-sided test, 5 %). Else `underpowered`: it may be either.
    """
    drawn = gap.draws()
    equal = float(max((drawn <= -margin).mean(), (drawn >= margin).mean()))
    different = float(min(1.0, 2 * min((drawn <= 0).mean(), (drawn >= 0).mean())))
    if equal <= LEVEL:
        return Tested("reproduced", equal, different)
    if different <= LEVEL:
        return Tested("higher" if gap.difference > 0 else "lower", equal, different)
    return Tested("underpowered", equal, different)
