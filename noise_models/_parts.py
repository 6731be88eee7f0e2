"""The noise models that `compose` puts together, by name."""

from __future__ import annotations

import yaml

from ..benchmark.plugin import NoiseModel
from .affine import Affine
from .box import Box
from .class_swap import ClassSwap
from .edge_distort import EdgeDistort
from .elastic import Elastic
from .erode_dilate import ErodeDilate
from .false_object import FalseObject
from .none import NoNoise
from .omit_object import OmitObject
from .over_segment import OverSegment
from .pixel_flip import PixelFlip
from .polygon import Polygon
from .random_walk import RandomWalk
from .slice_skip import SliceSkip
from .under_segment import UnderSegment

# named here, not looked up: their code is then part of compose's own digest
PARTS: dict[str, type[NoiseModel]] = {
    model.name: model
    for model in (
        *(Affine, Box, ClassSwap, EdgeDistort, Elastic, ErodeDilate, FalseObject, NoNoise),
        *(OmitObject, OverSegment, PixelFlip, Polygon, RandomWalk, SliceSkip, UnderSegment),
    )
}


def build(text: str) -> NoiseModel:
    """The model of a short form `NAME[,PARAM=VALUE...]`.

    Raises
    ------
    ValueError
        The form, the name or a parameter is wrong.
    """
    name, *settings = (item.strip() for item in text.split(","))
    if name not in PARTS:
        raise ValueError(f"{name!r} cannot be composed; known: {', '.join(PARTS)}")
    values = {}
    for setting in settings:
        key, equals, value = setting.partition("=")
        if not equals:
            raise ValueError(f"{setting!r} in {text!r} is no parameter: write NAME,PARAM=VALUE, ranges as low..high")
        values[key] = yaml.safe_load(value)
    model = PARTS[name]
    return model(model.Params.model_validate(values))
