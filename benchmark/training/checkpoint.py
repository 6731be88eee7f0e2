"""Checkpoints from which a killed cell continues to the same result."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import torch

from ..errors import CellFailure
from ..store.files import write_atomically


def save(path: Path, state: dict[str, Any]) -> None:
    """Write tensors and plain values atomically."""
    write_atomically(path, lambda target: torch.save(state, target))


def load(path: Path, device: torch.device | str = "cpu", mapped: bool = False) -> dict[str, Any] | None:
    """Read a checkpoint without executing anything in it; None when there is none or it is damaged.

    A damaged checkpoint is renamed, not deleted: the cell then starts over. `mapped`, on the CPU: tensors are pages of
    the file, so that those of many checkpoints take no memory that the system cannot have back.
    """
    if not path.exists():
        return None
    try:
        state: dict[str, Any] = torch.load(path, map_location=device, weights_only=True, mmap=mapped)
    except (MemoryError, torch.OutOfMemoryError, PermissionError, CellFailure):
        raise
    except Exception as error:
        aside = path.with_suffix(".damaged")
        path.replace(aside)
        print(f"{path} is damaged ({type(error).__name__}): moved to {aside.name}, done again", file=sys.stderr)
        return None
    return state


def random_state() -> dict[str, Any]:
    """State of torch's global generators (dropout, noise)."""
    state: dict[str, Any] = {"cpu": torch.get_rng_state()}
    if torch.cuda.is_available():
        state["cuda"] = torch.cuda.get_rng_state()
    return state


def set_random_state(state: dict[str, Any]) -> None:
    """Restore `random_state`."""
    torch.set_rng_state(state["cpu"].cpu())
    if "cuda" in state and torch.cuda.is_available():
        torch.cuda.set_rng_state(state["cuda"].cpu())
