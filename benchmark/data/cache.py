"""Where prepared data lie."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder() -> Path:
    """`$NSBENCH_CACHE`, else `~/.cache/nsbench`."""
    chosen = os.environ.get("NSBENCH_CACHE")
    return Path(chosen) if chosen else Path.home() / ".cache" / "nsbench"
