"""All contracts by kind of plugin, and running them."""

from __future__ import annotations

import inspect
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

from ..registry import Kind, Plugin, Registries, Registry
from .contract import Contract, NotApplicable, contract

_MODULES: dict[Kind, tuple[str, ...]] = {
    "method": ("declared", "method_stages", "method_training", "method_sharing", "method_secrets", "method_outputs"),
    "network": ("declared", "networks"),
    "dataset": ("declared", "datasets"),
    "noise": ("declared", "noise_models"),
}


@dataclass(frozen=True)
class Finding:
    """How one contract went; `message` says what is broken, or why there was nothing to check."""

    contract: Contract
    status: Literal["kept", "broken", "not applicable"]
    message: str = ""


def _place(error: BaseException, plugin: Plugin[Any]) -> str:
    """The last line of the plugin's own file that the error passed, in brackets."""
    path = plugin.declaration.path if plugin.declaration else None
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename) == path]
    return f"({path.name}, line {lines[-1]})" if path and lines else ""


def contracts_for(kind: Kind) -> list[Contract]:
    """The contracts of a kind of plugin, those of its declaration first."""
    modules = (import_module(f".{name}", __package__) for name in _MODULES[kind])
    return [
        contract(check, name, inspect.getdoc(check))
        for module in modules
        for name, check in vars(module).items()
        if name.startswith("check_") and inspect.getmodule(check) is module
    ]


def registry_of(registries: Registries, kind: Kind) -> Registry[Any]:
    """The registry that holds the plugins of a kind."""
    by_kind = {"method": registries.methods, "network": registries.networks, "dataset": registries.datasets}
    return by_kind.get(kind, registries.noise)


def examine(plugin: Plugin[Any], registries: Registries) -> Iterator[Finding]:
    """Check every contract of a plugin, whatever the others give; an error of the plugin counts as broken."""
    for each in contracts_for(plugin.kind):
        try:
            each.check(plugin, registries)
        except NotApplicable as reason:
            yield Finding(each, "not applicable", str(reason))
        except AssertionError as broken:
            yield Finding(each, "broken", str(broken))
        except (Exception, SystemExit) as error:
            yield Finding(each, "broken", f"{type(error).__name__}: {error} {_place(error, plugin)}".rstrip())
        else:
            yield Finding(each, "kept")
