"""Where each method may stand: rank intervals, and Dice by group of cases."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from ...stats.panel import Panel
from ...stats.ranks import Place, places
from ...stats.records import Records
from ..groups import FEWEST_CASES, Grouping
from ..ranking import tables
from ..rows import Row
from ..sections import heading
from ..text import counted
from .axis import height, place, words
from .boxes import labels
from .dots import Dot, DotPanel, dot_figure
from .style import intervals

if TYPE_CHECKING:
    from matplotlib.figure import Figure


_MOST_NAMES = 8
"""Of further groups that are left out only their number is told."""


def rank_figure(rows: Sequence[Row], name: str, records: Records) -> Figure | None:
    """95 % interval of each method's rank, one panel per ratio; None where there is not enough data.

    Parameters
    ----------
    rows
        Complete rows of one dataset, noise model and setting.
    name
        What the noise and setting are called; may be empty.
    """
    panels = []
    for together in tables(sorted(rows, key=place)).values():
        panel = Panel.of(records.together(together, "dice"))
        found = places(panel)
        if found and all(each.rank is not None for each in found):
            panels.append(DotPanel(words(together[0]), {each.method: _place(each) for each in found}))
    if not panels:
        return None
    note = (
        "Rank by mean Dice; 95 % intervals of all ranks together, for other patients and other seeds.\n"
        "Filled: not told apart from the best. Beside it: the chance to be the best, from 5 %."
    )
    text = ", ".join(filter(None, [rows[0].facts["dataset"], name]))
    return dot_figure(text, note, height(rows), panels, shared=True, whole=True)


def _place(place: Place) -> Dot:
    word = f"{100 * place.best:.0f} %" if place.best is not None and place.best >= 0.05 else ""
    return Dot(float(place.rank or 0), place.rank_low, place.rank_high, bool(place.tied), word)


def group_figure(rows: Sequence[Row], grouping: Grouping) -> Figure:
    """Mean Dice, with its 95 % interval where there is one, by group of test cases: one panel each."""
    names = dict(zip((row.unit for row in rows), labels(rows)))
    panels = [
        DotPanel(f"{group.title} ({group.cases} cases)", dict(_dots(names, group.dice.items())))
        for group in grouping.groups
    ]
    text = f"{heading(rows[0])}, by {grouping.name}"
    drawn = intervals(dot.low is not None for panel in panels for dot in panel.dots.values())
    note = f"Dice, {drawn}. Filled: the highest mean of a group{_not_shown(grouping)}"
    return dot_figure(text, note, list(names.values()), panels, shared=True)


def _not_shown(grouping: Grouping) -> str:
    """Sentences for the caption; empty where nothing is left out."""
    named = [f"{name} ({counted(count, 'case')})" for name, count in list(grouping.left_out.items())[:_MOST_NAMES]]
    if further := list(grouping.left_out.values())[_MOST_NAMES:]:
        named.append(f"{len(further)} more ({counted(sum(further), 'case')})")
    few = f".\nLeft out, as a group takes {FEWEST_CASES} cases: {', '.join(named)}" if named else ""
    return few + (f".\nOf unknown group: {counted(grouping.unknown, 'case')}" if grouping.unknown else "")


def _dots(names: dict[int, str], found: Iterable[tuple[int, dict]]) -> Iterable[tuple[str, Dot]]:
    known = [(names[unit], summary) for unit, summary in found if summary["mean"] is not None]
    highest = max((summary["mean"] for _, summary in known), default=0.0)
    for name, summary in known:
        low, high = summary["ci95"] or (None, None)
        reach = (None, None) if low is None or high is None else (100 * low, 100 * high)
        yield name, Dot(100 * summary["mean"], reach[0], reach[1], summary["mean"] == highest)
