"""The spec of a run as a file, from what its plan says."""

from __future__ import annotations

from typing import Any

import yaml

from .choices import Choice, DatasetChoice, MethodChoice
from .models import Spec

_SHORT: dict[str, Any] = {"datasets": DatasetChoice, "methods": MethodChoice, "noise": Choice, "networks": Choice}


def spec_text(spec: dict[str, Any], name: str | None) -> str:
    """A spec file of the same identity; what has its default is left out.

    Parameters
    ----------
    spec
        As `plan.json` holds it: `Spec.identity()`.
    name
        Title of the leaderboard.
    """
    defaults = Spec().identity()
    fields: dict[str, Any] = {"name": name} if name else {}
    for field, value in spec.items():
        if value is not None and (value != defaults.get(field) or field in (*_SHORT, "budget")):
            fields[field] = _short(field, value)
    return yaml.safe_dump(fields, sort_keys=False, allow_unicode=True, width=110, default_flow_style=None)


def _short(field: str, value: Any) -> Any:
    if field == "budget":
        return _budget(value)
    return [_item(_SHORT[field], item) for item in value] if field in _SHORT else value


def _budget(value: dict[str, Any]) -> Any:
    return value["base"] if value.keys() == {"base"} else value


def _item(model: Any, value: dict[str, Any]) -> Any:
    """The short form where it is read back as the same choice, else its fields that are set."""
    choice = model.model_validate(value)
    text = choice.label if isinstance(choice, DatasetChoice) else choice.text
    try:
        if model.model_validate(text) == choice:
            return text
    except ValueError:
        # a parameter that has no short form
        pass
    return {name: held for name, held in value.items() if held not in (None, {})}
