"""Pictures of a dataset's cases with the contours of their labels."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..data.checks import check_case
from ..data.placement import Placement
from ..data.steps import turned_and_resampled
from ..digest import digest
from ..errors import UserError
from ..plugin.case import Case, CaseRef, Task
from ..plugin.dataset import Dataset
from ..plugin.preprocessing import Preprocessing
from .sheet import Panel, draw_sheet

_LONGEST = 120
"""Characters of a file's name."""


@dataclass(frozen=True)
class Preview:
    """A picture, and one message for each case that is not in it."""

    path: Path
    left_out: list[str]


def preview_dataset(
    dataset: Dataset,
    refs: Sequence[CaseRef],
    count: int,
    label: str,
    out: Path,
    over: Callable[[Sequence[CaseRef]], Iterable[CaseRef]] = lambda refs: refs,
) -> Preview:
    """Draw some cases, spread over all of them, to `<out>/<label>-<task>.png`; bad ones are left out.

    Parameters
    ----------
    label
        The dataset as the user wrote it.

    Raises
    ------
    UserError
        Not one of the cases is readable and what its task says.
    """
    chosen = [refs[i] for i in np.unique(np.linspace(0, len(refs) - 1, count).round().astype(int))]
    panels, left_out = [], []
    for ref in over(chosen):
        try:
            case = dataset.load(ref)
            check_case(case, dataset.task, dataset.name, ", ".join(map(str, ref.files)) or "generated")
        except UserError as error:
            left_out.append(f"case {ref.id} is left out: {error}")
        else:
            panels.append(case_panel(case, dataset.task))
    if not panels:
        raise UserError("\n".join(left_out))
    task = dataset.task
    title = label if f":{task.name}" in label else f"{label}-{task.name}"
    name = re.sub(r"[^\w.-]+", "-", title).strip("-")
    if len(name) > _LONGEST:
        name = f"{name[:_LONGEST]}-{digest(title)[:8]}"
    return Preview(draw_sheet(panels, task.classes, out / f"{name}.png"), left_out)


def case_panel(case: Case, task: Task) -> Panel:
    """The slice across the last axis with most foreground; volumes with an affine are brought to RAS first."""
    labels = {"label": np.asarray(case.label), **case.annotations}
    if task.ndim == 2:
        coloured = len(case.image) == 3
        pixels = _stretched(np.moveaxis(case.image, 0, -1)) if coloured else case.image[0]
        return Panel(case.id, pixels, labels, _aspect(case.spacing))
    image, labels, spacing = _upright(case, labels)
    foreground = np.count_nonzero(labels["label"], axis=(0, 1))
    index = int(foreground.argmax()) if foreground.any() else foreground.size // 2
    flat = {name: label[:, ::-1, index].T for name, label in labels.items()}
    title = f"{case.id}, slice {index + 1} of {foreground.size}"
    return Panel(title, image[:, ::-1, index].T, flat, _aspect(spacing[1::-1] if spacing else None))


def _upright(
    case: Case, labels: dict[str, np.ndarray]
) -> tuple[np.ndarray, dict[str, np.ndarray], tuple[float, ...] | None]:
    """First channel, labels and spacing with axes that run to the right, to the front and up, where that is known."""
    upright = Placement.whole(case.image.shape[1:])
    if "affine" in case.geometry:
        upright = turned_and_resampled(case, Preprocessing(orientation="RAS"), "preview")
    spacing = None if case.spacing is None else upright.turn_spacing(case.spacing)
    return upright.turn(case.image[0]), {name: upright.turn(label) for name, label in labels.items()}, spacing


def _aspect(spacing: tuple[float, ...] | None) -> float:
    return spacing[0] / spacing[1] if spacing else 1.0


def _stretched(pixels: np.ndarray) -> np.ndarray:
    low, high = float(pixels.min()), float(pixels.max())
    return (pixels - low) / (high - low or 1.0)
