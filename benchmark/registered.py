"""A plugin that is known, not yet imported."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar

from pydantic import ValidationError

from .declarations import Declaration
from .digest import code_digest
from .errors import UserError, nearest
from .modules import import_loose
from .plugin.params import Params

T = TypeVar("T")
Kind = Literal["method", "network", "dataset", "noise"]
WORDS: dict[Kind, str] = {"method": "method", "network": "network", "dataset": "dataset", "noise": "noise model"}
"""Kinds as messages name them."""


@dataclass(frozen=True)
class Plugin(Generic[T]):
    """A plugin that is known, not yet imported.

    Attributes
    ----------
    module
        Import name; for a loose file the path.
    origin
        `built-in`, `NAME VERSION` of the package it comes from, or the loose file's path.
    version
        `NAME==VERSION` of the package that it was installed with; empty for others.
    error
        Why it cannot be used; empty when it can.
    """

    kind: Kind
    name: str
    module: str
    origin: str
    declaration: Declaration | None = None
    error: str = ""
    version: str = ""

    @property
    def declared(self) -> Declaration:
        """The declaration; UserError for a broken plugin."""
        if self.declaration is None or self.error:
            raise UserError(f"{WORDS[self.kind]} {self.name} ({self.origin}) cannot be used: {self.error}")
        return self.declaration

    @property
    def attributes(self) -> dict[str, Any]:
        """Literal class attributes (`citation`, `knows` ...)."""
        return self.declared.attributes

    @cached_property
    def digest(self) -> str:
        """Digest of the plugin's code without comments and docstrings, after the package's version if it has one."""
        path = self.declared.path
        code = code_digest(path, code_folder(self.module, path, self.origin))
        return f"{self.version}:{code}" if self.version else code

    def validate(self, values: dict[str, Any], where: str = "") -> Params:
        """Parameters of the plugin, defaults filled in; UserError names the wrong field."""
        try:
            return self.declared.params.model_validate(values)
        except ValidationError as error:
            raise UserError(f"{where or self.name}: {_explain(error, self.declared.params)}") from None

    def load(self) -> type[T]:
        """Import the plugin and return its class; UserError names the file that fails."""
        declared = self.declared
        try:
            loose = self.module.endswith(".py")
            module = import_loose(declared.path, self.digest) if loose else import_module(self.module)
            found: type[T] = getattr(module, declared.class_name)
        except (Exception, SystemExit) as error:
            raise UserError(f"{WORDS[self.kind]} {self.name} ({declared.path}) fails to import: {error!r}") from error
        if absent := sorted(getattr(found, "__abstractmethods__", ())):
            raise UserError(f"{WORDS[self.kind]} {self.name} ({declared.path}) is abstract: write {', '.join(absent)}")
        return found


def code_folder(module: str, path: Path, origin: str) -> Path:
    """The folder whose files count as a plugin's code: its plugin folder, its package, or where the file lies."""
    if module.endswith(".py"):
        return path.parent
    packages = module.count(".") + (path.name == "__init__.py")
    # of nsbench.methods.losses.dice the helpers in methods/ count, the harness does not
    outermost = 2 if origin == "built-in" else 1
    return path.parents[max(packages - outermost, 0)]


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
