"""The parameters of a plugin out of its file's text: only the body of `Params` is executed."""

from __future__ import annotations

import ast
import importlib
from functools import lru_cache
from typing import Any

from . import plugin as plugin_api
from .plugin import params as params_api
from .source_file import SourceFile, assignment, last_name

BASE_PARAMS: dict[str, type[params_api.Params]] = {
    "Method": params_api.MethodParams,
    "LossMethod": params_api.MethodParams,
    "Network": params_api.NetworkParams,
    "Dataset": params_api.DatasetParams,
    "NoiseModel": params_api.NoiseParams,
}
"""Base class -> its parameters."""

_STDLIB = {"typing", "math", "enum", "collections", "pydantic", "annotated_types"}
_TORCH_FREE = ("params", "ranges", "case")
_BUILTINS = {"int", "float", "str", "bool", "tuple", "list", "dict", "None", "True", "False"}


class Unreadable(Exception):
    """The parameters cannot be told from the text alone."""


def read_params(source: SourceFile, name: str) -> type[params_api.Params]:
    """The parameters model of a plugin class.

    Raises
    ------
    Unreadable
        The body of `Params` uses a name that is not known without importing the file.
    """
    return _own_or_inherited(source, name) or BASE_PARAMS[source.root(name)]


def _own_or_inherited(source: SourceFile, name: str) -> type[params_api.Params] | None:
    for node in source.classes[name].body:
        if isinstance(node, ast.ClassDef) and node.name == "Params":
            return _execute(source, name, node)
    inherited = (_own_or_inherited(parent, base) for parent, base in source.parents(name))
    return next((params for params in inherited if params), None)


def _execute(source: SourceFile, name: str, node: ast.ClassDef) -> type[params_api.Params]:
    namespace = dict(_namespace(source))
    bases: list[ast.expr] = []
    for i, base in enumerate(node.bases):
        if isinstance(base, ast.Attribute) and base.attr == "Params":
            namespace[f"_base{i}"] = _params_of(source, base.value, name)
            bases.append(ast.copy_location(ast.Name(f"_base{i}", ast.Load()), base))
        else:
            bases.append(base)
    bare = ast.ClassDef(node.name, bases, [], node.body, node.decorator_list)
    module = ast.Module([ast.copy_location(bare, node)], [])
    try:
        exec(compile(module, str(source.path), "exec", dont_inherit=True), namespace)
    except Exception as error:
        raise Unreadable(f"Params of {name}: {error}") from error
    params: type[params_api.Params] = namespace["Params"]
    return params


def _params_of(source: SourceFile, owner: ast.expr, name: str) -> type[params_api.Params]:
    base = source.nsbench_base(owner)
    if base:
        return BASE_PARAMS[base]
    located = source.locate(owner.id) if isinstance(owner, ast.Name) else None
    if located is None:
        raise Unreadable(f"Params of {name}: cannot tell what {last_name(owner) or 'its base'} is")
    return read_params(*located)


@lru_cache(maxsize=512)
def _namespace(source: SourceFile) -> dict[str, Any]:
    """Names that a `Params` body may use: torch-free imports and simple constants of the file."""
    space: dict[str, Any] = {"__name__": f"nsbench-declaration:{source.path}"}
    for node in source.tree.body:
        if isinstance(node, ast.ImportFrom):
            space.update(_harmless_import(node))
        elif isinstance(node, ast.Import):
            space.update(_harmless_modules(node))
        elif assignment(node)[0]:
            _execute_constant(node, space)
    return space


def _harmless_modules(node: ast.Import) -> dict[str, Any]:
    stdlib = [alias for alias in node.names if alias.name in _STDLIB]
    found = {alias.asname or alias.name: importlib.import_module(alias.name) for alias in stdlib}
    return found | {alias.asname or alias.name: plugin_api for alias in node.names if alias.name == "nsbench"}


def _harmless_import(node: ast.ImportFrom) -> dict[str, Any]:
    module = node.module or ""
    if not node.level and module.split(".")[0] in _STDLIB:
        origin = importlib.import_module(module)
        return {a.asname or a.name: getattr(origin, a.name) for a in node.names}
    if module.endswith("benchmark.plugin") or module == "nsbench":
        names = vars(plugin_api)
    elif "benchmark.plugin." in module and module.rsplit(".", 1)[1] in _TORCH_FREE:
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
