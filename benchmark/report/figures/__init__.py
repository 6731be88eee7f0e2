"""Pictures of a leaderboard. None of them shows image content."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...stats.records import Records
from ..groups import Groups
from ..leaderboard import Leaderboard
from ..rows import Row
from ..sections import heading
from .axis import AXES
from .boxes import case_figure
from .curves import curve_figure, known_alike, panels
from .generations import generation_figure, with_generations
from .ranks import group_figure, rank_figure
from .style import save, slug, unused

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_SECTIONS = 20
"""Of further sections no picture is drawn: nobody would look at them."""


def draw(board: Leaderboard, folder: Path) -> dict[tuple[Any, ...], str]:
    """Draw all pictures into a folder.

    Returns
    -------
    Their file names by what `markdown.render` looks them up by: `("ratio", dataset, noise)`, `("labeled", dataset,
    setting)`, `("ranks", dataset, noise)`, `("cases", section)`, `("generations", section)`, `("groups", section,
    grouping)`.
    """
    names: dict[tuple[Any, ...], str] = {}
    for key, name, figure in _figures(board):
        names[key] = unused(name, names.values())
        save(figure, folder / names[key])
    return names


def _figures(board: Leaderboard) -> Iterator[tuple[tuple[Any, ...], str, Figure]]:
    complete = [row for row in board.rows if row.dice is not None]
    scores = Records.of(board.store)
    for dataset in board.datasets:
        yield from _of_dataset(dataset, [row for row in complete if row.facts["dataset"] == dataset], scores)
    sections: dict[tuple[Any, ...], list[Row]] = {}
    for row in complete:
        sections.setdefault(row.section, []).append(row)
    groups = Groups(board)
    for key, rows in list(sections.items())[:MOST_SECTIONS]:
        yield ("cases", key), f"cases-{slug(heading(rows[0]))}", case_figure(rows, board.case_dice)
        if shown := with_generations(rows):
            yield ("generations", key), f"generations-{slug(heading(rows[0]))}", generation_figure(shown)
        for grouping in groups.of(rows):
            name = grouping.name.split(",")[0]
            yield ("groups", key, name), f"groups-{slug(f'{name} {heading(rows[0])}')}", group_figure(rows, grouping)


def _of_dataset(dataset: str, rows: list[Row], scores: Records) -> Iterator[tuple[tuple[Any, ...], str, Figure]]:
    every = panels(rows)
    for name, shown in every.items():
        about = slug(dataset if len(every) == 1 else f"{dataset} {name}")
        for kind, axis in AXES.items():
            if len(axis.values(shown)) > 1:
                yield (kind, dataset, name), f"dice-vs-{kind}-{about}", curve_figure(shown, name, axis)
        for knows, alike in known_alike(shown).items():
            whole = ", ".join(filter(None, [name, knows]))
            if (figure := rank_figure(alike, whole, scores)) is not None:
                yield ("ranks", dataset, whole), "-".join(filter(None, ["ranks", about, knows])), figure
