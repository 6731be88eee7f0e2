"""From an output folder to an archive."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ..cell import Cell
from ..digest import file_digest
from ..errors import UserError
from ..registry import Registries
from ..report.write import write_leaderboard
from ..store import CellFolder, Store
from ..store.files import explain, read_json, write_atomically, write_json
from .archive import PLAN, kind_of, write_archive
from .clean import clean, without_paths

_TABLES = ("cases.parquet", "curves.parquet")


@dataclass(frozen=True)
class Exported:
    """What was exported.

    Attributes
    ----------
    cells, missing
        Planned cells with and without a record.
    sha256
        Of the archive.
    """

    file: Path
    cells: int
    missing: int
    bytes: int
    sha256: str


def export_run(
    out: Path,
    file: Path,
    *,
    weights: bool = False,
    predictions: bool = False,
    unfinished: bool = False,
    registries: Registries | None = None,
) -> Exported:
    """Write a run's plan, records, leaderboard and checksums as one archive.

    Folders of the data and other absolute paths are left out. The leaderboard in it is made from the records
    in it. The same run gives the same bytes (on one machine, with the same versions).

    Parameters
    ----------
    file
        The archive to write; it must not exist.
    weights, predictions
        Whether they go along.
    unfinished
        Whether cells may lack a record, or have a damaged one; they are left out.
    registries
        Where the leaderboard looks up its methods.

    Raises
    ------
    UserError
        There is no run, it is not finished, what is asked for is not there, or the file cannot be written.
    """
    if file.exists():
        raise UserError(f"{file} exists; delete it, or choose another file with --output")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".nsbench-export-", dir=file.parent) as stage:
            export = _Export(Store(out), Store(Path(stage)))
            export.collect(unfinished)
            if weights:
                export.add_weights()
            if predictions:
                export.add_predictions()
            export.add_leaderboard(registries)
            write_atomically(file, lambda target: write_archive(target, export.checked(), version("nsbench")))
    except OSError as error:
        raise explain(error, Path(error.filename or file)) from error
    return Exported(file, len(export.recorded), export.missing, file.stat().st_size, file_digest(file))


_NO_ROOTS = {"root": None, "source_root": None}


class _Export:
    """What goes into one archive: cleaned copies in a stage, large files from where they are."""

    def __init__(self, source: Store, stage: Store) -> None:
        self.source, self.stage = source, stage
        self.members: dict[str, Path] = {}
        self.recorded: list[Cell] = []
        self.missing = 0

    def collect(self, unfinished: bool) -> None:
        """Stage the plan and the record of each planned cell."""
        cells = list({cell.id: cell for cell in self.source.planned_cells()}.values())
        self._stage_plan()
        lacking = {cell.id: reason for cell in cells if (reason := self._stage_record(cell))}
        self.missing = len(lacking)
        if lacking and not unfinished:
            cell, reason = next(iter(lacking.items()))
            raise UserError(
                f"{self.source.out} is not finished: {len(lacking)} of {len(cells)} cells have no sound record "
                f"(the first: {cell}, {reason}); finish it with nsbench run, or add --unfinished"
            )
        if not self.recorded:
            raise UserError(f"{self.source.out}: no cell has ended yet, there is nothing to export")

    def _stage_plan(self) -> None:
        plan = self.source.read_plan()
        cells = [{**clean(cell), "identity": cell["identity"], **_NO_ROOTS} for cell in plan.pop("cells")]
        write_json(self.stage.out / PLAN, {**clean(plan), "cells": cells}, durable=False)
        self.members[PLAN] = self.stage.out / PLAN

    def _stage_record(self, cell: Cell) -> str | None:
        """Copy a cell's record, check the copy, clean it; returns why that cannot be."""
        source, target = self.source.folder(cell.id), self.stage.folder(cell.id)
        if not source.record.exists():
            return "not run yet"
        target.path.mkdir(parents=True)
        for name in (source.record.name, source.provenance.name, *_TABLES):
            if (source.path / name).exists():
                shutil.copyfile(source.path / name, target.path / name)
        try:
            self._check(target)
        except ValueError as error:
            shutil.rmtree(target.path)
            return without_paths(str(error))
        self._clean_record(target)
        self._add(cell, *target.path.iterdir())
        self.recorded.append(cell)
        return None

    def _check(self, folder: CellFolder) -> None:
        """ValueError unless the record is sound; what it does not know of is removed."""
        record = self.stage.read(folder.path.name)
        self.stage.provenance(folder.path.name)
        for name in set(_TABLES) - set(record.files if record else ()):
            (folder.path / name).unlink(missing_ok=True)

    def _clean_record(self, folder: CellFolder) -> None:
        document: dict[str, Any] = read_json(folder.record)
        write_json(folder.record, {**document, "result": clean(document["result"])}, durable=False)

    def add_weights(self) -> None:
        """Take the weights from where they are."""
        found = [(cell, path) for cell in self.recorded if (path := self.source.folder(cell.id).weights).exists()]
        if not found:
            raise UserError(f"--weights: {self.source.out} holds none")
        for cell, path in found:
            self._add(cell, path)

    def add_predictions(self) -> None:
        """Take the predictions from where they are."""
        found = [
            (cell, path) for cell in self.recorded for path in self.source.folder(cell.id).predictions.glob("[!.]*")
        ]
        if not found:
            raise UserError(f"--predictions: {self.source.out} holds none; nsbench run --save-predictions keeps them")
        for cell, path in found:
            self._add(cell, path, under="predictions/")

    def add_leaderboard(self, registries: Registries | None) -> None:
        """Make the leaderboard of what is staged."""
        folder = write_leaderboard(self.stage, registries).parent
        self.members |= {f"leaderboard/{path.name}": path for path in folder.iterdir()}

    def _add(self, cell: Cell, *paths: Path, under: str = "") -> None:
        self.members |= {f"cells/{cell.id}/{under}{path.name}": path for path in paths}

    def checked(self) -> dict[str, Path]:
        """The members; UserError where one has a name that no import would take."""
        strange = [name for name in self.members if kind_of(name) is None]
        if strange:
            raise UserError(f"{strange[0]}: a file of that name cannot be exported")
        return self.members
