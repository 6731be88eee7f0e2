"""Do the methods of a table come out in the paper's order? Kendall's tau."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from math import isfinite
from typing import Any

from .number_verdicts import NumberVerdict

FEWEST = 3
"""Of two methods the order is either right or wrong."""

_WHAT = ("paper", "table", "dataset", "setting", "metric")


@dataclass(frozen=True)
class Order:
    """The order of a table's methods at one setting.

    Attributes
    ----------
    tau
        Kendall's tau-b between printed and measured means: 1 for the same order, -1 for the opposite one.
    p
        Of no agreement.
    reason
        Why there is no tau.
    """

    paper: str
    table: str
    dataset: str
    setting: str
    metric: str
    where: str
    methods: tuple[str, ...] = ()
    tau: float | None = None
    p: float | None = None
    reason: str = ""

    def as_json(self) -> dict[str, Any]:
        """The attributes."""
        return {**vars(self), "reason": self.reason or None}


def orders(numbers: Iterable[NumberVerdict]) -> list[Order]:
    """One per table, setting, metric and place; numbers without a measurement are left out."""
    groups: dict[tuple[str, ...], list[NumberVerdict]] = {}
    for number in numbers:
        key = (*(str(number.printed[name]) for name in _WHAT), number.where)
        groups.setdefault(key, []).extend([number] if number.measured is not None else [])
    return [_order(dict(zip((*_WHAT, "where"), key)), members) for key, members in groups.items()]


def _order(about: dict[str, Any], numbers: list[NumberVerdict]) -> Order:
    from scipy.stats import kendalltau

    order = Order(**about, methods=tuple(str(number.printed["method"]) for number in numbers))
    if len(numbers) < FEWEST:
        reason = f"not enough data: fewer than {FEWEST} methods could be compared"
        return replace(order, reason=reason)
    found = kendalltau([number.printed["mean"] for number in numbers], [number.measured for number in numbers])
    if not isfinite(found.statistic):
        return replace(order, reason="not enough data: all methods are equal")
    return replace(order, tau=float(found.statistic), p=float(found.pvalue))
