"""Records on disk."""

from .cell_folder import CellFolder
from .record import Memorisation, Noise, Provenance, Record, Result, Status
from .store import Store

__all__ = ["CellFolder", "Memorisation", "Noise", "Provenance", "Record", "Result", "Status", "Store"]
