"""What this machine's processor is good for."""

from __future__ import annotations

import os
import platform
from pathlib import Path

_VECTOR_FLAGS = ("avx2", "avx512f", "avx512_bf16", "amx_bf16")
_FAST_BF16 = {"avx512_bf16", "amx_bf16"}


def usable_cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def describe_processor() -> str:
    """Cores, architecture, vector units, and whether bf16 is fast (Linux only)."""
    cpuinfo = Path("/proc/cpuinfo")
    flags = set(cpuinfo.read_text().split()) if cpuinfo.exists() else set()
    units = ", ".join(flag for flag in _VECTOR_FLAGS if flag in flags) or "vector units unknown"
    bf16 = "fast bf16" if flags & _FAST_BF16 else "no fast bf16"
    return f"{usable_cores()} cores usable of {os.cpu_count()}, {platform.machine()}, {units}; {bf16}"
