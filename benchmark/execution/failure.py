"""What became of a cell: the status and the words that a failure gets."""

from __future__ import annotations

import traceback

import torch

from ..errors import CellFailure, UserError
from ..store import Status

ERROR_LINES = 12
ERROR_CHARACTERS = 4000

_MEMORY_WORDS = ("can't allocate memory", "out of memory", "CUBLAS_STATUS_ALLOC_FAILED", "CUDNN_STATUS_ALLOC_FAILED")
"""How torch's CPU allocator and the CUDA libraries, which raise RuntimeError, say that memory has run out."""


def describe_failure(error: BaseException) -> tuple[Status, str]:
    """Status and message of a cell that ended with an exception."""
    if isinstance(error, CellFailure):
        known: dict[str, Status] = {"timeout": "timeout", "oom": "oom"}
        return known.get(error.status, "failed"), _short(str(error))
    if isinstance(error, UserError):
        return "failed", _short(str(error))
    if _is_out_of_memory(error):
        return "oom", _short(f"{type(error).__name__}: {error}")
    tail = "".join(traceback.format_exception(error)).splitlines()[-ERROR_LINES:]
    return "failed", _short("\n".join(tail))


def last_line(error: str) -> str:
    """The last line of a message or a traceback, cut to the width of a log line."""
    lines = error.strip().splitlines()
    return lines[-1].strip()[:200] if lines else ""


def _is_out_of_memory(error: BaseException) -> bool:
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and any(words in str(error) for words in _MEMORY_WORDS)


def _short(text: str) -> str:
    """A message of bounded length, as text that JSON can carry."""
    half = ERROR_CHARACTERS // 2
    cut = text if len(text) <= ERROR_CHARACTERS else f"{text[:half]} ... {text[-half:]}"
    return cut.encode("utf-8", "replace").decode("utf-8")
