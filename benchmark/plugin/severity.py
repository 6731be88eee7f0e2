"""More or less of a noise model: its severity parameters, multiplied."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic.fields import FieldInfo

from .params import NoiseParams


def scaled(params: NoiseParams, names: Iterable[str], severity: float) -> NoiseParams:
    """The parameters with those of the given names multiplied.

    Whole numbers are rounded and the legal range of a parameter is kept to, so that a chance stays at most 1.
    A `preset` is given up where a value departs from it: the values that it fixed stay.

    Parameters
    ----------
    names
        `severity_params` of the noise model.
    severity
        0 or more; 1 changes nothing.
    """
    values = params.model_dump()
    fields = type(params).model_fields
    changed = {name: _times(values[name], severity, fields[name]) for name in names}
    if "preset" in fields and any(values[name] != value for name, value in changed.items()):
        values["preset"] = fields["preset"].default
    return type(params).model_validate(values | changed)


def _times(value: Any, severity: float, field: FieldInfo) -> Any:
    if isinstance(value, tuple):
        return tuple(_times(item, severity, field) for item in value)
    highest = next((item.le for item in field.metadata if hasattr(item, "le")), None)
    product = value * severity if highest is None else min(value * severity, highest)
    # six digits: what the record shows is what was used
    return round(product) if isinstance(value, int) else float(f"{product:.6g}")
