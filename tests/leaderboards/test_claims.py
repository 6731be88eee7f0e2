"""The papers' claims: valid, tied to the reported numbers, and checked against them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nsbench.benchmark.errors import UserError
from nsbench.benchmark.report.claims import Claim, load_claims, read_claims
from nsbench.benchmark.report.own_numbers import failures, own_outcome
from nsbench.benchmark.report.reported import load_reported

CONTRADICTED = {
    "alternating-beats-joint-without-attention-on-brats",
    "alternating-beats-joint-without-attention-on-wmh",
    "attention-networks-reduce-distance",
    "dd-improves-every-base-model",
    "label-update-beats-baseline",
    "md-improves-on-every-base-model",
    "robust-losses-beat-ce",
    "tsman-improves-surface-distances",
}


def _claim(**changes: Any) -> Claim:
    fields: dict[str, Any] = {
        "paper": "pint",
        "id": "some-claim",
        "quote": "PINT beats PNT",
        "source": ["Table 1"],
        "kind": "greater",
        "dataset": "LA",
        "metrics": ["Dice"],
        "at": [{"ratio": "25%"}],
        "subject": {"method": "PINT"},
        "against": [{"method": "PNT"}],
    }
    return Claim.model_validate({**fields, **changes})


def test_every_paper_has_claims_and_ids_are_unique() -> None:
    claims = load_claims()
    assert {claim.paper for claim in claims} == {"tsman", "pint", "massl", "atso", "cople"}
    assert len({(claim.paper, claim.id) for claim in claims}) == len(claims) == 91
    assert {claim.paper for claim in load_claims("cople")} == {"cople"}


def test_claims_hold_in_their_papers_own_numbers_but_for_the_known_ones() -> None:
    rows = load_reported()
    outcomes = {claim.id: own_outcome(claim, rows) for claim in load_claims()}
    assert {name for name, outcome in outcomes.items() if outcome == "contradicted"} == CONTRADICTED
    assert sum(outcome == "no numbers" for outcome in outcomes.values()) == 15


def test_contradicted_claims_and_claims_without_numbers_say_so() -> None:
    rows = load_reported()
    assert [claim.id for claim in load_claims() if own_outcome(claim, rows) != "holds" and not claim.note] == []


def test_failures_show_numbers_as_printed() -> None:
    claim = next(claim for claim in load_claims("cople") if claim.id == "label-update-beats-baseline")
    assert list(failures(claim, load_reported())) == ["RVE (everywhere): 19.85 against 19.57"]


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ({}, "holds"),
        ({"kind": "worst"}, "contradicted"),
        ({"metrics": ["ASD"]}, "holds"),
        ({"by": 2.2}, "contradicted"),
        ({"kind": "similar", "by": 2.2}, "holds"),
        ({"kind": "similar", "by": 2.1}, "contradicted"),
        ({"against": [{"method": "PINT"}]}, "contradicted"),
        ({"against": [{"method": "PINT"}], "kind": "greater_equal"}, "holds"),
        ({"against": [{"method": "INT"}, {"method": "PNT"}], "kind": "ordered"}, "holds"),
        ({"against": [{"method": "PNT"}, {"method": "INT"}], "kind": "ordered"}, "contradicted"),
        ({"against": [{"value": 90}]}, "holds"),
        ({"against": [{"value": 1.5}], "metrics": ["ASD"]}, "contradicted"),
        ({"source": ["Fig. 2"]}, "no numbers"),
    ],
)
def test_kinds(changes: dict[str, Any], outcome: str) -> None:
    assert own_outcome(_claim(**changes), load_reported()) == outcome


def test_gain_over_another_side() -> None:
    pint = {"method": "PINT", "over": {"method": "V-net"}}
    less = {"method": "PNT", "over": {"method": "V-net"}}
    assert own_outcome(_claim(subject=pint, against=[less]), load_reported()) == "holds"
    assert own_outcome(_claim(subject=pint, against=[{"value": 5}]), load_reported()) == "contradicted"


@pytest.mark.parametrize("changes", [{"at": [{}]}, {"subject": {"method": "PNIT"}}, {"metrics": ["Jaccard"]}])
def test_side_that_is_not_one_number_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(UserError, match="exactly one"):
        own_outcome(_claim(**changes), load_reported())


VALID = """
paper: pint
claims:
  - id: a
    quote: PINT beats PNT
    source: [Table 1]
    kind: greater
    dataset: LA
    metrics: [Dice]
    subject: {method: PINT, setting: {labeled: 25}}
    against: [{method: PNT}]
"""


def test_numbers_in_settings_become_text(tmp_path: Path) -> None:
    path = tmp_path / "pint.yaml"
    path.write_text(VALID, encoding="utf-8")
    assert read_claims(path)[0].subject.setting == {"labeled": "25"}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("kind: greater", "kind: bigger", r"pint\.yaml: claims\.0\.kind"),
        ("kind: greater", "kind: similar", "margin in 'by'"),
        ("{method: PNT}", "{}", "method or a value"),
        ("{method: PNT}", "{method: PNT, value: 1}", "method or a value"),
        ("{method: PNT}", "{value: 1, setting: {a: b}}", "neither setting nor over"),
        ("against: [{method: PNT}]", "against: []", "against"),
        ("dataset: LA", "data: LA", "dataset"),
        ("paper: pint", "paper: pnt", "not the file's name"),
        ("id: a", "id: A b", "id"),
        (VALID, VALID + VALID.split("claims:")[1], "ids used twice: a"),
        (VALID, "claims: [", "not valid YAML"),
        (VALID, "", "file"),
    ],
)
def test_broken_files_name_the_field(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = tmp_path / "pint.yaml"
    path.write_text(VALID.replace(old, new), encoding="utf-8")
    with pytest.raises(UserError, match=message):
        read_claims(path)


def test_unknown_paper_is_refused_with_a_hint() -> None:
    with pytest.raises(UserError, match="atso"):
        load_claims("asto")
