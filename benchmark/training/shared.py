"""Stages that come out the same in several cells, trained once."""

from __future__ import annotations

import errno
import hashlib
import inspect
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import CodeType
from typing import Any

import torch
from filelock import FileLock, Timeout

from ..digest import code_digest, digest
from ..errors import CellFailure
from ..plugin.method import Method
from ..plugin.stages import Train
from ..plugin.view import TrainingView
from . import checkpoint

_ENTRIES = ("begin_stage", "enter_stage", "after_update", "log", "log_trust")
_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)
_PLAIN = (bool, int, float, str, tuple, type(None))


@dataclass(frozen=True)
class Sharing:
    """Where shared stages lie and what their names are made of.

    Attributes
    ----------
    folder
        The same for all cells of a run.
    identity
        Of the cell without its method: whatever a stage depends on beside method and stage.
    code
        The plugin folder: of a file's imports those that lie there belong to its code.
    """

    folder: Path
    identity: dict[str, Any]
    code: Path

    def path(self, key: str) -> Path:
        """The stage's outcome."""
        return self.folder / f"{key}.pt"

    def load(self, key: str, device: torch.device) -> dict[str, Any] | None:
        """What a cell left; None when the stage is not done, or the file is damaged."""
        return checkpoint.load(self.path(key), device)

    @contextmanager
    def alone(self, key: str, waiting: Callable[[], None]) -> Iterator[None]:
        """Hold the stage; `waiting` is called every second as long as another cell does, and may raise.

        The operating system gives the stage back when its process dies. On a file system without locks nobody waits:
        what several cells then train is the same.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.folder / f"{key}.lock")
        try:
            while not _acquired(lock):
                waiting()
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise
        try:
            yield
        finally:
            lock.release()


def _acquired(lock: FileLock) -> bool:
    try:
        lock.acquire(timeout=1.0)
    except Timeout:
        return False
    return True


def stage_key(
    sharing: Sharing, method: Method, stage: Train, views: dict[str, TrainingView], updates: int, device: torch.device
) -> str:
    """Digest of all that decides how a stage comes out; the method holds the weights that it starts from.

    Parameters
    ----------
    views
        With the labels that are learned from.
    """
    params = {name: getattr(method.params, name) for name in sorted({*(stage.shared or ()), "learning_rate"})}
    declared = {name: value for name, value in vars(stage).items() if name not in ("on", "start", "share", "fraction")}
    what = {
        "identity": sharing.identity,
        "stage": repr(sorted(declared.items())),
        "updates": updates,
        "params": repr(params),
        "code": _code(method, stage, sharing.code),
        "attributes": repr(sorted(_attributes(method).items())),
        "parts": _parts(method, sharing.code),
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


class DeclaredParams:
    """Parameters of which only the declared ones can be read."""

    def __init__(self, params: Any, stage: Train) -> None:
        self._params, self._stage = params, stage

    def __getattr__(self, name: str) -> Any:
        if name in type(self._params).model_fields and name not in {*(self._stage.shared or ()), "learning_rate"}:
            raise CellFailure(
                f"stage {self._stage.name} is shared with other cells, but depends on parameter {name!r}; "
                f"name it in Train(..., shared=...)"
            )
        return getattr(self._params, name)


@contextmanager
def only_declared(method: Method, stage: Train) -> Iterator[None]:
    """Let a shared stage read the parameters that it declares, and no other."""
    if stage.shared is None:
        yield
        return
    params = method.params
    method.params = DeclaredParams(params, stage)
    try:
        yield
    finally:
        method.params = params


def patience(hooks: Any, stage: str, total: int) -> Callable[[], None]:
    """What to do while another cell trains a stage: say so, and mind the deadline."""

    def waiting() -> None:
        hooks.progress({"stage": f"{stage} (in another cell)", "update": 0, "total": total})
        if hooks.deadline is not None and time.monotonic() > hooks.deadline:
            raise CellFailure(f"out of time while another cell trained stage {stage}", "timeout")

    return waiting
