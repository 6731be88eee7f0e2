"""`nsbench reproduce`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import UserError
from . import fields
from .app import app
from .options import AsJson, Plugins
from .output import print_json, print_table, quiet_stdout

if TYPE_CHECKING:
    from ..papers.parts import Reproduction
    from ..registry import Registries
    from ..store import Store

_OWN = ("paper", "table", "stand_in", "only", "tune", "listed", "dry_run", "as_json")


@app.command()
def reproduce(
    ctx: typer.Context,
    paper: Annotated[
        str | None,
        typer.Argument(metavar="PAPER", parser=str.casefold, help="pint, cople ...; none: list the tables."),
    ] = None,
    table: Annotated[str | None, typer.Argument(metavar="TABLE", help='"Table 1", 1, "Fig. 6" ...')] = None,
    listed: Annotated[bool, typer.Option("--list", help="List the tables, and whether their data are here.")] = False,
    stand_in: Annotated[
        fields.Text, fields.text("--dataset", fields.WHAT, "Stand-in for the paper's dataset.", "ID[:TASK][@FOLDER]")
    ] = None,
    source: Annotated[
        fields.Text, fields.text("--source", fields.WHAT, "Stand-in for a transfer's source.", "ID[:TASK][@FOLDER]")
    ] = None,
    data_root: fields.DataRoot = None,
    only: Annotated[fields.Texts, fields.text("--part", fields.WHAT, "Part of the table (repeatable).", "NAME")] = None,
    seeds: Annotated[fields.Text, fields.text("--seeds", fields.WHAT, "A count, or a list of seeds.", "N|0,3")] = None,
    fold: Annotated[fields.Text, fields.text("--fold", fields.WHAT, "Which folds to run.", "0,1")] = None,
    plugins: Plugins = None,
    budget: Annotated[
        fields.Text, fields.text("--budget", fields.LONG, "A budget instead of the paper's.", "smoke|quick|paper")
    ] = None,
    iterations: Annotated[
        fields.Text, fields.text("--iterations", fields.LONG, "Optimiser steps of a cell instead of the paper's.", "N")
    ] = None,
    tune: Annotated[
        bool, fields.switch("--tune", fields.LONG, "Tune first what the paper tuned for each method.")
    ] = False,
    out: Annotated[
        fields.Text, fields.text("--out", fields.WHERE, "Folder (default: reproduced/PAPER-TABLE).", "DIR")
    ] = None,
    executor: fields.Executor = None,
    workers: fields.Workers = None,
    cpus_per_run: fields.CpusPerRun = None,
    gpus_per_run: fields.GpusPerRun = None,
    address: fields.Address = None,
    retries: fields.Retries = None,
    timeout_minutes: fields.TimeoutMinutes = None,
    retry_failed: fields.RetryFailed = False,
    extend: Annotated[bool, fields.switch("--extend", fields.WHERE, "Let the folder follow other flags.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print each cell with state and estimate.")] = False,
    as_json: AsJson = False,
) -> None:
    """Run a table of a source paper, and print its numbers beside the measured ones."""
    from ..papers.catalogue import find_table
    from ..papers.parts import reproduction
    from ..registry import Registries
    from ..store import Store

    registries = Registries(loose=tuple(plugins or ()))
    if listed or paper is None:
        _print_tables(paper, registries, as_json)
        return
    declared = find_table(paper, table)
    flags = fields.given(ctx, *_OWN) | ({"datasets": stand_in} if stand_in else {})
    flags.setdefault("out", str(Path("reproduced") / declared.table.slug))
    found = reproduction(declared, flags, registries, only or [])
    if dry_run and not found.plan.cells:
        raise _nothing_to_run(found, flags)
    store = Store(found.execution.out)
    if dry_run:
        _look(found, store, registries, as_json)
    elif not found.plan.cells:
        from ..papers.write import write_side_by_side

        # every row with its reason
        raise _nothing_to_run(found, flags, write_side_by_side(found.shown, store, registries)[0])
    else:
        _run(found, store, registries, tune, as_json)


def _print_tables(paper: str | None, registries: Registries, as_json: bool) -> None:
    from ..papers.catalogue import all_tables
    from ..papers.data_state import data_states

    rows: list[dict[str, Any]] = [
        {"paper": each.table.paper, "table": each.table.table, "title": each.table.title}
        | {"data": data_states(each, registries)}
        for each in all_tables()
        if paper in (None, each.table.paper)
    ]
    if not rows:
        raise UserError(f"no tables of paper {paper!r}; nsbench reproduce --list names all")
    if as_json:
        print_json(rows)
        return
    lines = [[row["paper"], row["table"], _data_text(row["data"]), row["title"]] for row in rows]
    print_table(["paper", "table", "data", "what"], lines)


def _data_text(states: dict[str, str]) -> str:
    return "; ".join(f"{name} {state}" for name, state in states.items())


def _look(found: Reproduction, store: Store, registries: Registries, as_json: bool) -> None:
    from .overview import look_ahead, print_cells, print_overview

    overview = look_ahead(found.plan, store, found.execution.retry_failed, registries)
    if as_json:
        print_json({**_about(found), **overview.as_json(str(store.out))})
        return
    _print_head(found)
    print_overview(overview, store.out)
    print_cells(overview)


def _print_head(found: Reproduction) -> None:
    from ..papers.select import one_figure

    print(found.heading)
    for names in found.one_cell:
        print(one_figure(names))


def _run(found: Reproduction, store: Store, registries: Registries, tune: bool, as_json: bool) -> None:
    from ..papers.tuned import tuned
    from ..papers.write import write_side_by_side
    from .overview import look_ahead, print_overview
    from .running import Benchmark, command_line, run_planned

    with quiet_stdout(as_json):
        _print_head(found)
        if tune:
            found = tuned(found, registries, command_line(sys.argv[1:]))
        plan = found.plan
        overview = look_ahead(plan, store, found.execution.retry_failed, registries)
        print_overview(overview, store.out)
        what = Benchmark(found.identity(), found.heading, found.execution)
        summary, board = run_planned(plan, store, what, registries)
        page, rows = write_side_by_side(found.shown, store, registries)
    counts = {"done": summary.done, "failed": summary.failed, "planned": len(overview.states)}
    if as_json:
        written = {"out": str(store.out), "page": str(page), "leaderboard": str(board)}
        print_json({**_about(found), **written, **counts, "left_out": list(found.left_out), "rows": rows})
    else:
        print(
            f"{summary.done} of {counts['planned']} cells done, {summary.failed} failed; reported and measured: {page}"
        )
    if summary.interrupted:
        raise KeyboardInterrupt
    if summary.failed:
        raise typer.Exit(1)


def _nothing_to_run(found: Reproduction, flags: dict[str, Any], page: Path | None = None) -> UserError:
    """Why, and which flags name data in place of those that are absent."""
    reasons = dict.fromkeys(part.reason for part in found.parts)
    named = {"datasets": "--dataset ID"} | ({"source": "--source ID"} if found.is_transfer else {})
    free = [flag for name, flag in named.items() if name not in flags]
    remedy = f"; or name data that stand in: {' '.join(free)}" if free else ""
    written = f"; what is reported: {page}" if page else ""
    return UserError(f"{found.heading}: nothing can be run: {'; '.join(reasons)}{remedy}{written}")


def _about(found: Reproduction) -> dict[str, Any]:
    table = found.declared.table
    return {"paper": table.paper, "table": table.table, "stand_in": found.stand_in or None, "one_cell": found.one_cell}
