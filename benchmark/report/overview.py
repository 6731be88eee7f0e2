"""The top of a leaderboard: the question, the answer in short, the pivot tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from math import inf

from . import supervised
from .leaderboard import Leaderboard
from .ranking import tables
from .rows import SETTINGS, Row
from .sections import heading
from .text import NOTHING, cells, code, escape, interval, points, ratio, table

_MOST_VERDICTS = 12
"""With more tables the best of each are counted, not named."""


def question(board: Leaderboard) -> str:
    """What the tables answer, and how much of it."""
    methods = _distinct(row.facts["method"] for row in board.rows)
    noises = [name for name in _distinct(row.facts["noise"] for row in board.rows) if name != "clean"]
    other = supervised.question(board.rows)
    wrong = other or (
        f"when part of the training labels is wrong ({', '.join(noises)})" if noises else "with clean labels"
    )
    done, planned = (sum(row.facts[name] for row in board.rows) for name in ("cells_done", "cells_planned"))
    return (
        f"Which training method segments best {escape(wrong)}? {len(methods)} methods on "
        f"{', '.join(map(code, board.datasets))}; {done} of {planned} cells are finished."
    )


def warnings(board: Leaderboard) -> list[str]:
    """What a reader must know before the numbers."""
    failed = sum(len(row.facts["failed"]) for row in board.rows)
    waiting = sum(row.facts["cells_planned"] - row.facts["cells_done"] for row in board.rows) - failed
    found = []
    if failed:
        found.append(f"> **{cells(failed)} failed.** Their rows have no scores; the reasons are in their sections.")
    if waiting:
        found.append(f"> **{cells(waiting)} not run yet.** Their rows have no scores.")
    if board.damaged:
        found.append("> **Damaged records**, counted as failed: " + "; ".join(map(code, board.damaged[:10])))
    return found


_ONE_RUN = "one seed, nothing is said of another training run: no methods are told apart"


def verdicts(rows: Sequence[Row]) -> str:
    """The best of each table."""
    ranked = [together for together in tables(rows).values() if together[0].dice is not None]
    if len(ranked) <= _MOST_VERDICTS:
        return "\n".join(_verdict(together) for together in ranked)
    wins = Counter(row.facts["method"] for together in ranked for row in together if row.facts["tied"])
    named = ", ".join(f"{escape(name)} {count}" for name, count in wins.most_common(_MOST_VERDICTS))
    return f"Best, or not told apart from the best, in so many of {len(ranked)} tables: {named or 'none'}."


def _verdict(rows: Sequence[Row]) -> str:
    best = rows[0]
    known = best.setting("knows")
    knows = "" if known == "blind" else f" (methods that know more: {known})"
    tied = [row.facts["method"] for row in rows if row.facts["tied"] and row.dice != best.dice]
    others = f"; not told apart from it: {_listed(tied)}" if tied else ""
    if best.facts["tied"] is None:
        others = f"; {_ONE_RUN if best.one_run else 'too few patients to tell methods apart'}"
    if unfinished := sum(not row.complete for row in rows):
        others += f"; {unfinished} incomplete, not ranked"
    bounds = interval(best.facts["metrics"]["dice"]["ci95"])
    score = f"Dice {points(best.dice)}" + (f" ({bounds})" if bounds != NOTHING else "")
    return f"- {escape(heading(best) + knows)}: {_leaders(rows)}, {score}{escape(others)}"


def _leaders(rows: Sequence[Row]) -> str:
    """The method of the best mean, or all of equal means; in bold where a statement of its place is made."""
    names = _listed([escape(row.facts["method"]) for row in rows if row.dice == rows[0].dice])
    return f"highest mean {names}" if rows[0].facts["tied"] is None else f"**{names}**"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) if len(names) <= 4 else f"{', '.join(names[:3])} and {len(names) - 3} more"


def overviews(rows: Sequence[Row]) -> list[str]:
    """Per dataset and setting a table of methods by noise model and ratio, or by share of labels."""
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault((row.facts["dataset"], *map(row.setting, SETTINGS)), []).append(row)
    parts = []
    for (dataset, knows, *others), together in groups.items():
        title = ", ".join([dataset, *others]) + ("" if knows == "blind" else f": methods that know more ({knows})")
        parts += [f"**{escape(title)}**", _overview(together)]
    return parts


def _overview(rows: Sequence[Row]) -> str:
    columns = list(dict.fromkeys((row.facts["noise"], row.facts["ratio"]) for row in rows))
    found = {(row.facts["method"], row.facts["noise"], row.facts["ratio"]): row for row in rows}
    noises = _distinct(noise for noise, _ in columns if noise != "clean")
    heads = [_head(noise, value, len(noises)) for noise, value in columns]
    methods = _distinct(row.facts["method"] for row in rows)
    # an upper bound has a column of its own, which would lift it above methods that are better in the others
    common = [column for column in columns if all((name, *column) in found for name in methods)]

    def height(name: str) -> float:
        scores = [found[name, *column].dice for column in common or columns if (name, *column) in found]
        return -sum(-inf if score is None else score for score in scores) / len(scores)

    methods.sort(key=height)
    bounds = {row.facts["method"] for row in rows if row.facts["bound"]}
    lines = [
        [
            escape(f"{name} (bound)" if name in bounds else name),
            *(_cell(found.get((name, *column))) for column in columns),
        ]
        for name in methods
    ]
    return table(["Method", *map(escape, heads)], lines)


def _head(noise: str, value: float | None, noises: int) -> str:
    if value is None:
        return noise
    return ratio(value) if noise == "clean" or noises < 2 else f"{noise} {ratio(value)}"


def _cell(row: Row | None) -> str:
    if row is None:
        return ""
    if not row.complete:
        return f"{row.facts['cells_done']} of {row.facts['cells_planned']} cells"
    text = points(row.dice)
    return f"**{text}**" if row.facts["tied"] and row.dice is not None else text or NOTHING


def _distinct(values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(values))
