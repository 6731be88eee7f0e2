"""The mappings of a run: that of the table it reproduces, else the papers' methods wherever they are found."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter, ValidationError

from ..errors import UserError
from .catalogue import find_table
from .mapping import Reported

FOLDER = Path(__file__).parents[2] / "leaderboards" / "mappings"
_MANY: TypeAdapter[list[Reported]] = TypeAdapter(list[Reported])


def mappings_of(plan: Mapping[str, Any], paper: str | None = None) -> list[Reported]:
    """That of the table that a run reproduces, as its plan says; the default mappings for any other run."""
    found = _declared(plan["spec"]) or defaults()
    return [each for each in found if paper in (None, each.paper)]


def _declared(spec: Mapping[str, Any]) -> list[Reported]:
    """The mapping of the table that a run reproduces; none for any other run."""
    if "paper" not in spec or "table" not in spec:
        return []
    reported = find_table(spec["paper"], spec["table"]).table.reported
    return [reported] if reported else []


def defaults() -> list[Reported]:
    """The mappings by plugin that come with nsbench; UserError where a file is wrong."""
    files = sorted(FOLDER.glob("*.yaml"))
    return [each for path in files for each in _valid(yaml.safe_load(path.read_text(encoding="utf-8")), str(path))]


def _valid(raw: Any, where: str) -> list[Reported]:
    try:
        return _MANY.validate_python(raw)
    except ValidationError as error:
        first = error.errors()[0]
        raise UserError(f"{where}: reported: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None
