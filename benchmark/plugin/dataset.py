"""Base class of datasets: list cases, read one, say how it was split."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, ClassVar, TypeAlias

from .case import Case, CaseRef, Normalisation, Split, Task
from .params import DatasetParams
from .preprocessing import Preprocessing


class Dataset(ABC):
    """An adapter that reads files exactly as they lie on a user's disk.

    A subclass sets the class attributes and writes `task`, `cases` and `load`. Reading must raise
    `UserError` naming the file and the remedy when a file is missing, truncated or inconsistent;
    the harness itself checks shapes, NaN and label values of what `load` returns.

    Parameters
    ----------
    root
        Folder of the data; None for a generated dataset.
    task
        One of `tasks`; None for the first.
    params
        Validated instance of the class's `Params`.

    Attributes
    ----------
    name, citation
        Id on the command line; the dataset's paper.
    tasks
        Names of the tasks, the first is the default.
    needs_root
        False for a dataset that is generated.
    normalisation
        How the harness normalises each image, once; `none` when the publisher did so already. See `Preprocessing`.
    tried_on
        `real files` or `written trees` (small files that tests write): what the adapter has been run on.
    is_1_mm
        True for volumes that were published at exactly 1 mm, so that this is no sign of an empty header.
    choice_params
        Parameters that choose or split cases and leave what a case holds alone: they invalidate no prepared case.
    incomplete
        None, or a list: what `lacks` does.
    """

    name: ClassVar[str]
    citation: ClassVar[str]
    tasks: ClassVar[tuple[str, ...]]
    needs_root: ClassVar[bool] = True
    normalisation: ClassVar[Normalisation] = "zscore"
    tried_on: ClassVar[str] = "unknown"
    is_1_mm: ClassVar[bool] = False
    choice_params: ClassVar[tuple[str, ...]] = ()
    incomplete: list[str] | None = None

    Params: TypeAlias = DatasetParams

    def __init__(self, root: Path | None, task: str | None, params: DatasetParams) -> None:
        self.root = root
        self.task_name = task or self.tasks[0]
        self.params: Any = params

    @property
    @abstractmethod
    def task(self) -> Task:
        """The task that was asked for."""

    @property
    def trusts_headers(self) -> bool:
        """False where headers of labels are wrong, so that labels take the geometry of their image.

        As the parameter `trust_headers` says, where there is one.
        """
        return bool(getattr(self.params, "trust_headers", True))

    @abstractmethod
    def cases(self) -> list[CaseRef]:
        """All cases with a label, in a stable order. Reads directory listings, not images."""

    def tables(self) -> tuple[Path, ...]:
        """Files on the dataset as a whole (`dataset.json`, lists): part of its fingerprint, not of any case's."""
        return ()

    def content_key(self) -> Any:
        """JSON-able facts of these tables that change what a case holds, such as the codes of the classes."""
        return None

    def lacks(self, message: str) -> None:
        """Report that files of cases are missing, before leaving these cases out.

        Raises
        ------
        UserError
            With the message, unless `incomplete` is a list: then it is added there, once.
        """
        from ..errors import UserError

        if self.incomplete is None:
            raise UserError(message)
        if message not in self.incomplete:
            self.incomplete.append(message)

    @abstractmethod
    def load(self, ref: CaseRef) -> Case:
        """Read one case."""

    def split(self, fold: int, seed: int) -> Split | None:
        """The published split, or None: then the harness makes k folds by seed, grouped by patient."""
        return None

    def normalisation_of(self, case: Case) -> Normalisation:
        """How this very case is to be normalised; override where a dataset has two forms."""
        return self.normalisation

    def preprocessing_of(self, case: Case) -> Preprocessing:
        """All that the harness is to do to this case; by default its normalisation alone."""
        return Preprocessing(normalisation=self.normalisation_of(case))

    def read_image(self, path: Path) -> Case:
        """Read one unlabeled image for prediction (`label` None); a dataset may not offer it."""
        from ..errors import UserError

        raise UserError(f"dataset {self.name}: prediction on new image files is not offered ({path})")

    def write_label(self, case: Case, label: Any, path: Path) -> Path:
        """Write a predicted label in the geometry of `case`; returns the file written."""
        from ..errors import UserError

        raise UserError(f"dataset {self.name}: writing predictions is not offered ({path})")
