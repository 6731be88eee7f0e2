"""Plugins that wrap others of their kind, by the name that a parameter gives."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from .plugin.params import Params

if TYPE_CHECKING:
    from .plugin.case import Task
    from .plugin.method import Method
    from .registry import Registries


def wrapped_plugins(params: Params) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Each parameter that names a plugin: its own name, that of the plugin, and the plugin's parameters."""
    for field, info in type(params).model_fields.items():
        extra = info.json_schema_extra
        if isinstance(extra, dict) and extra.get("names_plugin"):
            yield field, getattr(params, field), getattr(params, f"{field}_params", {})


def method_finder(registries: Registries, task: Task, ndim: int) -> Callable[[str, Mapping[str, Any]], Method]:
    """What a `Builder` finds other methods with: makes one by name and parameters, before its `setup`."""

    def find(name: str, params: Mapping[str, Any]) -> Method:
        plugin = registries.methods.get(name)
        method: Method = plugin.load()(plugin.validate(dict(params), f"method {name}"), task, ndim)
        return method

    return find
