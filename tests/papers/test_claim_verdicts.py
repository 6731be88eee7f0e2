"""Verdicts on claims: level and power on made-up scores, and what is claimed of which rows."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pandas as pd
import pytest

from nsbench.benchmark.papers.assess import printed_units
from nsbench.benchmark.papers.catalogue import all_tables, find_table
from nsbench.benchmark.papers.claim_verdicts import Compared, _metric, decide, p_values, speaks_of, verdicts
from nsbench.benchmark.papers.contrast import Scores
from nsbench.benchmark.papers.mapping import Reported
from nsbench.benchmark.papers.mappings import defaults, mappings_of
from nsbench.benchmark.papers.resolve import asked, never
from nsbench.benchmark.papers.select import Stands, _stands, stand_for
from nsbench.benchmark.papers.worlds import World, worlds
from nsbench.benchmark.report.claims import Claim, load_claims
from nsbench.benchmark.report.reported import load_reported, parse_setting
from nsbench.benchmark.report.rows import Row
from nsbench.benchmark.stats.bootstrap import Estimates
from nsbench.benchmark.stats.records import Records
from nsbench.benchmark.stats.simulate import Sample

DRAWS = 1000


def outcomes(rivals: int, gain: float, seeds: int, patients: int = 20, kind: str = "greater") -> Counter[str]:
    """Verdicts on 1,000 runs of a method that is this much better than each of its rivals."""
    rng = np.random.default_rng(11)
    subject = Sample(patients, seeds, by_patient=2, by_seed=0.5).draw(rng, DRAWS, gain)
    chances = []
    for _ in range(rivals):
        rival = Sample(patients, seeds, by_patient=2, by_seed=0.5).draw(rng, DRAWS)
        chances.append(np.stack(p_values(Estimates.of(subject - rival).draws(), kind)))
    found = (
        [Compared("", for_p=float(a), against_p=float(b)) for a, b in zip(*run)]
        for run in np.moveaxis(chances, 2, 0).swapaxes(1, 2)
    )
    return Counter(decide(compared)[0] for compared in found)


@pytest.mark.parametrize(("rivals", "seeds", "patients"), [(1, 2, 20), (1, 3, 50), (4, 3, 20)])
def test_equal_methods_are_told_apart_in_at_most_five_of_a_hundred_runs(rivals: int, seeds: int, patients: int) -> None:
    found = outcomes(rivals, 0.0, seeds, patients)
    assert found["holds"] + found["reversed"] <= 50


def test_two_points_are_seen_the_right_way_round() -> None:
    better, worse = outcomes(1, 2.0, 3, patients=50), outcomes(1, -2.0, 3, patients=50)
    assert better["holds"] > 500
    assert worse["reversed"] > 500
    assert better["reversed"] == worse["holds"] == 0


@pytest.mark.parametrize(
    ("kind", "by", "allowed", "centre", "right"),
    [
        ("greater", 0, 0, 1.0, "for"),
        ("greater", 2, 0, 1.0, "against"),
        ("greater_equal", 0, 1, -0.5, "for"),
        ("greater_equal", 0, 1, -1.5, "against"),
        ("similar", 1, 0, 0.5, "for"),
        ("similar", 1, 0, 1.5, "against"),
        ("similar", 1, 0, -1.5, "against"),
    ],
)
def test_each_kind_of_claim_has_its_bound(kind: str, by: float, allowed: float, centre: float, right: str) -> None:
    drawn = np.random.default_rng(0).normal(centre, 0.1, 2000)
    chances = dict(zip(("for", "against"), p_values(drawn, kind, by, allowed)))
    assert chances[right] <= 0.001
    assert chances["against" if right == "for" else "for"] > 0.9 / 2


def test_a_claim_holds_only_where_everything_was_tested() -> None:
    good, bad, gone = (
        Compared("", for_p=0.001, against_p=1),
        Compared("", for_p=1, against_p=0.001),
        Compared("", reason="r"),
    )
    assert decide([good, good])[0] == "holds"
    assert decide([good, gone])[0] == "undecided"
    assert decide([bad, gone])[0] == "reversed"
    assert decide([gone])[0] == "not tested"
    assert decide([good, Compared("", for_p=0.5, against_p=0.02)])[0] == "undecided"  # 0.02 of two is not enough
    assert decide([Compared("", reason="one seed", patients=9)])[0] == "undecided"


def world(paper: str, dataset: str) -> World:
    """Rows for every number that a paper reports on a dataset."""
    numbers = [row for row in load_reported(paper) if row["dataset"] == dataset]
    pairs = {(row["method"], row["setting"]): None for row in numbers}
    facts: list[dict[str, Any]] = [{"unit": unit} for unit in range(len(pairs))]
    stands = [Stands(fact, method, parse_setting(setting), None, None) for fact, (method, setting) in zip(facts, pairs)]
    return World("", Reported(paper=paper, tables=("all",), dataset=dataset), tuple(stands))


def test_every_claim_on_printed_numbers_is_resolved_to_rows() -> None:
    """Whatever a paper prints is found by the words of its claims, but for rows that two tables have."""
    claims = [claim for claim in load_claims() if any(source.startswith("Table") for source in claim.source)]
    questions = [
        (claim.id, question) for claim in claims for question in asked(claim, world(claim.paper, claim.dataset))
    ]
    lost = {name: question.missing for name, question in questions if question.missing}
    assert {name: why for name, why in lost.items() if why.startswith("no row")} == {}
    assert len(questions) > 300


def test_lower_is_better_where_it_is() -> None:
    claim = next(claim for claim in load_claims("pint") if claim.id == "pint-beats-its-parts")
    dice, *_, asd = asked(claim, world("pint", "LA"))
    assert [(factor, each.method) for factor, each in dice.terms] == [(1.0, "PINT"), (-1.0, "PNT")]
    assert [(factor, each.method) for factor, each in asd.terms] == [(-1.0, "PINT"), (1.0, "INT")]
    assert asd.text == "ASD (ratio=75%): PINT against INT"


def test_gains_are_differences_of_differences() -> None:
    side = {"method": "ATSO", "setting": {"generation": "G1", "set": "test"}}
    base = {"method": "ATSO", "setting": {"generation": "G0", "set": "test"}}
    claim = Claim.model_validate(
        {"paper": "atso", "id": "a", "quote": "0123456789", "source": ["Table 1"], "kind": "greater", "dataset": "NIH"}
        | {"metrics": ["DSC"], "subject": {**side, "over": base}, "against": [{"value": 1.5}]}
    )
    (question,) = asked(claim, world("atso", "NIH"))
    assert [factor for factor, _ in question.terms] == [1.0, -1.0]
    assert question.constant == -1.5


def test_default_mappings_name_what_the_papers_print() -> None:
    for reported in defaults():
        numbers = [row for row in load_reported(reported.paper) if row["table"] in reported.tables]
        printed = {row["method"] for row in numbers if row["dataset"] == reported.dataset}
        ours = {each.method for several in reported.methods.values() for each in several}
        assert not printed or ours <= printed, (reported.paper, reported.tables, ours - printed)


@pytest.mark.parametrize("figure", ["Fig. 6", "Fig. 7"])
def test_tsman_is_what_learned_from_pseudo_labels(figure: str) -> None:
    """As in the spec of the figure; a network that learned from the labeled scans alone stands for nothing."""
    (mapping,) = (each for each in defaults() if each.paper == "tsman" and figure in each.tables)
    off = dict.fromkeys(("f1", "f2", "f3", "f4"), False)
    rows = [
        {
            "plugin": "hierarchical-distillation",
            "labeled": 0.5,
            "params": {"retrain": retrain, "retrain_params": params},
        }
        for retrain, params in (
            ("tsman", {}),
            ("tsman", {"kernel": 1}),
            ("disagreement", {}),
            ("tsman", off),
            ("ce", {}),
        )
    ]
    rows += [{"plugin": name, "labeled": 0.5, "params": {}} for name in ("tsman", "disagreement", "ce", "cnn")]
    rows.append({"plugin": "tsman", "labeled": 1.0, "params": off})
    assert [(each.method, *each.setting.values()) for each in stand_for(rows, mapping)] == [
        ("TSMAN", "50%"),
        ("TSMAN", "50%", "3x3 Gaussian, variance 0.5"),
        ("TSMAN", "50%", "none"),
        ("Disagreement", "50%"),
        ("DenseVoxNet", "50%"),
        ("DenseVoxNet", "100%"),
    ]


def test_labels_that_are_noisy_as_published_stand_for_the_papers_rows() -> None:
    """Clean labels of any other dataset stand for none of COPLE's, whose training labels are all noisy."""
    rows = [
        Row(unit, (), (), [], {"dataset": dataset, "noise": "clean", "ratio": 0.0, "plugin": name, "params": params})
        for unit, (dataset, name, params) in enumerate(
            [("uestc-covid19", "ce", {}), ("uestc-covid19", "nr-dice", {"gamma": 1.5}), ("phantom", "ce", {})]
        )
    ]
    (found,) = (world for each in defaults() if each.paper == "cople" for world in worlds(rows, each))
    assert (found.dataset, found.reported.tables) == ("uestc-covid19", ("Table I", "Fig. 4", "Fig. 5"))
    assert {(each.method, each.group) for each in found.stands} >= {("CE", None), ("NR-Dice", (None, 50))}
    assert not any(text.startswith("noise") for text in found.reported.differences)


