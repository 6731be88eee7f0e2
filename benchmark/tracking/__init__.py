"""Experiment trackers: TensorBoard, MLflow, Weights & Biases."""

from .observer import Tracking

__all__ = ["Tracking"]
