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

_REASONS = {
    errno.ENOSPC: "the disk is full: free some space and run the same command again",
    errno.EDQUOT: "the disk quota is exhausted: free some space and run the same command again",
    errno.EROFS: "the file system is read-only: choose another --out",
    errno.EACCES: "permission denied: choose another --out or change the folder's permissions",
    errno.EPERM: "permission denied: choose another --out or change the folder's permissions",
    errno.ENOTDIR: "a part of the path is a file, not a folder: choose another --out",
    errno.EISDIR: "it is a folder, not a file: choose another --out",
    errno.EEXIST: "a file of that name is in the way: choose another --out",
}


def explain(error: OSError, path: Path) -> UserError:
    """A UserError with the remedy for a failed write."""
    reason = _REASONS.get(error.errno or 0, error.strerror or str(error))
    return UserError(f"cannot write {path}: {reason}")


def write_atomically(path: Path, write: Callable[[Path], None]) -> None:
    """Let `write` fill a temporary file, sync it and rename it to `path`; nothing half written stays."""
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        os.close(handle)
        temporary = Path(name)
        write(temporary)
        with temporary.open("rb") as stream:
            os.fsync(stream.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
    except OSError as error:
        raise explain(error, path) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def write_json(path: Path, value: Any) -> None:
    """Write a JSON document atomically."""
    text = json.dumps(value, indent=1, allow_nan=False) + "\n"
    write_atomically(path, lambda target: _write(target, text.encode()))


def read_json(path: Path) -> Any:
    """Read a JSON document; ValueError names a damaged file."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ValueError(f"{path} is damaged: {error}") from error


def check_writable(folder: Path, needed_bytes: int = 64 * 2**20) -> None:
    """Raise UserError now rather than after hours: the folder can be made, written to, and has room."""
    write_atomically(folder / ".writable", lambda target: _write(target, b"nsbench"))
    (folder / ".writable").unlink(missing_ok=True)
    free = shutil.disk_usage(folder).free
    if free < needed_bytes:
        raise UserError(
            f"{folder}: only {free / 2**20:.0f} MiB free, about {needed_bytes / 2**20:.0f} MiB are needed; "
            "free some space or choose another --out"
        )
