"""The specs of a published folder: one that lies there, or those of the run."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from ..errors import UserError
from ..spec.load import load
from ..spec.written import spec_text
from ..spec.yaml_file import read_yaml

_OUT = re.compile(r"--out[= ]\S+ ?")


def check_same(path: Path, spec: dict[str, Any]) -> None:
    """UserError unless a spec file describes the benchmark, or the paper's table, that a plan's spec does."""
    if changed := _changed(path, spec):
        raise UserError(
            f"{path} describes another benchmark than the run (differs in: {', '.join(changed)}); "
            "publish to another folder, or move that file away"
        )


def _changed(path: Path, spec: dict[str, Any]) -> list[str]:
    found, _ = read_yaml(path)
    names = {"paper", "table"}
    if not names <= found.keys():
        found = load(path).spec.identity()
        names = spec.keys() | found.keys()
    return sorted(name for name in names if spec.get(name) != found.get(name))


def write_specs(folder: Path, plan: dict[str, Any]) -> None:
    """Write the spec of a run: `spec.yaml`, or for a paper's table `spec-PART.yaml` of each of its parts."""
    spec, name = plan["spec"], plan.get("name")
    for part, values in spec.get("parts", {"": spec}).items():
        path = folder / f"spec{f'-{part}' if part else ''}.yaml"
        path.write_text(spec_text(values, f"{name}: {part}" if part else name), encoding="utf-8")


def command_for(plan: dict[str, Any], spec: str, out: str) -> str:
    """The command that runs a plan's benchmark in a folder: with a spec file, or that which reproduces a table."""
    if "parts" not in plan["spec"]:
        return f"nsbench run {spec} --out {out}"
    given = str(plan.get("command") or f'nsbench reproduce {plan["spec"]["paper"]} "{plan["spec"]["table"]}"')
    return f"{_OUT.sub('', given).strip()} --out {out}"
