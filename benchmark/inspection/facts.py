"""What a case holds."""

from __future__ import annotations

import numpy as np

from ..plugin.case import Case, CaseRef, Task
from .report import CaseFacts


def facts_of(case: Case, ref: CaseRef, task: Task) -> CaseFacts:
    """Shape, spacing, orientation, range of intensities and label histogram of a case."""
    finite = case.image[np.isfinite(case.image)]
    return CaseFacts(
        id=ref.id,
        patient=ref.patient,
        groups=dict(ref.groups),
        shape=case.image.shape[1:],
        channels=len(case.image),
        spacing=None if case.spacing is None else tuple(float(step) for step in case.spacing),
        orientation=orientation(case),
        intensity=(float(finite.min()), float(finite.max())) if finite.size else None,
        voxels={} if case.label is None else _histogram(case.label, task),
        ignored=0 if case.ignore is None else int(np.count_nonzero(case.ignore)),
        annotations=tuple(case.annotations),
    )


def orientation(case: Case) -> str:
    """Axis codes of the affine; empty where there is none or it is not finite."""
    affine = case.geometry.get("affine")
    if affine is None or case.image.ndim != 4 or not np.isfinite(affine).all():
        return ""
    import nibabel

    codes = nibabel.aff2axcodes(np.asarray(affine, dtype=float))  # type: ignore[no-untyped-call]
    return "".join(code or "?" for code in codes)


def _histogram(label: np.ndarray, task: Task) -> dict[str, int]:
    names = {float(i): name for i, name in enumerate(("background", *task.classes))}
    values, counts = np.unique(label, return_counts=True)
    return {names.get(float(value), f"{value:g}"): int(count) for value, count in zip(values, counts)}
