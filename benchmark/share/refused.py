"""Why an archive is not imported."""

from __future__ import annotations


class Refused(Exception):
    """The reason; whoever opens the archive adds its name."""
