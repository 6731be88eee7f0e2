"""Budgets: how long, how large, with what optimiser a cell trains."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, ValidationError, model_serializer

from .errors import UserError, nearest

Precision = Literal["fp32", "bf16", "fp16"]

_LATER = ("train_cases", "patience")
"""Fields that are younger than the first records."""


class Budget(BaseModel):
    """Everything of a cell's training that is the same for all methods.

    `updates` is the cell's total of optimiser steps over all stages (`accounting="per-stage"`: of each
    training stage, as papers count; how a method would divide them is then without effect).

    The `step` schedule counts a stage's updates whatever they step: where two paths take turns (MASSL, alternating),
    each path's rate drops after half as many steps of its own.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = "custom"
    updates: int = Field(ge=1)
    accounting: Literal["total", "per-stage"] = Field(
        "total",
        description="whose `updates` are meant: the cell's; or each stage's, whatever parts a method gives them",
    )
    batch_size: int = Field(ge=1)
    patch: tuple[int, ...] = Field(description="patch size in voxels, one side per axis of the view")
    width: int = Field(ge=1, description="channels of a network's first level unless its parameter says otherwise")
    optimiser: Literal["adam", "adamw", "sgd"] = "adam"
    learning_rate: float = Field(gt=0)
    momentum: float = Field(0.9, ge=0, lt=1)
    weight_decay: float = Field(0.0, ge=0)
    schedule: Literal["constant", "poly", "step", "plateau"] = "poly"
    poly_power: float = Field(0.9, gt=0)
    step_every: int = Field(
        2500, ge=1, description="updates between drops of the `step` schedule, paths that take turns counted together"
    )
    step_factor: float = Field(0.1, gt=0, le=1)
    gradient_clip: float = Field(0.0, ge=0, description="largest gradient norm; 0: none")
    precision: Precision = "fp32"
    augmentation: Literal["none", "light", "full"] = "light"
    foreground: float = Field(0.33, ge=0, le=1, description="share of patches centred on a labeled foreground voxel")
    overlap: float = Field(0.25, ge=0, lt=1, description="overlap of sliding windows")
    case_limit: int | None = Field(None, ge=2, description="use at most this many training and test cases")
    train_cases: int | None = Field(None, ge=2, description="train on at most this many cases, drawn by the seed")
    validation: float = Field(0.2, gt=0, lt=1, description="share of training patients held out by best-*-val")
    validate_every: int = Field(100, ge=1, description="updates between validations of best-*-val and plateau")
    patience: int | None = Field(
        None, ge=1, description="end a stage after so many updates without a better validation; unset: at its last"
    )

    @model_serializer(mode="wrap")
    def _without_unset(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Fields without the limits that came later and are unset: they leave no trace in a cell's identity."""
        values: dict[str, Any] = handler(self)
        return {name: value for name, value in values.items() if value is not None or name not in _LATER}


_COMMON: dict[str, dict[str, Any]] = {
    "smoke": {"updates": 24, "learning_rate": 3e-3, "precision": "bf16", "case_limit": 6},
    "quick": {"learning_rate": 2e-3, "precision": "bf16"},
    "paper": {
        "updates": 6000,
        "optimiser": "sgd",
        "learning_rate": 1e-2,
        "weight_decay": 1e-4,
        "schedule": "step",
        "precision": "fp32",
    },
}
_BY_NDIM: dict[str, dict[int, dict[str, Any]]] = {
    "smoke": {
        2: {"batch_size": 4, "patch": (64, 64), "width": 8},
        3: {"batch_size": 1, "patch": (32, 32, 32), "width": 4},
    },
    "quick": {
        2: {"updates": 400, "batch_size": 8, "patch": (128, 128), "width": 8},
        3: {"updates": 600, "batch_size": 2, "patch": (48, 48, 32), "width": 8},
    },
    "paper": {
        2: {"batch_size": 24, "patch": (256, 256), "width": 32},
        3: {"batch_size": 4, "patch": (112, 112, 80), "width": 16, "overlap": 0.5},
    },
}

SUMMARIES = {
    "smoke": "seconds a cell: does everything run?",
    "quick": "a core-minute or two a cell: a first answer",
    "paper": "the schedule of PINT's left-atrium experiments: GPU-hours",
}


def budget_names() -> list[str]:
    """Names of the budgets."""
    return list(SUMMARIES)


def resolve_budget(name: str, ndim: int, overrides: dict[str, Any] | None = None) -> Budget:
    """The named budget for 2-D or 3-D networks, with fields overridden.

    Raises
    ------
    UserError
        Unknown name or field, illegal value, a patch whose sides do not match `ndim`.
    """
    if name not in SUMMARIES:
        raise UserError(f"unknown budget {name!r}: {nearest(name, budget_names())}")
    values = {"name": name} | _COMMON[name] | _BY_NDIM[name][ndim] | (overrides or {})
    try:
        budget = Budget.model_validate(values)
    except ValidationError as error:
        problem = error.errors()[0]
        field = ".".join(map(str, problem["loc"]))
        hint = f"; {nearest(field, list(Budget.model_fields))}" if problem["type"] == "extra_forbidden" else ""
        raise UserError(f"budget {name}: {field}: {problem['msg']}{hint}") from None
    if len(budget.patch) != ndim:
        raise UserError(f"budget {name}: patch {budget.patch} has {len(budget.patch)} sides, the view has {ndim}")
    return budget
