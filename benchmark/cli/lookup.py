"""A plugin by its name alone, of whichever kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import UserError, nearest
from ..scaffold.kinds import PluginKind

if TYPE_CHECKING:
    from ..registry import Plugin, Registries, Registry


def find_plugin(name: str, kind: PluginKind | None, found: Registries) -> Plugin[Any]:
    """The plugin of that name.

    Raises
    ------
    UserError
        There is none, it is broken, or `kind` is not given and several kinds have one of that name.
    """
    everywhere = _by_kind(found)
    if kind is not None:
        return everywhere[kind].get(name)
    usable = [each for each, registry in everywhere.items() if name in registry.plugins]
    if len(usable) > 1:
        raise UserError(f"{name} is a {' and a '.join(usable)}; say which: --kind {usable[0]}")
    broken = [each for each, registry in everywhere.items() if name in [plugin.name for plugin in registry.broken]]
    for each in usable + broken:
        # of a broken plugin this raises the reason
        return everywhere[each].get(name)
    known = [known for registry in everywhere.values() for known in registry.names()]
    raise UserError("; ".join([f"unknown plugin {name!r}: {nearest(name, known)}", *_unread(found)]))


def _by_kind(found: Registries) -> dict[PluginKind, Registry[Any]]:
    return {
        PluginKind.method: found.methods,
        PluginKind.dataset: found.datasets,
        PluginKind.noise_model: found.noise,
        PluginKind.network: found.networks,
    }


def _unread(found: Registries) -> list[str]:
    """What is wrong with the files named by `--plugin`: the plugin may be meant to be in one of them."""
    loose = {str(path) for path in found.loose}
    faults = (plugin for registry in _by_kind(found).values() for plugin in registry.broken if plugin.origin in loose)
    return list(dict.fromkeys(plugin.error for plugin in faults))
