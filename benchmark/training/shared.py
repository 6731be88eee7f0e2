"""Stages that come out the same in several cells, trained once."""

from __future__ import annotations

import errno
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from filelock import FileLock, Timeout

from ..errors import CellFailure
from ..plugin.method import Method
from ..plugin.stages import Train
from . import checkpoint

_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)


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


class DeclaredParams:
    """Parameters of which only the declared ones can be read: no other, and nothing that is computed of them.

    A guard against mistakes: `vars` still tells all.
    """

    def __init__(self, params: Any, stage: Train) -> None:
        self._params, self._stage = params, stage

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if name in (*(self._stage.shared or ()), "learning_rate") or not hasattr(self._params, name):
            return getattr(self._params, name)
        raise CellFailure(
            f"stage {self._stage.name} is shared with other cells, but depends on {name!r} of the parameters; "
            f"it may read those that are named in Train(..., shared=...)"
        )


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
