"""What a finished cell leaves behind."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, SerializerFunctionWrapHandler, model_serializer

from ..cell import Identity

Status = Literal["done", "failed", "timeout", "oom", "skipped"]
FORMAT = 1

_LATER = ("pool_cases", "validation_cases")
"""Fields of a result that are younger than the first records."""


class Noise(BaseModel):
    """Realised corruption of the training labels.

    `dice_mean` and `dice_std` (0..1) compare corrupted with clean labels over the corrupted cases,
    averaged over the classes; null where no case was corrupted or no clean label exists.
    """

    corrupted: list[str] = []
    dice_mean: float | None = None
    dice_std: float | None = None
    masks: str = ""
    notes: dict[str, dict[str, Any]] = {}


class Memorisation(BaseModel):
    """On corrupted voxels of training cases: share on which the final model agrees with which label."""

    wrong: float
    right: float
    voxels: int
    cases: int


class Generation(BaseModel):
    """How good one stage's labels or weights are; mean Dice over classes and cases, 0..1.

    Attributes
    ----------
    generation
        0 for weights that learned from given labels alone, one more for those that learned from labels of weights; of
        labels, that of the weights that made them, and so of `final` weights.
    final
        Whether the weights learned from the labels of all models of this generation, which are beside them: the tested
        model of ATSO (line 12), whose accuracy is its Table 1's of this generation.
    coarse
        Whether the labels are of super-classes; so is then the truth that `reference` compares them with, which is
        thus higher than that of labels of all classes.
    reference
        Of a `Relabel` stage's labels, or the weights' predictions, against the hidden labels of the unlabeled training
        cases (ATSO's R); null where there are none, or the weights label no more cases.
    test
        Of the weights' predictions of the test cases (ATSO's E); null for a `Relabel` stage.
    similarity
        Of these predictions with those of the first stage's weights, on the test cases (ATSO, Section 4.1.3); null for
        that stage itself.
    """

    stage: str
    generation: int = 0
    final: bool = False
    coarse: bool = False
    reference: float | None = None
    test: float | None = None
    similarity: float | None = None


class Result(BaseModel):
    """The deterministic part of a record.

    Attributes
    ----------
    error
        Tail of the traceback of a cell that is not `done`.
    pooled
        Class name -> {dice, iou} over all test cases together; `overall` where a score is defined for the task.
    labeled_cases
        Of the training cases, those that the method saw with a label.
    pool_cases, validation_cases
        Where labels are few or another dataset's: training cases of which some were labeled, whether or not the method
        saw the others (0 for a transfer), and further ones whose labels a validation used. Left out of the JSON form
        when 0.
    generations
        Per stage that labels the unlabeled training cases, or from whose weights they are labeled: see `Generation`.
    trust
        Per stage: AUROC of the method's weights against the true corruption, and the share kept, over training.
    """

    model_config = ConfigDict(extra="forbid")

    status: Status
    error: str = ""
    updates: int = 0
    passes: float = 0.0
    parameters: int = 0
    train_cases: int = 0
    labeled_cases: int = 0
    pool_cases: int = 0
    validation_cases: int = 0
    test_cases: int = 0
    split: str = ""
    classes: list[str] = []
    tags: list[str] = []
    preprocessing: dict[str, Any] = {}
    noise: Noise = Noise()
    memorisation: Memorisation | None = None
    trust: list[dict[str, Any]] = []
    selected: dict[str, Any] = {}
    pooled: dict[str, dict[str, float | None]] = {}
    generations: list[Generation] = []

    @model_serializer(mode="wrap")
    def _leave_out_unset(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        values: dict[str, Any] = handler(self)
        return {name: value for name, value in values.items() if value or name not in _LATER}


class Record(BaseModel):
    """One cell's record: `record.json` beside `cases.parquet`, `curves.parquet` and `provenance.json`.

    Attributes
    ----------
    files
        SHA-256 of the Parquet files that belong to the result.
    """

    format: int = FORMAT
    cell: str
    identity: Identity
    result: Result
    files: dict[str, str] = {}


class Provenance(BaseModel):
    """How a record came about; differs from run to run and is no part of the result.

    Times are wall-clock seconds; `train_seconds` covers every attempt, resumed ones included, and what the
    `shared_stages`, which another cell trained, took there.
    """

    nsbench: str
    host: str
    device: str
    platform: str
    python: str
    versions: dict[str, str]
    threads: int
    started: str
    finished: str
    resumed: int = 0
    shared_stages: list[str] = []
    prepare_seconds: float = 0.0
    train_seconds: float = 0.0
    evaluate_seconds: float = 0.0
    total_seconds: float = 0.0
    peak_memory_mib: float = 0.0
    peak_gpu_memory_mib: float | None = None
