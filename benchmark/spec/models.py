"""The declaration of a benchmark: what is compared (`Spec`), and how and where it is run (`Execution`)."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationInfo, field_validator

from ..cell import Selection, View
from .choices import BudgetChoice, Choice, DatasetChoice, MethodChoice, SpecModel, Values
from .fields import (
    BudgetField,
    Choices,
    Datasets,
    Files,
    Indices,
    LabeledShares,
    Methods,
    Ratios,
    Roots,
    Seeds,
    Severity,
    Spacing,
    Trackers,
    UnlabeledChoice,
)
from .tune import Tune


def _default_executor() -> Literal["ray", "inline"]:
    return "ray" if find_spec("ray") else "inline"


class Spec(SpecModel):
    """What is compared. Two specs with the same `identity` fill the same output folder."""

    name: str | None = Field(default=None, description="title of the leaderboard")
    datasets: Datasets = Field(default=(DatasetChoice(dataset="phantom"),), description="ID[:TASK][@FOLDER] each")
    methods: Methods = Field(
        default=(MethodChoice(name="all"),), description="what is compared; all: every method that can be"
    )
    params: dict[str, Values] = Field(default={}, description="parameters by label or name of a method")
    noise: Choices = Field(default=(Choice(name="erode-dilate"),), description="noise models that corrupt the labels")
    ratios: Ratios = Field(default=(0.5,), description="shares of training cases with corrupted labels; 0: clean")
    severity: Severity | None = Field(
        default=None,
        description="multiplies the severity parameters of all noise models; dice=0.75: so that corrupted labels have "
        "this mean Dice; unset: the noise models as they are given",
    )
    labeled: LabeledShares | None = Field(
        default=None,
        description="scarce labels in place of noise: fractions of the training cases with a label (0.2; 1.0: all), "
        "or counts (20)",
    )
    source: DatasetChoice | None = Field(
        default=None,
        description="transfer in place of noise: labels of this dataset, none of the others' training cases",
    )
    unlabeled: UnlabeledChoice | None = Field(
        default=None, description="images seen without label: rest (unset), all (labeled ones again), none, or a count"
    )
    spacing: Spacing | None = Field(
        default=None, description="mm per voxel, one per axis, for a transfer; unset: the coarser of both datasets"
    )
    networks: Choices = Field(default=(Choice(name="unet"),), description="networks that every method trains")
    view: View | None = Field(default=None, description="how 3-D data are fed; unset: 3d")
    folds: int = Field(default=5, ge=2, description="number of folds where the dataset has no published split")
    fold: Indices = Field(default=(0,), description="which folds to run, from 0")
    seeds: Seeds = Field(default=(0,), description="a count n (seeds 0 to n-1) or a list of seeds")
    budget: BudgetField = Field(default=BudgetChoice(), description="name of a budget, or one of them with changes")
    iterations: int | None = Field(default=None, ge=1, description="optimiser steps of a cell; unset: the budget's")
    selection: Selection = Field(default="last", description="which checkpoint of a training run is evaluated")

    @field_validator("fold")
    @classmethod
    def _existing_fold(cls, value: tuple[int, ...], info: ValidationInfo) -> tuple[int, ...]:
        folds = info.data.get("folds", max(value) + 1)
        if max(value) >= folds:
            raise ValueError(f"0 to {folds - 1}, as folds is {folds}")
        return value

    @property
    def supervision(self) -> Literal["noisy", "scarce", "transfer"]:
        """What the training labels are: the kind of every cell's supervision."""
        return "transfer" if self.source is not None else "scarce" if self.labeled is not None else "noisy"

    def identity(self) -> dict[str, Any]:
        """The spec as JSON without what may differ between machines and runs of one benchmark."""
        left_out: dict[str, Any] = {"name": True, "datasets": {"__all__": {"root"}}}
        if self.severity is None:
            # as it was before there was a severity
            left_out["severity"] = True
        if self.supervision != "noisy":
            left_out |= dict.fromkeys(("noise", "ratios"), True)
        # as it was before there was anything but noise
        left_out |= {
            name: True for name in ("labeled", "source", "unlabeled", "spacing") if getattr(self, name) is None
        }
        if self.source is not None:
            left_out["source"] = {"root"}
        return self.model_dump(mode="json", exclude=left_out)


class Execution(SpecModel):
    """How and where a benchmark runs; nothing here changes a result."""

    out: Path = Field(default=Path("nsbench-out"), description="folder of the results")
    data_root: Roots = Field(default={}, description="data folders by dataset, short form [NAME=]DIR")
    plugins: Files = Field(default=(), description="files with further plugins")
    executor: Literal["ray", "inline"] = Field(
        default_factory=_default_executor, description="unset: ray where installed"
    )
    workers: int | None = Field(default=None, ge=1, description="cells at a time; unset: as many as fit the machine")
    cpus_per_run: int = Field(default=1, ge=1, description="cores, and threads, of one cell")
    gpus_per_run: float | None = Field(
        default=None, ge=0, description="share of a GPU for one cell; unset: 1 if there is one"
    )
    address: str | None = Field(default=None, description="address of a running Ray cluster")
    retries: int = Field(default=1, ge=0, description="how often a cell is started again after its worker died")
    retry_failed: bool = Field(default=False, description="run cells with a record of failure again")
    timeout_minutes: float | None = Field(default=None, gt=0, description="longest time of one cell")
    save_predictions: bool = Field(default=False, description="keep the predicted labels of the test cases")
    track: Trackers | None = Field(
        default=None, description="tensorboard, mlflow, wandb, or none; unset: tensorboard where it is installed"
    )
    extend: bool = Field(default=False, description="let the output folder follow a changed spec")


class Document(Spec, Execution):
    """A benchmark as a spec file declares it; every field has a default and a flag that overrides it."""

    tune: Tune | None = Field(default=None, description="what nsbench tune searches; nsbench run leaves it alone")
