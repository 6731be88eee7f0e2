"""Checks that every case passes before anything is trained on it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from ..errors import UserError
from ..plugin.case import Case, Task


class Fault(NamedTuple):
    """What is wrong with a case: the check that failed, what it found, and what to do."""

    check: str
    found: str
    remedy: str


def check_case(case: Case, task: Task, dataset: str, where: str, labeled: bool = True) -> None:
    """Raise UserError naming the file and the remedy when a case is not what its task says.

    Parameters
    ----------
    dataset
        Dataset id, for the message.
    where
        The files the case was read from, for the message.
    labeled
        Whether a label must be there.
    """
    for check, found, remedy in faults(case, task, labeled):
        raise UserError(f"[{dataset}/{check}] case {case.id} ({where}): {found}. {remedy}")


def faults(case: Case, task: Task, labeled: bool = True) -> Iterator[Fault]:
    """All that is wrong with a case."""
    if case.image.ndim != task.ndim + 1 or case.image.shape[0] != len(task.channels):
        expected = f"{len(task.channels)} channel(s) x {task.ndim} spatial axes"
        yield Fault("shape", f"image has shape {case.image.shape}, expected {expected}", "Is this the right file?")
    if not np.isfinite(case.image).all():
        count = int((~np.isfinite(case.image)).sum())
        yield Fault("intensity", f"image holds {count} NaN or infinite values", "Repair or remove the file.")
    if case.label is None:
        if labeled:
            yield Fault("label", "no label", "Only labeled cases can be trained on and scored.")
    else:
        yield from label_faults(case.label, case, task)
    if case.spacing is not None and (
        len(case.spacing) != task.ndim or not all(np.isfinite(step) and step > 0 for step in case.spacing)
    ):
        yield Fault("spacing", f"spacing {case.spacing}", f"Expected {task.ndim} positive numbers in mm.")
    if case.ignore is not None and case.ignore.shape != case.image.shape[1:]:
        yield Fault("geometry", f"ignore mask has shape {case.ignore.shape}", "It must lie on the image's grid.")


def label_faults(label: np.ndarray, case: Case, task: Task) -> Iterator[Fault]:
    """All that is wrong with a label of a case."""
    if label.shape != case.image.shape[1:]:
        found = f"label has shape {label.shape}, image {case.image.shape[1:]}"
        yield Fault("geometry", found, "Image and label must lie on the same grid.")
    values = np.unique(label)
    wrong = [v for v in values.tolist() if not np.isfinite(v) or v != int(v) or not 0 <= v < task.num_classes]
    if wrong:
        allowed = ", ".join(f"{i + 1} {name}" for i, name in enumerate(task.classes))
        found = f"label values {wrong[:5]}, allowed are 0 background, {allowed}"
        yield Fault("labels", found, "Map or repair the labels.")
