"""From the names of trackers to trackers."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from ..errors import UserError
from .tracker import Tracker

_PACKAGES = {"tensorboard": "tensorboardX", "mlflow": "mlflow", "wandb": "wandb"}


def choose_trackers(names: Sequence[str] | None, out: Path, title: str) -> list[Tracker]:
    """The trackers of a run.

    Parameters
    ----------
    names
        Of `tensorboard`, `mlflow`, `wandb`; None for TensorBoard where its writer is installed.
    out
        The output folder; nothing is written yet.
    title
        Name of the experiment or project.

    Raises
    ------
    UserError
        A tracker's package is not installed, or it cannot be used.
    """
    if names is None:
        names = ["tensorboard"] if find_spec(_PACKAGES["tensorboard"]) else []
    return [_choose(name, out, title) for name in dict.fromkeys(names)]


def _choose(name: str, out: Path, title: str) -> Tracker:
    if find_spec(_PACKAGES[name]) is None:
        raise UserError(f"--track {name}: {_PACKAGES[name]} is not installed; pip install 'nsbench[{name}]'")
    if name == "mlflow":
        from .to_mlflow import MLflow

        return MLflow(out, title)
    if name == "wandb":
        from .to_wandb import WeightsAndBiases

        return WeightsAndBiases(out, title)
    from .to_tensorboard import TensorBoard

    return TensorBoard(out)
