"""Cases that hold the same content."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import numpy as np

from ..plugin.case import Case, CaseRef


class Twins:
    """Remembers the content of cases by digest."""

    def __init__(self) -> None:
        self._images: dict[str, CaseRef] = {}
        self._labels: dict[str, list[str]] = {}

    def add(self, case: Case, ref: CaseRef) -> Iterator[str]:
        """Take in a case; a message where its image is that of an earlier one."""
        first = self._images.setdefault(_digest(case.image), ref)
        if first is not ref:
            whose = "the same patient" if first.patient == ref.patient else f"another patient, {first.patient}"
            yield f"the image is that of case {first.id} (of {whose}), voxel for voxel; remove one"
        elif case.label is not None and (case.label > 0).any():
            self._labels.setdefault(_digest(case.label), []).append(ref.id)

    def labels_alike(self) -> Iterator[str]:
        """One message for each set of cases whose images differ and whose labels do not."""
        for ids in self._labels.values():
            if len(ids) > 1:
                yield f"the labels of these cases are alike, their images differ: {', '.join(ids)}"


def _digest(array: np.ndarray) -> str:
    found = hashlib.sha256(repr(array.shape).encode())
    found.update(np.ascontiguousarray(array).tobytes())
    return found.hexdigest()
