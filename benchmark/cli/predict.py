"""`nsbench predict`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import UserError
from .app import app
from .options import AsJson, OutFolder, Plugins, registries
from .output import print_json, quiet_stdout

if TYPE_CHECKING:
    from ..cell import Cell
    from ..store import Store


@app.command()
def predict(
    out: OutFolder,
    images: Annotated[list[Path], typer.Argument(metavar="IMAGE...", help="Images to segment.")],
    cell: Annotated[str, typer.Option("--cell", metavar="ID", help="Id of a finished cell, or how it begins.")],
    to: Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="Folder for the predictions.")],
    as_json: AsJson = False,
    plugins: Plugins = None,
) -> None:
    """Segment new images with the weights of a finished cell, in the images' own geometry."""
    from ..store import Store

    store = Store(out)
    chosen = _finished_cell(store, cell)
    for image in images:
        if not image.exists():
            raise UserError(f"{image}: no such image")
    with quiet_stdout(as_json):
        from ..inference.predict_files import predict_files

        written = list(predict_files(store, chosen, images, to, registries(plugins)))
    if as_json:
        print_json({"cell": chosen.id, "files": [str(path) for path in written]})
    else:
        print("\n".join(map(str, written)))


def _finished_cell(store: Store, prefix: str) -> Cell:
    found = {cell.id: cell for cell in store.planned_cells() if prefix and cell.id.startswith(prefix)}
    if not found:
        raise UserError(f"--cell {prefix}: no such cell in {store.out}; nsbench run --dry-run prints the ids")
    if len(found) > 1:
        raise UserError(f"--cell {prefix}: {len(found)} cells begin so ({', '.join(list(found)[:4])} ...); write more")
    cell = next(iter(found.values()))
    if not store.folder(cell.id).weights.exists():
        raise UserError(f"--cell {cell.id} ({cell.describe()}): not finished, it has no weights; nsbench run goes on")
    return cell
