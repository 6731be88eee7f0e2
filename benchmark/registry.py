"""One registry per kind of plugin; built-in, installed and loose plugins are treated alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Generic

from .discovery import PACKAGE, built_in, installed, loose
from .errors import UserError, nearest
from .registered import WORDS, Kind, Plugin, T

__all__ = ["PACKAGE", "Kind", "Plugin", "Registries", "Registry"]


@dataclass
class Registry(Generic[T]):
    """The plugins of one kind, by name.

    Parameters
    ----------
    kind
        Which kind.
    loose
        Further files (`--plugin PATH`) to look into.
    """

    kind: Kind
    loose: Sequence[Path] = ()
    _broken: list[Plugin[T]] = field(default_factory=list, init=False)

    @cached_property
    def plugins(self) -> dict[str, Plugin[T]]:
        """Usable plugins by name, sorted.

        A name that is declared twice is not among them: but an installed package does not take a built-in name away.
        """
        found: dict[str, list[Plugin[T]]] = {}
        for plugin in [*built_in(self.kind), *installed(self.kind), *loose(self.kind, self.loose)]:
            if plugin.error:
                self._broken.append(plugin)
            else:
                _add(found.setdefault(plugin.name, []), plugin)
        self._broken += [_collision(same) for same in found.values() if len(same) > 1]
        return {name: same[0] for name, same in sorted(found.items()) if _settled(same)}

    @property
    def broken(self) -> list[Plugin[T]]:
        """Plugins that cannot be used, with their reason in `error`."""
        _ = self.plugins
        return self._broken

    def names(self) -> list[str]:
        """Names of the usable plugins."""
        return list(self.plugins)

    def get(self, name: str) -> Plugin[T]:
        """The plugin of that name; UserError with the nearest names, or with why it is broken."""
        if name in self.plugins:
            return self.plugins[name]
        for plugin in self.broken:
            if plugin.name == name:
                raise UserError(f"{WORDS[self.kind]} {name} ({plugin.origin}): {plugin.error}")
        raise UserError(f"unknown {WORDS[self.kind]} {name!r}: {nearest(name, self.names())}")


def _add(same: list[Plugin[T]], plugin: Plugin[T]) -> None:
    """Add a plugin to those of its name, unless it is one of them found by another way."""
    place = plugin.declared.path, plugin.declared.class_name
    if place not in [(other.declared.path, other.declared.class_name) for other in same]:
        same.append(plugin)


def _settled(same: list[Plugin[T]]) -> bool:
    """Whether the first of those of one name is meant: there is no other, or it is built in and nobody named a file."""
    others = same[1:]
    return not others or (_is_built_in(same[0]) and not any(plugin.module.endswith(".py") for plugin in others))


def _is_built_in(plugin: Plugin[T]) -> bool:
    return plugin.origin == "built-in"


def _collision(same: list[Plugin[T]]) -> Plugin[T]:
    """The entry for those that cannot be used: all of one name, or the strangers that took a built-in one's."""
    first = same[0]
    places = " and ".join(f"{plugin.declared.path} ({plugin.origin})" for plugin in same)
    origin = ", ".join(plugin.origin for plugin in same if not _is_built_in(plugin))
    reason = f"the name {first.name!r} is declared {len(same)} times: {places}; rename or remove all but one"
    return Plugin(first.kind, first.name, first.module, origin, None, reason)


@dataclass
class Registries:
    """The four registries of one run.

    Parameters
    ----------
    loose
        Plugin files named by `--plugin`.
    """

    loose: tuple[Path, ...] = ()

    @cached_property
    def methods(self) -> Registry[Any]:
        return Registry("method", self.loose)

    @cached_property
    def networks(self) -> Registry[Any]:
        return Registry("network", self.loose)

    @cached_property
    def datasets(self) -> Registry[Any]:
        return Registry("dataset", self.loose)

    @cached_property
    def noise(self) -> Registry[Any]:
        return Registry("noise", self.loose)
