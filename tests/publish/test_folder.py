"""What is in the way of a publication, and what a killed one leaves."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from nsbench.benchmark.errors import UserError
from nsbench.benchmark.papers.catalogue import find_table
from nsbench.benchmark.papers.shown import declared_specs
from nsbench.benchmark.publish import publish_run
from nsbench.benchmark.publish.folder import check_target, seal, swapped
from nsbench.benchmark.publish.spec_file import check_same


def write(folder: Path, names: str, spec: str = "made") -> None:
    with swapped(folder) as stage:
        for name in names.split():
            (stage / name).write_text(name)
        seal(stage, {"spec": spec})


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_files_of_an_earlier_publication_go_and_foreign_ones_stay(tmp_path: Path) -> None:
    board = tmp_path / "board"
    write(board, "README.md old.png")
    (board / "notes.md").write_text("mine")
    (board / "sub").mkdir()
    write(board, "README.md new.png")
    assert names(board) == {"README.md", "new.png", "published.json", "notes.md", "sub"}
    assert names(tmp_path) == {"board"}


def test_foreign_content_is_in_the_way(finished: Any, tmp_path: Path) -> None:
    board = tmp_path / "board"
    board.mkdir()
    (board / "thesis.tex").write_text("mine")
    with pytest.raises(UserError, match=r"has not written \(thesis.tex\); choose another folder"):
        publish_run(finished.store.out, board)
    (board / "thesis.tex").unlink()
    publish_run(finished.store.out, board)
    (board / "README.md").write_text("edited by hand")
    with pytest.raises(UserError, match=r"README\.md was changed since it was published"):
        publish_run(finished.store.out, board)
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(UserError, match="is a file"):
        publish_run(finished.store.out, file)
    with pytest.raises(UserError, match="a file of that name is in the way"):
        publish_run(finished.store.out, file / "board")


def test_a_spec_that_lies_there_is_kept_if_it_is_that_of_the_run(finished: Any, tmp_path: Path) -> None:
    board = tmp_path / "board"
    board.mkdir()
    text = "# why\nmethods: [mae, ce]\nratios: [0, 0.5]\nseeds: 2\n"
    (board / "spec.yaml").write_text(text)
    publish_run(finished.store.out, board)
    publish_run(finished.store.out, board)
    assert (board / "spec.yaml").read_text() == text
    other = tmp_path / "other"
    other.mkdir()
    (other / "spec.yaml").write_text(text.replace("seeds: 2", "seeds: 3"))
    with pytest.raises(UserError, match=r"another benchmark than the run \(differs in: seeds\)"):
        publish_run(finished.store.out, other)


def interrupted(board: Path) -> None:
    with swapped(board) as stage:
        (stage / "README.md").write_text("half")
        raise KeyboardInterrupt


def test_all_methods_are_those_of_the_run(finished: Any, tmp_path: Path) -> None:
    spec = finished.store.read_plan()["spec"] | {"methods": [{"name": "all", "params": {}, "label": None}]}
    finished.store.write_plan(spec, finished.store.planned_cells(), [], extend=True)
    publish_run(finished.store.out, tmp_path / "made")
    assert "methods: [ce, mae]" in (tmp_path / "made" / "spec.yaml").read_text()
    for methods in ("[mae, ce]", "all"):
        board = tmp_path / methods
        board.mkdir()
        (board / "spec.yaml").write_text(f"methods: {methods}\nratios: [0, 0.5]\nseeds: 2\n")
        assert publish_run(finished.store.out, board).done == 8


def test_killed_while_writing_the_old_folder_stands(tmp_path: Path) -> None:
    board = tmp_path / "board"
    write(board, "README.md")
    with pytest.raises(KeyboardInterrupt):
        interrupted(board)
    assert (board / "README.md").read_text() == "README.md"
    assert names(tmp_path) == {"board"}


@pytest.mark.parametrize("swapped_in", [False, True])
def test_killed_between_the_two_renames_nothing_is_lost(tmp_path: Path, swapped_in: bool) -> None:
    board = tmp_path / "board"
    write(board, "README.md old.png")
    board.rename(tmp_path / ".board.old")
    if swapped_in:
        write(board, "README.md")
    check_target(board)
    assert names(tmp_path) == {"board"}
    assert (board / "old.png").exists() is not swapped_in


def reproduce_pint(finished: Any, *, stand_in: str = "", **changes: Any) -> tuple[Path, str]:
    """Make the run one of PINT's Table 1; the table's spec file, and how the command begins."""
    declared = find_table("pint", "1")
    spec = declared_specs(declared, stands_in=False)["one-phase"].spec.identity() | changes
    table = {"paper": "pint", "table": "Table 1", "stand_in": stand_in, "parts": {"one-phase": spec}}
    command = "nsbench reproduce pint 'Table 1' --part one-phase"
    about = {"name": "PINT", "command": f"{command} --out here"}
    finished.store.write_plan(table, finished.store.planned_cells(), [], extend=True, about=about)
    return declared.path, command


def test_the_spec_of_a_papers_table_is_kept_by_its_own_run(finished: Any, tmp_path: Path) -> None:
    spec, command = reproduce_pint(finished)
    board = tmp_path / "pint-table-1"
    board.mkdir()
    shutil.copyfile(spec, board / "spec.yaml")
    publish_run(finished.store.out, board)
    assert (board / "spec.yaml").read_bytes() == spec.read_bytes()
    page = (board / "README.md").read_text()
    assert "[reproduction.md](reproduction.md)" in page
    assert f"{command} --out runs/pint-table-1" in page
    assert "spec-one-phase.yaml" in publish_run(finished.store.out, tmp_path / "elsewhere").files
    (board / "spec.yaml").write_text(spec.read_text().replace("Table 1", "Table 2"))
    with pytest.raises(UserError, match=r"spec\.yaml was changed since"):
        publish_run(finished.store.out, board)


@pytest.mark.parametrize(
    ("run", "named"),
    [
        ({"stand_in": "phantom"}, "stand_in"),
        ({"iterations": 1}, "parts.one-phase"),
        ({"budget": {"base": "smoke"}}, "parts.one-phase"),
        ({"params": {"ce": {"ignore": 1}}}, "parts.one-phase"),
    ],
)
def test_a_papers_table_is_not_overwritten_by_another_protocol(
    finished: Any, tmp_path: Path, run: dict[str, Any], named: str
) -> None:
    spec, _ = reproduce_pint(finished, **run)
    board = tmp_path / "pint-table-1"
    board.mkdir()
    shutil.copyfile(spec, board / "spec.yaml")
    with pytest.raises(UserError, match=rf"describes another benchmark than the run \(differs in: {named}\)"):
        publish_run(finished.store.out, board)
    assert [path.name for path in board.iterdir()] == ["spec.yaml"]


def test_tuned_parameters_are_the_papers_own_protocol() -> None:
    declared = find_table("cople", "I")
    parts = {name: loaded.spec.identity() for name, loaded in declared_specs(declared, stands_in=False).items()}
    table = {"paper": "cople", "table": "Table I", "stand_in": "", "parts": parts}
    parts["focal-ce-half"]["params"] = {"focal-ce, gamma 0.5": {"learning_rate": 0.1}}
    check_same(declared.path, table, [])
