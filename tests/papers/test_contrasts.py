"""Scores of rows, paired and not, by class, by group, as the overall score of HVSMR; the papers' marks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats as scipy_stats

from nsbench.benchmark.metrics import hvsmr_overall
from nsbench.benchmark.papers.contrast import Scores
from nsbench.benchmark.papers.mapping import Reported
from nsbench.benchmark.papers.marks import marks
from nsbench.benchmark.papers.metrics import PrintedMetric
from nsbench.benchmark.papers.select import Stands
from nsbench.benchmark.papers.worlds import World, worlds
from nsbench.benchmark.report.rows import Row
from nsbench.benchmark.stats.records import HVSMR, Records

DICE = PrintedMetric("dice")
CLASSES = ("myocardium", "blood pool")


def records(methods: dict[str, float], patients: int = 16, seeds: int = 2, **facts: Any) -> Records:
    """Rows with two classes; volumes of 10, 20, 30 ... ml, one class of two empty of distances in case 3."""
    rng = np.random.default_rng(0)
    common = {"complete": True, "cells_done": 2, "cells_planned": 2, "seeds": seeds, "dataset": "x", "ratio": 0.5}
    rows = [
        Row(unit, (), (), [], {**common, "method": name, "plugin": name, **facts}) for unit, name in enumerate(methods)
    ]
    entries = pd.DataFrame(
        {"unit": unit, "run": seed, "position": unit * seeds + seed, "case": f"c{p}", "patient": f"p{p:02}"}
        | {"class_name": name, "truth_volume_ml": 5.0 * (p + 1), "dice": mean + 0.01 * p + rng.normal(0, 0.02)}
        | {"adb_mm": np.nan if p == 3 and name == CLASSES[0] else 1.0 + 0.1 * p, "hd_mm": 6.0}
        for unit, mean in enumerate(methods.values())
        for seed in range(seeds)
        for p in range(patients)
        for name in CLASSES
    )
    return Records({"spec": {}}, rows, entries)


def stands(unit: int, method: str = "", only: str | None = None, group: Any = None, **setting: str) -> Stands:
    """What a row stands for."""
    return Stands({"unit": unit, "method": method}, method, setting, only, group)


def test_rows_on_the_same_patients_are_paired() -> None:
    found = Scores(records({"a": 0.7, "b": 0.6})).contrast([(1, stands(0)), (-1, stands(1))], DICE)
    assert found.estimates is not None
    assert (found.patients, found.seeds) == (16, 2)
    assert found.estimates.mean[0] == pytest.approx(0.1, abs=0.01)
    # the patients' own differences, 0.01 a patient, cancel
    assert found.estimates.variances()[0][0] ** 0.5 < 0.006


def test_groups_of_other_patients_are_not_paired() -> None:
    small, large = stands(0, group=(None, 80.0)), stands(0, group=(80.0, None))
    found = Scores(records({"a": 0.7})).contrast([(1, large), (-1, small)], DICE)
    assert found.estimates is not None
    assert found.patients == 16
    assert found.estimates.mean[0] == pytest.approx(0.08, abs=0.01)
    spread = np.std(0.01 * np.arange(8), ddof=1)
    assert found.estimates.variances()[0][0] == pytest.approx(2 * spread**2 / 8, rel=0.4)
    few = Scores(records({"a": 0.7})).contrast([(1, large), (-1, stands(0, group=(None, 20.0)))], DICE)
    assert few.reason == "1 patient; at least 6 are needed"


def test_overall_score_is_that_of_the_means_and_undefined_with_any_of_its_parts() -> None:
    held = records({"a": 0.7})
    scores = held.scores(held.rows[0], HVSMR)
    assert scores["score"].isna().sum() == 2  # case 3, two seeds
    known = held.entries[held.entries["patient"] != "p03"].groupby("class_name")[["dice", "adb_mm", "hd_mm"]].mean()
    parts = {
        f"{name}_{short}": known.loc[title, column]
        for short, title in zip(("myo", "pool"), CLASSES)
        for name, column in (("dice", "dice"), ("adb", "adb_mm"), ("hdd", "hd_mm"))
    }
    assert scores["score"].mean() == pytest.approx(hvsmr_overall(**parts))


def test_one_class_alone() -> None:
    held = records({"a": 0.7})
    held.entries.loc[held.entries["class_name"] == CLASSES[0], "dice"] = 0.25
    assert held.scores(held.rows[0], "dice", only=CLASSES[0])["score"].unique().tolist() == [0.25]


def marked(cnn: float, massl: float, seeds: int = 2) -> dict[tuple[str, str], Any]:
    """Marks of MASSL's Table 1 with 20 labeled scans."""
    held = records({"cnn": cnn, "massl": massl}, seeds=seeds)
    setting = {"labeled": "20", "unlabeled": "100"}
    reported = Reported(paper="massl", tables=("Table 1",), dataset="BraTS18")
    world = World("", reported, (stands(0, "CNN", **setting), stands(1, "MASSL(alter)", **setting)))
    return {(each.method, each.meaning): each for each in marks([world], Scores(held))}


def test_marks_are_earned_by_the_papers_own_test() -> None:
    found = marked(0.6, 0.7)
    better = found["MASSL(alter)", "better than CNN"]
    assert (better.printed, better.marked) == (True, True)
    assert found["CNN", "worse than MASSL(alter)"].marked is True
    assert found["CNN", "worse than MASSL(alter)"].printed is None  # lost in our text of the paper
    equal = marked(0.7, 0.7)["MASSL(alter)", "better than CNN"]
    held = records({"cnn": 0.7, "massl": 0.7})
    means = held.entries.groupby(["unit", "patient"])["dice"].mean()
    assert equal.marked is False
    assert equal.p == pytest.approx(scipy_stats.ttest_rel(means[1], means[0]).pvalue)
    assert marked(0.7, 0.6)["MASSL(alter)", "better than CNN"].marked is False


def test_marks_of_one_seed_are_not_enough_data() -> None:
    found = marked(0.6, 0.7, seeds=1)["MASSL(alter)", "better than CNN"]
    assert (found.marked, found.p) == (None, None)
    assert "one seed" in found.reason


def test_rows_named_by_plugin_are_compared_within_one_protocol() -> None:
    held = records({"a": 0.7, "b": 0.6, "c": 0.5, "d": 0.8})
    for row, noise, ratio in zip(held.rows, ("clean", "affine", "elastic", "affine"), (0, 0.5, 0.5, 0.25)):
        row.facts |= {"noise": noise, "ratio": ratio, "plugin": "ce"}
    methods: dict[str, Any] = {"ce": "CE"}
    about: dict[str, Any] = {"paper": "cople", "tables": ("Table I",), "dataset": "COVID-19 CT", "methods": methods}
    by_ratio = [{"rows": {"ratio": r}, "setting": {"ratio": str(r)}} for r in (0, 0.25, 0.5)]
    chosen = worlds(held.rows, Reported(**about, methods_are="plugins", at=by_ratio))
    assert [[each.facts["unit"] for each in world.stands] for world in chosen] == [[0, 1, 3], [0, 2]]
    free = worlds(held.rows, Reported(**about, methods_are="plugins", at=[{"rows": {"ratio": ">0"}}]))
    assert [[each.facts["unit"] for each in world.stands] for world in free] == [[1], [2], [3]]
