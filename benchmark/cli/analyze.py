"""`nsbench analyze features`."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import UserError
from .app import Commands, app
from .options import AsJson, OutFolder, Plugins, registries
from .output import print_json, print_table, quiet_stdout

if TYPE_CHECKING:
    from ..analysis.features import Analysis, LevelScore
    from ..cell import Cell
    from ..registry import Registries
    from ..store import Store

analyze = typer.Typer(cls=Commands, no_args_is_help=True, help="Look into the networks of a finished run.")
app.add_typer(analyze, name="analyze")

Found = list[tuple["Cell", list["LevelScore"]]]


@analyze.command("features")
def features(
    out: OutFolder,
    cases: Annotated[int, typer.Option("--cases", min=1, help="Test cases to fit, and as many to score.")] = 5,
    repeats: Annotated[int, typer.Option("--repeats", min=1, help="Random choices of these cases.")] = 5,
    cell: Annotated[str, typer.Option("--cell", metavar="ID", help="One cell only, by how its id begins.")] = "",
    as_json: AsJson = False,
    plugins: Plugins = None,
) -> None:
    """Regress the label linearly on each feature level of the trained networks; print R^2 on other test cases."""
    from ..store import Store

    store = Store(out)
    chosen = _finished(store, cell)
    with quiet_stdout(as_json):
        from ..analysis.features import Analysis

        found = _analyse(store, chosen, registries(plugins), Analysis(cases, repeats))
    if as_json:
        print_json({"cases": cases, "repeats": repeats, "cells": [_facts(each, scores) for each, scores in found]})
    else:
        _print(found)


def _finished(store: Store, prefix: str) -> list[Cell]:
    planned = store.planned_cells()
    named = [cell for cell in planned if cell.id.startswith(prefix)]
    if not named:
        raise UserError(f"--cell {prefix}: no such cell in {store.out}; nsbench run --dry-run prints the ids")
    done = [cell for cell in named if store.folder(cell.id).weights.exists()]
    if not done:
        raise UserError(f"{store.out}: no finished cell with weights; nsbench run goes on")
    if len(done) < len(named):
        print(f"{len(named) - len(done)} of {len(named)} cells are not finished and left out", file=sys.stderr)
    return done


def _analyse(store: Store, cells: Iterable[Cell], known: Registries, how: Analysis) -> Found:
    from ..analysis.features import analyse_cell

    found = []
    for cell in cells:
        print(cell.describe(), file=sys.stderr)
        found.append((cell, analyse_cell(store, cell, known, how)))
    return found


def _facts(cell: Cell, scores: list[LevelScore]) -> dict[str, Any]:
    who = cell.identity
    return {
        "cell": cell.id,
        "dataset": cell.dataset_label,
        "supervision": who.supervision.describe(),
        "method": cell.label,
        "network": who.network.name,
        "fold": who.fold,
        "seed": who.seed,
        "levels": [asdict(score) for score in scores],
    }


def _print(found: Found) -> None:
    """A table for each dataset, supervision and network: methods in rows, levels in columns, cells averaged."""
    tables: dict[tuple[str, str, str], dict[str, list[list[LevelScore]]]] = {}
    for cell, scores in found:
        who = cell.identity
        title = (cell.dataset_label, who.supervision.describe(), who.network.name)
        tables.setdefault(title, {}).setdefault(cell.label, []).append(scores)
    for title, methods in tables.items():
        levels = [score.level for score in next(iter(methods.values()))[0]]
        encoder = {score.level for score in next(iter(methods.values()))[0] if score.encoder}
        print(f"\n{', '.join(title)}: R^2 (variance) of the label on the features of each level (*: of the encoder)")
        heads = [f"{level}*" if level in encoder else level for level in levels]
        print_table(["method", *heads], [[label, *_columns(runs, levels)] for label, runs in methods.items()])


def _columns(runs: list[list[LevelScore]], levels: list[str]) -> list[str]:
    columns = []
    for level in levels:
        known = [s for run in runs for s in run if s.level == level and s.score is not None]
        score = sum(s.score or 0.0 for s in known) / len(known) if known else None
        variance = sum(s.variance or 0.0 for s in known) / len(known) if known else None
        columns.append("-" if score is None else f"{score:.3f} ({variance:.3f})")
    return columns
