"""What a look at a dataset found."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class CaseFacts:
    """What one case holds, as read from its files.

    Attributes
    ----------
    spacing
        mm per voxel; None where the file does not know.
    orientation
        Axis codes of the affine (`RAS`); empty where there is none.
    intensity
        Smallest and largest finite value of the image.
    voxels
        Voxels by class name; a value that is no class by its number.
    ignored
        Voxels that do not count.
    annotations
        Names of further annotations.
    """

    id: str
    patient: str
    groups: dict[str, str]
    shape: tuple[int, ...]
    channels: int
    spacing: tuple[float, ...] | None
    orientation: str
    intensity: tuple[float, float] | None
    voxels: dict[str, int]
    ignored: int
    annotations: tuple[str, ...]


@dataclass(frozen=True)
class Note:
    """One finding; `case` is empty where it concerns the dataset."""

    case: str
    check: str
    message: str


_MOST_NAMES = 8


def told(notes: Iterable[Note]) -> list[str]:
    """One line for each message, with the cases that it is about."""
    cases: dict[tuple[str, str], list[str]] = {}
    for note in notes:
        cases.setdefault((note.message, note.check), []).extend([note.case] if note.case else [])
    return [f"{_cases(ids)}{message} [{check}]" for (message, check), ids in cases.items()]


def _cases(ids: list[str]) -> str:
    more = f" and {len(ids) - _MOST_NAMES} more" if len(ids) > _MOST_NAMES else ""
    return f"case{'s' if len(ids) > 1 else ''} {', '.join(ids[:_MOST_NAMES])}{more}: " if ids else ""


@dataclass
class DataReport:
    """All cases and findings of one dataset.

    Attributes
    ----------
    found
        Number of cases listed; `cases` are those that could be read.
    problems
        What makes the data, or a case of them, unusable or the results doubtful.
    remarks
        What a careful reader would look at.
    """

    dataset: str
    root: str | None
    found: int = 0
    cases: list[CaseFacts] = field(default_factory=list)
    problems: list[Note] = field(default_factory=list)
    remarks: list[Note] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """No problem was found."""
        return not self.problems

    def problem(self, case: str, check: str, message: str) -> None:
        """Add a problem."""
        self.problems.append(Note(case, check, message))

    def remark(self, case: str, check: str, message: str) -> None:
        """Add a remark."""
        self.remarks.append(Note(case, check, message))

    def to_json(self) -> dict[str, Any]:
        """Plain lists and numbers, `ok` first."""
        return {"ok": self.ok, **asdict(self)}
