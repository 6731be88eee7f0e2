"""What the two forms of ACDC have in common, and which patients train in its published splits."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

from ..benchmark.plugin import Case, CaseRef
from ._volume import Volume

Wanted = Literal["auto", "official", "ssl4mis", "k-fold"]
Parts = dict[str, str]
"""Patient -> train, val or test."""

OFFICIAL = {f"patient{n:03}": "train" if n <= 100 else "test" for n in range(1, 151)}
"""The challenge's folders, 100/50."""

_TEST = (1, 7, 8, 11, 13, 22, 24, 33, 52, 59, 64, 65, 66, 68, 75, 80, 81, 83, 84, 93)
_VAL = (2, 19, 28, 30, 39, 45, 78, 82, 85, 87)
_HELD_OUT = {**dict.fromkeys(_VAL, "val"), **dict.fromkeys(_TEST, "test")}
SSL4MIS = {f"patient{n:03}": _HELD_OUT.get(n, "train") for n in range(1, 101)}
"""The lists of SSL4MIS (github.com/HiLab-git/SSL4MIS, data/ACDC): 70 train, 10 validate, 20 test."""


class Form(ABC):
    """A folder in one of the forms."""

    description: str

    def __init__(self, root: Path) -> None:
        self.root = root

    @abstractmethod
    def fits(self) -> bool:
        """Whether the folder has this form."""

    @abstractmethod
    def cases(self, scribbles: bool, parts: Mapping[str, str] | None, lacks: Callable[[str], None]) -> list[CaseRef]:
        """A case a frame; files: the image, then what holds its label: scribbles for the training part, if wanted.

        `lacks` is told of frames that lack a file, which are left out.
        """

    @abstractmethod
    def tables(self) -> tuple[Path, ...]:
        """Files that say of cases which part or group they belong to."""

    @abstractmethod
    def parts(self, wanted: Wanted) -> Parts | None:
        """Which patients train; None for k-fold, UserError where a wanted split cannot be made."""

    @staticmethod
    @abstractmethod
    def read(path: Path) -> Case:
        """An unlabeled image, its axes in the order x, y, z."""

    @abstractmethod
    def label(self, ref: CaseRef, image: Case) -> Volume:
        """What is drawn on an image, as stored."""


def patient_of(name: str) -> str:
    """`patient001` of `patient001_frame01`."""
    return name.partition("_")[0]
