"""Read what a plugin file declares without importing it.

Plugin files import torch; listing, planning and printing must not. A declaration is therefore read from
the syntax tree: the plugin class's literal attributes, its docstring, and its `Params` model, whose class
body alone is executed.
"""

from __future__ import annotations

import ast
import importlib
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from . import plugin as plugin_api
from .plugin import params as params_api

KINDS: dict[str, tuple[str, type[params_api.Params]]] = {
    "Method": ("method", params_api.MethodParams),
    "LossMethod": ("method", params_api.MethodParams),
    "Network": ("network", params_api.NetworkParams),
    "Dataset": ("dataset", params_api.DatasetParams),
    "NoiseModel": ("noise", params_api.NoiseParams),
}
"""Base class name -> (kind of plugin, its base parameters)."""

_STDLIB = {"typing", "math", "enum", "collections", "pydantic", "annotated_types"}


_BASE_PARAMS: dict[str, type[params_api.Params]] = {name: params for name, (_, params) in KINDS.items()}


class Unreadable(Exception):
    """The file's declaration cannot be read from its text alone."""


@dataclass(frozen=True)
class Declaration:
    """What a plugin file says of one plugin.

    Attributes
    ----------
    kind
        `method`, `network`, `dataset` or `noise`.
    attributes
        The class's literal attributes, inherited ones included.
    params
        Its parameters model, executed apart from the rest of the file.
    """

    kind: str
    name: str
    class_name: str
    path: Path
    doc: str
    attributes: dict[str, Any]
    params: type[params_api.Params]

    @property
    def summary(self) -> str:
        """First line of the docstring."""
        return self.doc.strip().splitlines()[0] if self.doc.strip() else ""


def read_declarations(path: Path) -> list[Declaration]:
    """All plugins that a file declares: classes with a literal `name` of their own.

    Raises
    ------
    Unreadable, SyntaxError, OSError
        When the file cannot be read as declarations.
    """
    source = _source(path.resolve())
    return [source.declaration(name) for name in source.classes if "name" in source.own_attributes(name)]


@lru_cache(maxsize=512)
def _source(path: Path) -> _Source:
    return _Source(path)


