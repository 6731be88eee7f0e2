"""The pages of docs/ do what they say: their Python runs, their commands exit with 0."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import nsbench
from nsbench.benchmark.cli.main import app

PAGES = sorted((Path(nsbench.__file__).resolve().parent / "docs").glob("*.md"))
EXECUTABLE = [page for page in PAGES if "```" in page.read_text(encoding="utf-8")]


@pytest.mark.parametrize("page", EXECUTABLE, ids=lambda page: page.stem)
def test_the_page_works(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All blocks in order, in one folder: `# NAME.py` in the first line makes a block a file, others are executed."""
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    blocks = re.findall(r"^```(\w*)\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert blocks
    for language, text in blocks:
        file = re.match(r"# (\w+\.py)\n", text)
        if language == "sh":
            for line in text.splitlines():
                _shell(line, tmp_path, monkeypatch)
        elif file:
            (tmp_path / file[1]).write_text(text)
        else:
            assert language == "python"
            exec(compile(text, page.name, "exec"), names)


def _shell(line: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program, *words = shlex.split(line)
    if program == "nsbench":
        options = ["--executor", "inline"] if words[0] in ("run", "tune") else []
        result = CliRunner().invoke(app, [*words, *options])
        assert result.exit_code == 0, result.output
    elif program == "cp":
        shutil.copy(*words)
    else:
        assert (program, words[:2]) == ("pip", ["install", "-e"])
        _install(words[2], folder / "site")
        monkeypatch.syspath_prepend(str(folder / "site"))


def _install(package: str, site: Path) -> None:
    """As `pip install -e`, without network and into a folder that is thrown away."""
    options = ["--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--target", str(site)]
    subprocess.run([sys.executable, "-m", "pip", "install", *options, f"./{package}"], check=True)


def test_every_page_is_in_the_index() -> None:
    index = next(page for page in PAGES if page.name == "README.md").read_text(encoding="utf-8")
    assert [page.name for page in PAGES if page.name != "README.md" and f"({page.name})" not in index] == []
