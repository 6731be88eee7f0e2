"""What counts as equal, unless a spec or the user says otherwise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..errors import UserError, nearest
from ..report.reported import load_reported
from .mapping import Reported
from .metrics import PrintedMetric

MARGINS = {
    **dict.fromkeys(("dice", "iou", "pooled.iou"), 0.02),
    "rve": 0.05,
    **dict.fromkeys(("asd", "assd", "adb"), 0.5),
    **dict.fromkeys(("asd_mm", "assd_mm", "adb_mm"), 0.5),
    **dict.fromkeys(("hd95", "hd95_max", "hd", "hd95_mm", "hd95_max_mm", "hd_mm"), 2.0),
    "pooled.hvsmr": 0.1,
}
"""By our metric and in its unit: fractions, voxels, mm."""

Given = Mapping[str, float]


def margin(reported: Reported, printed: str, metric: PrintedMetric, given: Given) -> float:
    """In the printed unit: the user's, the spec's, or the default.

    Raises
    ------
    UserError
        There is none.
    """
    for known in (given, reported.margins):
        if printed in known:
            return known[printed]
    if metric.name not in MARGINS:
        raise UserError(f"no margin for {printed} ({metric.name}): give --margin {printed}=VALUE")
    return MARGINS[metric.name] * metric.scale


def parse_margins(texts: Sequence[str]) -> dict[str, float]:
    """`METRIC=VALUE` each, the metric as printed and the value in the printed unit."""
    found: dict[str, float] = {}
    for text in texts:
        name, _, value = text.rpartition("=")
        try:
            found[name] = float(value)
        except ValueError:
            found[name] = 0.0
        if not name or not 0 < found[name] < float("inf"):
            raise UserError(f"--margin {text}: write METRIC=VALUE with a number above 0, as in Dice=2")
    printed = sorted({number["metric"] for number in load_reported()}) if found else []
    for name in found:
        if name not in printed:
            raise UserError(f"--margin {name}: no paper prints it; {nearest(name, printed)}")
    return found
