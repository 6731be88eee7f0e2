"""Writing files whole or not at all, and saying clearly why it failed."""

from __future__ import annotations

import errno
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..errors import UserError

_FULL = "free some space and run the same command again"
_ELSEWHERE = "choose another folder (--out for results, NSBENCH_CACHE for prepared data)"
_REASONS = {
    errno.ENOSPC: f"the disk is full: {_FULL}",
    errno.EDQUOT: f"the disk quota is exhausted: {_FULL}",
    errno.EROFS: f"the file system is read-only: {_ELSEWHERE}",
    errno.EACCES: f"permission denied: {_ELSEWHERE} or change its permissions",
    errno.EPERM: f"permission denied: {_ELSEWHERE} or change its permissions",
    errno.ENOTDIR: f"a part of the path is a file, not a folder: {_ELSEWHERE}",
    errno.EISDIR: f"it is a folder, not a file: {_ELSEWHERE}",
    errno.EEXIST: f"a file of that name is in the way: {_ELSEWHERE}",
}

_PROBE_BYTES = 2**16
_TEMPORARY = ".tmp"


class OutputError(UserError):
    """A file cannot be written; the fault of the disk, not of what was to be written."""


def explain(error: OSError, path: Path) -> OutputError:
    """An error with the remedy for a failed write."""
    reason = _REASONS.get(error.errno or 0, error.strerror or str(error))
    return OutputError(f"cannot write {path}: {reason}")


def write_atomically(path: Path, write: Callable[[Path], None], *, durable: bool = True) -> None:
    """Let `write` fill a temporary file and rename it to `path`; nothing half written stays.

    Parameters
    ----------
    durable
        Sync the file first, so that it is whole after a power failure as well.

    Raises
    ------
    OutputError
        The file cannot be written.
    """
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=_TEMPORARY)
        temporary = Path(name)
        os.close(handle)
        _fill(temporary, write)
        if durable:
            with temporary.open("rb") as stream:
                os.fsync(stream.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
    except OSError as error:
        raise explain(error, path) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def _fill(path: Path, write: Callable[[Path], None]) -> None:
    try:
        write(path)
    except (RuntimeError, OSError) as error:
        # torch.save and np.save do not name a full disk as the cause: an own write does
        if getattr(error, "errno", None) is None:
            with path.open("ab") as stream:
                stream.write(bytes(_PROBE_BYTES))
        raise


def sweep(folder: Path) -> None:
    """Remove the temporary files that a killed process left in a folder."""
    for path in folder.glob(f".*{_TEMPORARY}"):
        path.unlink(missing_ok=True)


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def write_json(path: Path, value: Any, *, durable: bool = True) -> None:
    """Write a JSON document atomically."""
    text = json.dumps(value, indent=1, allow_nan=False) + "\n"
    write_atomically(path, lambda target: _write(target, text.encode()), durable=durable)


def read_json(path: Path) -> Any:
    """Read a JSON document; ValueError names a damaged file."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise ValueError(f"{path} is damaged: {error}") from error


def check_writable(folder: Path, needed_bytes: int) -> None:
    """Raise OutputError now rather than after hours: the folder can be made, written to, and has room."""
    write_atomically(folder / ".writable", lambda target: _write(target, b"nsbench"), durable=False)
    (folder / ".writable").unlink(missing_ok=True)
    free = shutil.disk_usage(folder).free
    if free < needed_bytes:
        raise OutputError(
            f"{folder}: only {free / 2**20:.0f} MiB free, about {needed_bytes / 2**20:.0f} MiB are needed; "
            "free some space or choose another --out"
        )