def test_units_are_those_of_the_tables() -> None:
    """COPLE prints Dice in percent in its tables and as a fraction in its text."""
    units = printed_units()
    assert (units["cople", "Dice"], units["pint", "Dice"], units["massl", "Dice"]) == ("%", "%", "")
    rows = [row for row in load_reported() if row["table"].startswith("Table")]
    assert {row["unit"] for row in rows if units[row["paper"], row["metric"]] != row["unit"]} == set()


def test_a_run_of_a_papers_table_has_that_tables_mapping() -> None:
    (own,) = mappings_of({"spec": {"paper": "pint", "table": "Table 1"}})
    assert (own.methods_are, own.tables) == ("labels", ("Table 1", "text (Sec. 3.2)"))
    assert mappings_of({"spec": {"paper": "pint", "table": "Table 1"}}, "cople") == []
    assert {each.methods_are for each in mappings_of({"spec": {}})} == {"plugins"}
    assert {each.paper for each in mappings_of({"spec": {}}, "atso")} == {"atso"}


def test_a_mapping_is_refused_with_the_field() -> None:
    with pytest.raises(ValueError, match="begins with none of data"):
        Reported(paper="pint", tables=("Table 1",), dataset="LA", differences=("something else",))
    with pytest.raises(ValueError, match="greater than 0"):
        Reported(paper="pint", tables=("Table 1",), dataset="LA", margins={"Dice": 0})


