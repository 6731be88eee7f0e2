"""Do the methods of a table come out in the paper's order? Kendall's tau."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from math import isfinite
from typing import Any

from ..report.reported import parse_setting
from .number_verdicts import NumberVerdict

FEWEST = 3
"""Of two methods the order is either right or wrong."""

_WHAT = ("paper", "table", "dataset")


@dataclass(frozen=True)
class Order:
    """The order of a table's methods at one setting.

    Attributes
    ----------
    setting
        What the methods have in common: the printed setting less what belongs to a method, as its generation or loss.
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

    @property
    def pairs(self) -> int:
        """Of methods."""
        return len(self.methods) * (len(self.methods) - 1) // 2

    def as_json(self) -> dict[str, Any]:
        """The attributes."""
        return {**vars(self), "reason": self.reason or None}


@dataclass(frozen=True)
class TableOrder:
    """The order of a table's methods, over all its settings and metrics.

    Attributes
    ----------
    tau
        Mean of the settings' taus, weighted by their pairs of methods: without ties, concordant less discordant pairs
        over all pairs. Methods of different settings are no pair. None where no setting has one.
    settings, pairs
        How many of settings and metrics, and of pairs, it rests on.
    """

    paper: str
    table: str
    dataset: str
    where: str
    settings: int
    pairs: int
    tau: float | None

    def as_json(self) -> dict[str, Any]:
        """The attributes."""
        return vars(self)


def orders(numbers: Iterable[NumberVerdict]) -> list[Order]:
    """One per table, setting, metric and place; numbers without a measurement are left out."""
    groups: dict[tuple[str, ...], list[NumberVerdict]] = {}
    for number in numbers:
        key = (*(str(number.printed[name]) for name in _WHAT), number.setting, number.printed["metric"], number.where)
        groups.setdefault(key, []).extend([number] if number.measured is not None else [])
    names = (*_WHAT, "setting", "metric", "where")
    return [_order(dict(zip(names, key)), members) for key, members in groups.items()]


def table_orders(found: Iterable[Order]) -> list[TableOrder]:
    """One per table and place."""
    groups: dict[tuple[str, str, str, str], list[Order]] = {}
    for order in found:
        groups.setdefault((order.paper, order.table, order.dataset, order.where), []).append(order)
    return [_table_order(key, members) for key, members in groups.items()]


def _table_order(key: tuple[str, str, str, str], members: list[Order]) -> TableOrder:
    known = [(order.tau, order.pairs) for order in members if order.tau is not None]
    pairs = sum(weight for _, weight in known)
    tau = sum(tau * weight for tau, weight in known) / pairs if pairs else None
    return TableOrder(*key, settings=len(known), pairs=pairs, tau=tau)


def _order(about: dict[str, Any], numbers: list[NumberVerdict]) -> Order:
    from scipy.stats import kendalltau

    # one row of the run may stand for several lines of the paper that print the same: it counts once
    numbers = list({(number.label, number.printed["mean"]): number for number in numbers}.values())
    order = Order(**about, methods=tuple(map(_name, numbers)))
    if len(numbers) < FEWEST:
        reason = f"not enough data: fewer than {FEWEST} methods could be compared"
        return replace(order, reason=reason)
    found = kendalltau([number.printed["mean"] for number in numbers], [number.measured for number in numbers])
    if not isfinite(found.statistic):
        return replace(order, reason="not enough data: all methods are equal")
    return replace(order, tau=float(found.statistic), p=float(found.pvalue))


def _name(number: NumberVerdict) -> str:
    """As printed, with what of the setting belongs to the method."""
    common = parse_setting(number.setting).items()
    own = [f"{key}={value}" for key, value in parse_setting(number.printed["setting"]).items() - common]
    return f"{number.printed['method']} [{', '.join(sorted(own))}]" if own else str(number.printed["method"])
