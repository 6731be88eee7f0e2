"""`nsbench publish`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from .app import app
from .options import AsJson, OutFolder, Plugins, registries
from .output import print_json, quiet_stdout


@app.command()
def publish(
    out: OutFolder,
    to: Annotated[Path, typer.Option("--to", metavar="DIR", help="Folder of the leaderboard (leaderboards/NAME).")],
    allow_incomplete: Annotated[
        bool, typer.Option("--allow-incomplete", help="Even if cells have no result; the page says so.")
    ] = False,
    as_json: AsJson = False,
    plugins: Plugins = None,
) -> None:
    """Publish a run: page, pictures, spec and per-case records as a folder, and its line in the index above."""
    from ..publish import publish_run

    with quiet_stdout(as_json):
        done = publish_run(out, to, allow_incomplete=allow_incomplete, registries=registries(plugins))
    for note in done.notes:
        print(note, file=sys.stderr)
    index = None if done.index is None else str(done.index)
    if as_json:
        counts = {"done": done.done, "planned": done.planned}
        print_json({"folder": str(done.folder), "cells": counts, "files": done.files, "index": index})
        return
    print(f"{done.folder}: {done.done} of {done.planned} cells, {len(done.files)} files")
    print(
        f"{index}: its table is up to date" if index else f"{done.folder.parent}: no README.md with markers, no index"
    )
