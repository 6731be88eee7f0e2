"""The flags that override a spec's fields, as `nsbench run` and `nsbench tune` share them."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from .completion import names

WHAT, LONG, WHERE = "What is compared", "How long", "How and where"


def text(flag: str, panel: str, help: str, metavar: str = "TEXT", kind: str = "") -> Any:
    """An option whose value is checked with the spec; `kind` completes names of plugins."""
    completer = names(kind) if kind else None
    # a default in brackets is no markup
    shown = help.replace("[", r"\[")
    return typer.Option(flag, help=shown, metavar=metavar, rich_help_panel=panel, autocompletion=completer)


def switch(flag: str, panel: str, help: str) -> Any:
    """An option without a value."""
    return typer.Option(flag, rich_help_panel=panel, help=help)


Texts = list[str] | None
Text = str | None

Datasets = Annotated[
    Texts, text("--dataset", WHAT, "Dataset (repeatable) (default: phantom).", "ID[:TASK][@FOLDER]", "datasets")
]
DataRoot = Annotated[Texts, text("--data-root", WHERE, "Data folder (repeatable).", "[NAME=]DIR")]
Methods = Annotated[Texts, text("--methods", WHAT, "Methods (default: all).", "NAME,...", "methods")]
Settings = Annotated[Texts, text("--set", WHAT, "Parameter (repeatable).", "METHOD.PARAM=VALUE")]
Noise = Annotated[Texts, text("--noise", WHAT, "Noise models (default: erode-dilate).", "NAME[,PARAM=VALUE]", "noise")]
Ratios = Annotated[Text, text("--ratios", WHAT, "Shares of wrongly labeled cases (default: 0.5).", "0.25,0.5")]
Severity = Annotated[Text, text("--severity", WHAT, "Scale of the noise, or its mean Dice.", "FACTOR|dice=0.75")]
Labeled = Annotated[
    Text, text("--labeled", WHAT, "Scarce labels in place of noise: fractions or counts.", "0.1,0.2|20")
]
Source = Annotated[
    Text, text("--source", WHAT, "Transfer in place of noise: whose labels.", "ID[:TASK][@FOLDER]", "datasets")
]
Unlabeled = Annotated[Text, text("--unlabeled", WHAT, "Images without label (default: rest).", "rest|all|none|N")]
Spacing = Annotated[Text, text("--spacing", WHAT, "mm per voxel of a transfer (default: the coarser).", "1,1,1")]
Networks = Annotated[Texts, text("--network", WHAT, "Networks (default: unet).", "NAME[,PARAM=VALUE]", "networks")]
View = Annotated[Text, text("--view", WHAT, "Patches or slices of 3-D data (default: 3d).", "3d|2d|2d:AXIS")]
Folds = Annotated[Text, text("--folds", WHAT, "Folds, where none are published (default: 5).", "N")]
Fold = Annotated[Text, text("--fold", WHAT, "Which folds to run (default: 0).", "0,1")]
Seeds = Annotated[Text, text("--seeds", WHAT, "A count, or a list of seeds (default: 1).", "N|0,3")]
Name = Annotated[Text, text("--name", WHAT, "Title of the page.")]
Budget = Annotated[
    Text, text("--budget", LONG, "How long a cell trains (default: quick).", "smoke|quick|paper", "budgets")
]
Iterations = Annotated[Text, text("--iterations", LONG, "Optimiser steps of a cell (default: the budget's).", "N")]
Selection = Annotated[
    Text, text("--selection", LONG, "Checkpoint to evaluate (default: last).", "last|best-clean-val|best-noisy-val")
]
Out = Annotated[Text, text("--out", WHERE, "Folder of the results (default: nsbench-out).", "DIR")]
Executor = Annotated[Text, text("--executor", WHERE, "What runs the cells (default: ray).", "ray|inline")]
Workers = Annotated[Text, text("--workers", WHERE, "Cells at a time (default: all cores).", "N")]
CpusPerRun = Annotated[Text, text("--cpus-per-run", WHERE, "Cores of one cell (default: 1).", "N")]
GpusPerRun = Annotated[Text, text("--gpus-per-run", WHERE, "Share of a GPU for one cell.", "0.25")]
Address = Annotated[Text, text("--address", WHERE, "A running Ray cluster; its nodes share --out.")]
Retries = Annotated[Text, text("--retries", WHERE, "New starts after a worker died (default: 1).", "N")]
TimeoutMinutes = Annotated[Text, text("--timeout-minutes", WHERE, "Longest time of a cell.", "N")]
RetryFailed = Annotated[bool, switch("--retry-failed", WHERE, "Run failed cells again.")]

_REPEATABLE_LISTS = ("datasets", "methods", "noise", "networks", "track")
_UNSET: tuple[object, ...] = (None, False, [], ())


def given(ctx: typer.Context, *others: str) -> dict[str, Any]:
    """The flags that were given, by the field of the spec that they override; `others` are no fields."""
    flags = {key: value for key, value in ctx.params.items() if key not in others and value not in _UNSET}
    return {key: ",".join(value) if key in _REPEATABLE_LISTS else value for key, value in flags.items()}
