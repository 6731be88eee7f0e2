"""Which cells a tracker has been told of."""

from __future__ import annotations

from pathlib import Path


class Journal:
    """Ids of cells, one a line, kept beside what the tracker writes.

    Parameters
    ----------
    path
        The file; it need not exist.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.known = set(path.read_text(encoding="utf-8").split()) if path.exists() else set()

    def add(self, cell_id: str) -> None:
        """Note a cell."""
        if cell_id not in self.known:
            self.known.add(cell_id)
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a", encoding="utf-8") as stream:
                stream.write(f"{cell_id}\n")
