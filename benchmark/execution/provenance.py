"""How a record came about: host, versions, time, memory."""

from __future__ import annotations

import contextlib
import platform
import resource
import socket
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch

PACKAGES = ("nsbench", "torch", "monai", "numpy", "scipy", "pandas", "ray")


def package_versions() -> dict[str, str]:
    """Versions of the packages that results depend on."""
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def reset_peak_memory() -> None:
    """Start measuring the peak anew, so that a reused worker reports each cell's own (Linux only)."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def peak_memory_mib() -> float:
    """Largest resident size of this process since `reset_peak_memory`, in MiB."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 2**10
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def describe_device(device: torch.device) -> str:
    """`cpu`, or the GPU's name."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu"


def host_facts(device: torch.device) -> dict[str, object]:
    """The fields of `Provenance` that do not change during a cell."""
    return {
        "nsbench": package_versions().get("nsbench", ""),
        "host": socket.gethostname(),
        "device": describe_device(device),
        "platform": platform.platform(),
        "python": platform.python_version(),
        "versions": package_versions(),
        "threads": torch.get_num_threads(),
    }
