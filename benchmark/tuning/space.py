"""The search space of a method: its parameter declarations, and what the spec says of them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import NoneType
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

from ..errors import UserError, nearest
from ..spec.tune import Search, Tune
from ..spec.where import FieldError

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

    from ..registry import Plugin

Value = bool | int | float | str


@dataclass(frozen=True)
class Dimension:
    """One parameter that is searched.

    Attributes
    ----------
    values
        The values to choose from; empty for a range.
    low, high
        The range, both ends included.
    whole
        Whether only whole numbers are tried.
    default
        The declared default where it lies in the space; None for none.
    """

    name: str
    values: tuple[Value, ...] = ()
    low: float = 0.0
    high: float = 0.0
    log: bool = False
    whole: bool = False
    default: Value | None = None
    unit: str = ""
    source: str = ""

    def points(self, count: int) -> tuple[Value, ...]:
        """The values of a grid: those given, else so many over the range, evenly on its scale."""
        if self.values:
            return self.values
        low, high = (math.log(end) if self.log else end for end in (self.low, self.high))
        steps = [low + (high - low) * i / (count - 1) for i in range(count)]
        inner = [math.exp(step) if self.log else step for step in steps[1:-1]]
        found = [self.low, *(float(f"{value:.6g}") for value in inner), self.high]
        return tuple(dict.fromkeys(round(value) for value in found)) if self.whole else tuple(found)

    def describe(self) -> str:
        """`1 to 2`, `0.0001 to 0.01 (log)`, `1, 1.5, 2`."""
        if self.values:
            return ", ".join(map(str, self.values))
        return f"{self.low:g} to {self.high:g}{' (log)' if self.log else ''}"

    def as_json(self) -> dict[str, Any]:
        """What the study is bound to: where is searched, and nothing of default, unit or source."""
        if self.values:
            return {"values": list(self.values)}
        return {"low": self.low, "high": self.high, "log": self.log, "whole": self.whole}


def search_space(plugin: Plugin[Any], tune: Tune, fixed: Mapping[str, Any]) -> tuple[Dimension, ...]:
    """The dimensions of one method, every end and value of them legal.

    Parameters
    ----------
    fixed
        The parameters that the spec gives the method.

    Raises
    ------
    FieldError
        No parameter is named, the method does not have it, it is no number and has no values, it has no range,
        or the range or a value is not legal.
    """
    if not tune.params:
        raise FieldError(
            f"nothing to tune: name a parameter, as in --param NAME (nsbench show method {plugin.name} lists them)",
            ("tune", "params"),
        )
    found = [_dimension(plugin, name, search, fixed) for name, search in tune.params.items()]
    gridded = [_gridded(dimension, tune.points) for dimension in found] if tune.sampler == "grid" else found
    return tuple(gridded)


def grid(dimensions: tuple[Dimension, ...]) -> Iterator[dict[str, Value]]:
    """Every combination of the dimensions' values, the last one changing fastest."""
    for values in itertools.product(*(dimension.values for dimension in dimensions)):
        yield {dimension.name: value for dimension, value in zip(dimensions, values)}


def _gridded(dimension: Dimension, points: int) -> Dimension:
    known = dimension
    return Dimension(
        known.name, known.points(points), default=known.default, unit=known.unit, source=known.source, log=known.log
    )


def _dimension(plugin: Plugin[Any], name: str, search: Search, fixed: Mapping[str, Any]) -> Dimension:
    fields = plugin.declared.params.model_fields
    loc = ("tune", "params", name)
    if name not in fields:
        raise FieldError(f"{plugin.name} has no parameter {name!r}; {nearest(name, list(fields))}", loc)
    if name in fixed:
        raise FieldError(f"{plugin.name}: {name} is both fixed ({fixed[name]}) and tuned; remove one", loc)
    try:
        dimension = _declared(name, fields[name], search)
        for value in dimension.values or (dimension.low, dimension.high):
            plugin.validate({**fixed, name: value}, plugin.name)
    except UserError as error:
        raise FieldError(f"{plugin.name}: {str(error).removeprefix(f'{plugin.name}: ')}", loc) from None
    return dimension


def _declared(name: str, field: FieldInfo, search: Search) -> Dimension:
    extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    about: dict[str, Any] = {"unit": extra.get("unit") or "", "source": extra.get("source") or ""}
    default = None if field.is_required() else field.default
    values = search.values or (() if search.low is not None else _choices(field.annotation))
    if values:
        return Dimension(name, tuple(values), default=default if default in values else None, **about)
    whole = int in _kinds(field.annotation) and float not in _kinds(field.annotation)
    if not whole and float not in _kinds(field.annotation):
        raise UserError(f"parameter {name!r} is no number: say which values to try, as in --param {name}=A,B,C")
    low, high = _ends(name, extra, search, whole)
    log = (search.scale or extra.get("scale")) == "log"
    if log and low <= 0:
        raise UserError(f"parameter {name!r} is searched on a log scale: its range {low:g}..{high:g} must be above 0")
    known = default if isinstance(default, int | float) and low <= default <= high else None
    return Dimension(name, low=low, high=high, log=log, whole=whole, default=known, **about)


def _ends(name: str, extra: Mapping[str, Any], search: Search, whole: bool) -> tuple[float, float]:
    low, high = (extra.get("low"), extra.get("high")) if search.low is None else (search.low, search.high)
    if low is None or high is None:
        raise UserError(f"parameter {name!r} declares no range for tuning: give one, as in --param {name}=LOW..HIGH")
    if whole and (int(low) != low or int(high) != high):
        raise UserError(f"parameter {name!r} is a whole number, its range {low:g}..{high:g} is not")
    return (int(low), int(high)) if whole else (float(low), float(high))


def _choices(annotation: Any) -> tuple[Value, ...]:
    """All values of a choice or a switch; empty for anything else."""
    if bool in _kinds(annotation):
        return (False, True)
    literals = [part for part in _parts(annotation) if get_origin(part) is Literal]
    return tuple(value for part in literals for value in get_args(part))


def _kinds(annotation: Any) -> set[Any]:
    return set(_parts(annotation))


def _parts(annotation: Any) -> list[Any]:
    """The members of a union, without None."""
    origin = get_origin(annotation)
    if origin is None or origin in (Literal, tuple, list, dict):
        return [annotation]
    return [part for part in get_args(annotation) if part is not NoneType]
