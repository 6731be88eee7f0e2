"""What the papers call our metrics, and in which unit they print them."""

from __future__ import annotations

from dataclasses import dataclass

from .mapping import Reported


@dataclass(frozen=True)
class PrintedMetric:
    """One of our metrics as a paper prints it.

    Attributes
    ----------
    name
        A column of the per-case tables, or `pooled.KEY` for a score of all cases together.
    scale
        What our value is multiplied by: 100 for percent.
    """

    name: str
    scale: float = 1.0


_NAMES: dict[str, dict[str, str]] = {
    "tsman": {
        "Dice": "dice",
        "mean Dice": "dice",
        "ADB": "adb_mm",
        "HDD": "hd_mm",
        "overall score": "pooled.hvsmr",
    },
    "pint": {"Dice": "dice", "ASD": "asd"},
    "massl": {"Dice": "dice"},
    "atso": {"DSC": "dice", "IoU": "pooled.iou", "mIoU": "pooled.iou"},
    "cople": {"Dice": "dice", "RVE": "rve", "HD95": "hd95_max_mm"},
}


def printed_metric(reported: Reported, metric: str, unit: str) -> PrintedMetric | None:
    """Ours for a metric as printed; None where nothing that a run measures is the same."""
    name = reported.metrics.get(metric) or _NAMES.get(reported.paper, {}).get(metric)
    return PrintedMetric(name, 100.0 if unit == "%" else 1.0) if name else None
