"""`nsbench run`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from .app import app
from .completion import names
from .options import AsJson, Plugins
from .output import print_json, quiet_stdout

_WHAT, _LONG, _WHERE = "What is compared", "How long", "How and where"


def _text(flag: str, panel: str, help: str, metavar: str = "TEXT", kind: str = "") -> Any:
    completer = names(kind) if kind else None
    return typer.Option(flag, help=help, metavar=metavar, rich_help_panel=panel, autocompletion=completer)


Texts = list[str] | None
Text = str | None


@app.command()
def run(
    ctx: typer.Context,
    spec_file: Annotated[Path | None, typer.Argument(metavar="SPEC.yaml", help="Spec file; flags override it.")] = None,
    datasets: Annotated[
        Texts, _text("--dataset", _WHAT, "Dataset (repeatable) (default: phantom).", "ID[:TASK][@FOLDER]", "datasets")
    ] = None,
    data_root: Annotated[Texts, _text("--data-root", _WHERE, "Data folder (repeatable).", "[NAME=]DIR")] = None,
    methods: Annotated[Texts, _text("--methods", _WHAT, "Methods (default: all).", "NAME,...", "methods")] = None,
    params: Annotated[Texts, _text("--set", _WHAT, "Parameter (repeatable).", "METHOD.PARAM=VALUE")] = None,
    noise: Annotated[
        Texts, _text("--noise", _WHAT, "Noise models (default: erode-dilate).", "NAME[,PARAM=VALUE]", "noise")
    ] = None,
    ratios: Annotated[
        Text, _text("--ratios", _WHAT, "Shares of wrongly labeled cases (default: 0.5).", "0.25,0.5")
    ] = None,
    networks: Annotated[
        Texts, _text("--network", _WHAT, "Networks (default: unet).", "NAME[,PARAM=VALUE]", "networks")
    ] = None,
    view: Annotated[
        Text, _text("--view", _WHAT, "Patches or slices of 3-D data (default: 3d).", "3d|2d|2d:AXIS")
    ] = None,
    folds: Annotated[Text, _text("--folds", _WHAT, "Folds, where none are published (default: 5).", "N")] = None,
    fold: Annotated[Text, _text("--fold", _WHAT, "Which folds to run (default: 0).", "0,1")] = None,
    seeds: Annotated[Text, _text("--seeds", _WHAT, "A count, or a list of seeds (default: 1).", "N|0,3")] = None,
    name: Annotated[Text, _text("--name", _WHAT, "Title of the leaderboard.")] = None,
    plugins: Plugins = None,
    budget: Annotated[
        Text, _text("--budget", _LONG, "How long a cell trains (default: quick).", "smoke|quick|paper", "budgets")
    ] = None,
    iterations: Annotated[
        Text, _text("--iterations", _LONG, "Optimiser steps of a cell (default: the budget's).", "N")
    ] = None,
    selection: Annotated[
        Text,
        _text("--selection", _LONG, "Checkpoint to evaluate (default: last).", "last|best-clean-val|best-noisy-val"),
    ] = None,
    out: Annotated[Text, _text("--out", _WHERE, "Folder of the results (default: nsbench-out).", "DIR")] = None,
    executor: Annotated[Text, _text("--executor", _WHERE, "What runs the cells (default: ray).", "ray|inline")] = None,
    workers: Annotated[Text, _text("--workers", _WHERE, "Cells at a time (default: all cores).", "N")] = None,
    cpus_per_run: Annotated[Text, _text("--cpus-per-run", _WHERE, "Cores of one cell (default: 1).", "N")] = None,
    gpus_per_run: Annotated[Text, _text("--gpus-per-run", _WHERE, "Share of a GPU for one cell.", "0.25")] = None,
    address: Annotated[Text, _text("--address", _WHERE, "A running Ray cluster; its nodes share --out.")] = None,
    retries: Annotated[Text, _text("--retries", _WHERE, "New starts after a worker died (default: 1).", "N")] = None,
    timeout_minutes: Annotated[Text, _text("--timeout-minutes", _WHERE, "Longest time of a cell.", "N")] = None,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", rich_help_panel=_WHERE, help="Run failed cells again.")
    ] = False,
    save_predictions: Annotated[
        bool, typer.Option("--save-predictions", rich_help_panel=_WHERE, help="Keep predicted labels.")
    ] = False,
    track: Annotated[
        Texts, _text("--track", _WHERE, "Trackers (default: tensorboard).", "tensorboard|mlflow|wandb|none")
    ] = None,
    extend: Annotated[
        bool, typer.Option("--extend", rich_help_panel=_WHERE, help="Let the folder follow a changed spec.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print each cell with state and estimate.")] = False,
    as_json: AsJson = False,
) -> None:
    """Run a benchmark: plan the grid, run what is not done yet, write the leaderboard."""
    from ..registry import Registries
    from ..spec.load import load
    from ..spec.plan import plan_loaded
    from ..store import Store
    from .overview import look_ahead, print_cells, print_overview
    from .running import finish, run_planned

    loaded = load(spec_file, _given(ctx))
    registries = Registries(loose=loaded.execution.plugins)
    store = Store(loaded.execution.out)
    planned = plan_loaded(loaded, registries)
    with quiet_stdout(as_json):
        overview = look_ahead(planned, store, loaded, registries)
        print_overview(overview, loaded)
        if not dry_run:
            summary, path = run_planned(planned, store, loaded, registries)
    if not dry_run:
        finish(summary, path, store, len(overview.states), registries, as_json)
    elif as_json:
        print_json(overview.as_json(str(store.out)))
    else:
        print_cells(overview)


_NO_FIELDS = ("spec_file", "dry_run", "as_json")
_REPEATABLE_LISTS = ("datasets", "methods", "noise", "networks", "track")


def _given(ctx: typer.Context) -> dict[str, Any]:
    """The flags that were given, by the field of the spec that they override."""
    unset: tuple[object, ...] = (None, False, [], ())
    flags = {key: value for key, value in ctx.params.items() if key not in _NO_FIELDS and value not in unset}
    return {key: ",".join(value) if key in _REPEATABLE_LISTS else value for key, value in flags.items()}
