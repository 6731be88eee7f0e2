"""What nsbench exports is documented, all of it and nothing else."""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

import nsbench
import nsbench.testing

ROOT = Path(nsbench.__file__).resolve().parent


def members(owner: type) -> Iterator[tuple[str, Any]]:
    """Public functions and properties that a class defines itself."""
    for name, value in vars(owner).items():
        if not name.startswith("_") and (inspect.isfunction(value) or isinstance(value, property)):
            yield name, value


def documented_constants() -> set[str]:
    """Names of constants that are followed by a string, in the modules of the base classes."""
    found = set()
    for path in (ROOT / "benchmark" / "plugin").glob("*.py"):
        body = ast.parse(path.read_text(encoding="utf-8")).body
        for node, after in pairwise(body):
            text = after.value if isinstance(after, ast.Expr) else None
            if isinstance(node, ast.Assign) and isinstance(text, ast.Constant) and isinstance(text.value, str):
                found |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return found


@pytest.mark.parametrize("name", nsbench.__all__)
def test_every_public_name_has_a_docstring(name: str) -> None:
    value = getattr(nsbench, name)
    if not inspect.isclass(value) and not inspect.isfunction(value):
        assert name in documented_constants()
        return
    assert len((value.__doc__ or "").split()) >= 5
    for member, function in members(value) if inspect.isclass(value) else ():
        assert inspect.getdoc(function) or inspect.getdoc(getattr(value, member)), f"{name}.{member}"


@pytest.mark.parametrize("name", [name for name in nsbench.__all__ if inspect.isclass(getattr(nsbench, name))])
def test_every_field_is_explained(name: str) -> None:
    """Fields and constructor parameters are in the class's docstring, with shape or unit where they have one."""
    owner = getattr(nsbench, name)
    fields = [field for field in getattr(owner, "__dataclass_fields__", {}) if not field.startswith("_")]
    text = owner.__doc__ or ""
    assert [field for field in fields if not re.search(rf"\b{field}\b", text)] == []


def test_public_functions_say_what_they_raise() -> None:
    for name in nsbench.__all__:
        value = getattr(nsbench, name)
        if inspect.isfunction(value) and "UserError" in inspect.getsource(import_module(value.__module__)):
            assert "Raises\n" in inspect.cleandoc(value.__doc__ or ""), name


def test_the_page_lists_the_public_names() -> None:
    page = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)) == set(nsbench.__all__)
    last = page[page.index("`nsbench.testing` has") :]
    assert set(nsbench.testing.__all__) <= set(re.findall(r"`(\w+)`", last))


def test_typing_and_loading_know_the_same_names() -> None:
    tree = ast.parse((ROOT / "__init__.py").read_text(encoding="utf-8"))
    (typed,) = [node for node in tree.body if isinstance(node, ast.If)]
    imported = {alias.name for node in typed.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert imported == set(nsbench.__all__) == set(nsbench._HOMES)


def test_importing_nsbench_costs_nothing() -> None:
    code = "import sys, nsbench, nsbench.testing; assert not {'torch', 'pandas', 'monai', 'ray'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
