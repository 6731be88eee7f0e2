"""The study: samplers, pruners, interrupts, what it is bound to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from nsbench.benchmark.errors import UserError
from nsbench.benchmark.tuning.trial import Report, TrialResult

from .conftest import Spec, tune

Pretend = Callable[[Callable[[dict[str, Any], Report], TrialResult]], None]


def _result(params: dict[str, Any], *more: float) -> TrialResult:
    dice = 1 - (params["gamma"] - 1.8) ** 2
    return TrialResult((dice, *more), ("0" * 16,), (dice,))


def _gammas(trials: Sequence[Any]) -> list[float]:
    return [trial.params["gamma"] for trial in trials]


@pytest.mark.parametrize("sampler", ["tpe", "cma-es", "qmc"])
def test_samplers_begin_with_the_default_and_repeat_themselves(
    spec: Spec, pretend: Pretend, tmp_path: Path, sampler: str
) -> None:
    pretend(lambda params, report: _result(params))
    runs = []
    for name in "ab":
        section = {"params": ["gamma", "learning_rate"], "sampler": sampler, "trials": 5}
        tuned, _ = tune(spec(section, out=tmp_path / name))
        runs.append(_gammas(tuned.study.completed()))
    assert runs[0] == runs[1]
    assert runs[0][0] == 1.5
    assert len(set(runs[0])) > 3
    assert all(1 <= gamma <= 2 for gamma in runs[0])


def test_a_grid_is_every_combination_once(spec: Spec, pretend: Pretend) -> None:
    pretend(lambda params, report: _result(params))
    loaded = spec({"params": ["gamma=1,1.5,2", "learning_rate=0.001,0.002"], "sampler": "grid", "trials": 1})
    tuned, _ = tune(loaded)
    found = [tuple(trial.params.values()) for trial in tuned.study.completed()]
    assert found == [(gamma, rate) for gamma in (1, 1.5, 2) for rate in (0.001, 0.002)]
    assert len(tune(loaded)[0].study.completed()) == 6


@pytest.mark.parametrize("sampler", ["tpe", "grid"])
def test_an_interrupted_study_goes_on(spec: Spec, pretend: Pretend, sampler: str) -> None:
    """Finished trials are kept, the one that was running is tried again."""
    seen: list[float] = []
    loaded = spec({"params": ["gamma=1,1.25,1.5,1.75,2"], "sampler": sampler, "trials": 5})

    def interrupted(params: dict[str, Any], report: Report) -> TrialResult:
        seen.append(params["gamma"])
        if len(seen) == 3:
            raise KeyboardInterrupt
        return _result(params)

    pretend(interrupted)
    first, stopped = tune(loaded)
    assert (stopped, _gammas(first.study.completed())) == (True, seen[:2])
    again, stopped = tune(loaded)
    assert not stopped
    assert len(again.study.completed()) == 5
    assert _gammas(again.study.completed())[:2] == seen[:2]
    assert seen.count(seen[2]) >= 2
    assert again.study.counts() == Counter(complete=5, interrupted=1)


def test_more_trials_go_on_from_those_there_are(spec: Spec, pretend: Pretend) -> None:
    runs = count()
    pretend(lambda params, report: (next(runs), _result(params))[1])
    tune(spec({"trials": 3}))
    tune(spec({"trials": 5}))
    tuned, _ = tune(spec({"trials": 6, "sampler": "qmc"}))
    assert (next(runs), len(tuned.study.completed())) == (6, 6)
    assert len(set(_gammas(tuned.study.completed()))) == 6


@pytest.mark.parametrize("pruner", ["asha", "median", "wilcoxon"])
def test_bad_trials_end_early(spec: Spec, pretend: Pretend, pruner: str) -> None:
    ended: list[float] = []

    def trial(params: dict[str, Any], report: Report) -> TrialResult:
        dice = _result(params).values[0]
        for step in range(1, 9):
            report({step: dice + step / 1000})
        ended.append(params["gamma"])
        return _result(params)

    pretend(trial)
    values = "gamma=1.8,1.79,1.78,1.77,1.76,1.0,1.1"
    tuned, _ = tune(spec({"params": [values], "sampler": "grid", "pruner": pruner}, seeds=2))
    counts = tuned.study.counts()
    assert counts["pruned"] >= 2
    assert 1.8 in ended
    assert not {1.0, 1.1} & set(ended)
    assert tuned.study.best().params["gamma"] == 1.8


def test_two_objectives(spec: Spec, pretend: Pretend) -> None:
    pretend(lambda params, report: _result(params, 10 * params["gamma"]))
    tuned, _ = tune(spec({"params": ["gamma=1,1.5,1.8,2"], "sampler": "grid", "against": "time", "pruner": None}))
    assert tuned.study.best().params["gamma"] == 1.8
    assert {trial.params["gamma"] for trial in tuned.study.study.best_trials} == {1, 1.5, 1.8}


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"tune": {"params": ["gamma=1..1.9"]}}, "searched"),
        ({"tune": {"objective": "noisy-val"}}, "objective"),
        ({"ratios": [0.25]}, "ratios"),
        ({"datasets": "phantom,ndim=2,cases=9,size=32"}, "datasets"),
    ],
    ids=str,
)
def test_a_study_of_another_spec_is_refused(spec: Spec, pretend: Pretend, change: dict[str, Any], named: str) -> None:
    pretend(lambda params, report: _result(params))
    tune(spec({"trials": 1}))
    with pytest.raises(UserError, match=rf"made for another spec \(differs in: .*{named}.*choose another --study"):
        tune(spec(**change))


def test_a_grid_is_not_continued_by_another_sampler(spec: Spec, pretend: Pretend) -> None:
    """Optuna refuses to mix a number on an axis with a category."""
    pretend(lambda params, report: _result(params))
    values = {"params": {"gamma": [1.0, 1.5]}}
    tune(spec(values | {"sampler": "grid"}))
    with pytest.raises(UserError, match=r"differs in: grid.*choose another --study"):
        tune(spec(values | {"trials": 3}))


def test_an_unset_learning_rate_begins_with_the_budgets(spec: Spec, pretend: Pretend) -> None:
    pretend(lambda params, report: _result({"gamma": 1.0}))
    tuned, _ = tune(spec({"params": {"learning_rate": "0.0001..0.01"}, "trials": 2}))
    rate = spec().spec.budget.overrides.get("learning_rate", 3e-3)
    assert tuned.study.completed()[0].params["learning_rate"] == pytest.approx(rate)


def test_a_password_is_not_shown(spec: Spec) -> None:
    with pytest.raises(UserError, match=r"postgresql://me:\*\*\*@localhost") as shown:
        tune(spec({"storage": "postgresql://me:secret@localhost:1/x"}))
    assert "secret" not in str(shown.value)


def test_a_storage_that_is_none(spec: Spec, tmp_path: Path) -> None:
    for url in ("nonsense", "postgresql://nobody@localhost:1/x", f"sqlite:///{tmp_path}/no/study.db"):
        with pytest.raises(UserError, match=r"cannot be used: .*check the URL"):
            tune(spec({"storage": url}))


def test_a_storage_elsewhere_is_an_ordinary_study(spec: Spec, pretend: Pretend, tmp_path: Path) -> None:
    """Whatever reads Optuna's storage (its dashboard does) finds the trials under their names."""
    import optuna

    pretend(lambda params, report: _result(params))
    url = f"sqlite:///{tmp_path / 'shared.db'}"
    tune(spec({"trials": 2, "storage": url, "study": "mine"}))
    study = optuna.load_study(study_name="mine", storage=url)
    assert len(study.trials) == 2
    assert study.metric_names == ["dice"]
    assert study.user_attrs["nsbench"]["objective"] == "clean-val"


def test_no_completed_trial_is_an_error_with_the_cause(spec: Spec, pretend: Pretend) -> None:
    pretend(lambda params, report: TrialResult(error="cell 12 failed: no"))
    tuned, _ = tune(spec({"trials": 2}))
    assert tuned.failed == 2
    with pytest.raises(UserError, match=r"no trial has been completed.*cell 12 failed: no"):
        tuned.study.best()
