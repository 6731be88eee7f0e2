"""The metrics by name: what each is called, how it is measured, which way is better."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf
from typing import Literal


@dataclass(frozen=True)
class Metric:
    """One metric of a row of `score_case`.

    Attributes
    ----------
    name
        Key in the row.
    title
        Heading of a column.
    unit
        `mm`, `voxel`, or `` for a fraction.
    direction
        Whether `higher` or `lower` values are better.
    is_surface
        True for a distance between surfaces: NaN where a mask is empty.
    definition
        One line for the reader of a table.
    """

    name: str
    title: str
    unit: Literal["", "voxel", "mm"]
    direction: Literal["higher", "lower"]
    is_surface: bool
    definition: str

    @property
    def reach(self) -> tuple[float, float]:
        """The lowest and the highest value that there can be."""
        return 0.0, 1.0 if self.name in ("dice", "iou") else inf

    def within(self, low: float, high: float) -> tuple[float, float]:
        """The part of an interval that the metric can reach."""
        least, most = self.reach
        return min(max(low, least), most), max(min(high, most), least)


def _distance(name: str, title: str, definition: str) -> tuple[Metric, Metric]:
    voxels = Metric(name, title, "voxel", "lower", True, definition)
    return voxels, replace(voxels, name=f"{name}_mm", unit="mm")


_ALL = (
    Metric("dice", "Dice", "", "higher", False, "2 |P and T| / (|P| + |T|) of prediction P and truth T."),
    Metric("iou", "IoU", "", "higher", False, "|P and T| / |P or T|, the Jaccard index."),
    Metric("rve", "RVE", "", "lower", False, "Relative volume error, ||P| - |T|| / |T|."),
    *_distance("asd", "ASD", "Mean distance from the prediction's surface to the truth's (one direction)."),
    *_distance("assd", "ASSD", "Mean of the distances in both directions, pooled (MedPy)."),
    *_distance("adb", "ADB", "Average distance of boundaries: mean of the two directed means (HVSMR)."),
    *_distance("hd", "HD", "Hausdorff distance: the largest distance in either direction."),
    *_distance("hd95", "HD95 (pooled)", "95th percentile of the distances in both directions, pooled (MedPy)."),
    *_distance("hd95_max", "HD95 (max)", "Larger of the two directed 95th percentiles (MONAI)."),
)

METRICS: dict[str, Metric] = {metric.name: metric for metric in _ALL}
"""Every metric of `score_case`, in the order of a table."""
