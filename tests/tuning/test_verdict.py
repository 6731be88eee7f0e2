"""Intervals of trials, and what is said of a paper's claim."""

from __future__ import annotations

import pytest

from nsbench.benchmark.errors import UserError
from nsbench.benchmark.tuning.results import TrialRow, _interval
from nsbench.benchmark.tuning.scores import CellScore
from nsbench.benchmark.tuning.verdict import find_claim, verdict

CLAIM = "cople/gamma-one-and-a-half-is-best"


def _row(number: int, gamma: float, dice: float, tied: bool | None) -> TrialRow:
    return TrialRow(number, {"gamma": gamma}, dice, None, (dice,), ("0" * 16,), None, tied)


def _score(values: list[float]) -> CellScore:
    cases = {f"c{i}": value for i, value in enumerate(values)}
    return CellScore(sum(values) / len(values), cases, {name: f"p{name}" for name in cases}, 1.0, ())


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([_row(0, 1.5, 0.9, True), _row(1, 2.0, 0.8, False)], "Here gamma = 1.5 is the best of 2 values as well**."),
        ([_row(0, 1.5, 0.9, True), _row(1, 2.0, 0.8, True)], "not told apart from 1 of the 1 others"),
        ([_row(0, 1.0, 0.9, True), _row(1, 1.5, 0.88, False)], "1.5 is 2.00 points of Dice behind** (the two are told"),
        ([_row(0, 1.0, 0.9, True), _row(1, 1.5, 0.88, True)], "(the two are not told apart"),
        ([_row(0, 1.0, 0.9, None), _row(1, 2.0, 0.88, None)], "gamma = 1.5 was not tried here"),
    ],
    ids=["best", "best but tied", "behind", "behind but tied", "not tried"],
)  # fmt: skip
def test_a_claim_is_answered_in_words(rows: list[TrialRow], words: str) -> None:
    text = verdict(find_claim(CLAIM), rows)
    assert "The best value of gamma was 1.5" in text
    assert words in text


def test_unknown_claims() -> None:
    with pytest.raises(UserError, match="cople has no claim 'gamma-best'"):
        find_claim("cople/gamma-best")
    with pytest.raises(UserError, match="no claims of paper 'copel'"):
        find_claim("copel/x")


def test_differences_are_paired_by_cell_and_case() -> None:
    """Cases differ by far more than trials, and yet the trials are told apart."""
    good = [_score([0.1, 0.4, 0.7, 0.9, 0.3, 0.5]), _score([0.2, 0.5, 0.6, 0.95, 0.35, 0.4])]
    less = [_score([value - 0.01 for value in score.cases.values()]) for score in good]
    own, difference = _interval(good, (0, 1)), _interval(less, (0, 1), good)
    assert own is not None
    assert difference is not None
    assert own[1] - own[0] > 0.2
    assert difference == pytest.approx((-0.01, -0.01))
    assert _interval([_score([0.5, 0.6])], (0,)) is None


def test_an_interval_ends_where_dice_does() -> None:
    """The draws of two seeds that disagree do not."""
    values = [0.7 + 0.02 * i for i in range(10)]
    assert _interval([_score(values), _score([value - 0.4 for value in values])], (0, 1)) == (0, 1)


def test_two_seeds_that_disagree_tell_no_trials_apart() -> None:
    """Of many cases, each trial a little better with one of the seeds."""
    values = [0.5 + 0.01 * i for i in range(30)]
    good = [_score(values), _score(values)]
    less = [_score([value - loss for value in values]) for loss in (0.01, 0.03)]
    difference, fixed = _interval(less, (0, 1), good), _interval(less[:1], (0,), good[:1])
    assert difference is not None
    assert difference[0] < 0 < difference[1]
    assert fixed == pytest.approx((-0.01, -0.01))
