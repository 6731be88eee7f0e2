"""Which rows of a leaderboard a mapping means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isclose
from typing import Any

from .mapping import Printed, Reported, Rows, Selector

Facts = Mapping[str, Any]
"""A row of the leaderboard, as its JSON shows it."""


@dataclass(frozen=True)
class Stands:
    """One row of a run stands for one method at one setting of a paper.

    Attributes
    ----------
    method
        As printed.
    setting
        The pairs of the reported number.
    only
        The class that is scored; None: the mean over the foreground classes.
    group
        The test cases that are scored, by foreground in ml; None: all.
    """

    facts: Facts
    method: str
    setting: dict[str, str]
    only: str | None
    group: tuple[float | None, float | None] | None

    @property
    def one_cell(self) -> str:
        """Why it stands for nothing by itself: other rows of the run are the same cells; empty where none is."""
        others = self.facts.get("same_as")
        return one_figure([str(self.facts["method"]), *others]) if others else ""


def one_figure(names: Sequence[str]) -> str:
    """What is said of rows whose cells are the very same."""
    return f"{', '.join(sorted(names))} are one and the same here: one figure, not {len(names)} measurements"


def stand_for(rows: list[dict[str, Any]], reported: Reported) -> Iterator[Stands]:
    """Everything that the rows of a run stand for: methods crossed with settings."""
    key = "method" if reported.methods_are == "labels" else "plugin"
    for facts in rows:
        for printed in reported.methods.get(facts[key], ()):
            for at in reported.at:
                if matches(facts, printed.rows) and matches(facts, at.rows):
                    yield _stands(facts, printed, at)


def _stands(facts: Facts, printed: Printed, at: Rows) -> Stands:
    setting = {**at.setting, **printed.setting}
    return Stands(facts, printed.method, setting, printed.only or at.only, printed.group or at.group)


def matches(facts: Facts, wanted: Mapping[str, Selector]) -> bool:
    """Whether a row has all wanted facts; one that it lacks matches nothing."""
    return all(any(_fits(fact(facts, name), one) for one in _several(value)) for name, value in wanted.items())


def fact(facts: Facts, name: str) -> Any:
    """A fact by name: `ratio`, or `params.gamma` of the nested ones; None where the row has none."""
    value: Any = facts
    for part in name.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _several(value: Selector) -> tuple[float | str, ...]:
    return value if isinstance(value, tuple) else (value,)


def _fits(value: Any, wanted: float | str) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if isinstance(wanted, float):
        return is_number and isclose(float(value), wanted, abs_tol=1e-9)
    if is_number and wanted[:1] in "<>":
        bound = float(wanted[1:])
        return float(value) > bound if wanted[0] == ">" else float(value) < bound
    return value is not None and str(value).casefold() == wanted.casefold()
