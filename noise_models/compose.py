"""Several noise models, one after another or one of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Literal, Self

import numpy as np
from pydantic.functional_validators import model_validator

from ..benchmark.plugin import Corruption, NoiseModel, param
from ..benchmark.plugin.severity import scaled
from ._parts import build
from ._preset import PresetModel

_CL = "unit=voxel,mode=slice,element=disc"
_SP = ("erode-dilate,radius=20,erode_probability=0", "erode-dilate,radius=20,erode_probability=1")
_MOVE = "affine,shift=20,rotation=0..30,scale=0"
_HALVINGS, _HIGHEST = 8, 16.0
_PYMIC = "erode-dilate,radius=6..12,element=cross"


class Compose(PresetModel):
    """Puts noise models together: annotators make several errors in one case, or one of several kinds.

    `sequence` applies all models in their order, each to what the one before left. `choice` draws one for each
    case, by the weights. A model is written in its short form, ranges as `low..high`:
    `compose,models=["affine,shift=2..4", elastic]`. The models of this package can be put together.

    `changed` scales what is applied for every case by itself, so that the share of wrong voxels in relation to the
    foreground comes to it: simulators that iterate until enough has changed are expressed by it.

    Notes of the record: the models applied, with their notes, and the severity of each case.
    """

    name = "compose"
    citation = "Of each model its own; of the presets as their sources say."
    severity_params = ("severity",)

    class Params(PresetModel.Params):
        """Which models, and how they are put together."""

        presets: ClassVar[dict[str, dict[str, Any]]] = {
            "pymic": {
                "models": (
                    f"{_PYMIC},erode_probability=0",
                    f"{_PYMIC},erode_probability=1",
                    "edge-distort,preset=pymic",
                ),
                "weights": (0.35, 0.35, 0.3),
                "how": "choice",
            },
            **{
                f"cl-{organ}": {
                    "models": (
                        f"erode-dilate,radius={radii},{_CL},erode_probability=0",
                        f"erode-dilate,radius={radii},{_CL},erode_probability=1",
                        f"edge-distort,preset=cl-{organ}",
                    ),
                    "weights": (1.0, 1.0, 1.0),
                    "how": "choice",
                }
                for organ, radii in (("clavicle", "5..10"), ("heart", "14..20"), ("lung", "20..30"))
            },
            "sp-guided-0.5": {"models": (*_SP, _MOVE), "weights": (1.0, 1.0, 1.0), "how": "choice", "changed": 0.5},
            "sp-guided-0.7": {"models": (*_SP, _MOVE), "weights": (1.0, 1.0, 1.0), "how": "choice", "changed": 0.7},
        }

        preset: Literal["none", "pymic", "cl-clavicle", "cl-heart", "cl-lung", "sp-guided-0.5", "sp-guided-0.7"] = (
            param(
                "none",
                source="pymic: PyMIC_examples, JSRT, noise_simulate.py; cl-*: Zhang et al. 2020 (confident learning), "
                "repository, beta of each organ; sp-guided-*: Li et al. 2021 (superpixel-guided) and Gonzalez-Jimenez "
                "et al. 2023 (T-loss), beta; their affine branch bisects the shift alone, here the angle scales, too",
                help="settings of a published simulator",
            )
        )
        models: tuple[str, ...] = param(
            ("erode-dilate", "elastic"), help="short forms NAME[,PARAM=VALUE...] of the models"
        )
        weights: tuple[float, ...] = param((), help="chances in relation to one another, for choice; unset: alike")
        how: Literal["sequence", "choice"] = param("sequence", help="apply all, or one drawn for each case")
        changed: float | None = param(
            None, ge=0, le=1, help="wrong voxels of a case over its foreground; unset: as the models come"
        )
        severity: float = param(1.0, ge=0, help="multiplies the severity parameters of all models, or `changed`")

        @model_validator(mode="after")
        def _well_formed(self) -> Self:
            # absolute: this class is executed apart from its file, where relative imports mean nothing
            from nsbench.noise_models._parts import build

            for text in self.models:
                build(text)
            if not self.models:
                raise ValueError("models: name at least one")
            if self.weights and (
                len(self.weights) != len(self.models) or not min(self.weights) >= 0 < sum(self.weights)
            ):
                raise ValueError(f"weights: {len(self.models)} numbers, none negative, for {len(self.models)} models")
            return self

        @property
        def unit(self) -> str:
            """`mm` where one of the models works in millimetres."""
            from nsbench.noise_models._parts import build

            units = [getattr(build(text).params, "unit", "voxel") for text in self.models]
            return "mm" if "mm" in units else "voxel"

    def corrupt(
        self, label: np.ndarray, spacing: tuple[float, ...], rng: np.random.Generator, image: np.ndarray
    ) -> Corruption:
        p = self.params
        parts = [build(text) for text in p.models]
        if p.how == "choice":
            chances = np.array(p.weights or [1.0] * len(parts))
            parts = [parts[rng.choice(len(parts), p=chances / chances.sum())]]
        seed = int(rng.integers(2**63))

        def applied(severity: float) -> Corruption:
            return _apply(parts, severity, label, spacing, np.random.default_rng(seed), image)

        severity = p.severity if p.changed is None else _severity_for(applied, label, p.changed * p.severity)
        result = applied(severity)
        result.notes["severity"] = severity
        return result


def _apply(
    parts: list[NoiseModel],
    severity: float,
    label: np.ndarray,
    spacing: tuple[float, ...],
    rng: np.random.Generator,
    image: np.ndarray,
) -> Corruption:
    wrong, notes = label.copy(), []
    for part in parts:
        model = type(part)(scaled(part.params, part.severity_params, severity))
        result = model.corrupt(wrong, spacing, rng, image)
        wrong = result.label
        notes.append({"model": part.name, **result.notes})
    return Corruption(wrong, {"applied": notes})


def _severity_for(applied: Callable[[float], Corruption], label: np.ndarray, changed: float) -> float:
    """The severity at which the wrong voxels come to a share of the foreground, by bisection."""
    wanted = changed * int((label > 0).sum())
    low, high = 0.0, 1.0

    def short(severity: float) -> bool:
        return int((applied(severity).label != label).sum()) < wanted

    while high < _HIGHEST and short(high):
        low, high = high, 2 * high
    for _ in range(_HALVINGS if wanted else 0):
        middle = (low + high) / 2
        low, high = (middle, high) if short(middle) else (low, middle)
    return high if wanted else 0.0
