"""Runs of several machines as one, and what happens where they contradict each other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nsbench.benchmark.cell import Cell
from nsbench.benchmark.errors import UserError
from nsbench.benchmark.papers.catalogue import find_table
from nsbench.benchmark.papers.parts import reproduction
from nsbench.benchmark.registry import Registries
from nsbench.benchmark.share.merge import ConflictsError, merge_runs
from nsbench.benchmark.spec.load import load
from nsbench.benchmark.spec.models import Spec
from nsbench.benchmark.store import Record, Result, Store

from ..conftest import build_cell
from .conftest import provenance, write_done

METHODS = ("ce", "mae", "gce")


def spec_of(*methods: str, **changes: Any) -> dict[str, Any]:
    listed = [{"name": name, "params": {}, "label": None} for name in methods]
    return {**Spec().identity(), "methods": listed, **changes}


def fail(store: Store, cell: Any) -> None:
    result = Result(status="failed", error="out of luck")
    store.write(Record(cell=cell.id, identity=cell.identity, result=result), provenance())


@pytest.fixture
def machines(tmp_path: Path, registries: Registries) -> tuple[Store, Store, list[Any]]:
    """Two folders of one spec with three cells; a has done the first, b the second, and failed at the first."""
    cells = [build_cell(registries, name) for name in METHODS]
    stores = []
    for name in "ab":
        stores.append(Store(tmp_path / name))
        stores[-1].out.mkdir()
        stores[-1].write_plan(spec_of(*METHODS), cells, [])
    write_done(stores[0], cells[0])
    write_done(stores[1], cells[1], 0.1)
    fail(stores[1], cells[0])
    return stores[0], stores[1], cells


def snapshot(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {str(path): (path.stat().st_mtime_ns, path.read_bytes()) for path in folder.rglob("*") if path.is_file()}


def test_what_is_done_anywhere_is_done_and_the_sources_stay(machines: Any, tmp_path: Path) -> None:
    a, b, cells = machines
    before = snapshot(a.out) | snapshot(b.out)
    merged = merge_runs([a.out, b.out], tmp_path / "c")
    assert (merged.done, merged.failed, merged.missing) == (2, 0, 1)
    assert merged.taken == {str(a.out): 1, str(b.out): 1}
    assert merged.conflicts == merged.variants == merged.damaged == []
    assert snapshot(a.out) | snapshot(b.out) == before
    store = Store(tmp_path / "c")
    assert store.finished_ids() == {cells[0].id, cells[1].id}
    assert [record.result.status for cell in cells[:2] if (record := store.read(cell.id))] == ["done", "done"]
    assert store.folder(cells[0].id).weights.exists()
    assert [cell.id for cell in store.planned_cells()] == [cell.id for cell in cells]


def test_a_run_goes_on_in_what_was_merged(machines: Any, tmp_path: Path) -> None:
    a, b, _ = machines
    merge_runs([a.out, b.out], tmp_path / "c")
    spec = load(tmp_path / "c" / "spec.yaml").spec
    Store(tmp_path / "c").check_spec(spec.identity(), extend=False)


def test_the_same_result_twice_is_no_conflict(machines: Any, tmp_path: Path) -> None:
    a, b, cells = machines
    write_done(b, cells[2])
    write_done(a, cells[2])
    merged = merge_runs([a.out, b.out], tmp_path / "c")
    assert (merged.done, merged.conflicts) == (3, [])


def test_different_results_are_refused_and_listed(machines: Any, tmp_path: Path) -> None:
    a, b, cells = machines
    write_done(a, cells[1], 0.125)
    with pytest.raises(ConflictsError, match=r"1 cells have different results:(.|\n)*--prefer FOLDER") as caught:
        merge_runs([a.out, b.out], tmp_path / "c")
    assert not (tmp_path / "c").exists()
    (conflict,) = caught.value.conflicts
    assert (conflict.cell, conflict.sources, conflict.taken) == (cells[1].id, (str(a.out), str(b.out)), None)
    assert conflict.fields == ["cases"]
    assert conflict.metrics["dice"] == pytest.approx(0.025)
    assert "dice by up to 0.025" in str(conflict)
    assert "made with the same versions" in str(conflict)


@pytest.mark.parametrize(("prefer", "shift"), [("a", 0.125), ("b", 0.1), ("newest", 0.125)])
def test_a_preferred_source_or_the_newest_is_taken(machines: Any, tmp_path: Path, prefer: str, shift: float) -> None:
    a, b, cells = machines
    write_done(a, cells[1], 0.125)
    record = a.read(cells[1].id)
    late = provenance().model_copy(update={"finished": "2026-02-01T00:00:00", "device": "a GPU"})
    a.folder(cells[1].id).provenance.write_text(late.model_dump_json())
    chosen = prefer if prefer == "newest" else str(tmp_path / prefer)
    merged = merge_runs([a.out, b.out], tmp_path / "c", prefer=chosen)
    (conflict,) = merged.conflicts
    assert conflict.made == {"device": ("a GPU", "cpu")}
    taken = a if shift == 0.125 else b
    assert conflict.taken == str(taken.out)
    ours = Store(tmp_path / "c").folder(cells[1].id).cases.read_bytes()
    assert ours == taken.folder(cells[1].id).cases.read_bytes()
    assert record is not None


def test_a_conflict_of_two_others_is_not_decided_by_a_third_source(
    machines: Any, tmp_path: Path, registries: Registries
) -> None:
    a, b, cells = machines
    write_done(a, cells[1], 0.125)
    third = Store(tmp_path / "third")
    third.out.mkdir()
    third.write_plan(spec_of(*METHODS), cells, [])
    fail(third, cells[1])
    sources = [a.out, b.out, third.out]
    with pytest.raises(ConflictsError, match=r"1 cells have different results") as caught:
        merge_runs(sources, tmp_path / "c", prefer=str(third.out))
    assert [conflict.sources for conflict in caught.value.conflicts] == [(str(a.out), str(b.out))]
    assert not (tmp_path / "c").exists()
    write_done(third, cells[1], 0.15)
    assert merge_runs(sources, tmp_path / "c", prefer=str(third.out)).taken[str(third.out)] == 1


def test_parts_of_one_grid_are_joined_and_other_benchmarks_refused(
    tmp_path: Path, registries: Registries, machines: Any
) -> None:
    a, _, cells = machines
    other = Store(tmp_path / "other")
    other.out.mkdir()
    seeds = [build_cell(registries, "dice", seed=1)]
    other.write_plan(spec_of("dice", seeds=[1], ratios=[0.25, 0.5]), seeds, ["tsman: learns from scarce labels"])
    write_done(other, seeds[0])
    merged = merge_runs([a.out, other.out], tmp_path / "c")
    plan = Store(tmp_path / "c").read_plan()
    assert [method["name"] for method in plan["spec"]["methods"]] == [*METHODS, "dice"]
    assert (plan["spec"]["seeds"], plan["spec"]["ratios"]) == ([0, 1], [0.25, 0.5])
    assert plan["left_out"] == ["tsman: learns from scarce labels"]
    assert (len(plan["cells"]), merged.done, merged.missing) == (4, 2, 2)
    other.write_plan(spec_of("dice", budget={"base": "paper"}), seeds, [], extend=True)
    with pytest.raises(UserError, match=r'different benchmarks: budget is \{"base":"quick"\} in the one and'):
        merge_runs([a.out, other.out], tmp_path / "d")
    assert cells


def test_cells_of_other_code_or_protocol_are_told_apart(machines: Any, tmp_path: Path, registries: Registries) -> None:
    a, _, cells = machines
    other = Store(tmp_path / "other")
    other.out.mkdir()
    method = cells[0].identity.method.model_copy(update={"code": "0" * 64})
    identity = cells[0].identity.model_copy(update={"method": method, "protocol": 2})
    changed = Cell.model_validate({**cells[0].model_dump(), "identity": identity})
    other.write_plan(spec_of(*METHODS), [changed, *cells[1:]], [])
    write_done(other, changed)
    merged = merge_runs([a.out, other.out], tmp_path / "c")
    assert (merged.done, merged.conflicts) == (2, [])
    found = {variant.differs_in: variant for variant in merged.variants}
    assert set(found) == {"code of method ce", "protocol"}
    assert found["protocol"].values == {str(a.out): "1", str(other.out): "2"}
    assert found["code of method ce"].cells == 1


def test_a_damaged_record_is_told_and_the_sound_one_taken(machines: Any, tmp_path: Path) -> None:
    a, b, cells = machines
    write_done(b, cells[0])
    a.folder(cells[0].id).cases.write_bytes(b"broken")
    merged = merge_runs([a.out, b.out], tmp_path / "c")
    assert merged.taken == {str(a.out): 0, str(b.out): 2}
    assert "cases.parquet is damaged" in merged.damaged[0]


def test_bad_input_is_refused_before_anything_is_written(machines: Any, tmp_path: Path) -> None:
    a, b, _ = machines
    c = tmp_path / "c"
    cases = [
        ([a.out], c, "none", "two different folders"),
        ([a.out, a.out], c, "none", "two different folders"),
        ([a.out, tmp_path / "nowhere"], c, "none", "no benchmark here"),
        ([a.out, tmp_path / "run.zip"], c, "none", "nsbench import unpacks it"),
        ([a.out, b.out], c, "x", "allowed are"),
        ([a.out, b.out], b.out, "none", "not an empty folder"),
    ]
    for sources, out, prefer, message in cases:
        with pytest.raises(UserError, match=message):
            merge_runs(sources, out, prefer=prefer)
    assert not c.exists()


def reproduce(out: Path, registries: Registries, table: str, seeds: str, part: str = "") -> Store:
    """A machine's share of PINT's or COPLE's table, all of its cells done."""
    paper, _, number = table.partition(" ")
    data = {"datasets": "phantom,cases=8,size=32" + (",ndim=2" if paper == "cople" else "")}
    flags = {**data, "budget": "smoke", "seeds": seeds}
    found = reproduction(find_table(paper, number), flags, registries, [part] if part else [])
    store = Store(out)
    store.out.mkdir()
    words = ["nsbench", "reproduce", paper, number, "--dataset", data["datasets"], "--budget", "smoke"]
    words += ["--seeds", seeds, *(["--part", part] if part else []), "--out", str(out)]
    about = {"name": found.heading, "command": " ".join(words)}
    store.write_plan(found.identity(), found.plan.cells, list(found.left_out), about=about)
    for cell in found.plan.cells:
        write_done(store, cell)
    return store


