"""The classes of Mapillary Vistas v1.2 as classes of Cityscapes: nsbench's table, version 1.

Follows the definitions of Cityscapes: a lane that only a marking sets apart is road, a curb is sidewalk, a lamp on a
pole is pole, the back of a sign is none; what Cityscapes does not score (parking, rail track, bridge ...) is left out.
"""

from __future__ import annotations

_OBJECTS = {
    "object--street-light": "pole",
    "object--support--pole": "pole",
    "object--support--utility-pole": "pole",
    "object--traffic-light": "traffic light",
    "object--traffic-sign--front": "traffic sign",
    "object--vehicle--bicycle": "bicycle",
    "object--vehicle--bus": "bus",
    "object--vehicle--car": "car",
    "object--vehicle--motorcycle": "motorcycle",
    "object--vehicle--on-rails": "train",
    "object--vehicle--truck": "truck",
}

_SURROUNDINGS = {
    "construction--barrier--curb": "sidewalk",
    "construction--barrier--fence": "fence",
    "construction--barrier--wall": "wall",
    "construction--flat--bike-lane": "road",
    "construction--flat--crosswalk-plain": "road",
    "construction--flat--curb-cut": "sidewalk",
    "construction--flat--pedestrian-area": "sidewalk",
    "construction--flat--road": "road",
    "construction--flat--service-lane": "road",
    "construction--flat--sidewalk": "sidewalk",
    "construction--structure--building": "building",
    "human--person": "person",
    "human--rider--bicyclist": "rider",
    "human--rider--motorcyclist": "rider",
    "human--rider--other-rider": "rider",
    "marking--crosswalk-zebra": "road",
    "marking--general": "road",
    "nature--sand": "terrain",
    "nature--sky": "sky",
    "nature--terrain": "terrain",
    "nature--vegetation": "vegetation",
}

TO_CITYSCAPES = _SURROUNDINGS | _OBJECTS
"""Name in `config_v1.2.json` -> class of Cityscapes; those that are missing are ignored."""
