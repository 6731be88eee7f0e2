"""The specs of a published folder: one that lies there, or those of the run."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..digest import canonical_json
from ..errors import UserError
from ..papers.paper_table import Declared, read_table
from ..papers.shown import declared_specs, is_table
from ..spec.load import Loaded, load
from ..spec.written import spec_text
from ..spec.yaml_file import read_yaml

_OUT = re.compile(r"--out[= ]\S+ ?")


def pinned(spec: dict[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """A spec with `methods: all` replaced by what that was when the run was planned: other versions have more."""
    methods = spec.get("methods", [])
    if all(method["name"] != "all" for method in methods):
        return spec
    listed = {method["label"] or method["name"] for method in methods}
    every: list[dict[str, Any]] = [
        {"name": name, "params": {}, "label": None} for name in dict.fromkeys(names) if name not in listed
    ]
    kept = [[method] if method["name"] != "all" else every for method in methods]
    return {**spec, "methods": [method for part in kept for method in part]}


def check_same(path: Path, spec: dict[str, Any], names: Sequence[str]) -> None:
    """UserError unless a spec file describes the benchmark that a plan's spec does.

    That of a paper's table describes runs of the paper's own data with the paper's own protocol; a part may be missing.

    Parameters
    ----------
    names
        The methods of the run's cells, for `all`.
    """
    if changed := _changed(path, spec, names):
        raise UserError(
            f"{path} describes another benchmark than the run (differs in: {', '.join(changed)}); "
            "publish to another folder, or move that file away"
        )


def _changed(path: Path, spec: dict[str, Any], names: Sequence[str]) -> list[str]:
    if is_table(read_yaml(path)[0]):
        return _changed_table(read_table(path), spec)
    spec, found = (pinned(each, names) for each in (spec, load(path).spec.identity()))
    fields = spec.keys() | found.keys()
    return sorted(name for name in fields if _unordered(spec.get(name)) != _unordered(found.get(name)))


def _changed_table(declared: Declared, spec: dict[str, Any]) -> list[str]:
    """What of a table's run is not as its file has it; parameters that the paper tuned may be."""
    wanted = {"paper": declared.table.paper, "table": declared.table.table, "stand_in": ""}
    if changed := [name for name, value in wanted.items() if spec.get(name) != value]:
        return changed
    theirs = declared_specs(declared, stands_in=False)
    return [f"parts.{name}" for name, ours in spec["parts"].items() if not _is_declared(ours, theirs.get(name))]


def _is_declared(ours: dict[str, Any], theirs: Loaded | None) -> bool:
    if theirs is None:
        return False
    tuned = {"params": ours["params"]} if theirs.tune else {}
    return {**theirs.spec.identity(), **tuned} == ours


def _unordered(value: Any) -> Any:
    """A list without its order: it makes no other grid."""
    return sorted(map(canonical_json, value)) if isinstance(value, list) else value


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
