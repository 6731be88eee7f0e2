"""nsbench: which training method to use when segmentation labels are wrong or scarce.

The names below are the public interface; everything else may change between minor versions. They are
loaded on first use, so that `import nsbench` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .benchmark.alone import build_method
    from .benchmark.api import Results, run
    from .benchmark.errors import CellFailure, UserError
    from .benchmark.plugin import (
        EMA,
        INITIAL,
        Batch,
        Builder,
        Case,
        CaseRef,
        Corruption,
        Dataset,
        Flow,
        LossMethod,
        Method,
        Network,
        NoiseModel,
        NonNegativeRange,
        Optimiser,
        Params,
        Preprocessing,
        Range,
        Relabel,
        Setting,
        Split,
        Task,
        Train,
        TrainingCase,
        TrainingView,
        param,
    )

_HOMES = {
    "Results": "benchmark.api",
    "run": "benchmark.api",
    "build_method": "benchmark.alone",
    "CellFailure": "benchmark.errors",
    "UserError": "benchmark.errors",
}
_PLUGIN_NAMES = (
    "EMA",
    "INITIAL",
    "Batch",
    "Builder",
    "Case",
    "CaseRef",
    "Corruption",
    "Dataset",
    "Flow",
    "LossMethod",
    "Method",
    "Network",
    "NoiseModel",
    "NonNegativeRange",
    "Optimiser",
    "Params",
    "Preprocessing",
    "Range",
    "Relabel",
    "Setting",
    "Split",
    "Task",
    "Train",
    "TrainingCase",
    "TrainingView",
    "param",
)
_HOMES.update(dict.fromkeys(_PLUGIN_NAMES, "benchmark.plugin"))

__all__ = [
    "EMA",
    "INITIAL",
    "Batch",
    "Builder",
    "Case",
    "CaseRef",
    "CellFailure",
    "Corruption",
    "Dataset",
    "Flow",
    "LossMethod",
    "Method",
    "Network",
    "NoiseModel",
    "NonNegativeRange",
    "Optimiser",
    "Params",
    "Preprocessing",
    "Range",
    "Relabel",
    "Results",
    "Setting",
    "Split",
    "Task",
    "Train",
    "TrainingCase",
    "TrainingView",
    "UserError",
    "build_method",
    "param",
    "run",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f".{_HOMES[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
