"""One registry per kind of plugin; built-in, installed and loose plugins are treated alike."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar

from pydantic import ValidationError

from .declarations import Declaration, Unreadable, read_declarations
from .digest import code_digest
from .errors import UserError, nearest
from .plugin.params import Params

T = TypeVar("T")
Kind = Literal["method", "network", "dataset", "noise"]

PACKAGE = Path(__file__).resolve().parents[1]
_FOLDERS: dict[Kind, tuple[str, ...]] = {
    "method": ("methods", "methods/losses"),
    "network": ("methods/networks",),
    "dataset": ("datasets",),
    "noise": ("noise_models",),
}
_GROUPS: dict[Kind, str] = {
    "method": "nsbench.methods",
    "network": "nsbench.networks",
    "dataset": "nsbench.datasets",
    "noise": "nsbench.noise_models",
}
_WORDS: dict[Kind, str] = {"method": "method", "network": "network", "dataset": "dataset", "noise": "noise model"}


@dataclass(frozen=True)
class Plugin(Generic[T]):
    """A plugin that is known, not yet imported.

    Attributes
    ----------
    module
        Import name; for a loose file the path.
    origin
        `built-in`, `NAME VERSION` of the package it comes from, or the loose file's path.
    error
        Why it cannot be used; empty when it can.
    """

    kind: Kind
    name: str
    module: str
    origin: str
    declaration: Declaration | None = None
    error: str = ""

    @property
    def declared(self) -> Declaration:
        """The declaration; UserError for a broken plugin."""
        if self.declaration is None or self.error:
            raise UserError(f"{_WORDS[self.kind]} {self.name} ({self.origin}) cannot be used: {self.error}")
        return self.declaration

    @property
    def attributes(self) -> dict[str, Any]:
        """Literal class attributes (`citation`, `knows` ...)."""
        return self.declared.attributes

    @cached_property
    def digest(self) -> str:
        """Digest of the plugin's code without comments and docstrings."""
        root = PACKAGE / _FOLDERS[self.kind][0].split("/")[0] if self.origin == "built-in" else None
        return code_digest(self.declared.path, root)

    def validate(self, values: dict[str, Any], where: str = "") -> Params:
        """Parameters of the plugin, defaults filled in; UserError names the wrong field."""
        try:
            return self.declared.params.model_validate(values)
        except ValidationError as error:
            raise UserError(f"{where or self.name}: {_explain(error, self.declared.params)}") from None

    def load(self) -> type[T]:
        """Import the plugin and return its class."""
        declared = self.declared
        try:
            module = _import(self.module, declared.path)
            found: type[T] = getattr(module, declared.class_name)
        except Exception as error:
            raise UserError(f"{_WORDS[self.kind]} {self.name} ({declared.path}) fails to import: {error!r}") from error
        return found


def _explain(error: ValidationError, params: type[Params]) -> str:
    parts = []
    for problem in error.errors():
        name = ".".join(map(str, problem["loc"]))
        if problem["type"] == "extra_forbidden":
            parts.append(f"unknown parameter {name!r}; {nearest(name, list(params.model_fields))}")
        else:
            message = problem["msg"].removeprefix("Value error, ")
            parts.append(f"parameter {name!r} = {problem['input']!r}: {message}" if name else message)
    return "; ".join(parts)


def _import(module: str, path: Path) -> Any:
    if not module.endswith(".py"):
        return importlib.import_module(module)
    name = f"nsbench_loose_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    sys.modules[name] = loaded
    spec.loader.exec_module(loaded)
    return loaded


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
        """Usable plugins by name, sorted."""
        found: dict[str, Plugin[T]] = {}
        for plugin in [*self._built_in(), *self._installed(), *self._loose()]:
            if plugin.error:
                self._broken.append(plugin)
            elif plugin.name in found:
                self._collide(found, plugin)
            else:
                found[plugin.name] = plugin
        return dict(sorted(found.items()))

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
        if name in self.plugins and not any(p.name == name for p in self._broken):
            return self.plugins[name]
        for plugin in self.broken:
            if plugin.name == name:
                raise UserError(f"{_WORDS[self.kind]} {name} ({plugin.origin}): {plugin.error}")
        raise UserError(f"unknown {_WORDS[self.kind]} {name!r}: {nearest(name, self.names())}")

    def _collide(self, found: dict[str, Plugin[T]], plugin: Plugin[T]) -> None:
        other = found[plugin.name].declared.path
        reason = f"the name {plugin.name!r} is declared twice: {other} and {plugin.declared.path}; rename one"
        self._broken.append(Plugin(self.kind, plugin.name, plugin.module, plugin.origin, None, reason))

    def _built_in(self) -> Iterator[Plugin[T]]:
        for folder in _FOLDERS[self.kind]:
            for path in sorted((PACKAGE / folder).glob("*.py")):
                if not path.name.startswith("_"):
                    module = ".".join(["nsbench", *folder.split("/"), path.stem])
                    yield from self._read(path, module, "built-in", path.stem)

    def _installed(self) -> Iterator[Plugin[T]]:
        for point in entry_points(group=_GROUPS[self.kind]):
            origin = f"{point.dist.name} {point.dist.version}" if point.dist else point.value
            try:
                path = _file_of(point)
            except Exception as error:
                yield Plugin(self.kind, point.name, point.value, origin, None, f"cannot be found: {error!r}")
                continue
            wanted = point.attr or None
            for plugin in self._read(path, point.module, origin, point.name):
                if plugin.error or wanted in (None, plugin.declared.class_name):
                    yield plugin

    def _loose(self) -> Iterator[Plugin[T]]:
        for path in self.loose:
            if not path.is_file():
                raise UserError(f"--plugin {path}: no such file")
            yield from self._read(path, str(path.resolve()), str(path), path.stem)

    def _read(self, path: Path, module: str, origin: str, fallback: str) -> Iterator[Plugin[T]]:
        try:
            declarations = read_declarations(path)
        except (Unreadable, SyntaxError, OSError, ValueError) as error:
            yield Plugin(self.kind, fallback, module, origin, None, f"{path}: {error}")
            return
        for declaration in declarations:
            if declaration.kind == self.kind:
                yield Plugin(self.kind, declaration.name, module, origin, declaration)


def _file_of(point: EntryPoint) -> Path:
    spec = importlib.util.find_spec(point.module)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(point.module)
    return Path(spec.origin)


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
