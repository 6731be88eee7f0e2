"""`nsbench run`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import fields
from .app import app
from .options import AsJson, Plugins
from .output import print_json, quiet_stdout

if TYPE_CHECKING:
    from ..spec.load import Loaded


@app.command()
def run(
    ctx: typer.Context,
    spec_file: Annotated[Path | None, typer.Argument(metavar="SPEC.yaml", help="Spec file; flags override it.")] = None,
    datasets: fields.Datasets = None,
    data_root: fields.DataRoot = None,
    methods: fields.Methods = None,
    params: fields.Settings = None,
    tuned: Annotated[
        list[Path] | None,
        typer.Option(
            "--params",
            metavar="BEST.yaml",
            rich_help_panel=fields.WHAT,
            help="Tuned parameters, as rows beside the default ones (repeatable).",
        ),
    ] = None,
    noise: fields.Noise = None,
    ratios: fields.Ratios = None,
    severity: fields.Severity = None,
    labeled: fields.Labeled = None,
    source: fields.Source = None,
    unlabeled: fields.Unlabeled = None,
    spacing: fields.Spacing = None,
    networks: fields.Networks = None,
    view: fields.View = None,
    folds: fields.Folds = None,
    fold: fields.Fold = None,
    seeds: fields.Seeds = None,
    name: fields.Name = None,
    plugins: Plugins = None,
    budget: fields.Budget = None,
    iterations: fields.Iterations = None,
    selection: fields.Selection = None,
    out: fields.Out = None,
    executor: fields.Executor = None,
    workers: fields.Workers = None,
    cpus_per_run: fields.CpusPerRun = None,
    gpus_per_run: fields.GpusPerRun = None,
    address: fields.Address = None,
    retries: fields.Retries = None,
    timeout_minutes: fields.TimeoutMinutes = None,
    retry_failed: fields.RetryFailed = False,
    save_predictions: Annotated[
        bool, fields.switch("--save-predictions", fields.WHERE, "Keep predicted labels.")
    ] = False,
    track: Annotated[
        fields.Texts,
        fields.text("--track", fields.WHERE, "Trackers (default: tensorboard).", "tensorboard|mlflow|wandb|none"),
    ] = None,
    extend: Annotated[bool, fields.switch("--extend", fields.WHERE, "Let the folder follow a changed spec.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print each cell with state and estimate.")] = False,
    as_json: AsJson = False,
) -> None:
    """Run a benchmark: plan the grid, run what is not done yet, write the leaderboard."""
    from ..registry import Registries
    from ..spec.plan import plan_loaded
    from ..store import Store
    from .overview import look_ahead, print_cells, print_overview
    from .running import Benchmark, finish, run_planned

    loaded = _load(spec_file, fields.given(ctx, "spec_file", "tuned", "dry_run", "as_json"), tuned or [])
    registries = Registries(loose=loaded.execution.plugins)
    store = Store(loaded.execution.out)
    planned = plan_loaded(loaded, registries)
    with quiet_stdout(as_json):
        overview = look_ahead(planned, store, loaded.execution.retry_failed, registries)
        print_overview(overview, store.out)
        if not dry_run:
            summary, path = run_planned(planned, store, Benchmark.of(loaded), registries)
    if not dry_run:
        finish(summary, path, store, len(overview.states), registries, as_json)
    elif as_json:
        print_json(overview.as_json(str(store.out)))
    else:
        print_cells(overview)


def _load(spec_file: Path | None, flags: dict[str, Any], tuned: list[Path]) -> Loaded:
    """The spec; tuned parameters are further rows of it."""
    from ..spec.load import load
    from ..tuning.best import tuned_rows

    loaded = load(spec_file, flags)
    if not tuned:
        return loaded
    known = [choice.model_dump(exclude_none=True) for choice in loaded.spec.methods]
    return load(spec_file, {**flags, "methods": [*known, *tuned_rows(tuned)]})
