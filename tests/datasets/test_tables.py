"""Tables of a whole dataset: in its fingerprint and in no case's, and what they say of content in a key of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from nsbench.benchmark.data.fingerprint import fingerprint
from nsbench.benchmark.plugin import Dataset
from nsbench.benchmark.registry import Registries

from .written_trees import write_bids, write_folder, write_mapillary, write_nnunet
from .written_volumes import write_msd

TREES: dict[str, tuple[Callable[[Path], None], str, str, str]] = {
    "msd": (
        write_msd,
        "Task07_Pancreas/dataset.json",
        '"1": "pancreas", "2": "cancer"',
        '"2": "pancreas", "1": "cancer"',
    ),
    "nnunet": (write_nnunet, "dataset.json", '"organ": 1, "lesion": 2', '"organ": 2, "lesion": 1'),
    "bids-derivatives": (
        write_bids,
        "derivatives/manual/desc-x_dseg.tsv",
        "10\torgan\n17\tlesion",
        "17\torgan\n10\tlesion",
    ),
    "mapillary": (write_mapillary, "config_v1.2.json", '"name": "marking--general"', '"name": "marking--special"'),
}
"""Name -> writer, table, and two texts of which the second has other names for the same values."""


def opened(name: str, root: Path) -> Dataset:
    plugin = Registries().datasets.get(name)
    return plugin.load()(root, None, plugin.load().Params())


@pytest.mark.parametrize("name", TREES)
def test_other_names_are_another_content(name: str, tmp_path: Path) -> None:
    write, table, before, after = TREES[name]
    write(tmp_path)
    found = opened(name, tmp_path)
    refs, told, key = found.cases(), fingerprint(found, found.cases(), tmp_path), found.content_key()
    assert found.tables() == (tmp_path / table,)
    assert all(tmp_path / table not in ref.files for ref in refs)
    text = (tmp_path / table).read_text()
    assert before in text
    (tmp_path / table).write_text(text.replace(before, after))
    changed = opened(name, tmp_path)
    assert changed.content_key() != key
    assert fingerprint(changed, changed.cases(), tmp_path) != told


@pytest.mark.parametrize("name", ["nnunet", "msd"])
def test_other_modalities_are_another_content(name: str, tmp_path: Path) -> None:
    TREES[name][0](tmp_path)
    path = tmp_path / TREES[name][1]
    before = opened(name, tmp_path).content_key()
    path.write_text(path.read_text().replace('"0": "T1"', '"0": "CT"').replace('"0": "CT"}', '"0": "MR"}'))
    assert opened(name, tmp_path).content_key() != before


def test_a_table_of_patients_is_no_content(tmp_path: Path) -> None:
    write_folder(tmp_path)
    before = opened("folder", tmp_path)
    told = fingerprint(before, before.cases(), tmp_path)
    (tmp_path / "cases.csv").write_text("id,site\np1_a,A\n")
    after = opened("folder", tmp_path)
    assert after.tables() == (tmp_path / "cases.csv",)
    assert [ref.files for ref in after.cases()] == [ref.files for ref in before.cases()]
    assert after.content_key() == before.content_key()
    assert fingerprint(after, after.cases(), tmp_path) != told
