"""Noise models that break a contract each; they are named after it."""

from __future__ import annotations

import numpy as np

from nsbench.benchmark.plugin import Corruption, NoiseModel


class _Model(NoiseModel):
    """A helper, no plugin."""

    citation = "Nobody, 'Nothing', 2020"


class Erratic(_Model):
    """It draws from a generator that nobody seeds."""

    name = "corruption-is-deterministic"

    def corrupt(
        self, label: np.ndarray, spacing: tuple[float, ...], rng: np.random.Generator, image: np.ndarray
    ) -> Corruption:
        return Corruption(np.where(np.random.default_rng().random(label.shape) < 0.5, label, 0).astype(label.dtype))


class Wide(_Model):
    """It invents a class."""

    name = "a-corrupted-label-is-a-label"

    def corrupt(
        self, label: np.ndarray, spacing: tuple[float, ...], rng: np.random.Generator, image: np.ndarray
    ) -> Corruption:
        return Corruption(label + np.uint8(1))


class Rough(_Model):
    """It works on the label that it was handed."""

    name = "the-input-is-left-alone"

    def corrupt(
        self, label: np.ndarray, spacing: tuple[float, ...], rng: np.random.Generator, image: np.ndarray
    ) -> Corruption:
        label[0] = 0
        return Corruption(label.copy())


class Numeric(_Model):
    """Its notes hold a number of numpy's."""

    name = "notes-are-json"

    def corrupt(
        self, label: np.ndarray, spacing: tuple[float, ...], rng: np.random.Generator, image: np.ndarray
    ) -> Corruption:
        return Corruption(label.copy(), {"voxels": np.int64(3)})
