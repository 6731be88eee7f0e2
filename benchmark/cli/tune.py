"""`nsbench tune`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import UserError
from . import fields
from .app import app
from .options import AsJson, Plugins
from .output import print_json, quiet_stdout

if TYPE_CHECKING:
    from ..spec.load import Loaded
    from ..spec.tune import Tune
    from ..tuning.tune import Target

_HOW = "How parameters are searched"
_TUNE = (
    "params", "trials", "sampler", "points", "pruner", "objective", "over", "against", "seed", "storage", "study"
)  # fmt: skip
"""Flags that are fields of the spec's `tune` section."""


@app.command()
def tune(
    ctx: typer.Context,
    what: Annotated[
        list[str] | None, typer.Argument(metavar="METHOD|SPEC.yaml...", help="Methods to tune, or a spec file.")
    ] = None,
    tune_params: Annotated[
        fields.Texts, fields.text("--param", _HOW, "Parameter (repeatable).", "NAME[=LOW..HIGH|=A,B,C]")
    ] = None,
    tune_trials: Annotated[fields.Text, fields.text("--trials", _HOW, "Trials in all (default: 20).", "N")] = None,
    tune_sampler: Annotated[
        fields.Text, fields.text("--sampler", _HOW, "Sampler (default: tpe).", "tpe|cma-es|qmc|grid")
    ] = None,
    grid: Annotated[bool, fields.switch("--grid", _HOW, "Try every combination: --sampler grid.")] = False,
    tune_points: Annotated[
        fields.Text, fields.text("--points", _HOW, "Grid values of a range (default: 5).", "N")
    ] = None,
    tune_pruner: Annotated[
        fields.Text,
        fields.text("--pruner", _HOW, "What ends bad trials early (default: median).", "asha|median|wilcoxon|none"),
    ] = None,
    tune_objective: Annotated[
        fields.Text,
        fields.text("--objective", _HOW, "Labels to score with (default: clean-val).", "clean-val|noisy-val"),
    ] = None,
    tune_over: Annotated[
        fields.Text, fields.text("--over", _HOW, "Score of several cells (default: mean).", "mean|worst")
    ] = None,
    tune_against: Annotated[fields.Text, fields.text("--against", _HOW, "Second objective.", "time")] = None,
    tune_seed: Annotated[
        fields.Text, fields.text("--sampler-seed", _HOW, "Seed of the sampler (default: 0).", "N")
    ] = None,
    tune_storage: Annotated[
        fields.Text, fields.text("--storage", _HOW, "Optuna storage (default: study.db in --out).", "URL")
    ] = None,
    tune_study: Annotated[
        fields.Text, fields.text("--study", _HOW, "Name of the study (default: the method's).", "NAME")
    ] = None,
    page: Annotated[
        Path | None, typer.Option("--page", metavar="DIR", rich_help_panel=fields.WHERE, help="Copy the page to here.")
    ] = None,
    datasets: fields.Datasets = None,
    data_root: fields.DataRoot = None,
    params: fields.Settings = None,
    noise: fields.Noise = None,
    ratios: fields.Ratios = None,
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
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print what would be searched.")] = False,
    as_json: AsJson = False,
) -> None:
    """Tune parameters on the validation part of the training cases; the test cases are not read."""
    from ..registry import Registries
    from ..spec.load import load
    from ..tuning.tune import tune_targets

    loaded = load(*_spec_and_flags(ctx, what or [], grid))
    registries = Registries(loose=loaded.execution.plugins)
    declared, targets = tune_targets(loaded, registries)
    if dry_run:
        _print_dry(loaded, declared, targets, as_json)
    else:
        _run(loaded, declared, targets, page, as_json)


def _spec_and_flags(ctx: typer.Context, what: list[str], grid: bool) -> tuple[Path | None, dict[str, Any]]:
    """The spec file and the flags by field; methods are named by the arguments that are no spec file."""
    files = [Path(word) for word in what if word.endswith((".yaml", ".yml"))]
    if len(files) > 1:
        raise UserError(f"{files[1]}: one spec file at a time")
    flags = fields.given(ctx, "what", "grid", "page", "dry_run", "as_json")
    section = {name: flags.pop(f"tune_{name}") for name in _TUNE if f"tune_{name}" in flags}
    if grid and section.setdefault("sampler", "grid") != "grid":
        raise UserError(f"--grid and --sampler {section['sampler']}: give one of them")
    if named := [word for word in what if Path(word) not in files]:
        flags["methods"] = ",".join(named)
    return (files[0] if files else None), {**flags, "tune": section}


def _run(loaded: Loaded, declared: Tune, targets: list[Target], page: Path | None, as_json: bool) -> None:
    import sys

    from ..registry import Registries
    from ..tuning.page import publish, write_page
    from ..tuning.tune import run_tuning
    from .running import command_line

    with quiet_stdout(as_json):
        studies, interrupted = run_tuning(loaded, declared, targets, Registries(loose=loaded.execution.plugins))
        if interrupted:
            raise KeyboardInterrupt
        written, facts = write_page(studies, loaded, declared, command_line(sys.argv[1:]))
        shown = publish(written, page) if page else written
    failed = sum(tuned.failed for tuned in studies)
    best = written.parent / "best.yaml"
    if as_json:
        print_json(
            {
                "out": str(loaded.execution.out),
                "page": str(shown),
                "best": str(best),
                "failed": failed,
                "studies": facts,
            }
        )
    else:
        for fact in facts:
            found = ", ".join(f"{name}={value}" for name, value in fact["best"]["params"].items())
            print(f"{fact['label']}: best {found}: Dice {100 * fact['best']['dice']:.2f} on {declared.objective}")
        print(f"page: {shown}\nparameters: {best} (nsbench run --params {best} --methods ... with the same data)")
    if failed:
        raise typer.Exit(1)


def _print_dry(loaded: Loaded, declared: Tune, targets: list[Target], as_json: bool) -> None:
    from ..tuning.overview import describe_plan, print_plan

    plan = describe_plan(loaded, declared, targets)
    print_json(plan) if as_json else print_plan(plan)
