"""The best parameters as a YAML fragment, written by `nsbench tune` and taken by `nsbench run --params`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from ..errors import UserError
from ..spec.yaml_file import read_yaml
from ..store.files import write_atomically

SUFFIX = " (tuned)"
"""Added to the label of a row with tuned parameters."""


def write_best(path: Path, best: Mapping[str, Mapping[str, Any]], notes: Sequence[str]) -> None:
    """Write method name -> parameters, after notes as comments."""
    head = "".join(f"# {line}\n" for line in notes)
    text = head + yaml.safe_dump({name: dict(values) for name, values in best.items()}, sort_keys=False)
    write_atomically(path, lambda target: _fill(target, text))


def _fill(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def read_best(path: Path) -> dict[str, dict[str, Any]]:
    """Method name -> parameters.

    Raises
    ------
    UserError
        The file is missing or is not such a mapping.
    """
    data, _ = read_yaml(path)
    if not data or not all(isinstance(values, dict) and values for values in data.values()):
        raise UserError(f"{path}: write METHOD: {{PARAM: VALUE}} for each method, as nsbench tune does in best.yaml")
    return data


def tuned_rows(paths: Sequence[Path]) -> list[dict[str, Any]]:
    """The methods of a spec that the files stand for: `NAME (tuned)` with the tuned parameters.

    Raises
    ------
    UserError
        A file cannot be used, or two of them tune one method.
    """
    found: dict[str, tuple[Path, dict[str, Any]]] = {}
    for path in paths:
        for name, params in read_best(path).items():
            if name in found:
                raise UserError(f"{path}: {name} is in {found[name][0]} too; give one of them")
            found[name] = (path, params)
    return [{"name": name, "label": f"{name}{SUFFIX}", "params": params} for name, (_, params) in found.items()]
