"""Metrics of a segmentation: per case and class, pooled over a dataset, and the HVSMR overall score."""

from __future__ import annotations

from .empty import count_empty, penalised
from .overall import hvsmr_overall
from .pooled import pooled
from .score import Row, score_case
from .table import METRICS, Metric

__all__ = ["METRICS", "Metric", "Row", "count_empty", "hvsmr_overall", "penalised", "pooled", "score_case"]
