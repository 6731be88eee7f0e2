"""Records on disk."""

from .record import Memorisation, Noise, Provenance, Record, Result, Status
from .store import CellFolder, Store

__all__ = ["CellFolder", "Memorisation", "Noise", "Provenance", "Record", "Result", "Status", "Store"]
