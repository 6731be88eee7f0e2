"""What the finished cells of a trial say: scores on the validation part, case by case, and time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np

from ..errors import UserError
from ..spec.tune import Tune
from ..store import Store


@dataclass(frozen=True)
class CellScore:
    """A finished cell.

    Attributes
    ----------
    dice
        Mean Dice (0..1) over validation cases and classes; a class that neither side holds is left out.
    cases
        Mean Dice over the classes by case id; NaN where none is defined.
    patients
        Patient by case id.
    seconds
        Training time.
    validations
        Dice of every validation on the way.
    """

    dice: float
    cases: dict[str, float]
    patients: dict[str, str]
    seconds: float
    validations: tuple[float, ...]


def read_score(store: Store, cell_id: str) -> CellScore | None:
    """The score of a finished cell; None when it has no intact record of success."""
    import pandas as pd  # a plan needs none

    try:
        record = store.read(cell_id)
    except ValueError:
        return None
    how = store.provenance(cell_id)
    if record is None or how is None or record.result.status != "done":
        return None
    rows = pd.read_parquet(store.folder(cell_id).cases, columns=["case", "patient", "dice"])
    curves = pd.read_parquet(store.folder(cell_id).curves)
    by_case = rows.groupby("case", sort=False)
    return CellScore(
        dice=float(np.nanmean(rows["dice"])) if rows["dice"].notna().any() else float("nan"),
        cases={str(case): float(value) for case, value in by_case["dice"].mean().items()},
        patients={str(case): str(value) for case, value in by_case["patient"].first().items()},
        seconds=how.train_seconds,
        validations=tuple(curves["validation"].dropna()) if "validation" in curves else (),
    )


def trial_values(scores: Sequence[float], seconds: Sequence[float], tune: Tune) -> list[float]:
    """The objectives of a trial from its cells: Dice, and with `against: time` seconds of training a cell.

    Raises
    ------
    UserError
        A score is not defined.
    """
    if not np.isfinite(scores).all():
        raise UserError("the score is not defined: no validation case holds, or is predicted to hold, any class")
    dice = min(scores) if tune.over == "worst" else fmean(scores)
    return [dice, fmean(seconds)] if tune.against else [dice]
