"""What only a process of its own shows: imports, exit codes, doctor."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

_CHECK = """
import sys
from nsbench.benchmark.cli.main import app
try:
    app({words!r})
except SystemExit as end:
    assert end.code == 0, end.code
print(sorted({{"torch", "monai", "ray", "pandas"}} & set(sys.modules)), file=sys.stderr)
"""


@pytest.mark.parametrize(
    "words",
    [
        ["--help"],
        ["run", "--help"],
        ["list", "methods"],
        ["show", "method", "nr-dice"],
        ["schema"],
        ["run", "--dry-run", "--methods", "all", "--seeds", "2"],
    ],
    ids=" ".join,
)
def test_nothing_heavy_is_imported(words: list[str], tmp_path: Path) -> None:
    code = _CHECK.format(words=words)
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=True)
    assert result.stderr.strip().splitlines()[-1] == "[]"


def test_doctor_finds_a_broken_plugin(broken_plugin: Path) -> None:
    words = [sys.executable, "-c", "from nsbench.benchmark.cli.main import main; main()", "doctor", "--json"]
    well = subprocess.run(words, capture_output=True, text=True, check=False)
    found = {check["name"]: check for check in json.loads(well.stdout)["checks"]}
    assert found["torch"]["ok"]
    assert "cores usable" in found["processor"]["found"]
    ill = subprocess.run([*words, "--plugin", str(broken_plugin)], capture_output=True, text=True, check=False)
    document = json.loads(ill.stdout)
    assert (ill.returncode, document["ok"]) == (1, False)
    assert any("invalid syntax" in check["remedy"] for check in document["checks"] if not check["ok"])


def test_doctor_finds_data_by_folder_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from nsbench.benchmark.cli.checks import all_checks
    from nsbench.benchmark.registry import Registries

    (tmp_path / "unknown-thing").mkdir()
    (tmp_path / "jsrt").mkdir()
    monkeypatch.setenv("NSBENCH_DATA", str(tmp_path))
    found = {check.name: check for check in all_checks(Registries())}
    assert found["NSBENCH_DATA"].ok
    assert found["data unknown-thing"].ok
    assert not found["data jsrt"].ok
