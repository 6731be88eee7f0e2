"""Predicted labels on disk, in the form and geometry of their dataset."""

from __future__ import annotations

import shutil
from functools import cached_property, partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from ..cell import Cell
from ..data.cell_data import open_dataset
from ..data.prepare import save_array
from ..plugin.case import Case, CaseRef
from ..plugin.dataset import Dataset
from ..registry import Registries
from ..store.files import explain, write_atomically


class PredictionFolder:
    """Writes the predictions of one cell through its dataset's `write_label`.

    A dataset that does not offer it gets NumPy arrays.
    """

    def __init__(self, folder: Path, cell: Cell, registries: Registries) -> None:
        self.folder, self._cell, self._registries = folder, cell, registries

    def write(self, case_id: str, label: np.ndarray) -> None:
        """Write one label uint8 `[*original]`; whole or not at all.

        Raises
        ------
        OutputError
            The file cannot be written.
        """
        if not _offers(self._dataset, "write_label"):
            save_array(self.folder / f"{case_id}.npy", label)
            return
        case = _with_geometry(self._dataset, self._refs[case_id])
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with TemporaryDirectory(dir=self.folder, prefix=".") as temporary:
                self._dataset.write_label(case, label, Path(temporary) / case_id)
                for written in sorted(Path(temporary).iterdir()):
                    write_atomically(self.folder / written.name, partial(_copy, written))
        except OSError as error:
            raise explain(error, self.folder / case_id) from error

    @cached_property
    def _dataset(self) -> Dataset:
        return open_dataset(self._cell, self._registries)

    @cached_property
    def _refs(self) -> dict[str, CaseRef]:
        return {ref.id: ref for ref in self._dataset.cases()}


def _with_geometry(dataset: Dataset, ref: CaseRef) -> Case:
    """The case as read; where `load` leaves its geometry out, with that of its first file."""
    case = dataset.load(ref)
    if not case.geometry and ref.files and _offers(dataset, "read_image"):
        case.geometry = dataset.read_image(ref.files[0]).geometry
    return case


def _offers(dataset: Dataset, method: str) -> bool:
    return getattr(type(dataset), method) is not getattr(Dataset, method)


def _copy(source: Path, target: Path) -> None:
    shutil.copyfile(source, target)
