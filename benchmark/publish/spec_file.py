"""The spec of a run as a file, from what its plan says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from ..errors import UserError
from ..spec.choices import Choice, DatasetChoice, MethodChoice
from ..spec.load import load
from ..spec.models import Spec
from ..spec.yaml_file import read_yaml

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


def changed_fields(path: Path, spec: dict[str, Any]) -> list[str]:
    """Fields in which a spec file differs from a plan's spec; UserError when it is no spec."""
    found = load(path).spec.identity()
    return sorted(name for name in spec.keys() | found.keys() if spec.get(name) != found.get(name))


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


def check_same(path: Path, spec: dict[str, Any]) -> None:
    """UserError unless a spec file that lies in the target describes the benchmark that is published.

    The spec of a paper's table, which has parts, is more than the spec of a run and is not compared.
    """
    if "parts" in read_yaml(path)[0]:
        return
    if changed := changed_fields(path, spec):
        raise UserError(
            f"{path} describes another benchmark than the run (differs in: {', '.join(changed)}); "
            "publish to another folder, or move that file away"
        )
