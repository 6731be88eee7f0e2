"""Base classes: all that a plugin imports from the harness.

The names that need torch are loaded on first use, so that datasets and noise models do not pay for it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ..errors import UserError
from .case import Case, CaseRef, Normalisation, Split, Task
from .dataset import Dataset
from .noise_model import Corruption, NoiseModel
from .params import DatasetParams, MethodParams, NetworkParams, NoiseParams, Params, param
from .preprocessing import Preprocessing
from .ranges import NonNegativeRange, Range
from .setting import Setting
from .stages import INITIAL, Optimiser, Relabel, Stage, Train
from .view import TrainingCase, TrainingView

if TYPE_CHECKING:
    from .batch import Batch
    from .ema import EMA
    from .method import Builder, LossMethod, Method
    from .network import Flow, Network

_LAZY = {
    "Batch": "batch",
    "EMA": "ema",
    "Flow": "network",
    "Builder": "method",
    "LossMethod": "method",
    "Method": "method",
    "Network": "network",
}

__all__ = [
    "EMA",
    "INITIAL",
    "Batch",
    "Builder",
    "Case",
    "CaseRef",
    "Corruption",
    "Dataset",
    "DatasetParams",
    "Flow",
    "LossMethod",
    "Method",
    "MethodParams",
    "Network",
    "NetworkParams",
    "NoiseModel",
    "NoiseParams",
    "NonNegativeRange",
    "Normalisation",
    "Optimiser",
    "Params",
    "Preprocessing",
    "Range",
    "Relabel",
    "Setting",
    "Split",
    "Stage",
    "Task",
    "Train",
    "TrainingCase",
    "TrainingView",
    "UserError",
    "param",
]


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(import_module(f".{_LAZY[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
