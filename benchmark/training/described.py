"""What a method keeps beside its weights, in words that two processes agree on."""

from __future__ import annotations

import functools
import hashlib
import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any

import numpy as np
import torch
from pydantic import BaseModel
from torch import nn

from ..plugin.method import Method

_SCALARS = (bool, int, float, complex, str, bytes, type(None), torch.dtype, torch.device, np.generic)
_LISTED = (list, tuple, torch.Size)
_TOLD_ELSEWHERE = {"passes", "_logged", "_trust", *vars(nn.Module())}
_HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
CodeOf = Callable[[Any], str]
"""Digest of the code that defines a function or class."""


class Indescribable(Exception):
    """A value of which it cannot be told whether it equals another process's."""


@contextmanager
def describing() -> Iterator[None]:
    """Whatever a plugin's value raises when it is looked at, it cannot be described: a reason to share nothing."""
    try:
        yield
    except Exception as error:
        raise Indescribable(*error.args) from error


@describing()
def attributes_of(method: Method, code_of: CodeOf) -> dict[str, Any]:
    """Attributes of a method, and of the modules that it is built of, by dotted name; parameters and weights apart.

    Raises
    ------
    Indescribable
        One of them holds something else than numbers, texts, arrays, functions, and containers of them.
    """
    found: dict[str, Any] = {"slice_axes": described(method.slice_axes, code_of)}
    found["frozen"] = [name for name, weight in method.named_parameters() if not weight.requires_grad]
    for path, part in method.named_modules():
        _refuse_hooks(part)
        for name, value in [*vars(part).items(), *_not_in_state(part)]:
            if name not in _TOLD_ELSEWHERE and not (name == "params" and isinstance(part, Method)):
                found[f"{path}.{name}"] = described(value, code_of)
    return found


def _not_in_state(part: nn.Module) -> Iterator[tuple[str, Any]]:
    for name in sorted(part._non_persistent_buffers_set):
        yield name, part._buffers[name]


def _refuse_hooks(part: nn.Module) -> None:
    """Functions that run with a module's own, or on a parameter's gradient: they may have closed over anything."""
    if any(getattr(part, kind) for kind in _HOOKS) or any(each._backward_hooks for each in part.parameters(False)):
        raise Indescribable(part)


def described(value: Any, code_of: CodeOf) -> Any:
    """A JSON form of a value, equal for equal values; Indescribable when it is none of the known kinds."""
    inner = functools.partial(described, code_of=code_of)
    if isinstance(value, (*_SCALARS, Enum)):
        return f"{type(value).__name__} {value!r}"
    if isinstance(value, _LISTED):
        return [type(value).__name__, *map(inner, value)]
    if isinstance(value, set | frozenset):
        return ["set", *sorted(map(str, map(inner, value)))]
    if isinstance(value, Mapping):
        return ["mapping", *([inner(key), inner(item)] for key, item in value.items())]
    if isinstance(value, torch.Tensor | np.ndarray):
        return _array(value)
    if isinstance(value, BaseModel) or (is_dataclass(value) and not isinstance(value, type)):
        return [_where(type(value), code_of), *map(inner, _fields(value))]
    return _called(value, code_of)


def _array(value: torch.Tensor | np.ndarray) -> list[str]:
    if isinstance(value, np.ndarray) and value.dtype.hasobject:
        raise Indescribable(value)
    data = bytes_of(value) if isinstance(value, torch.Tensor) else value.tobytes()
    return ["array", str(value.dtype), str(tuple(value.shape)), hashlib.sha256(data).hexdigest()]


def bytes_of(tensor: torch.Tensor) -> bytes:
    """The numbers of a dense tensor of any type, also of those that NumPy does not know."""
    plain = tensor.detach().cpu().resolve_conj().contiguous()
    return plain.flatten().view(torch.uint8).numpy().tobytes()


def _fields(value: Any) -> list[Any]:
    names = type(value).model_fields if isinstance(value, BaseModel) else [each.name for each in fields(value)]
    return [getattr(value, name) for name in names]


def _called(value: Any, code_of: CodeOf) -> Any:
    """A class, a partial application or a function that a file defines; one made within a function may be any."""
    if isinstance(value, functools.partial):
        return ["partial", *(described(part, code_of) for part in (value.func, value.args, value.keywords))]
    if inspect.isclass(value):
        return _where(value, code_of)
    if inspect.isfunction(value) and not value.__closure__ and "<" not in value.__qualname__:
        bound = (value.__defaults__, value.__kwdefaults__, vars(value))
        return [_where(value, code_of), *(described(each, code_of) for each in bound)]
    if inspect.isbuiltin(value) and not _is_bound(value):
        return f"{value.__module__}.{value.__qualname__}"
    raise Indescribable(value)


def _is_bound(function: Any) -> bool:
    owner = function.__self__
    return not (owner is None or inspect.ismodule(owner) or inspect.isclass(owner))


def _where(defined: Any, code_of: CodeOf) -> str:
    return f"{defined.__module__}.{defined.__qualname__} {code_of(defined)}"
