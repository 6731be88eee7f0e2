"""A plugin file as its text: classes, their bases and literal attributes, across the files it imports."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from .modules import parse, source_below, source_of, stamp

BASES = {"Method": "method", "LossMethod": "method", "Network": "network", "Dataset": "dataset", "NoiseModel": "noise"}
"""Base class -> kind of plugin."""


@dataclass(frozen=True)
class Imported:
    """`from MODULE import NAME`, with the number of leading dots."""

    module: str
    level: int
    name: str

    @property
    def of_nsbench(self) -> bool:
        """Whether it comes from nsbench's base classes."""
        return self.module == "nsbench" or "benchmark.plugin" in self.module

    def file(self, importer: Path) -> Path | None:
        """The file that it comes from, as far as that can be told without importing anything."""
        if self.level:
            parts = self.module.split(".") if self.module else []
            return source_below(importer.parents[self.level - 1], parts)
        try:
            return source_of(self.module)
        except ModuleNotFoundError:
            return None


def source_file(path: Path) -> SourceFile:
    """The file as it is now.

    Raises
    ------
    SyntaxError, ValueError, OSError
        It is no Python, or cannot be read.
    """
    return _source_file(path, stamp(path))


@lru_cache(maxsize=512)
def _source_file(path: Path, stamp: tuple[int, int]) -> SourceFile:
    return SourceFile(path)


class SourceFile:
    """One Python file, looked at and not executed.

    Attributes
    ----------
    classes
        Class statements by name.
    imports
        What `from ... import` brings, by the name it has here.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.tree = parse(path)
        self.classes = {node.name: node for node in self.tree.body if isinstance(node, ast.ClassDef)}
        self.imports = dict(self._imports())

    def _imports(self) -> Iterator[tuple[str, Imported]]:
        for node in self.tree.body:
            if isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    yield alias.asname or alias.name, Imported(node.module or "", node.level, alias.name)

    def locate(self, name: str) -> tuple[SourceFile, str] | None:
        """The file and class meant by a name, imports followed; None where it is no class of a readable file."""
        if name in self.classes:
            return self, name
        imported = self.imports.get(name)
        if imported is None or imported.of_nsbench:
            return None
        file = imported.file(self.path)
        return source_file(file).locate(imported.name) if file else None

    def parents(self, name: str) -> list[tuple[SourceFile, str]]:
        """Base classes of a class that are written in readable files, nsbench's own base classes left out."""
        found = (self.locate(base.id) for base in self.classes[name].bases if isinstance(base, ast.Name))
        return [parent for parent in found if parent]

    def nsbench_base(self, base: ast.expr) -> str:
        """Which class of nsbench an expression means; empty for none."""
        name = last_name(base)
        if isinstance(base, ast.Name) and name in self.imports:
            imported = self.imports[name]
            name = imported.name if imported.of_nsbench else ""
        return name if name in BASES and name not in self.classes else ""

    def root(self, name: str) -> str:
        """The nsbench base class that a class derives from; empty for none."""
        direct = (self.nsbench_base(base) for base in self.classes[name].bases)
        inherited = (source.root(parent) for source, parent in self.parents(name))
        return next((root for root in (*direct, *inherited) if root), "")

    def own_attributes(self, name: str) -> dict[str, Any]:
        """Literal attributes that a class assigns itself."""
        found: dict[str, Any] = {}
        for node in self.classes[name].body:
            target, value = assignment(node)
            if target and value is not None:
                try:
                    found[target] = ast.literal_eval(value)
                except (ValueError, TypeError):
                    continue
        return found

    def attributes(self, name: str) -> dict[str, Any]:
        """Literal attributes of a class, inherited ones included; a `name` is not inherited."""
        inherited: dict[str, Any] = {}
        for source, parent in self.parents(name):
            inherited = source.attributes(parent) | inherited
        inherited.pop("name", None)
        return inherited | self.own_attributes(name)

    def members(self, name: str) -> set[str]:
        """Names that a class or its readable bases define."""
        found = {node.name for node in self.classes[name].body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
        found |= {assignment(node)[0] for node in self.classes[name].body}
        return found.union(*(source.members(parent) for source, parent in self.parents(name)))

    def is_closed(self, name: str) -> bool:
        """Whether all base classes are readable, so that `members` is all there is."""
        bases = [base for base in self.classes[name].bases if not self.nsbench_base(base)]
        parents = self.parents(name)
        return len(bases) == len(parents) and all(source.is_closed(parent) for source, parent in parents)


def assignment(node: ast.stmt) -> tuple[str, ast.expr | None]:
    """Target and value of a statement that assigns to one name; an empty target for others."""
    if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
        return node.targets[0].id, node.value
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return node.target.id, node.value
    return "", None


def last_name(node: ast.expr) -> str:
    """`C` of `a.b.C`; empty for other expressions."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""
