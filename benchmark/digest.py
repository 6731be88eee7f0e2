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

    Sibling modules that the file imports relatively are part of it as long as they lie under
    `root` (the plugin folder), so a change in a shared helper changes every plugin that uses it.

    Raises
    ------
    SyntaxError, ValueError, OSError
        One of the files is no Python, or cannot be read.
    """
    folder = (root or path.parent).resolve()
    return digest({str(p.relative_to(folder)): _bare_source(p) for p in code_files(path, folder)})


def code_files(path: Path, folder: Path) -> set[Path]:
    """The file and all that it imports relatively, directly or not, as far as they lie under the folder."""
    seen: set[Path] = set()
    todo = [path.resolve()]
    while todo:
        here = todo.pop()
        if here not in seen:
            seen.add(here)
            todo += [p for p in _relative_imports(here) if p.is_relative_to(folder)]
    return seen


def _relative_imports(path: Path) -> Iterable[Path]:
    for node in ast.walk(parse(path)):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = path.parents[node.level - 1].joinpath(*(node.module or "").split("."))
            names = [base / alias.name for alias in node.names]
            for candidate in [base, *names]:
                for file in (candidate.with_suffix(".py"), candidate / "__init__.py"):
                    if file.is_file():
                        yield file.resolve()


def _bare_source(path: Path) -> str:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, _DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    return ast.unparse(tree)
