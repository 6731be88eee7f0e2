"""What `nsbench new` writes, and what it refuses."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from nsbench.benchmark.registry import Registries, Registry
from nsbench.benchmark.scaffold.kinds import SORTS, PluginKind
from nsbench.benchmark.scaffold.package import render

Command = Callable[..., Result]

ODD_NAMES = {
    PluginKind.method: ["batch", "loss-method", "tensor", "true", "x", "a-1-b2"],
    PluginKind.dataset: ["dataset", "case", "path", "none"],
    PluginKind.noise_model: ["corruption", "noise-model"],
    PluginKind.network: ["network", "generator", "string"],
}


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind, names in ODD_NAMES.items() for name in names])
def test_any_legal_name_gives_a_usable_plugin(kind: PluginKind, name: str, tmp_path: Path) -> None:
    contents = render(kind, name)
    path = next(iter(contents))
    file = tmp_path / Path(path).name
    file.write_text(contents[path])
    registry: Registry[Any] = getattr(Registries((file,)), SORTS[kind].listed)
    plugin = registry.get(name)
    assert plugin.load().name == name
    assert plugin.load()(**_arguments(kind, plugin.load().Params(**{"width": 2} if kind == "network" else {})))


def _arguments(kind: PluginKind, params: Any) -> dict[str, Any]:
    from nsbench import Task

    return {
        PluginKind.method: {"params": params, "task": Task("t", ("a",)), "ndim": 2},
        PluginKind.dataset: {"root": None, "task": None, "params": params},
        PluginKind.noise_model: {"params": params},
        PluginKind.network: {"in_channels": 1, "num_classes": 2, "ndim": 2, "params": params},
    }[kind]


def test_it_says_what_it_wrote_and_what_comes_next(nsbench: Command, tmp_path: Path) -> None:
    text = nsbench("new", "noise-model", "my-shift", "--into", tmp_path).stdout
    assert f"pip install -e {tmp_path / 'my-shift'}" in text
    assert "nsbench test my-shift" in text
    document = json.loads(nsbench("new", "network", "my-net", "--into", tmp_path, "--json").stdout)
    written = sorted(str(path) for path in (tmp_path / "my-net").rglob("*") if path.is_file())
    assert sorted(document["files"]) == written
    assert not any("$" in Path(path).read_text() for path in written)


@pytest.mark.parametrize(
    ("kind", "name", "message"),
    [
        ("method", "MyLoss", "write small letters"),
        ("method", "my_loss", "write small letters"),
        ("method", "-x", "write small letters"),
        ("method", "../out", "write small letters"),
        ("method", "", "write small letters"),
        ("method", "3d", "write small letters"),
        ("method", "all", "a meaning of its own"),
        ("method", "nr-dice", "the method nr-dice exists already (built-in)"),
        ("noise-model", "erode-dilate", "the noise model erode-dilate exists already"),
        ("method", "folder", "exists; choose another name"),
        ("method", "link", "exists; choose another name"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_written(
    nsbench: Command, kind: str, name: str, message: str, tmp_path: Path
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("nowhere")
    result = nsbench("new", kind, "--into", tmp_path, "--", name)
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["folder", "link"]


def test_a_folder_that_cannot_be_written_is_named(
    nsbench: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = nsbench("new", "method", "my-loss", "--into", tmp_path / "missing")
    assert (missing.exit_code, "no such folder" in missing.stderr) == (2, True)

    def full(*arguments: Any, **options: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "rename", full)
    result = nsbench("new", "method", "my-loss", "--into", tmp_path)
    assert (result.exit_code, "No space left" in result.stderr) == (2, True)
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_is_installed_for_another_kind_is_refused(
    nsbench: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "nsbench_my_loss.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    result = nsbench("new", "method", "my-loss", "--into", tmp_path)
    assert (result.exit_code, "nsbench_my_loss is installed already" in result.stderr) == (2, True)
