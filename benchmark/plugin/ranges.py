"""Parameter types for a range of values, from which a plugin draws."""

from __future__ import annotations

import math
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, WithJsonSchema

_FORMS = "write a number, [low, high] or the text low..high"
_SCHEMA = {
    "anyOf": [
        {"type": "number"},
        {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2},
        {"type": "string", "description": "low..high, or one number"},
    ]
}


def parse_range(value: Any) -> tuple[float, float]:
    """The pair `(low, high)` meant by `5`, `[3, 9]`, `"3..9"` or `"5"`.

    Raises
    ------
    ValueError
        For anything else, for values that are not finite, and for low > high.
    """
    try:
        low, high = (_number(end) for end in _ends(value))
    except (TypeError, ValueError):
        raise ValueError(f"{value!r} is no range: {_FORMS}") from None
    if low > high:
        raise ValueError(f"the low end {low:g} exceeds the high end {high:g}: {_FORMS}")
    return low, high


def _ends(value: Any) -> list[Any]:
    if isinstance(value, str):
        ends: list[Any] = value.split("..")
    else:
        ends = list(value) if isinstance(value, list | tuple) else [value, value]
    return ends * 2 if isinstance(value, str) and len(ends) == 1 else ends


def _number(value: Any) -> float:
    if isinstance(value, bool) or not math.isfinite(float(value)):
        raise ValueError
    return float(value)


def _not_negative(value: tuple[float, float]) -> tuple[float, float]:
    if value[0] < 0:
        raise ValueError(f"the low end {value[0]:g} is negative: it must be 0 or more")
    return value


Range = Annotated[tuple[float, float], BeforeValidator(parse_range), WithJsonSchema(_SCHEMA, mode="validation")]
"""Both ends included; JSON form `[low, high]`. The bounds of `param` (`ge` ...) do not apply to it."""

NonNegativeRange = Annotated[Range, AfterValidator(_not_negative)]
"""A `Range` that starts at 0 or above."""
