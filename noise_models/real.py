"""Labels that somebody did draw."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np

from ..benchmark.plugin import Corruption, NoiseModel, UserError, param


class RealNoise(NoiseModel):
    """The dataset's own further annotation in place of the clean label: a second observer, or a non-expert.

    Stands for the errors that annotators do make, where a dataset stores them beside its reference. Nothing is
    drawn: at every seed a case gets the same label.
    """

    name = "real"
    citation = "The dataset's own; cite the source of its annotations."
    uses_annotations = True

    class Params(NoiseModel.Params):
        """Whose annotation."""

        annotator: str | None = param(None, help="name of the annotation; unset: the first that the case has")
        missing: Literal["refuse", "clean"] = param(
            "refuse", help="a case without that annotation: stop, or leave its label clean"
        )

    def corrupt(
        self,
        label: np.ndarray,
        spacing: tuple[float, ...],
        rng: np.random.Generator,
        image: np.ndarray,
        annotations: Mapping[str, np.ndarray] | None = None,
    ) -> Corruption:
        known = annotations or {}
        wanted = self.params.annotator or next(iter(known), None)
        if wanted is not None and wanted in known:
            return Corruption(known[wanted].astype(label.dtype), {"annotator": wanted})
        if self.params.missing == "clean":
            return Corruption(label.copy(), {"annotator": None})
        what = f"annotation {wanted!r}" if wanted else "annotation beside its label"
        held = f" (it has {', '.join(known)})" if known else ""
        raise UserError(f"no {what}{held}; choose another annotator, or missing=clean to leave such cases clean")
