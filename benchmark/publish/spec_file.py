"""The spec file that lies in a published folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..errors import UserError
from ..spec.load import load
from ..spec.yaml_file import read_yaml


def changed_fields(path: Path, spec: dict[str, Any]) -> list[str]:
    """Fields in which a spec file differs from a plan's spec; UserError when it is no spec."""
    found = load(path).spec.identity()
    return sorted(name for name in spec.keys() | found.keys() if spec.get(name) != found.get(name))


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
