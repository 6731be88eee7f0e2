"""Images are published of generated data alone."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import nsbench
from nsbench.benchmark.errors import UserError
from nsbench.benchmark.inspection import overlay
from nsbench.benchmark.inspection.overlay import BEST, draw_overlay
from nsbench.benchmark.publish import publish_run
from nsbench.benchmark.registry import Registries
from nsbench.benchmark.report.leaderboard import make_leaderboard
from nsbench.benchmark.store import Store


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five methods on eight slices, hardly trained."""
    out = tmp_path_factory.mktemp("overlay") / "out"
    nsbench.run(
        datasets=["phantom,ndim=2,cases=8,size=16"],
        methods=["mae", "dice", "ce-dice", "gce", "ce"],
        ratios=[0.5],
        budget="smoke",
        iterations=2,
        executor="inline",
        track="none",
        out=out,
    )
    return out


def test_the_page_shows_a_test_case_with_the_best_and_the_baseline(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sheets: list[Any] = []
    draw = overlay.draw_sheet

    def spy(panels: Any, *rest: Any, **how: Any) -> Path:
        sheets.append(panels)
        return draw(panels, *rest, **how)

    monkeypatch.setattr(overlay, "draw_sheet", spy)
    done = publish_run(trained, tmp_path / "board")
    assert done.notes == []
    assert "overlay-phantom-ndim-2-cases-8-size-16.png" in done.files
    assert "](overlay-phantom-ndim-2-cases-8-size-16.png)" in (tmp_path / "board" / "README.md").read_text()
    titles = [panel.title for panel in sheets[0]]
    assert titles[1] == "true label"
    assert titles[2].startswith("as corrupted in training: Dice 0.")
    assert len(titles) - 3 in (BEST, BEST + 1)
    assert sum("baseline ce" in title for title in titles) == 1
    cases = {f"case{number:03d}" for number in range(6, 8)}
    assert titles[0] in cases


def test_with_few_labels_the_baseline_is_what_learned_from_them_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sheets: list[Any] = []
    monkeypatch.setattr(overlay, "draw_sheet", lambda panels, *rest, **how: sheets.append(panels))
    shown: list[Any] = []
    predict = overlay._Shown.predict
    monkeypatch.setattr(
        overlay._Shown, "predict", lambda self, store, cell: shown.append(cell) or predict(self, store, cell)
    )
    phantom = "phantom,ndim=2,cases=8,size=16"
    nsbench.run(
        datasets=[phantom],
        methods=["self-learning", "cnn"],
        labeled=[0.34, 1.0],
        budget="smoke",
        iterations=6,
        executor="inline",
        track="none",
        out=tmp_path / "out",
    )
    store = Store(tmp_path / "out")
    draw_overlay(store, make_leaderboard(store), phantom, Registries(), tmp_path / "x.png")
    titles = [panel.title for panel in sheets[0]]
    assert titles[1] == "true label"
    assert sorted(title.split(". ")[1].split(":")[0] for title in titles[2:]) == ["baseline cnn", "self-learning"]
    assert {cell.identity.supervision.labeled for cell in shown} == {0.34}


@pytest.mark.parametrize(
    ("plugins", "baseline"), [(["mae", "dice", "ce"], "ce"), (["tsman", "cnn", "dice"], "dice"), (["atso"], "")]
)
def test_the_baseline_is_what_the_papers_improve_on(plugins: list[str], baseline: str) -> None:
    rows: Any = [SimpleNamespace(facts={"plugin": name}) for name in plugins]
    assert overlay._baseline(rows) == baseline


def test_without_weights_the_page_stands_and_says_why_there_is_no_picture(trained: Path, tmp_path: Path) -> None:
    copy = tmp_path / "out"
    shutil.copytree(trained, copy)
    for weights in copy.glob("cells/*/weights.pt"):
        weights.unlink()
    done = publish_run(copy, tmp_path / "board")
    assert "has no weights" in done.notes[0]
    assert not [name for name in done.files if name.startswith("overlay")]


def test_images_of_other_datasets_are_never_opened(
    finished: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, registries: Registries
) -> None:
    finished.datasets = ("jsrt:heart",)
    finished.run(finished.plan(), lambda *_: {"dice": 0.5})
    monkeypatch.setattr("nsbench.benchmark.inspection.overlay.open_dataset", lambda *_: pytest.fail("opened"))
    board = make_leaderboard(finished.store)
    with pytest.raises(UserError, match="images of phantom alone may be published"):
        draw_overlay(finished.store, board, "jsrt:heart", registries, tmp_path / "x.png")
    assert not (tmp_path / "x.png").exists()
