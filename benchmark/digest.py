"""Canonical JSON and SHA-256 digests: the ground on which cell identity stands."""

from __future__ import annotations

import ast
import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from .modules import parse

_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def canonical_json(value: Any) -> str:
    """JSON with sorted keys and no white space, so that equal values give equal text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def digest(value: Any) -> str:
    """SHA-256 (hex) of a JSON-able value."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


def file_digest(path: Path) -> str:
    """SHA-256 (hex) of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def code_digest(path: Path, root: Path | None = None) -> str:
    """SHA-256 of a plugin's code without comments and docstrings.

    Modules that the file imports, relatively or by the name of its own package, are part of it as long as they lie
    under `root` (the plugin folder), so a change in a shared helper changes every plugin that uses it.

    Raises
    ------
    SyntaxError, ValueError, OSError
        One of the files is no Python, or cannot be read.
    """
    folder = (root or path.parent).resolve()
    return digest({str(p.relative_to(folder)): _bare_source(p) for p in code_files(path, folder)})


def code_files(path: Path, folder: Path) -> set[Path]:
    """The file and all that it imports, directly or not, as far as they lie under the folder."""
    seen: set[Path] = set()
    todo = [path.resolve()]
    while todo:
        here = todo.pop()
        if here not in seen:
            seen.add(here)
            files = (file for module in _imported(here, folder) for file in _files_of(module))
            todo += [file for file in files if file.is_relative_to(folder)]
    return seen


def _imported(path: Path, folder: Path) -> Iterable[Path]:
    """Modules that a file imports, as paths without suffix; those of other packages do not exist."""
    for node in ast.walk(parse(path)):
        if isinstance(node, ast.ImportFrom):
            names = (node.module or "").split(".")
            base = path.parents[node.level - 1].joinpath(*names) if node.level else _absolute(names, folder)
            yield base
            yield from (base / alias.name for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (_absolute(alias.name.split("."), folder) for alias in node.names)


def _absolute(names: list[str], folder: Path) -> Path:
    """Where `import a.b` would be: from the folder's own package, else a file beside the plugin."""
    return (folder.parent if names[0] == folder.name else folder).joinpath(*names)


def _files_of(module: Path) -> Iterable[Path]:
    for file in (module.with_name(f"{module.name}.py"), module / "__init__.py"):
        if file.is_file():
            yield file.resolve()


def _bare_source(path: Path) -> str:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, _DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    return ast.unparse(tree)
