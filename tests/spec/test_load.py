"""Spec files and flags."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from nsbench.benchmark.errors import UserError
from nsbench.benchmark.spec.load import load, schema
from nsbench.benchmark.spec.models import Spec


def _write(folder: Path, text: str) -> Path:
    path = folder / "bench.yaml"
    path.write_text(text)
    return path


_FULL = """
datasets: [phantom:lesions, {dataset: la, folder: la-half, root: data/la}]
methods:
  - all
  - {name: nr-dice, label: nr-1.2, params: {gamma: 1.2}}
params: {gce: {q: 0.5}}
noise: ["erode-dilate,radius=3..9", {name: none}]
ratios: [0, 0.5]
seeds: [0, 3]
budget: {base: smoke, updates: 9}
out: results
"""


def test_defaults_are_the_main_command() -> None:
    spec = load().spec
    assert [d.label for d in spec.datasets] == ["phantom"]
    assert [m.name for m in spec.methods] == ["all"]
    assert [n.text for n in spec.noise] == ["erode-dilate"]
    assert (spec.ratios, spec.seeds, spec.budget.base, spec.selection) == ((0.5,), (0,), "quick", "last")


def test_round_trip_through_yaml(tmp_path: Path) -> None:
    spec = load(_write(tmp_path, _FULL)).spec
    again = Spec.model_validate(yaml.safe_load(yaml.safe_dump(spec.model_dump(mode="json"))))
    assert again == spec
    assert spec.budget.overrides == {"updates": 9}


def test_paths_of_a_file_are_relative_to_it(tmp_path: Path) -> None:
    spec = load(_write(tmp_path, _FULL)).spec
    assert spec.datasets[1].root == str(tmp_path / "data" / "la")
    assert "root" not in spec.identity()["datasets"][1]


def test_flags_override_the_file(tmp_path: Path) -> None:
    flags = {"ratios": "0.25", "seeds": "2", "params": ["gce.q=0.7", "mae.background=true"], "out": "else"}
    loaded = load(_write(tmp_path, _FULL), flags)
    assert (loaded.spec.ratios, loaded.spec.seeds) == ((0.25,), (0, 1))
    assert loaded.spec.params == {"gce": {"q": 0.7}, "mae": {"background": True}}
    assert loaded.execution.out == Path("else")
    assert loaded.spec.methods[1].row == "nr-1.2"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("seeds: 1\nmethodes: ce", ["line 2", "methodes", "did you mean methods"]),
        ("methods:\n- ce\n- name: gce\n  parms: {}", ["line 4", "methods[1].parms", "did you mean params"]),
        ("ratios:\n- 0.5\n- 1.5", ["line 3", "ratios[1]", "1.5", "0 to 1"]),
        ("ratios: .nan", ["line 1", "nan", "0 to 1"]),
        ("view: 4d", ["line 1", "'4d'", "'2d'"]),
        ("fold: 5", ["line 1", "fold", "0 to 4"]),
        ("seeds: 0", ["seeds", "found 0", "1 or more"]),
        ("methods: []", ["methods", "at least one"]),
        ("methods: [1]", ["methods[0]", "found 1"]),
        ("datasets:\n- task: heart", ["line 2", "'dataset' is missing"]),
        ("seeds: 1\nseeds: 2", ["line 2", "'seeds' is given twice", "line 1"]),
        ("a: [1", ["line", "not valid YAML"]),
        ("- ce", ["line 1", "mapping"]),
        ("noise: [erode-dilate,radius=3..9]", ["line 1", "noise[1]", "'NAME,PARAM=VALUE' (quoted"]),
        ("workers: many", ["line 1", "workers", "'many'", "integer"]),
    ],
)
def test_complaints_name_line_and_field(tmp_path: Path, text: str, words: list[str]) -> None:
    with pytest.raises(UserError) as caught:
        load(_write(tmp_path, text))
    message = str(caught.value)
    assert message.startswith(str(tmp_path / "bench.yaml"))
    assert all(word in message for word in words), message


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ({"ratios": "0.5,2"}, ["--ratios", "'2'", "0 to 1"]),
        ({"params": ["gce.q"]}, ["--set", "METHOD.PARAM=VALUE"]),
        ({"cpus_per_run": "0"}, ["--cpus-per-run", "greater than or equal to 1"]),
        ({"data_root": ["a", "b"]}, ["--data-root", "NAME=DIR"]),
        ({"methods": ""}, ["--methods", "empty item"]),
    ],
)
def test_complaints_name_the_flag(flags: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(UserError) as caught:
        load(flags=flags)
    assert all(word in str(caught.value) for word in words), str(caught.value)


def test_unreadable_files(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none\.yaml: cannot be read"):
        load(tmp_path / "none.yaml")
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00\x9f")
    with pytest.raises(UserError, match="UTF-8"):
        load(tmp_path / "binary.yaml")


def test_schema_knows_every_field() -> None:
    document = json.loads(json.dumps(schema()))
    assert {"datasets", "methods", "ratios", "budget", "out", "workers"} <= document["properties"].keys()
    assert document["additionalProperties"] is False


def test_a_papers_table_is_sent_to_its_own_command(tmp_path: Path) -> None:
    path = _write(tmp_path, "paper: pint\ntable: Table 1\nparts: []\n")
    with pytest.raises(UserError, match=r'bench.yaml declares a paper.*nsbench reproduce pint "Table 1" runs it'):
        load(path)
