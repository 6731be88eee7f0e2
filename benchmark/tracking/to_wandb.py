"""Runs in Weights & Biases, online or offline (WANDB_MODE); local files under `OUT/tracking/wandb`."""

from __future__ import annotations

import os
import re
from importlib import import_module
from pathlib import Path
from typing import Any

from ..digest import digest
from ..errors import UserError
from .summary import CellSummary, run_name
from .tracker import Tracker

LONGEST_TAG = 64
LONGEST_PROJECT = 128


class WeightsAndBiases(Tracker):
    """One run per ended attempt at a cell.

    Parameters
    ----------
    out
        The output folder of the run.
    title
        Name of the project, unless WANDB_PROJECT gives one.

    Raises
    ------
    UserError
        Nobody is logged in and the mode is online.
    """

    name = "wandb"

    def __init__(self, out: Path, title: str) -> None:
        self.folder = (out / "tracking").resolve()
        self.project = None if os.environ.get("WANDB_PROJECT") else _project(title)
        self.wandb: Any = import_module("wandb")
        online = self.wandb.setup().settings.mode not in ("offline", "disabled")
        if online and not self.wandb.login(prompt=False):
            raise UserError("--track wandb: nobody is logged in; run wandb login, or set WANDB_MODE=offline")

    def write(self, summary: CellSummary) -> None:
        """See `Tracker.write`."""
        self.folder.mkdir(parents=True, exist_ok=True)
        cell = summary.cell
        run = self.wandb.init(
            project=self.project,
            id=f"{cell.id}-{digest(summary.started)[:6]}",
            name=run_name(cell),
            group=f"{cell.dataset_label} {cell.supervision}",
            job_type=cell.label,
            tags=[name[:LONGEST_TAG] for name in (cell.dataset_label, cell.noise_label, cell.label, summary.status)],
            config={**summary.params, "nsbench": summary.facts},
            dir=str(self.folder),
            reinit="create_new",
            settings=self._settings(),
        )
        run.define_metric("*", step_metric="update")
        for update, values in summary.curve:
            run.log({**values, "update": update})
        run.summary.update({**summary.scores, "status": summary.status, "error": summary.error})
        run.finish(exit_code=0 if summary.status == "done" else 1)

    def _settings(self) -> Any:
        """Nothing of this process: the cell ran in another one, and earlier."""
        return self.wandb.Settings(
            silent=True,
            console="off",
            disable_git=True,
            disable_code=True,
            x_disable_meta=True,
            x_disable_stats=True,
            x_disable_machine_info=True,
        )


def _project(title: str) -> str:
    """A name of the characters that Weights & Biases takes."""
    return re.sub(r"[^\w.-]+", "-", title, flags=re.ASCII).strip("-")[:LONGEST_PROJECT] or "nsbench"
