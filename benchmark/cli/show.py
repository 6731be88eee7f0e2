"""`nsbench show`."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .app import app
from .listing import registry_of
from .options import AsJson, Plugins, registries
from .output import print_json, print_table

if TYPE_CHECKING:
    from ..registry import Plugin


class Kind(StrEnum):
    """What can be shown."""

    method = "method"
    dataset = "dataset"
    noise = "noise"
    noise_model = "noise-model"
    network = "network"
    budget = "budget"


_KNOWS = {
    "blind": "blind: sees all labels, not which are wrong",
    "trusted": "trusted: is told which cases are clean",
    "scarce": "scarce: sees the labels of some cases and the images of all",
}
_SHOWN = {
    "method": ("knows", "passes"),
    "dataset": ("tasks", "needs_root", "normalisation", "tried_on"),
    "noise": ("severity_params",),
    "network": ("ndims", "feature_stages"),
}


@app.command()
def show(
    kind: Annotated[Kind, typer.Argument(help="What it is.")],
    name: Annotated[str, typer.Argument(help="Its name.")],
    as_json: AsJson = False,
    plugins: Plugins = None,
) -> None:
    """Show all about one plugin or budget: citation, parameters with default, range, unit and source."""
    kind = Kind.noise if kind is Kind.noise_model else kind
    if kind is Kind.budget:
        _show_budget(name, as_json)
        return
    what = kind.value if kind is Kind.noise else f"{kind.value}s"
    facts = _facts(kind.value, registry_of(registries(plugins), what).get(name))
    if as_json:
        print_json(facts)
    else:
        _print(facts)


def _facts(kind: str, plugin: Plugin[Any]) -> dict[str, Any]:
    from .parameters import describe_params

    declared = plugin.declared
    shown = {name: plugin.attributes[name] for name in _SHOWN[kind] if name in plugin.attributes}
    if kind == "method":
        shown = {"knows": "blind", "passes": 1.0} | shown
    return {
        "kind": kind,
        "name": plugin.name,
        "citation": plugin.attributes.get("citation", ""),
        **shown,
        "origin": plugin.origin,
        "file": str(declared.path),
        "parameters": describe_params(declared.params),
        "doc": declared.doc,
    }


def _print(facts: dict[str, Any]) -> None:
    print(f"{facts['kind']} {facts['name']}\n\n{facts['doc']}\n")
    for name, value in facts.items():
        if name not in ("kind", "name", "doc", "parameters"):
            print(f"{name.replace('_', ' ')}: {_value_text(name, value)}")
    print("\nparameters:" if facts["parameters"] else "\nno parameters")
    for parameter in facts["parameters"]:
        print(_parameter_text(parameter))


def _value_text(name: str, value: Any) -> str:
    if name == "knows":
        return _KNOWS.get(value, str(value))
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _parameter_text(parameter: dict[str, Any]) -> str:
    """Two lines: name, default and ranges; meaning and source."""
    tuning = parameter["tuning"]
    value = "unset" if parameter["default"] is None else parameter["default"]
    facts = [
        "required" if parameter["required"] else f"default {value}",
        parameter["unit"],
        f"legal {parameter['legal'] or parameter['type']}",
        f"tuned over {tuning[0]:g} to {tuning[1]:g}, {tuning[2]}" if tuning else "",
    ]
    meaning = [parameter["help"], f"({parameter['source']})" if parameter["source"] else ""]
    lines = [f"  {parameter['name']}: {'; '.join(filter(None, facts))}", f"      {' '.join(filter(None, meaning))}"]
    return "\n".join(line for line in lines if line.strip())


def _show_budget(name: str, as_json: bool) -> None:
    from ..budget import SUMMARIES, resolve_budget

    budgets = {f"{ndim}d": resolve_budget(name, ndim).model_dump(mode="json") for ndim in (2, 3)}
    if as_json:
        print_json({"kind": "budget", "name": name, "summary": SUMMARIES[name], **budgets})
        return
    print(f"budget {name}: {SUMMARIES[name]}\n")
    rows = [[field, value, budgets["3d"][field]] for field, value in budgets["2d"].items() if field != "name"]
    print_table(["field", "2-D", "3-D"], rows)
