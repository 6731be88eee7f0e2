"""Time stamps."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> str:
    """UTC time in ISO 8601, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")
