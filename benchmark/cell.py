"""The cell: the unit of work, of caching, of failure."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer

from .budget import Budget
from .digest import digest

PROTOCOL = 1
"""Raised when the harness changes in a way that changes results."""

Selection = Literal["last", "best-clean-val", "best-noisy-val"]
Validation = Literal["clean-val", "noisy-val"]
"""The validation part, compared with clean labels or with labels as corrupted as the training cases'."""

View = Literal["3d", "2d", "2d:0", "2d:1", "2d:2"]
"""How 3-D data are fed: patches, or slices along an axis (`2d` is `2d:2`, the last one)."""


Labeled = Annotated[int, Field(strict=True, ge=1)] | Annotated[float, Field(strict=True, gt=0, le=1)]
"""How many training cases are labeled: a count, or a fraction in (0, 1]."""

Unlabeled = Literal["rest", "all", "none"] | Annotated[int, Field(strict=True, ge=1)]
"""Images seen without label: of the cases that are not labeled, of all, of none, or of so many of the rest."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Chosen(_Frozen):
    """A plugin with its parameters: name, every parameter, digest of its code."""

    name: str
    params: dict[str, Any] = {}
    code: str = ""


class ChosenDataset(Chosen):
    """A dataset with its task and a fingerprint of the files' content."""

    task: str
    fingerprint: str = ""


class Noisy(_Frozen):
    """Supervision by labels of which a share of the cases is corrupted; ratio 0: clean labels."""

    kind: Literal["noisy"] = "noisy"
    noise: Chosen
    ratio: float

    def describe(self) -> str:
        """Words for tables: `erode-dilate 50 %`."""
        return "clean" if self.ratio == 0 else f"{self.noise.name} {self.ratio:.0%}"


class Scarce(_Frozen):
    """Supervision by few labels, all of them clean.

    Attributes
    ----------
    labeled
        Fraction of the training cases that are labeled (1.0: all), or their number where it is whole (1: one case).
    unlabeled
        Which training images are seen without label: see `Unlabeled`.
    """

    kind: Literal["scarce"] = "scarce"
    labeled: Labeled
    unlabeled: Unlabeled = "rest"

    def describe(self) -> str:
        """Words for tables: `20 % labeled`, `20 labeled`."""
        return labeled_text(self.labeled, self.unlabeled)


class Transfer(_Frozen):
    """Supervision by the labels of another dataset; the training cases of the cell's own have none.

    Attributes
    ----------
    source
        The dataset whose training cases are labeled.
    split
        Digest of the ids of the source's training cases.
    unlabeled
        Which images are seen without label; `all` takes those of the source too.
    spacing
        mm per voxel, one per axis, that both datasets are resampled to; None: the coarser of both, axis by axis.
    """

    kind: Literal["transfer"] = "transfer"
    source: ChosenDataset
    split: str = ""
    unlabeled: Unlabeled = "rest"
    spacing: tuple[float, ...] | None = None

    def describe(self) -> str:
        """Words for tables: `from la:atrium`."""
        return self.named(f"{self.source.name}:{self.source.task}")

    def named(self, source: str) -> str:
        """`describe`, with a name for the source: `from la@la-half, none unlabeled, spacing 1x1x2`."""
        unlabeled = "" if self.unlabeled == "rest" else f", {self.unlabeled} unlabeled"
        spacing = f", spacing {'x'.join(f'{mm:g}' for mm in self.spacing)}" if self.spacing else ""
        return f"from {source}{unlabeled}{spacing}"


Supervision = Annotated[Noisy | Scarce | Transfer, Field(discriminator="kind")]


def labeled_text(labeled: float, unlabeled: int | str = "rest") -> str:
    """`20 % labeled`, `20 labeled`; what is seen without label is said where it is not the rest."""
    share = f"{labeled} labeled" if isinstance(labeled, int) else f"{100 * labeled:g} % labeled"
    return share if unlabeled == "rest" else f"{share}, {unlabeled} unlabeled"


class Identity(_Frozen):
    """All that determines a cell's result, and nothing else: no path, host, label or time.

    Attributes
    ----------
    folds
        1 where the dataset has a published split.
    split
        Digest of the ids of the training and test cases.
    evaluate
        What the cell is scored on in place of the test cases, which are then never read; None: the test cases.
        Left out of the JSON form when None, so that it is part of an identity only where it is set.
    """

    protocol: int = PROTOCOL
    dataset: ChosenDataset
    fold: int
    folds: int
    split: str = ""
    supervision: Supervision
    method: Chosen
    network: Chosen
    view: View
    budget: Budget
    selection: Selection
    seed: int
    evaluate: Validation | None = None

    @model_serializer(mode="wrap")
    def _leave_out_unset(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        values: dict[str, Any] = handler(self)
        if values.get("evaluate") is None:
            values.pop("evaluate", None)
        return values


class Cell(_Frozen):
    """An identity with what is needed to run and to show it.

    Attributes
    ----------
    label
        Name of the method's row (two instances of one method differ by it).
    dataset_label, noise_label
        As the user wrote them, for headings (`la@la-half`); in place of noise a `Scarce` supervision's words, or a
        `Transfer`'s source.
    root, source_root
        Folder of the data, and of a source's, on this machine; None for a generated dataset.
    """

    identity: Identity
    label: str
    dataset_label: str
    noise_label: str
    root: str | None = None
    source_root: str | None = None

    @cached_property
    def id(self) -> str:
        """First 16 hex digits of the SHA-256 of the identity's canonical JSON."""
        return digest(self.identity.model_dump(mode="json"))[:16]

    @property
    def supervision(self) -> str:
        """Words for tables: those of the supervision, a source as the user wrote it (`from la@la-half`)."""
        supervision = self.identity.supervision
        return supervision.named(self.noise_label) if isinstance(supervision, Transfer) else supervision.describe()

    def describe(self) -> str:
        """One line for logs: `jsrt:heart erode-dilate 50 % nr-dice seed 0`."""
        who = self.identity
        fold = f" fold {who.fold}" if who.fold else ""
        return f"{self.dataset_label} {self.supervision} {self.label}{fold} seed {who.seed}"