def test_seeds_of_a_papers_table_are_joined_part_by_part(tmp_path: Path, registries: Registries) -> None:
    a, b = (reproduce(tmp_path / seeds, registries, "cople 4", seeds) for seeds in ("0,2", "1,3"))
    c = tmp_path / "c"
    merged = merge_runs([a.out, b.out], c)
    assert (merged.done, merged.missing) == (16, 0)
    parts = Store(c).read_plan()["spec"]["parts"]
    assert {tuple(spec["seeds"]) for spec in parts.values()} == {(0, 1, 2, 3)}
    page = (c / "reproduction" / "README.md").read_text()
    assert "budget smoke, seeds 4 in place of the paper's" in page
    assert page.startswith("# COPLE, Table IV, with phantom,cases=8,size=32,ndim=2")
    assert merged.command.endswith(f"--budget smoke --seeds 4 --out {c}")
    flags = {"datasets": "phantom,cases=8,size=32,ndim=2", "budget": "smoke", "seeds": "0,1,2,3"}
    whole = reproduction(find_table("cople", "4"), flags, registries)
    Store(c).check_spec(whole.identity(), extend=False)


def test_parts_of_a_papers_table_are_joined_by_name(tmp_path: Path, registries: Registries) -> None:
    names = {"two-phases": "1", "upper-bound": "2"}
    sources = [reproduce(tmp_path / name, registries, "pint 1", seed, name).out for name, seed in names.items()]
    merged = merge_runs(sources, tmp_path / "c")
    plan = Store(tmp_path / "c").read_plan()
    assert {name: spec["seeds"] for name, spec in plan["spec"]["parts"].items()} == {
        "two-phases": [0],
        "upper-bound": [0, 1],
    }
    assert plan["left_out"] == ["one-phase: not asked for"]
    assert "--part two-phases --part upper-bound --seeds 2 --extend" in merged.command
    assert "PNT, INT: not asked for" in (tmp_path / "c" / "reproduction" / "README.md").read_text()


def test_tables_of_other_protocols_are_no_parts(tmp_path: Path, registries: Registries) -> None:
    a, b = (reproduce(tmp_path / seeds, registries, "cople 4", seeds) for seeds in ("1", "2"))
    plan = b.read_plan()
    for spec in plan["spec"]["parts"].values():
        spec["iterations"] = 9
    b.write_plan(plan["spec"], b.planned_cells(), [], extend=True)
    with pytest.raises(UserError, match=r"different benchmarks: [a-z-]+: iterations is not given in the one and 9"):
        merge_runs([a.out, b.out], tmp_path / "c")
