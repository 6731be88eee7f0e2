"""Field types of a spec: each takes the short text form, a single value or a list."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StrictFloat, StrictInt, WithJsonSchema

from ..budget import Budget, budget_names
from .choices import BudgetChoice, Choice, DatasetChoice, MethodChoice
from .text import parse_choices, parse_datasets, parse_roots, scalar, split_list


def _choices(value: Any) -> Any:
    if isinstance(value, str):
        return parse_choices(value)
    return [value] if isinstance(value, dict) else value


def _datasets(value: Any) -> Any:
    if isinstance(value, str):
        return parse_datasets(value)
    return [value] if isinstance(value, dict) else value


def _numbers(value: Any) -> Any:
    if isinstance(value, str):
        return split_list(value.strip().removeprefix("[").removesuffix("]"))
    return [value] if isinstance(value, int | float) and not isinstance(value, bool) else value


def _seeds(value: Any) -> Any:
    """A count n means the seeds 0 .. n-1."""
    if isinstance(value, str) and value.strip().isdecimal():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        return _numbers(value)
    if value < 1:
        raise ValueError("a count of 1 or more, or a list of seeds")
    return list(range(value))


def _share(value: float) -> float:
    if not 0 <= value <= 1:
        raise ValueError("0 to 1 (0.25 is 25 %)")
    return value


def _counts(value: Any) -> Any:
    """Numbers as they are written: `0.2` is a fraction, `20` a count."""
    items = _numbers(value)
    return [scalar(item) if isinstance(item, str) else item for item in items] if isinstance(items, list) else items


def _labeled(value: Any) -> Any:
    whole = isinstance(value, int) and not isinstance(value, bool) and value >= 1
    if whole or (isinstance(value, float) and 0 < value <= 1):
        return value
    raise ValueError("a fraction above 0 and up to 1.0, written with a point, or a whole number of cases")


def _unlabeled(value: Any) -> Any:
    value = scalar(value) if isinstance(value, str) else value
    if value in ("rest", "all", "none") or (isinstance(value, int) and not isinstance(value, bool) and value > 0):
        return value
    raise ValueError("rest, all, none, or a number of cases")


def _spacing(value: Any) -> float:
    found = scalar(value) if isinstance(value, str) else value
    if isinstance(found, int | float) and not isinstance(found, bool) and 0 < found < math.inf:
        return found
    raise ValueError("mm per voxel, above 0")


def _roots(value: Any) -> Any:
    return parse_roots([value] if isinstance(value, str) else value) if isinstance(value, str | list) else value


def _names(value: Any) -> Any:
    return split_list(value) if isinstance(value, str) else value


def wanted_dice(severity: float | str) -> float | None:
    """The Dice of a severity `dice=...`; None for a factor."""
    return float(severity.removeprefix("dice=")) if isinstance(severity, str) else None


def _severity(value: Any) -> float | str:
    """A factor, or `dice=...` with its number in one form."""
    text = str(value).replace(" ", "")
    try:
        number = float(text.removeprefix("dice="))
    except ValueError:
        number = -1.0
    if text.startswith("dice=") and 0 < number < 1:
        return f"dice={number:g}"
    if text.startswith("dice=") or not 0 <= number < math.inf:
        raise ValueError("a factor of 0 or more, or dice=0.75 (a mean Dice between 0 and 1)")
    return number


def _none_alone(value: tuple[str, ...]) -> tuple[str, ...]:
    if "none" in value and len(value) > 1:
        raise ValueError("none, or trackers")
    return tuple(name for name in value if name != "none")


def _not_empty(value: tuple[Any, ...]) -> tuple[Any, ...]:
    if not value:
        raise ValueError("at least one")
    return value


def _budget_schema() -> dict[str, Any]:
    fields = {name: schema for name, schema in Budget.model_json_schema()["properties"].items() if name != "name"}
    base = {"enum": budget_names(), "default": "quick"}
    mapping = {"type": "object", "properties": {"base": base, **fields}, "additionalProperties": False}
    return {"anyOf": [{"enum": budget_names()}, mapping], "description": "how long and how large cells train"}


_LABELED_SCHEMA = {
    "anyOf": [{"type": "integer", "minimum": 1}, {"type": "number", "exclusiveMinimum": 0, "maximum": 1}]
}
LabeledShare = Annotated[StrictInt | StrictFloat, BeforeValidator(_labeled), WithJsonSchema(_LABELED_SCHEMA)]
Step = Annotated[float, BeforeValidator(_spacing), WithJsonSchema({"type": "number", "exclusiveMinimum": 0})]
Ratio = Annotated[float, AfterValidator(_share), WithJsonSchema({"type": "number", "minimum": 0, "maximum": 1})]
Index = Annotated[int, Field(ge=0)]

Datasets = Annotated[
    tuple[DatasetChoice, ...],
    AfterValidator(_not_empty),
    BeforeValidator(_datasets, json_schema_input_type=str | list[str | DatasetChoice]),
]
Methods = Annotated[
    tuple[MethodChoice, ...],
    AfterValidator(_not_empty),
    BeforeValidator(_choices, json_schema_input_type=str | list[str | MethodChoice]),
]
Choices = Annotated[
    tuple[Choice, ...],
    AfterValidator(_not_empty),
    BeforeValidator(_choices, json_schema_input_type=str | list[str | Choice]),
]
Ratios = Annotated[
    tuple[Ratio, ...],
    AfterValidator(_not_empty),
    BeforeValidator(_numbers, json_schema_input_type=str | Ratio | list[Ratio]),
]
LabeledShares = Annotated[
    tuple[LabeledShare, ...],
    AfterValidator(_not_empty),
    BeforeValidator(_counts, json_schema_input_type=str | LabeledShare | list[LabeledShare]),
]
UnlabeledChoice = Annotated[
    Literal["rest", "all", "none"] | int,
    BeforeValidator(_unlabeled, json_schema_input_type=Literal["rest", "all", "none"] | int),
]
Spacing = Annotated[tuple[Step, ...], BeforeValidator(_numbers, json_schema_input_type=str | list[Step])]
Indices = Annotated[
    tuple[Index, ...],
    AfterValidator(_not_empty),
    BeforeValidator(_numbers, json_schema_input_type=str | Index | list[Index]),
]
Seeds = Annotated[
    tuple[Index, ...],
    AfterValidator(_not_empty),
    BeforeValidator(_seeds, json_schema_input_type=str | int | list[Index]),
]
Roots = Annotated[dict[str, str], BeforeValidator(_roots, json_schema_input_type=str | list[str] | dict[str, str])]
Tracker = Literal["tensorboard", "mlflow", "wandb", "none"]
Trackers = Annotated[
    tuple[Tracker, ...],
    AfterValidator(_none_alone),
    BeforeValidator(_names, json_schema_input_type=Tracker | list[Tracker]),
]
Severity = Annotated[float | str, BeforeValidator(_severity, json_schema_input_type=float | str)]
BudgetField = Annotated[BudgetChoice, WithJsonSchema(_budget_schema(), mode="validation")]


Files = Annotated[tuple[Path, ...], BeforeValidator(lambda value: [value] if isinstance(value, str | Path) else value)]
