"""Three made-up anatomies, drawn anew for each case: layers of tissue, painted back to front."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ._phantom_shapes import blend, capsule, ellipsoid, turn, warp

Rng = np.random.Generator


@dataclass(frozen=True)
class Layer:
    """One tissue: covers what was painted before it.

    Attributes
    ----------
    distance
        Signed distance `[*spatial]` in fields of view, negative inside.
    intensity
        Signal of the tissue, 0 (air) to about 1.
    label
        Class value; 0 for tissue that is not to be segmented.
    """

    distance: np.ndarray
    intensity: float
    label: int = 0


@dataclass(frozen=True)
class Population:
    """Contrast and build of a group of patients; intensities are means over cases."""

    blood: float
    muscle: float
    body: float
    organ: float
    scale: float
    branches: tuple[int, int]
    tilt: float


POPULATIONS = {
    "a": Population(blood=0.64, muscle=0.45, body=0.40, organ=0.62, scale=1.0, branches=(3, 5), tilt=0.0),
    "b": Population(blood=0.58, muscle=0.30, body=0.44, organ=0.56, scale=0.85, branches=(4, 7), tilt=0.5),
}


def chamber(x: np.ndarray, rng: Rng, people: Population) -> list[Layer]:
    """One cavity with tapering tubes; beside it a second cavity and a great vessel of the same blood, unlabeled."""
    chest, layers = _chest(x, rng, people), []
    x = turn(warp(x, rng, 0.012), people.tilt + rng.normal(0, 0.12))
    radii = people.scale * np.array([0.22, 0.16, 0.20]) * rng.uniform(0.8, 1.15, 3)
    cavity = ellipsoid(x, rng.normal(0, 0.02, 3), radii)
    blood = people.blood * rng.uniform(0.9, 1.1)
    for direction in _spread(rng, people, x):
        root, tip = direction * radii * 0.8, direction * (radii + rng.uniform(0.06, 0.13))
        width = people.scale * rng.uniform(0.028, 0.045)
        cavity = blend(cavity, capsule(x, root, tip, width * 1.25, width), 0.03)
        layers.append(Layer(capsule(x, tip, tip + 0.25 * direction, width * 0.8, width * 0.5), blood * 0.95))
    side = ellipsoid(x, [rng.normal(0.03, 0.02), -radii[1] - 0.105, 0.0], rng.uniform(0.10, 0.14, 3))
    vessel = capsule(x, [0.1, radii[1] + 0.09, -0.5], [0.07, radii[1] + 0.09, 0.5], rng.uniform(0.035, 0.05))
    layers += [Layer(side, blood * rng.uniform(0.9, 1.02)), Layer(vessel, blood * rng.uniform(0.95, 1.05))]
    layers += [Layer(cavity - 0.012, people.muscle), Layer(cavity, blood, 1)]
    return chest + _within(chest[1], layers)


def lesions(x: np.ndarray, rng: Rng, people: Population) -> list[Layer]:
    """Lesions of log-uniform size scattered in a head; vessels and nuclei as bright, unlabeled."""
    x = warp(turn(x, rng.normal(0, 0.08)), rng, 0.008)
    size = np.array([0.36, 0.42, 0.38]) * rng.uniform(0.93, 1.05, 3)
    head = [
        Layer(np.full(x.shape[1:], -1, np.float32), 0.03),
        Layer(ellipsoid(x, np.zeros(3), size + 0.05), people.blood),
        Layer(ellipsoid(x, np.zeros(3), size + 0.025), 0.08),
        Layer(ellipsoid(x, np.zeros(3), size), people.muscle),
    ]
    layers = []
    for side in (-1, 1):
        tilt = rng.normal(0, 0.02, 3)
        ventricle = capsule(x, [side * 0.05, -0.14, 0] + tilt, [side * 0.07, 0.16, 0] - tilt, 0.03, 0.02)
        nucleus = ellipsoid(x, [side * 0.15, 0.02, 0], rng.uniform(0.035, 0.055, 3))
        layers += [Layer(nucleus, 0.5 * (people.muscle + people.organ)), Layer(ventricle, 0.12)]
    for _ in range(rng.integers(*people.branches)):
        start, step = _inside(rng, size, 0.8), rng.normal(0, 0.12, 3)
        layers.append(Layer(capsule(x, start, start + step, 0.014, 0.008), people.organ))
    return head + _within(head[-1], layers + _scattered(x, rng, people, size))


def _scattered(x: np.ndarray, rng: Rng, people: Population, size: np.ndarray) -> list[Layer]:
    """One large lesion, so that no case is without, and several down to a voxel or two."""
    radii = np.exp(rng.uniform(np.log(0.016), np.log(0.085), rng.integers(4, 11)))
    radii[0] = rng.uniform(0.07, 0.1)
    found = []
    for radius in people.scale * radii:
        shape = ellipsoid(warp(x, rng, 0.12 * radius), _inside(rng, size, 0.78), radius * rng.uniform(0.75, 1.3, 3))
        found.append(Layer(shape, people.organ * rng.uniform(1.0, 1.25), 1))
    return found


def multiclass(x: np.ndarray, rng: Rng, people: Population) -> list[Layer]:
    """A cavity nested in a wall, and a second cavity that touches the wall and has the same blood."""
    chest = _chest(x, rng, people)
    liver = ellipsoid(x, [-0.2, -0.3, -0.25], rng.uniform(0.16, 0.24, 3))
    x = turn(warp(x, rng, 0.012), 0.5 + people.tilt + rng.normal(0, 0.15))
    radii = people.scale * np.array([0.13, 0.15, 0.17]) * rng.uniform(0.85, 1.12, 3)
    centre = np.array([0.06, 0.0, 0.0]) + rng.normal(0, 0.015, 3)
    thickness = people.scale * rng.uniform(0.04, 0.06)
    beside = centre - [radii[0] + thickness, 0.02, 0.0]
    blood = people.blood * rng.uniform(0.9, 1.1)
    vessel = capsule(x, centre + [0.05, 0.28, -0.5], centre + [0.0, 0.3, 0.5], rng.uniform(0.035, 0.055))
    cavity = ellipsoid(x, centre, radii)
    layers = [
        Layer(liver, people.muscle * rng.uniform(0.95, 1.05)),
        Layer(vessel, blood),
        Layer(ellipsoid(x, beside, radii * rng.uniform(0.95, 1.15, 3)), blood * rng.uniform(0.93, 1.0), 3),
        Layer(cavity - thickness, people.muscle * rng.uniform(1.0, 1.1), 1),
        Layer(cavity, blood, 2),
    ]
    return chest + _within(chest[1], layers)


def _chest(x: np.ndarray, rng: Rng, people: Population) -> list[Layer]:
    """Air, a body, two dark lungs and a spine."""
    x = warp(x, rng, 0.01)
    build = rng.uniform(0.94, 1.04, 3)
    lungs = [
        Layer(ellipsoid(x, [side * 0.27, 0.05, 0.0], np.array([0.12, 0.22, 0.5]) * rng.uniform(0.85, 1.1, 3)), 0.09)
        for side in (-1, 1)
    ]
    spine = ellipsoid(x, [0.0, 0.3, 0.0], np.array([0.055, 0.05, 1.0]))
    return [
        Layer(np.full(x.shape[1:], -1, np.float32), 0.03),
        Layer(ellipsoid(x, np.zeros(3), np.array([0.46, 0.39, 1.2]) * build), people.body),
        *lungs,
        Layer(spine, people.organ),
    ]


def _within(outer: Layer, layers: list[Layer]) -> list[Layer]:
    """The layers cut off a little below the surface of an outer one."""
    return [replace(layer, distance=np.maximum(layer.distance, outer.distance + 0.012)) for layer in layers]


def _spread(rng: Rng, people: Population, x: np.ndarray) -> list[np.ndarray]:
    """Directions of the tubes: to the left and right by turns, none twice the same."""
    found = []
    for index in range(rng.integers(people.branches[0], people.branches[1] + 1)):
        side = 1 if index % 2 else -1
        angle = rng.uniform(-0.9, 0.9)
        lift = rng.uniform(-0.6, 0.6) if len(x) == 3 else 0.0
        vector = np.array([side * np.cos(angle), np.sin(angle), lift])
        found.append(vector / np.linalg.norm(vector))
    return found


def _inside(rng: Rng, radii: np.ndarray, reach: float) -> np.ndarray:
    """A random point in the middle plane's neighbourhood of an ellipsoid, up to `reach` of its radii."""
    direction = rng.normal(0, 1, 3)
    return radii * reach * direction / np.linalg.norm(direction) * np.sqrt(rng.uniform())  # type: ignore[no-any-return]