def placed(reported: Reported) -> World:
    """All that a mapping has a place for, whether a run has it or not."""
    cross = [(printed, at) for several in reported.methods.values() for printed in several for at in reported.at]
    return World("", reported, tuple(_stands({"unit": 0}, *pair) for pair in cross))


def test_what_no_run_can_test_is_declared_and_nothing_else() -> None:
    """A comparison whose rows some mapping has a place for, in a metric of a run, is one that a run can test."""
    every = [placed(each) for each in (*defaults(), *(table.table.reported for table in all_tables()))]
    units = printed_units()
    for claim in load_claims():
        fits = [each for each in every if speaks_of(each, claim)]
        open_claim = claim.model_copy(update={"never": {}})
        for told, *found in zip(asked(claim, fits[0]), *(asked(open_claim, each) for each in fits)):
            places = [each for each, question in zip(fits, found) if not question.missing.startswith("no row")]
            can = any(_metric(each, told.metric, units) for each in places)
            assert can != told.missing.startswith("no run can test it"), (claim.id, told.text, told.missing)


def test_a_claim_that_no_run_can_test_says_so_on_any_run() -> None:
    claims = {claim.id: claim for claim in load_claims("atso")}
    nothing = Scores(Records({}, [], pd.DataFrame()))
    (verdict,) = verdicts([claims["atso-keeps-away-from-its-teacher"]], [], nothing, {}, {})
    assert (verdict.outcome, verdict.compared) == ("not tested", ())
    assert verdict.reason.startswith("no run can test it: similarity to M0 (DSC): records hold the mean")
    half = list(asked(claims["atso-transfers-best"], placed(find_table("atso", "3").table.reported)))
    assert ["set=reference" in each.missing for each in half] == [True, True, False, False]
    assert never(claims["atso-transfers-best"]) == []
