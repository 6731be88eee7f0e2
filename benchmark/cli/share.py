"""`nsbench export` and `nsbench import`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .app import app
from .options import AsJson, OutFolder, Plugins, registries
from .output import print_json

LARGEST_GIB = 16.0
"""What an archive may unpack to unless told otherwise."""


@app.command()
def export(
    out: OutFolder,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE.zip", help="The archive (default: name of OUT, here)."),
    ] = None,
    weights: Annotated[bool, typer.Option("--weights", help="The trained weights too.")] = False,
    predictions: Annotated[bool, typer.Option("--predictions", help="The predicted labels too.")] = False,
    unfinished: Annotated[bool, typer.Option("--unfinished", help="Even if cells have not ended yet.")] = False,
    as_json: AsJson = False,
    plugins: Plugins = None,
) -> None:
    """Write a run as one archive to hand on: plan, records, leaderboard, checksums, host names; no data, no paths."""
    from ..share import export_run

    file = output or Path(f"{out.resolve().name}.zip")
    done = export_run(
        out, file, weights=weights, predictions=predictions, unfinished=unfinished, registries=registries(plugins)
    )
    if as_json:
        counts = {"cells": done.cells, "missing": done.missing, "bytes": done.bytes}
        print_json({"file": str(done.file), **counts, "sha256": done.sha256})
    else:
        missing = f", {done.missing} missing" if done.missing else ""
        print(f"{done.file}: {done.cells} cells{missing}, {done.bytes / 2**20:.1f} MiB, SHA-256 {done.sha256}")


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE.zip", help="What nsbench export wrote.")],
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="New folder for the run (default: name of FILE, here).")
    ] = None,
    max_gib: Annotated[
        float, typer.Option("--max-gib", min=0, help="Most that it may unpack to, in GiB.")
    ] = LARGEST_GIB,
    as_json: AsJson = False,
    plugins: Plugins = None,
) -> None:
    """Unpack an exported run, whole or not at all; anything in it that is not data is refused."""
    from ..share import import_run

    done = import_run(file, out or Path(file.stem), max_gib=max_gib, registries=registries(plugins))
    if as_json:
        print_json({"out": str(done.out), "cells": done.cells, "missing": done.missing, "nsbench": done.nsbench})
    else:
        missing = f", {done.missing} missing" if done.missing else ""
        print(f"{done.out}: {done.cells} cells{missing}, exported by nsbench {done.nsbench}")
