"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ..registry import Registries

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
Plugins = Annotated[
    list[Path] | None,
    typer.Option("--plugin", metavar="PATH", help="A file with further plugins (repeatable)."),
]
OfPaper = Annotated[
    str | None,
    typer.Option("--paper", metavar="PAPER", parser=str.casefold, help="Only this paper (pint, cople ...)."),
]
OutFolder = Annotated[Path, typer.Argument(metavar="OUT", help="Folder of the results (nsbench run --out).")]


def registries(plugins: list[Path] | None) -> Registries:
    """The registries, with the plugin files named on the command line."""
    from ..registry import Registries

    return Registries(loose=tuple(plugins or ()))
