"""Loss and logged scalars over the updates."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ..errors import CellFailure

POINTS = 100
"""Rows that the curve of a stage has, about."""


class Curves:
    """Averages what is logged between two rows; looks for NaN on the way.

    Parameters
    ----------
    check_every
        Updates between looks at the values: 1 on the CPU; more on a GPU, where each look waits for it.
    """

    def __init__(self, check_every: int = 1) -> None:
        self.check_every = check_every
        self.rows: list[dict[str, Any]] = []
        self.last_loss = float("nan")
        self._queue: list[tuple[int, str, Tensor]] = []
        self._window: dict[str, list[float]] = {}

    def add(self, update: int, values: dict[str, Tensor]) -> None:
        """Take in the losses (named `loss` or `loss.NAME`) and logged scalars of one update.

        Raises
        ------
        CellFailure
            A loss is NaN or infinite; the message says which, and at which update.
        """
        self._queue += [(update, name, value.detach().float()) for name, value in values.items()]
        if update % self.check_every == 0:
            self.look()

    def look(self) -> None:
        """Fetch what is queued from the device and check it."""
        if not self._queue:
            return
        fetched = torch.stack([value.reshape(()) for _, _, value in self._queue]).tolist()
        for (update, name, _), value in zip(self._queue, fetched):
            if name.startswith("loss"):
                _check(update, name, value)
                self.last_loss = value
            self._window.setdefault(name, []).append(value)
        self._queue = []

    def row(self, stage: str, update: int, learning_rate: float) -> None:
        """Close a row: the mean of every value since the last one."""
        self.look()
        means = {name: sum(values) / len(values) for name, values in self._window.items()}
        self.rows.append({"stage": stage, "update": update, "learning_rate": learning_rate} | means)
        self._window = {}

    def state_dict(self) -> dict[str, Any]:
        """Everything, as plain values."""
        self.look()
        return {"rows": [dict(row) for row in self.rows], "window": {k: list(v) for k, v in self._window.items()}}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from `state_dict`."""
        self.rows = [dict(row) for row in state["rows"]]
        self._window = {k: list(v) for k, v in state["window"].items()}


def _check(update: int, name: str, value: float) -> None:
    if value != value or value in (float("inf"), float("-inf")):
        raise CellFailure(
            f"{name} is {value} at update {update}: a division by zero or an overflow in the loss, or a learning "
            "rate too high for it (try --set METHOD.learning_rate=..., or precision fp32)"
        )
