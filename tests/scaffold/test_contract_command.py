"""`nsbench test`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from nsbench.benchmark.scaffold.kinds import PluginKind
from nsbench.benchmark.scaffold.package import render

Command = Callable[..., Result]


@pytest.fixture
def shift(tmp_path: Path) -> Callable[..., Path]:
    """Write the generated noise model to a file, changed as told: `shift(("a", "b"))` puts b for a."""

    def written(*changes: tuple[str, str], name: str = "my-shift") -> Path:
        text = next(iter(render(PluginKind.noise_model, name).values()))
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        path = tmp_path / "shift.py"
        path.write_text(text)
        return path

    return written


def test_a_plugin_that_keeps_all_contracts_passes(nsbench: Command, shift: Callable[..., Path]) -> None:
    path = shift()
    result = nsbench("test", "my-shift", "--plugin", path)
    assert result.exit_code == 0
    assert result.stdout.startswith(f"noise my-shift ({path})\n\npassed  ")
    assert ", 0 failed, 0 skipped" in result.stdout


def test_a_failure_says_what_the_contract_is_and_why(nsbench: Command, shift: Callable[..., Path]) -> None:
    path = shift(("rng.uniform", "np.random.default_rng().uniform"))
    result = nsbench("test", "my-shift", "--plugin", path)
    assert result.exit_code == 1
    failed = result.stdout[result.stdout.index("FAILED") :]
    assert failed.startswith("FAILED  corruption-is-deterministic\n          my-shift: ")
    assert "The contract: " in failed
    assert ", 1 failed, 0 skipped" in failed


def test_an_error_of_the_plugin_is_a_failure(nsbench: Command, shift: Callable[..., Path]) -> None:
    path = shift(('{"voxels": voxels}', '{"voxels": [][voxels]}'))
    result = nsbench("test", "my-shift", "--plugin", path, "--json")
    document = json.loads(result.stdout)
    assert (result.exit_code, document["ok"]) == (1, False)
    failed = [contract for contract in document["contracts"] if contract["status"] == "failed"]
    assert all(contract["contract"] and "IndexError" in contract["message"] for contract in failed)
    assert {"kind", "name", "origin", "file"} <= document.keys()


def test_what_a_plugin_prints_is_not_in_the_document(nsbench: Command, shift: Callable[..., Path]) -> None:
    path = shift(("        voxels = ", "        print('moving')\n        voxels = "))
    assert json.loads(nsbench("test", "my-shift", "--plugin", path, "--json").stdout)["ok"]


def test_a_name_of_several_kinds_needs_the_kind(nsbench: Command, shift: Callable[..., Path]) -> None:
    path = shift(name="ce")
    result = nsbench("test", "ce", "--plugin", path)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "ce is a method and a noise-model; say which: --kind method" in result.stderr
    assert nsbench("test", "ce", "--plugin", path, "--kind", "noise-model").exit_code == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nrdice"], "unknown plugin 'nrdice': did you mean nr-dice"),
        (["nrdice", "--kind", "method"], "unknown method 'nrdice'"),
        (["none", "--data-root", "."], "none is no dataset"),
        (["jsrt", "--data-root", "nowhere"], "nowhere: no such folder"),
    ],
)
def test_bad_input(nsbench: Command, words: list[str], message: str) -> None:
    result = nsbench("test", *words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr


def test_a_plugin_that_cannot_be_used_is_told_why(nsbench: Command, shift: Callable[..., Path]) -> None:
    abstract = nsbench("test", "my-shift", "--plugin", shift(("def corrupt", "def corupt")))
    assert (abstract.exit_code, "is abstract: write corrupt" in abstract.stderr) == (2, True)
    unread = nsbench("test", "my-shift", "--plugin", shift(("class MyShift(", "class MyShift(:")))
    assert (unread.exit_code, "invalid syntax" in unread.stderr) == (2, True)
