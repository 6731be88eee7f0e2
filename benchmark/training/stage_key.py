"""What a training stage's outcome depends on, as a digest."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ..digest import digest
from ..plugin.method import Method
from ..plugin.stages import Train
from ..plugin.view import TrainingView
from .described import bytes_of, describing
from .stage_code import code_of, digest_of


def stage_key(
    identity: dict[str, Any],
    code: Path,
    method: Method,
    kept: dict[str, Any],
    stage: Train,
    views: dict[str, TrainingView],
    updates: int,
    device: torch.device,
) -> str:
    """Digest of all that decides how a stage comes out; the method holds the weights that it starts from.

    Parameters
    ----------
    identity, code
        As of `Sharing`.
    kept
        `attributes_of` the method before its first stage: a cell that skipped stages then has the same.
    views
        With the labels that are learned from.

    Raises
    ------
    Indescribable
        What the stage may read of the class is of no known kind, or the method's state holds something else than
        dense tensors.
    """
    params = {name: getattr(method.params, name) for name in sorted({*(stage.shared or ()), "learning_rate"})}
    declared = {name: value for name, value in vars(stage).items() if name not in ("on", "start", "share", "fraction")}
    with describing():
        what = {
            "identity": identity,
            "stage": repr(sorted(declared.items())),
            "updates": updates,
            "params": repr(params),
            "code": code_of(method, stage, code),
            "attributes": kept,
            "parts": _parts(method, code),
            "views": {name: _view(view) for name, view in views.items()},
            "weights": _weights(method.state_dict()),
            "machine": [device.type, torch.get_num_threads(), torch.__version__],
        }
    return digest(what)[:32]


def _parts(method: Method, folder: Path) -> list[str]:
    """Code of the modules that the method is built of, and the parameters of methods that it wraps."""
    found = []
    for name, part in method.named_modules():
        if part is method:
            continue
        found.append(f"{name} {type(part).__qualname__} {digest_of(type(part), folder)}")
        found += [repr(part.params)] if isinstance(part, Method) else []
    return found


def _view(view: TrainingView) -> list[Any]:
    return [[c.id, c.labeled, c.trusted, _array(c.label), _array(c.ignore)] for c in view.cases]


def _array(values: np.ndarray | None) -> str:
    return "" if values is None else hashlib.sha256(values.tobytes()).hexdigest()


def _weights(state: dict[str, Any]) -> str:
    found = hashlib.sha256()
    for name, value in state.items():
        found.update(f"{name} {value.dtype} {tuple(value.shape)}".encode())
        found.update(bytes_of(value))
    return found.hexdigest()
