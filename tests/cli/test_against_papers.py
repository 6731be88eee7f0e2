"""`nsbench stats` and `nsbench claims` on a leaderboard of known scores."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import Result

from nsbench.benchmark.budget import resolve_budget
from nsbench.benchmark.cell import Cell, Chosen, ChosenDataset, Identity, Noisy
from nsbench.benchmark.report.reported import load_reported
from nsbench.benchmark.store.index_rows import planned_table
from nsbench.benchmark.store.published import write_published

Command = Callable[..., Result]
Means = dict[tuple[str, float], float]

PRINTED = {
    "ce": "V-net",
    "reweighting": "Reweighting",
    "tri-network": "Tri-network",
    "pick-and-learn": "Pick-and-learn",
    "pnt": "PNT",
    "int": "INT",
    "pint": "PINT",
}


def paper_means() -> Means:
    """Dice of the paper's Table 1 and of clean labels, by our method and ratio."""
    numbers = {(row["method"], row["setting"]): row["mean"] for row in load_reported("pint") if row["metric"] == "Dice"}
    found = {
        (name, ratio): numbers[printed, f"ratio={100 * ratio:.0f}%"]
        for name, printed in PRINTED.items()
        for ratio in (0.25, 0.5, 0.75)
    }
    return found | {("ce", 0.0): numbers["V-net", "ratio=0%"]}


def publish(
    folder: Path, means: Means, seeds: int = 3, dataset: str = "la", spread: float = 0.1, missing: str = ""
) -> Path:
    """A leaderboard of twenty patients whose scores have these means."""
    cells = [_cell(name, ratio, seed, dataset) for name, ratio in means for seed in range(seeds)]
    planned = planned_table(cells).to_pandas()
    planned = planned.assign(status="done", classes='["atrium"]', trust="[]", pooled="{}", error="")
    planned = planned.assign(updates=24, passes=24.0, parameters=1, train_cases=8, test_cases=20, corrupted=0)
    planned.loc[planned["label"] == missing, "status"] = "failed"
    rng = np.random.default_rng(0)
    base = rng.normal(0, spread, 20)
    rows = [
        {"position": at, "case": f"c{p:02}", "patient": f"p{p:02}", "class_name": "atrium", "class": 1}
        | {"dice": means[cell.label, cell.identity.supervision.ratio] / 100 + base[p] + shift + rng.normal(0, spread)}
        for at, cell in enumerate(cells)
        for shift in [rng.normal(0, spread / 4)]
        for p in range(20)
    ]
    folder.mkdir(exist_ok=True)
    write_published(folder, {"spec": {"name": "Test"}, "name": "Test"}, planned, pd.DataFrame(rows))
    return folder


def _cell(name: str, ratio: float, seed: int, dataset: str) -> Cell:
    identity = Identity(
        dataset=ChosenDataset(name="la", task="atrium", fingerprint="f"),
        fold=0,
        folds=1,
        supervision=Noisy(noise=Chosen(name="erode-dilate" if ratio else "none"), ratio=ratio),
        method=Chosen(name=name),
        network=Chosen(name="vnet"),
        view="3d",
        budget=resolve_budget("smoke", 3),
        selection="last",
        seed=seed,
    )
    noise = "erode-dilate" if ratio else "clean"
    return Cell(identity=identity, label=name, dataset_label=dataset, noise_label=noise)


def told(result: Result) -> dict[str, Any]:
    """The JSON, and outcomes by claim."""
    document: dict[str, Any] = json.loads(result.output)
    document["outcome"] = {claim["id"]: claim["outcome"] for claim in document["claims"]}
    return document


def test_scores_as_reported_make_the_papers_claims_hold(nsbench: Command, tmp_path: Path) -> None:
    result = nsbench("claims", publish(tmp_path / "run", paper_means(), spread=0.002), "--paper", "pint", "--json")
    assert result.exit_code == 0
    found = told(result)
    assert found["outcome"]["pnt-beats-reweighting"] == "holds"
    assert found["outcome"]["int-beats-pick-and-learn"] == "holds"
    # of ASD there is nothing here
    assert found["outcome"]["pint-beats-its-parts"] == "undecided"
    assert found["outcome"]["pint-is-best-on-real-noise"] == "not tested"
    assert found["outcome"]["uncertainty-shows-the-noise"] == "not tested"
    dice = [number for number in found["numbers"] if number["metric"] == "Dice"]
    assert len(dice) == 22
    assert {number["verdict"] for number in dice} == {"reproduced"}
    assert all(any(text.startswith("budget: smoke") for text in number["differences"]) for number in dice)
    assert [order["tau"] for order in found["orders"] if order["setting"] == "ratio=50%" and order["tau"]] == [1.0]
    whole = next(order for order in found["table_orders"] if order["table"] == "Table 1")
    assert (whole["settings"], whole["pairs"], whole["tau"]) == (3, 63, 1.0)


