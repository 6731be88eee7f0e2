"""TensorBoard event files under `OUT/tracking/tensorboard`: `tensorboard --logdir` shows them."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from ..cell import Cell
from .summary import CellSummary, run_name
from .tracker import Tracker

FLUSH_SECONDS = 2
LONGEST_NAME = 100


class TensorBoard(Tracker):
    """One folder per cell, with its curve, final scores and hyper-parameters, written by tensorboardX.

    Parameters
    ----------
    out
        The output folder of the run.
    """

    name = "tensorboard"

    def __init__(self, out: Path) -> None:
        self.root = out / "tracking" / "tensorboard"
        self._live: dict[str, Any] = {}

    def folder(self, cell: Cell) -> Path:
        """`DATASET/SUPERVISION/METHOD-seed-0-ID`."""
        names = (cell.dataset_label, cell.supervision, f"{run_name(cell)} {cell.id[:8]}")
        return self.root.joinpath(*map(_file_name, names))

    def _writer(self, cell: Cell, suffix: str = "") -> Any:
        # tensorboardX names a file after host and second: the suffix keeps two of them apart
        return import_module("tensorboardX").SummaryWriter(
            str(self.folder(cell)), filename_suffix=suffix, flush_secs=FLUSH_SECONDS
        )

    def live(self, cell: Cell, facts: Mapping[str, Any]) -> None:
        """`live/STAGE/loss` by the update within the stage."""
        if facts.get("loss") is None:
            return
        if cell.id not in self._live:
            self._live[cell.id] = self._writer(cell, ".live")
        self._live[cell.id].add_scalar(f"live/{facts['stage']}/loss", facts["loss"], facts["update"])

    def write(self, summary: CellSummary) -> None:
        """Replace what the folder holds, live scalars and earlier attempts, by the whole cell."""
        self.leave(summary.cell)
        shutil.rmtree(self.folder(summary.cell), ignore_errors=True)
        with self._writer(summary.cell) as writer:
            for update, values in summary.curve:
                for tag, value in values.items():
                    writer.add_scalar(tag, value, update)
            for tag, value in summary.scores.items():
                writer.add_scalar(tag, value, summary.last_update)
            if summary.error:
                writer.add_text("error", f"```\n{summary.error}\n```")
            _add_hyper_parameters(writer, summary)

    def leave(self, cell: Cell) -> None:
        """Close the file of the cell's live scalars."""
        if cell.id in self._live:
            self._live.pop(cell.id).close()

    def close(self) -> None:
        """Close the files of the cells that were running."""
        while self._live:
            self._live.popitem()[1].close()


def _file_name(text: str) -> str:
    return re.sub(r"[^\w.=+]+", "-", text)[-LONGEST_NAME:].strip("-.") or "-"


def _add_hyper_parameters(writer: Any, summary: CellSummary) -> None:
    """The row of the HParams table; `add_hparams` would open a run of its own for it."""
    parameters: dict[str, Any] = {"status": summary.status, **summary.params}
    events = import_module("tensorboardX.summary").hparams(parameters, dict(summary.scores))
    for event in events:
        writer.file_writer.add_summary(event)
