"""Where the files of a cell lie."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class CellFolder:
    """The files of one cell."""

    path: Path

    @property
    def record(self) -> Path:
        """Written last: its presence says that the cell is finished."""
        return self.path / "record.json"

    @property
    def cases(self) -> Path:
        """Per-case metrics, one row per test case and class."""
        return self.path / "cases.parquet"

    @property
    def curves(self) -> Path:
        """Loss and logged scalars over the updates."""
        return self.path / "curves.parquet"

    @property
    def provenance(self) -> Path:
        return self.path / "provenance.json"

    @property
    def weights(self) -> Path:
        """The trained method's `state_dict`."""
        return self.path / "weights.pt"

    @property
    def checkpoint(self) -> Path:
        """State to continue a killed cell from; removed when the cell is done."""
        return self.path / "checkpoint.pt"

    @property
    def stages(self) -> Path:
        """Outputs of finished stages; removed when the cell is done."""
        return self.path / "stages"

    @property
    def progress(self) -> Path:
        """What a running cell says of itself, for the display."""
        return self.path / "progress.json"

    @property
    def predictions(self) -> Path:
        return self.path / "predictions"
