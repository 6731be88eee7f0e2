"""`nsbench leaderboard`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from .app import app
from .options import AsJson, OutFolder, Plugins, registries
from .output import print_json


class Format(StrEnum):
    """Forms of a leaderboard."""

    markdown = "markdown"
    csv = "csv"
    json = "json"


@app.command()
def leaderboard(
    out: OutFolder,
    form: Annotated[Format, typer.Option("--format", help="Form of the output.")] = Format.markdown,
    as_json: AsJson = False,
    plugins: Plugins = None,
) -> None:
    """Print the leaderboard of a folder of results, finished or not."""
    from ..report.leaderboard import leaderboard_rows
    from ..report.markdown import render_markdown
    from ..report.write import render_csv
    from ..store import Store

    store = Store(out)
    if as_json or form is Format.json:
        print_json(leaderboard_rows(store, registries(plugins)))
    elif form is Format.csv:
        print(render_csv(store, registries(plugins)), end="")
    else:
        print(render_markdown(store, registries(plugins)))
