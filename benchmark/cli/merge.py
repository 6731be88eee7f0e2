"""`nsbench merge`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .app import app
from .options import AsJson
from .output import print_json

if TYPE_CHECKING:
    from ..share.merge import Merged

_MOST_LINES = 20


@app.command()
def merge(
    sources: Annotated[list[Path], typer.Argument(metavar="OUT...", help="Folders of results, two or more.")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="New folder for all of it.")],
    prefer: Annotated[
        str, typer.Option("--prefer", metavar="OUT|newest|none", help="Whose result is taken where they differ.")
    ] = "none",
    as_json: AsJson = False,
) -> None:
    """Join the results of several machines or people; different results of one cell are conflicts, and are shown."""
    from ..share.merge import ConflictsError, merge_runs

    try:
        done = merge_runs(sources, out, prefer=prefer)
    except ConflictsError as error:
        if not as_json:
            raise
        print_json({"out": None, "conflicts": [conflict.as_json() for conflict in error.conflicts]})
        raise typer.Exit(2) from None
    if as_json:
        print_json(_document(done))
    else:
        _print(done)


def _document(done: Merged) -> dict[str, Any]:
    counts = {"done": done.done, "failed": done.failed, "missing": done.missing}
    return {
        "out": str(done.out),
        "cells": counts,
        "taken": done.taken,
        "conflicts": [conflict.as_json() for conflict in done.conflicts],
        "variants": [variant.as_json() for variant in done.variants],
        "damaged": done.damaged,
        "made_with": done.made_with,
        "command": done.command,
    }


def _print(done: Merged) -> None:
    print(f"{done.out}: {done.done} cells done, {done.failed} failed, {done.missing} missing")
    for source, count in done.taken.items():
        print(f"  {count} from {source} ({'; '.join(done.made_with[source]) or 'no provenance'})")
    for conflict in done.conflicts[:_MOST_LINES]:
        print(f"conflict: {conflict}; taken from {conflict.taken}")
    if len(done.conflicts) > _MOST_LINES:
        print(f"... and {len(done.conflicts) - _MOST_LINES} more conflicts; --json lists all")
    for variant in done.variants:
        print(f"note: {variant}")
    for message in done.damaged:
        print(f"damaged, left out: {message}")
    if done.missing or done.failed:
        print(f"to go on: {done.command}{' --retry-failed' if done.failed else ''}")
