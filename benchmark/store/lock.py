"""One run at a time fills an output folder."""

from __future__ import annotations

import errno
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from ..errors import UserError
from .files import explain, read_json, write_json

_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)
"""A network file system without locks says one of these."""


@contextmanager
def exclusive(out: Path) -> Iterator[None]:
    """Hold the output folder for as long as the block runs; it is made when it does not exist.

    The operating system gives the lock back when the process dies, however it dies.

    Raises
    ------
    UserError
        Another process holds the folder, or it cannot be written.
    """
    lock = _acquire(out)
    holder = out / ".running.json"
    try:
        started = datetime.now(UTC).isoformat(timespec="seconds")
        write_json(holder, {"host": socket.gethostname(), "process": os.getpid(), "started": started})
        yield
    finally:
        holder.unlink(missing_ok=True)
        if lock is not None:
            lock.release()


def _acquire(out: Path) -> FileLock | None:
    """The lock; None, and a word of warning, where the file system has none."""
    path = out / ".lock"
    lock = FileLock(path)
    try:
        out.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout:
        raise UserError(
            f"{out}: another nsbench run is filling this folder ({_holder(out)}); wait for it, or choose another --out"
        ) from None
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise explain(error, Path(error.filename or path)) from error
        print(f"{out}: this file system has no locks; do not start a second run on this folder", file=sys.stderr)
        return None
    return lock


def _holder(out: Path) -> str:
    try:
        who = read_json(out / ".running.json")
        return f"process {who['process']} on {who['host']} since {who['started']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "process unknown"
