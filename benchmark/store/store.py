"""The store: one folder per cell under the output folder."""

from __future__ import annotations

import os
import shutil
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from ..cell import Cell
from ..digest import digest, file_digest
from ..errors import UserError
from .cell_folder import CellFolder
from .files import explain, read_json, sweep, write_atomically, write_json
from .lock import exclusive
from .record import FORMAT, Provenance, Record

if TYPE_CHECKING:
    import pandas as pd


class Store:
    """Records of cells by id.

    Parameters
    ----------
    out
        The output folder.
    """

    def __init__(self, out: Path) -> None:
        self.out = out

    def folder(self, cell_id: str) -> CellFolder:
        """The folder of a cell, existing or not."""
        return CellFolder(self.out / "cells" / cell_id)

    @property
    def shared_stages(self) -> Path:
        """Outcomes of stages that several cells share; removed when all cells are done."""
        return self.out / "stages"

    def finished_ids(self) -> set[str]:
        """Ids of all cells that have a record, by the look of the folder."""
        cells = self.out / "cells"
        try:
            names = [entry.name for entry in os.scandir(cells) if ".damaged" not in entry.name]
            return {name for name in names if self.folder(name).record.exists()}
        except (FileNotFoundError, NotADirectoryError):
            return set()
        except PermissionError as error:
            raise UserError(f"cannot read {error.filename}: permission denied; change its permissions") from error

    def read(self, cell_id: str) -> Record | None:
        """The record of a cell; None when there is none.

        Raises
        ------
        ValueError
            The record is damaged: unreadable, of another cell, or its tables do not match their digests.
        UserError
            It may not be read.
        """
        folder = self.folder(cell_id)
        if not folder.record.exists():
            return None
        try:
            document = read_json(folder.record)
            record = Record.model_validate(document)
            self._verify(record, digest(document["identity"])[:16], folder)
        except PermissionError as error:
            raise UserError(f"cannot read {error.filename}: permission denied; change its permissions") from error
        except OSError as error:
            raise ValueError(f"{folder.record} is damaged: {error.strerror}") from error
        except ValidationError as error:
            raise ValueError(f"{folder.record} is damaged: {error.errors()[0]['msg']}") from error
        return record

    def _verify(self, record: Record, identity: str, folder: CellFolder) -> None:
        if record.format != FORMAT:
            raise ValueError(f"{folder.record} has format {record.format}, this nsbench reads {FORMAT}")
        if record.cell != folder.path.name or identity != record.cell:
            raise ValueError(f"{folder.record} is damaged: it belongs to cell {identity}")
        for name, wanted in record.files.items():
            path = folder.path / name
            if not path.exists() or file_digest(path) != wanted:
                raise ValueError(f"{path} is damaged: missing, or not what the record says")

    def set_aside(self, cell_id: str) -> Path:
        """Move a damaged cell out of the way, keep it for inspection; returns where it lies now."""
        folder = self.folder(cell_id).path
        number = 1
        while (target := folder.with_name(f"{folder.name}.damaged{number}")).exists():
            number += 1
        try:
            folder.rename(target)
        except OSError as error:
            raise explain(error, target) from error
        return target

    def exclusive(self) -> AbstractContextManager[None]:
        """Hold the output folder against other runs; UserError when one has it or it cannot be written."""
        return exclusive(self.out)

    def tidy(self, cell_id: str) -> None:
        """Remove what only an unfinished cell needs, and what a killed process left half written."""
        folder = self.folder(cell_id)
        folder.progress.unlink(missing_ok=True)
        folder.checkpoint.unlink(missing_ok=True)
        shutil.rmtree(folder.stages, ignore_errors=True)
        sweep(folder.path)

    def write(self, record: Record, provenance: Provenance, tables: dict[str, pd.DataFrame] | None = None) -> None:
        """Write a record: tables first, `record.json` last and atomically."""
        folder = self.folder(record.cell)
        files: dict[str, str] = {}
        for name, frame in (tables or {}).items():
            path = folder.path / name
            write_atomically(path, lambda target, frame=frame: frame.to_parquet(target, index=False))  # type: ignore[misc]
            files[name] = file_digest(path)
        write_json(folder.provenance, provenance.model_dump(mode="json"))
        write_json(folder.record, record.model_copy(update={"files": files}).model_dump(mode="json"))

    def provenance(self, cell_id: str) -> Provenance | None:
        """How a record came about; None where the file is missing."""
        path = self.folder(cell_id).provenance
        return Provenance.model_validate(read_json(path)) if path.exists() else None

    def progress(self, cell_id: str) -> dict[str, Any] | None:
        """Last word of a running cell; None when it has not spoken."""
        path = self.folder(cell_id).progress
        try:
            found = read_json(path)
        except (OSError, ValueError):
            return None
        return found if isinstance(found, dict) else None

    def write_plan(
        self,
        spec: dict[str, Any],
        cells: list[Cell],
        left_out: list[str],
        extend: bool = False,
        about: dict[str, str] | None = None,
    ) -> None:
        """Bind the folder to a spec and remember its cells.

        Parameters
        ----------
        about
            What the leaderboard says of the run (`name`, `command`); not part of the binding.

        Raises
        ------
        UserError
            The folder belongs to another spec and `extend` is False, or another run holds it.
        """
        listed = [cell.model_dump(mode="json") for cell in cells]
        with self.exclusive():
            self.check_spec(spec, extend)
            document = {"spec": spec, **(about or {}), "left_out": left_out, "cells": listed}
            write_json(self.out / "plan.json", document)

    def check_spec(self, spec: dict[str, Any], extend: bool) -> None:
        """UserError when the folder belongs to another spec and `extend` is False."""
        path = self.out / "plan.json"
        if path.exists() and not extend:
            known = self.read_plan()["spec"]
            if known != spec:
                changed = sorted(k for k in spec.keys() | known.keys() if spec.get(k) != known.get(k))
                raise UserError(
                    f"{self.out} holds the results of another benchmark (differs in: {', '.join(changed)}); "
                    "choose another --out, or add --extend to widen that benchmark and keep what is finished"
                )

    def read_plan(self) -> dict[str, Any]:
        """The document that `write_plan` wrote; UserError when the folder has none or it is damaged."""
        path = self.out / "plan.json"
        if not path.exists():
            raise UserError(
                f"{self.out}: no benchmark here (no plan.json); start one with nsbench run --out {self.out}"
            )
        try:
            plan: dict[str, Any] = read_json(path)
            if not isinstance(plan, dict) or [type(plan.get(key)) for key in ("spec", "cells")] != [dict, list]:
                raise ValueError(f"{path} is damaged: it holds no plan")
        except ValueError as error:
            raise _unusable(error) from error
        except OSError as error:
            raise UserError(f"cannot read {path}: {error.strerror}") from error
        return plan

    def planned_cells(self) -> list[Cell]:
        """The cells of the plan, in order."""
        try:
            return [Cell.model_validate(value) for value in self.read_plan()["cells"]]
        except ValidationError as error:
            problem = error.errors()[0]["msg"]
            raise _unusable(f"{self.out / 'plan.json'} is damaged or of another version: {problem}") from error


def _unusable(what: object) -> UserError:
    return UserError(f"{what}; delete it and run the same nsbench run command again")
