"""`nsbench list`."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .app import app
from .options import AsJson, Plugins, registries
from .output import print_json, print_table

if TYPE_CHECKING:
    from ..registry import Plugin, Registries, Registry


class Listed(StrEnum):
    """What can be listed."""

    methods = "methods"
    datasets = "datasets"
    noise = "noise"
    noise_models = "noise-models"
    networks = "networks"
    budgets = "budgets"


_ATTRIBUTES: dict[str, dict[str, Any]] = {
    "methods": {"knows": "blind", "passes": 1.0},
    "datasets": {"tasks": (), "tried_on": "unknown"},
    "noise": {},
    "networks": {"ndims": (2, 3)},
}
"""Class attributes that are listed beside name, summary and citation, and the defaults of the base classes."""


@app.command("list")
def list_names(
    what: Annotated[Listed, typer.Argument(help="What to list.")], as_json: AsJson = False, plugins: Plugins = None
) -> None:
    """List methods, datasets, noise models, networks or budgets; broken plugins with the reason."""
    found = registries(plugins)
    what = Listed.noise if what is Listed.noise_models else what
    rows = _budgets() if what is Listed.budgets else _plugins(what.value, registry_of(found, what.value))
    if as_json:
        print_json(rows)
    else:
        _print(what.value, rows)


def registry_of(found: Registries, what: str) -> Registry[Any]:
    """The registry of a kind as the command line names it."""
    registry: Registry[Any] = getattr(found, what)
    return registry


def names_of(what: str) -> list[str]:
    """All usable names of a kind; for methods `all` as well."""
    if what == "budgets":
        return [row["name"] for row in _budgets()]
    names = registry_of(registries(None), what).names()
    return ["all", *names] if what == "methods" else names


def _budgets() -> list[dict[str, Any]]:
    from ..budget import SUMMARIES

    return [{"name": name, "summary": summary} for name, summary in SUMMARIES.items()]


def _plugins(what: str, registry: Registry[Any]) -> list[dict[str, Any]]:
    usable = [_row(plugin, _ATTRIBUTES[what]) for plugin in registry.plugins.values()]
    broken = [{"name": p.name, "summary": "", "origin": p.origin, "error": p.error} for p in registry.broken]
    return usable + broken


def _row(plugin: Plugin[Any], wanted: dict[str, Any]) -> dict[str, Any]:
    own = {name: plugin.attributes.get(name, default) for name, default in wanted.items()}
    summary, citation = plugin.declared.summary, plugin.attributes.get("citation", "")
    return {"name": plugin.name, "summary": summary, **own, "citation": citation, "origin": plugin.origin, "error": ""}


def _print(what: str, rows: list[dict[str, Any]]) -> None:
    own = list(_ATTRIBUTES.get(what, {}))
    usable = [row for row in rows if not row.get("error")]
    lines = [[row["name"], *(_text(row[name]) for name in own), row["summary"]] for row in usable]
    print_table(["name", *(name.replace("_", " ") for name in own), "summary"], lines)
    for row in rows:
        if row.get("error"):
            print(f"\ncannot be used: {row['name']} ({row['origin']}): {row['error']}")


def _text(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)
