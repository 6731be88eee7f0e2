"""Noise models that break a contract of declarations each; they are named after it."""

from __future__ import annotations

import numpy as np

from nsbench.benchmark.plugin import Corruption, NoiseModel, param


class _Copy(NoiseModel):
    """A helper, no plugin."""

    citation = "Nobody, 'Nothing', 2020"

    def corrupt(
        self, label: np.ndarray, spacing: tuple[float, ...], rng: np.random.Generator, image: np.ndarray
    ) -> Corruption:
        return Corruption(label.copy())


class Shouting(_Copy):
    """Its name has a character at which the command line takes names apart."""

    name = "name-fits.the-command-line"


class Anonymous(_Copy):
    """Its paper is not named."""

    name = "citation-is-given"
    citation = ""


class Silent(_Copy):
    name = "summary-is-given"


class Demanding(_Copy):
    """A parameter has no default."""

    name = "parameters-have-defaults"

    class Params(_Copy.Params):
        radius: float = param(unit="voxel", help="radius")


class Unexplained(_Copy):
    """A parameter has neither source nor help."""

    name = "parameters-are-explained"

    class Params(_Copy.Params):
        radius: float = param(1.0, unit="voxel")


class Overreaching(_Copy):
    """The tuning range holds values that are refused."""

    name = "tuning-ranges-are-legal"

    class Params(_Copy.Params):
        share: float = param(0.5, gt=0, le=1, low=0.0, high=1.0, help="share of voxels")


class Endless(_Copy):
    """JSON has no infinity."""

    name = "parameters-survive-json"

    class Params(_Copy.Params):
        limit: float = param(float("inf"), help="largest radius")


class Changing(_Copy):
    """Another citation is assigned when the file is imported."""

    name = "declaration-is-what-python-sees"


Changing.citation = "Somebody Else, 'Something', 2021"
