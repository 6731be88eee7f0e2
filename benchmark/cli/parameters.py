"""What a plugin's parameters model says of each parameter."""

from __future__ import annotations

from types import NoneType
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

    from ..plugin.params import Params


def describe_params(model: type[Params]) -> list[dict[str, Any]]:
    """One mapping per parameter: name, type, default, legal and tuning range, unit, source, help."""
    return [_describe(name, field) for name, field in model.model_fields.items()]


def _describe(name: str, field: FieldInfo) -> dict[str, Any]:
    extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    low, high = extra.get("low"), extra.get("high")
    return {
        "name": name,
        "type": _type_text(field.annotation),
        "required": field.is_required(),
        "default": None if field.is_required() else _plain(field.default),
        "legal": _legal(field),
        "tuning": None if low is None or high is None else [low, high, extra.get("scale", "linear")],
        "unit": extra.get("unit") or "",
        "source": extra.get("source") or "",
        "help": field.description or "",
    }


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _type_text(annotation: Any) -> str:
    if get_origin(annotation) is Literal:
        return "choice"
    if annotation == tuple[float, float]:
        return "low..high"
    name = getattr(annotation, "__name__", "")
    return name if name and not get_args(annotation) else str(annotation).replace("typing.", "")


def _legal(field: FieldInfo) -> str:
    options = [value for part in _parts(field.annotation) for value in get_args(part) if get_origin(part) is Literal]
    if options:
        return " | ".join(map(str, options))
    bounds = {
        name: getattr(item, name) for item in field.metadata for name in ("ge", "gt", "le", "lt") if _has(item, name)
    }
    if not bounds:
        return ""
    left = f"[{bounds['ge']:g}" if "ge" in bounds else f"({bounds['gt']:g}" if "gt" in bounds else "(-inf"
    right = f"{bounds['le']:g}]" if "le" in bounds else f"{bounds['lt']:g})" if "lt" in bounds else "inf)"
    return f"{left}, {right}"


def _parts(annotation: Any) -> list[Any]:
    """The members of a union, without None."""
    if get_origin(annotation) is Literal or not get_args(annotation):
        return [annotation]
    return [part for part in get_args(annotation) if part is not NoneType]


def _has(item: Any, name: str) -> bool:
    return getattr(item, name, None) is not None