def test_a_reversed_claim_makes_the_exit_code_one(nsbench: Command, tmp_path: Path) -> None:
    means = paper_means()
    means["pnt", 0.5], means["reweighting", 0.5] = means["reweighting", 0.5], means["pnt", 0.5]
    run = publish(tmp_path / "run", means, spread=0.002)
    result = nsbench("claims", run, "--paper", "pint", "--json")
    assert result.exit_code == 1
    found = told(result)
    assert found["outcome"]["pnt-beats-reweighting"] == "reversed"
    verdicts = {(n["method"], n["setting"], n["metric"]): n["verdict"] for n in found["numbers"]}
    assert verdicts["PNT", "ratio=50%", "Dice"] == "lower"
    assert verdicts["Reweighting", "ratio=50%", "Dice"] == "higher"
    text = nsbench("claims", run, "--paper", "pint").output
    (line,) = (line for line in text.splitlines() if line.startswith("reversed   pint   pnt-beats-reweighting"))
    assert line.split("last")[1].split()[0] == "3"  # seeds
    assert "Protocol differences to pint, Table 1" in text
    assert "Over all settings and metrics of a table" in text


def test_wide_scores_decide_nothing(nsbench: Command, tmp_path: Path) -> None:
    found = told(nsbench("claims", publish(tmp_path / "run", paper_means()), "--paper", "pint", "--json"))
    assert found["outcome"]["pnt-beats-reweighting"] == "undecided"
    assert {n["verdict"] for n in found["numbers"] if n["metric"] == "Dice"} == {"underpowered"}


def test_other_data_are_not_comparable_but_claims_are_tested(nsbench: Command, tmp_path: Path) -> None:
    run = publish(tmp_path / "run", paper_means(), dataset="la@la-half", spread=0.002)
    found = told(nsbench("claims", run, "--paper", "pint", "--json"))
    assert {n["verdict"] for n in found["numbers"]} == {"not comparable"}
    assert found["numbers"][0]["reason"] == "data: la@la-half is not the paper's LA"
    assert found["outcome"]["pnt-beats-reweighting"] == "holds"


def test_margin_is_the_users(nsbench: Command, tmp_path: Path) -> None:
    run = publish(tmp_path / "run", paper_means(), spread=0.05)
    strict = told(nsbench("claims", run, "--paper", "pint", "--json"))
    loose = told(nsbench("claims", run, "--paper", "pint", "--margin", "Dice=30", "--json"))
    verdicts = [{n["verdict"] for n in found["numbers"] if n["metric"] == "Dice"} for found in (strict, loose)]
    assert verdicts == [{"underpowered"}, {"reproduced"}]


@pytest.mark.parametrize(("seeds", "missing", "reason"), [(1, "", "one seed"), (3, "pnt", "cells of pnt are not done")])
def test_not_enough_data_is_no_verdict(nsbench: Command, tmp_path: Path, seeds: int, missing: str, reason: str) -> None:
    run = publish(tmp_path / "run", paper_means(), seeds=seeds, spread=0.002, missing=missing)
    claims = told(nsbench("claims", run, "--paper", "pint", "--json"))["claims"]
    found = next(claim for claim in claims if claim["id"] == "pnt-beats-reweighting")
    assert found["outcome"] in ("undecided", "not tested")
    assert reason in found["reason"]
    assert found["comparisons"][0]["difference"] is None


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "give a folder of results, or --own"),
        (("--own", "--paper", "nobody"), "nobody"),
        (("nowhere",), "no benchmark here"),
        (("run", "--margin", "Dice"), "write METRIC=VALUE"),
        (("run", "--margin", "dice=2"), "did you mean Dice"),
    ],
)
def test_bad_input_is_told_with_exit_code_two(
    nsbench: Command, tmp_path: Path, words: tuple[str, ...], message: str
) -> None:
    run = publish(tmp_path / "run", {("ce", 0.5): 80.0})
    result = nsbench("claims", *(str(run) if word == "run" else word for word in words))
    assert result.exit_code == 2
    assert message in result.output


def test_the_papers_own_numbers_are_checked_without_a_run(nsbench: Command) -> None:
    found = {
        claim["id"]: claim for claim in json.loads(nsbench("claims", "--own", "--paper", "cople", "--json").output)
    }
    assert found["nr-dice-is-best"]["outcome"] == "holds"
    assert found["attention-networks-reduce-distance"]["outcome"] == "contradicted"
    assert "HD95" in found["attention-networks-reduce-distance"]["contradicted_by"][0]
    assert found["gamma-one-and-a-half-is-best"]["outcome"] == "no numbers"


def test_statistics_of_a_run(nsbench: Command, tmp_path: Path) -> None:
    run = publish(tmp_path / "run", paper_means(), spread=0.002)
    found = json.loads(nsbench("stats", run, "--baseline", "ce", "--json").output)
    half = next(table for table in found if table["ratio"] == 0.5 and table["knows"] == "blind")
    best = half["ranks"][0]
    assert (best["method"], best["rank"], best["rank_low"], best["tied"]) == ("pint", 1, 1, True)
    assert {pair["b"] for pair in half["baseline"]} == {"ce"}
    assert len(half["pairs"]) == 15
    text = nsbench("stats", run, "--baseline", "ce").output
    assert "Against ce" in text
    assert text.count("The p-values take the seeds as fixed") == 3  # one under each table with tests
    assert "not enough data: nothing to compare with" in text  # ce alone on clean labels
    assert nsbench("stats", run, "--metric", "dise").exit_code == 2
    assert nsbench("stats", run, "--baseline", "nobody").exit_code == 2
