"""The overall score of the HVSMR 2016 challenge."""

from __future__ import annotations


def hvsmr_overall(
    *, dice_myo: float, dice_pool: float, adb_myo: float, adb_pool: float, hdd_myo: float, hdd_pool: float
) -> float:
    """Sum over myocardium and blood pool of Dice / 2 - ADB / 4 - HDD / 30; higher is better, at most 1.

    The weights reproduce the published rows (Min et al. 2019, Table 3) within 0.002. Covalic, the evaluation
    software that speaks of ADB, takes the larger of the directed 95th percentiles for a Hausdorff distance
    (`hd95_max_mm`); it draws surfaces somewhat differently, so its values are near ours, not equal.

    Parameters
    ----------
    dice_myo, dice_pool
        Mean Dice over cases, in [0, 1].
    adb_myo, adb_pool
        Mean average distance of boundaries, mm (`adb_mm`).
    hdd_myo, hdd_pool
        Mean Hausdorff distance, mm.
    """
    myocardium = dice_myo / 2 - adb_myo / 4 - hdd_myo / 30
    blood_pool = dice_pool / 2 - adb_pool / 4 - hdd_pool / 30
    return myocardium + blood_pool
