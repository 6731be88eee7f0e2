"""The code that a training stage may run, followed from function to function of the method's class.

Functions outside of the class are followed where they are called by their name, or by their module's. A name that is
made at run time (`getattr` by text) and what an object of another class reads of the method are not seen.
"""

from __future__ import annotations

import dis
import inspect
from collections.abc import Iterator
from functools import partial, partialmethod
from itertools import pairwise
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

from torch import nn

from ..digest import code_digest
from ..plugin.method import Method
from ..plugin.stages import Train
from .described import described

_ENTRIES = ("begin_stage", "enter_stage", "train", "forward", "after_update", "log", "log_trust", "take_logs")
_INNER = ("fget", "func", "__func__", "__wrapped__")
_OF_ANY = set(nn.Module.__mro__)
_LABELS = {"name", "citation", "knows", "needs_unlabeled", "passes"}
"""What a method is called and costs: differs between methods that share stages, and so counts only where it is read."""


def code_of(method: Method, stage: Train, folder: Path) -> dict[str, list[Any]]:
    """By name, what the stage may look up in the method's class: where functions lie, other values themselves."""
    found: dict[str, list[Any]] = {}
    todo = [stage.step, *_ENTRIES]
    while todo:
        name = todo.pop()
        if name not in found:
            found[name], further = _defined(type(method), name, folder)
            todo += further
    return {name: told for name, told in found.items() if told}


def _defined(kind: type[Method], name: str, folder: Path) -> tuple[list[Any], list[str]]:
    """A class's definition of a name, with those that it reaches by `super`, and the names that they look up."""
    told: list[Any] = []
    further: list[str] = []
    for owner in kind.__mro__:
        if owner in _OF_ANY or name not in vars(owner):
            continue
        names: list[str] = []
        for layer in _layers(vars(owner)[name]):
            if _is_foreign(layer, folder):
                continue
            told.append(_told(layer, folder))
            if inspect.isfunction(layer):
                names += _names(layer.__code__)
                further += _reached(layer, folder, set())
        if "super" not in names:
            break
    return told, further


def _layers(attribute: Any) -> Iterator[Any]:
    """What a property, static, class or partial method, or a decorated function runs, from the outermost inwards."""
    while True:
        inner = next((getattr(attribute, name) for name in _INNER if hasattr(attribute, name)), None)
        if isinstance(attribute, type) or inner is None:
            yield attribute
            return
        if isinstance(attribute, FunctionType | partial | partialmethod):
            yield attribute
        attribute = inner


def _is_foreign(layer: Any, folder: Path) -> bool:
    """A decorator's function that is no plugin's, as torch.no_grad makes one."""
    return isinstance(layer, FunctionType) and hasattr(layer, "__wrapped__") and not digest_of(layer, folder)


def _told(layer: Any, folder: Path) -> list[Any]:
    """A function by where it lies and what it has bound, arguments of a partial one, any other value by itself."""
    told = partial(described, code_of=partial(digest_of, folder=folder))
    if isinstance(layer, FunctionType):
        return [layer.__qualname__, digest_of(layer, folder), *map(told, _bound(layer))]
    if isinstance(layer, partial | partialmethod):
        return ["partial", told(layer.args), told(layer.keywords)]
    return [told(layer)]


def _bound(function: FunctionType) -> list[Any]:
    """Default arguments and what the function closed over, where a factory made it."""
    cells = dict(zip(function.__code__.co_freevars, function.__closure__ or ()))
    inner = getattr(function, "__wrapped__", function)
    closed_over = {
        name: cell.cell_contents
        for name, cell in cells.items()
        if name != "__class__" and cell.cell_contents is not inner
    }
    return [value for value in (function.__defaults__, function.__kwdefaults__, closed_over) if value]


def _reached(function: FunctionType, folder: Path, seen: set[FunctionType]) -> Iterator[str]:
    """Names that a function looks up, and those that the plugins' functions outside of classes do that it calls."""
    seen.add(function)
    names = _names(function.__code__)
    yield from names
    for helper in _meant(names, function.__globals__):
        for layer in _layers(helper):
            if inspect.isfunction(layer) and layer not in seen and digest_of(layer, folder):
                yield from _reached(layer, folder, seen)


def _meant(names: list[str], here: dict[str, Any]) -> list[FunctionType]:
    """Functions that names mean in a file, or in the modules that it imported."""
    spaces = [here, *(vars(here[name]) for name in names if inspect.ismodule(here.get(name)))]
    return [space[name] for space in spaces for name in names if inspect.isfunction(space.get(name))]


def _names(code: CodeType) -> list[str]:
    """All names that a function, and what is defined in it, looks up."""
    inner = [name for part in code.co_consts if isinstance(part, CodeType) for name in _names(part)]
    own = [name for name in code.co_names if name not in _LABELS]
    return [*own, *_labels_read(code), *inner]


def _labels_read(code: CodeType) -> Iterator[str]:
    """Those of `_LABELS` that the function reads of its first argument, not of a stage or a class of the task."""
    holders = {"self", *code.co_varnames[:1]}
    for before, now in pairwise(dis.get_instructions(code)):
        held = before.argval[-1] if isinstance(before.argval, tuple) and before.argval else before.argval
        if now.argval in _LABELS and isinstance(held, str) and held in holders:
            yield now.argval


def digest_of(defined: Any, folder: Path) -> str:
    """Code of the file that defines a function or class; empty for what is no part of the plugins."""
    try:
        path = Path(inspect.getfile(defined)).resolve()
    except (TypeError, OSError):  # of no file: it is built in, or was made from a text
        return ""
    return _digest(path, folder.resolve()) if path.is_relative_to(folder.resolve()) else ""


_DIGESTS: dict[tuple[Path, int], str] = {}


def _digest(path: Path, folder: Path) -> str:
    key = (path, path.stat().st_mtime_ns)
    if key not in _DIGESTS:
        _DIGESTS[key] = code_digest(path, folder)
    return _DIGESTS[key]
