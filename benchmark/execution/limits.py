"""Limits of the operating system."""

from __future__ import annotations

import contextlib


def raise_file_limit() -> None:
    """Allow this process as many open files as the system grants: every memory-mapped array holds one."""
    try:
        import resource
    except ImportError:
        # a system without such limits
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 2**20) if hard > 0 else 2**14), hard))
