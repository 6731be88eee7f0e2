"""Read what a plugin file declares without importing it.

Plugin files import torch; listing, planning and printing must not. A declaration is therefore read from
the syntax tree: the plugin class's literal attributes, its docstring, and its `Params` model, whose class
body alone is executed. What makes a class unusable is told from the text as well, as far as that goes.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from .params_text import Unreadable, read_params
from .plugin.params import Params
from .source_file import BASES, SourceFile, source_file

_LITERALS = {
    "method": ("citation",),
    "network": ("citation",),
    "dataset": ("citation", "tasks"),
    "noise": ("citation",),
}
_ABSTRACT = {"Dataset": ("task", "cases", "load"), "NoiseModel": ("corrupt",)}
"""Abstract base class -> what a subclass must write."""


@dataclass(frozen=True)
class Declaration:
    """What a plugin file says of one plugin.

    Attributes
    ----------
    kind
        `method`, `network`, `dataset` or `noise`; empty where the base class is not known.
    attributes
        The class's literal attributes, inherited ones included.
    params
        Its parameters model, executed apart from the rest of the file.
    fault
        Why the plugin cannot be used; empty when nothing in the text speaks against it.
    one_loss
        Whether it is a `LossMethod` that keeps the step and the stages of that class.
    """

    kind: str
    name: str
    class_name: str
    path: Path
    doc: str
    attributes: dict[str, Any]
    params: type[Params]
    fault: str = ""
    one_loss: bool = False

    @property
    def summary(self) -> str:
        """First line of the docstring."""
        return self.doc.strip().splitlines()[0] if self.doc.strip() else ""


def read_declarations(path: Path) -> list[Declaration]:
    """All plugins that a file declares: classes with a literal `name` of their own.

    A class that derives from nothing of nsbench is left alone unless it has a `citation`, too.

    Raises
    ------
    SyntaxError, ValueError, OSError
        When the file cannot be read as Python.
    """
    source = source_file(path.resolve())
    named = [name for name in source.classes if "name" in source.own_attributes(name)]
    return [_declaration(source, name) for name in named if source.root(name) or "citation" in source.attributes(name)]


def _declaration(source: SourceFile, name: str) -> Declaration:
    node, attributes, root = source.classes[name], source.attributes(name), source.root(name)
    params, fault = Params, next(_faults(source, name), "")
    if not fault:
        try:
            params = read_params(source, name)
        except Unreadable as error:
            fault = str(error)
    doc = ast.get_docstring(node) or ""
    kind, plain = BASES.get(root, ""), root == "LossMethod" and not {"step", "stages"} & source.members(name)
    return Declaration(kind, str(attributes["name"]), name, source.path, doc, attributes, params, fault, plain)


def _faults(source: SourceFile, name: str) -> Iterator[str]:
    """Why a class cannot be used, the gravest reason first."""
    root = source.root(name)
    if not root:
        yield f"class {name} derives from no nsbench base class ({', '.join(BASES)})"
        return
    yield from _missing_modules(source)
    for attribute in _LITERALS[BASES[root]]:
        if attribute not in source.attributes(name):
            yield f"class {name} has no {attribute}: write {attribute} = ... as a literal"
    absent = [member for member in _ABSTRACT.get(root, ()) if member not in source.members(name)]
    if absent and source.is_closed(name):
        yield f"class {name} is abstract: write {', '.join(absent)}"


def _missing_modules(source: SourceFile) -> Iterator[str]:
    """What the file imports and is not there; imports inside functions and conditions are not looked at."""
    for node in source.tree.body:
        if isinstance(node, ast.Import):
            yield from (_not_installed(alias.name) for alias in node.names if not _is_installed(alias.name))
        elif isinstance(node, ast.ImportFrom) and node.level:
            if not _is_beside(source.path, node):
                yield f"it imports {'.' * node.level}{node.module or ''}, which is not there"
        elif isinstance(node, ast.ImportFrom) and not _is_installed(str(node.module)):
            yield _not_installed(str(node.module))


def _is_installed(module: str) -> bool:
    try:
        return find_spec(module.split(".")[0]) is not None
    except ValueError:  # a module that was put into sys.modules by hand
        return True


def _not_installed(module: str) -> str:
    return f"it needs the package {module.split('.')[0]}, which is not installed"


def _is_beside(importer: Path, node: ast.ImportFrom) -> bool:
    """Whether a relative import finds a module, a package or a compiled file."""
    base = importer.parents[node.level - 1].joinpath(*(node.module or "").split("."))
    return base.is_dir() or any(base.parent.glob(f"{base.name}.*"))
