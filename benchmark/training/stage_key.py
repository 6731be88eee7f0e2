"""What a training stage's outcome depends on, as a digest."""

from __future__ import annotations

import hashlib
import inspect
from pathlib import Path
from types import CodeType
from typing import Any

import torch

from ..digest import code_digest, digest
from ..plugin.method import Method
from ..plugin.stages import Train
from ..plugin.view import TrainingView

_ENTRIES = ("begin_stage", "enter_stage", "after_update", "log", "log_trust")
_PLAIN = (bool, int, float, str, tuple, type(None))


def stage_key(
    identity: dict[str, Any],
    code: Path,
    method: Method,
    stage: Train,
    views: dict[str, TrainingView],
    updates: int,
    device: torch.device,
) -> str:
    """Digest of all that decides how a stage comes out; the method holds the weights that it starts from.

    Parameters
    ----------
    identity, code
        As of `Sharing`.
    views
        With the labels that are learned from.
    """
    params = {name: getattr(method.params, name) for name in sorted({*(stage.shared or ()), "learning_rate"})}
    declared = {name: value for name, value in vars(stage).items() if name not in ("on", "start", "share", "fraction")}
    what = {
        "identity": identity,
        "stage": repr(sorted(declared.items())),
        "updates": updates,
        "params": repr(params),
        "code": _code(method, stage, code),
        "attributes": repr(sorted(_attributes(method).items())),
        "parts": _parts(method, code),
        "views": {name: _view(view) for name, view in views.items()},
        "weights": _weights(method.state_dict()),
        "machine": [device.type, torch.get_num_threads(), torch.__version__],
    }
    return digest(what)[:32]


def _attributes(method: Method) -> dict[str, Any]:
    """What the method keeps beside parameters and modules, as far as it is plain."""
    plain = {k: v for k, v in vars(method).items() if not k.startswith("_") and isinstance(v, _PLAIN)}
    return plain | {"passes": method.passes, "slice_axes": method.slice_axes}


def _parts(method: Method, folder: Path) -> list[str]:
    """Code of the modules that the method is built of, and the parameters of methods that it wraps."""
    found = []
    for name, part in method.named_modules():
        if part is method:
            continue
        found.append(f"{name} {type(part).__qualname__} {_digest_of(type(part), folder)}")
        found += [repr(part.params)] if isinstance(part, Method) else []
    return found


def _view(view: TrainingView) -> list[Any]:
    return [[c.id, c.labeled, c.trusted, hashlib.sha256(c.label.tobytes()).hexdigest()] for c in view.cases]


def _weights(state: dict[str, Any]) -> str:
    found = hashlib.sha256()
    for name, value in state.items():
        plain = value.detach().cpu().contiguous()
        found.update(f"{name} {plain.dtype} {tuple(plain.shape)}".encode())
        found.update(plain.flatten().view(torch.uint8).numpy().tobytes())
    return found.hexdigest()


def _code(method: Method, stage: Train, folder: Path) -> dict[str, str]:
    """Of each function of the method that the stage may call, where it is defined and that file's code."""
    found: dict[str, str] = {}
    todo = [stage.step, *_ENTRIES]
    while todo:
        name = todo.pop()
        function = inspect.unwrap(_function(getattr(type(method), name, None)))
        if name in found or not inspect.isfunction(function):
            continue
        found[name] = f"{function.__qualname__} {_digest_of(function, folder)}"
        todo += _names(function.__code__)
    return found


def _function(attribute: Any) -> Any:
    return attribute.fget if isinstance(attribute, property) else getattr(attribute, "__func__", attribute)


def _names(code: CodeType) -> list[str]:
    """All names that a function, and what is defined in it, looks up."""
    inner = [name for part in code.co_consts if isinstance(part, CodeType) for name in _names(part)]
    return [*code.co_names, *inner]


def _digest_of(defined: Any, folder: Path) -> str:
    """Code of the file that defines a function or class; empty for what is no part of the plugins."""
    path = Path(inspect.getfile(defined)).resolve()
    return _digest(path, folder.resolve()) if path.is_relative_to(folder.resolve()) else ""


_DIGESTS: dict[tuple[Path, int], str] = {}


def _digest(path: Path, folder: Path) -> str:
    key = (path, path.stat().st_mtime_ns)
    if key not in _DIGESTS:
        _DIGESTS[key] = code_digest(path, folder)
    return _DIGESTS[key]