class _Source:
    """One Python file, looked at as declarations."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.tree = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
        self.classes = {node.name: node for node in self.tree.body if isinstance(node, ast.ClassDef)}

    def declaration(self, name: str) -> Declaration:
        node = self.classes[name]
        kind, _ = KINDS[self.root(name)]
        attributes = self.attributes(name)
        doc = ast.get_docstring(node) or ""
        return Declaration(kind, str(attributes["name"]), name, self.path, doc, attributes, self.params(name))

    def own_attributes(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for node in self.classes[name].body:
            target, value = _assignment(node)
            if target and value is not None:
                try:
                    found[target] = ast.literal_eval(value)
                except ValueError:
                    continue
        return found

    def attributes(self, name: str) -> dict[str, Any]:
        inherited: dict[str, Any] = {}
        for source, base in self.bases(name):
            inherited = source.attributes(base) | inherited
        inherited.pop("name", None)
        return inherited | self.own_attributes(name)

    def root(self, name: str) -> str:
        """Name of the nsbench base class at the end of the chain."""
        for node in self.classes[name].bases:
            base = _last_name(node)
            if base in KINDS and base not in self.classes:
                return base
        for source, base in self.bases(name):
            return source.root(base)
        raise Unreadable(f"{self.path}: class {name} derives from no nsbench base class ({', '.join(KINDS)})")

    def bases(self, name: str) -> list[tuple[_Source, str]]:
        """Base classes that live in plugin files (not the nsbench base classes themselves)."""
        found = []
        for node in self.classes[name].bases:
            base = _last_name(node)
            if base in self.classes:
                found.append((self, base))
            elif base not in KINDS and base in self.imported_from:
                source = _source(self.imported_from[base])
                if base in source.classes:
                    found.append((source, base))
        return found

    def params(self, name: str) -> type[params_api.Params]:
        for node in self.classes[name].body:
            if isinstance(node, ast.ClassDef) and node.name == "Params":
                return self._execute(name, node)
        for source, base in self.bases(name):
            return source.params(base)
        return _BASE_PARAMS[self.root(name)]

    def _params_of(self, owner: str, name: str) -> type[params_api.Params]:
        if owner in KINDS and owner not in self.classes:
            return _BASE_PARAMS[owner]
        if owner in self.classes:
            return self.params(owner)
        if owner in self.imported_from:
            return _source(self.imported_from[owner]).params(owner)
        raise Unreadable(f"{self.path}: Params of {name}: cannot tell what {owner} is")

    def _execute(self, name: str, node: ast.ClassDef) -> type[params_api.Params]:
        namespace = dict(self.namespace)
        bases: list[ast.expr] = []
        for i, base in enumerate(node.bases):
            if isinstance(base, ast.Attribute) and isinstance(base.value, ast.Name) and base.attr == "Params":
                namespace[f"_base{i}"] = self._params_of(base.value.id, name)
                bases.append(ast.copy_location(ast.Name(f"_base{i}", ast.Load()), base))
            else:
                bases.append(base)
        bare = ast.ClassDef(node.name, bases, [], node.body, node.decorator_list)
        module = ast.Module([ast.copy_location(bare, node)], [])
        try:
            exec(compile(module, str(self.path), "exec", dont_inherit=True), namespace)
        except Exception as error:
            raise Unreadable(f"{self.path}: Params of {name}: {error}") from error
        params: type[params_api.Params] = namespace["Params"]
        return params

    @cached_property
    def imported_from(self) -> dict[str, Path]:
        """Imported name -> plugin file it comes from (relative imports only)."""
        found: dict[str, Path] = {}
        for node in self.tree.body:
            if isinstance(node, ast.ImportFrom) and node.level:
                base = self.path.parents[node.level - 1].joinpath(*(node.module or "").split("."))
                file = base.with_suffix(".py")
                if file.is_file():
                    found.update({alias.asname or alias.name: file.resolve() for alias in node.names})
        return found

    @cached_property
    def namespace(self) -> dict[str, Any]:
        """Names that a `Params` body may use: torch-free imports and simple constants of the file."""
        space: dict[str, Any] = {"__name__": f"nsbench-declaration:{self.path}"}
        for node in self.tree.body:
            if isinstance(node, ast.ImportFrom):
                space.update(_harmless_import(node))
            elif isinstance(node, ast.Import):
                roots = [a for a in node.names if a.name.split(".")[0] in _STDLIB]
                space.update({a.asname or a.name: importlib.import_module(a.name) for a in roots})
            elif _assignment(node)[0]:
                _execute_constant(node, space)
        return space


def _harmless_import(node: ast.ImportFrom) -> dict[str, Any]:
    module = node.module or ""
    if not node.level and module.split(".")[0] in _STDLIB:
        origin = importlib.import_module(module)
        return {a.asname or a.name: getattr(origin, a.name) for a in node.names}
    if module.endswith("benchmark.plugin") or module == "nsbench":
        names = vars(plugin_api)
    elif "benchmark.plugin." in module and module.rsplit(".", 1)[1] in ("params", "ranges", "case"):
        names = vars(importlib.import_module(f".plugin.{module.rsplit('.', 1)[1]}", __package__))
    else:
        return {}
    # names that would load torch are left out: a Params body has no use for them
    return {a.asname or a.name: names[a.name] for a in node.names if a.name in names}


def _execute_constant(node: ast.stmt, space: dict[str, Any]) -> None:
    names = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
    calls = any(isinstance(n, ast.Call) for n in ast.walk(node))
    if not calls and all(name in space or name in _BUILTINS for name in names):
        exec(compile(ast.Module([node], []), "constant", "exec", dont_inherit=True), space)


def _assignment(node: ast.stmt) -> tuple[str, ast.expr | None]:
    if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
        return node.targets[0].id, node.value
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return node.target.id, node.value
    return "", None


def _last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


_BUILTINS = {"int", "float", "str", "bool", "tuple", "list", "dict", "None", "True", "False"}
