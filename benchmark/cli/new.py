"""`nsbench new`."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from ..scaffold.kinds import SORTS, PluginKind
from .app import app
from .options import AsJson, registries
from .output import print_json


@app.command()
def new(
    kind: Annotated[PluginKind, typer.Argument(help="What to write.")],
    name: Annotated[str, typer.Argument(help="Its name: small letters and digits joined by hyphens.")],
    into: Annotated[Path, typer.Option("--into", metavar="DIR", help="Folder to write it into.")] = Path(),
    as_json: AsJson = False,
) -> None:
    """Write a small package with a working plugin of your own, its tests and its entry point."""
    from ..scaffold.package import write_package

    written = write_package(kind, name, into, registries(None))
    if as_json:
        print_json({"kind": kind.value, "name": name, "folder": str(into / name), "files": [str(p) for p in written]})
        return
    folder, options = shlex.quote(str(into / name)), SORTS[kind].test_options
    print("\n".join(map(str, written)))
    print(f"\nThe plugin is {written[0]}. To use it:\n")
    print(f"    pip install -e {folder}\n    nsbench list {SORTS[kind].listed}\n    nsbench test {name}{options}")
