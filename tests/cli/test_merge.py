"""`nsbench merge`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from nsbench.benchmark.registry import Registries
from nsbench.benchmark.store import Store

from ..conftest import build_cell
from ..share.conftest import write_done
from ..share.test_merge import spec_of


def test_merge_prints_what_was_joined_or_the_conflicts(nsbench: Any, tmp_path: Path, registries: Registries) -> None:
    cells = [build_cell(registries, name) for name in ("ce", "mae")]
    for name, shift in (("a", 0.0), ("b", 0.1)):
        store = Store(tmp_path / name)
        store.out.mkdir()
        store.write_plan(spec_of("ce", "mae"), cells, [])
        write_done(store, cells[0], shift)
    command = ("merge", tmp_path / "a", tmp_path / "b", "--out", tmp_path / "c")
    refused = nsbench(*command)
    assert refused.exit_code == 2
    assert "dice by up to 0.1" in refused.stderr
    listed = nsbench(*command, "--json")
    assert listed.exit_code == 2
    assert [conflict["cell"] for conflict in json.loads(listed.stdout)["conflicts"]] == [cells[0].id]
    done = nsbench(*command, "--prefer", tmp_path / "b", "--json")
    assert done.exit_code == 0
    document = json.loads(done.stdout)
    assert document["cells"] == {"done": 1, "failed": 0, "missing": 1}
    assert document["conflicts"][0]["taken"] == str(tmp_path / "b")
    assert document["made_with"][str(tmp_path / "a")] == ["nsbench 0.1.0, cpu"]
