"""Ending a cell that hangs in this process."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..errors import CellFailure


@contextmanager
def alarm(seconds: float | None) -> Iterator[None]:
    """Raise CellFailure (`timeout`) in the block after so many seconds.

    Needs the main thread and a system with SIGALRM; elsewhere, and in code that does not return to
    Python, a cell that hangs is not ended.
    """
    if seconds is None or not hasattr(signal, "SIGALRM") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def ring(number: int, frame: Any) -> None:
        raise CellFailure(f"out of time: not ended after {seconds:.0f} s", "timeout")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
