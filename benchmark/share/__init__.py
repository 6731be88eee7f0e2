"""A run as one file that can be handed on."""

from .export import Exported, export_run
from .unpack import Imported, import_run

__all__ = ["Exported", "Imported", "export_run", "import_run"]
