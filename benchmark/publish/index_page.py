"""The table of all published leaderboards, in the README of the folder that holds them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..errors import UserError
from ..report.text import NOTHING, escape, points, settings, table
from ..spec.load import load
from ..store.files import read_json, write_atomically
from ..tuning.page import labels_of
from .folder import MANIFEST, read_manifest

BEGIN = "<!-- leaderboards: written by nsbench publish -->"
END = "<!-- end of leaderboards -->"
_HEADS = ("Leaderboard", "Data", "Supervision", "Methods", "Cells", "Best", "Finished")
_MOST_NAMES = 3


def update_index(folder: Path) -> Path | None:
    """Write the table anew between the markers of a folder's README.md; None where there are no markers.

    What stands outside the markers stays.

    Raises
    ------
    UserError
        The manifest of a leaderboard is damaged, or the README cannot be written.
    """
    page = folder / "README.md"
    new = index_text(folder)
    if new is None:
        return None
    if new != page.read_text(encoding="utf-8"):
        write_atomically(page, lambda target: _fill(target, new))
    return page


def index_text(folder: Path) -> str | None:
    """A folder's README.md with its table as it should be; None where there are no markers.

    Raises
    ------
    UserError
        The manifest of a leaderboard is damaged.
    """
    page = folder / "README.md"
    if not page.is_file():
        return None
    before, begin, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        return None
    return f"{before}{BEGIN}\n\n{_table(folder)}\n\n{END}{after}"


def _table(folder: Path) -> str:
    lines = list(_lines(folder))
    return table(_HEADS, lines, left=len(_HEADS)) if lines else "No leaderboard has been published yet."


def _lines(folder: Path) -> Iterator[list[str]]:
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or not path.is_dir():
            continue
        if (facts := read_manifest(path)) is not None:
            yield _told(path, facts)
        elif (path / "tuning.json").is_file():
            yield [_link(path, _title(path)), *_study(path)]


def _told(path: Path, facts: dict[str, Any]) -> list[str]:
    try:
        return [_link(path, facts["title"]), *_board(facts)]
    except (KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{path / MANIFEST} is damaged ({error!r}); publish the leaderboard again") from error


def _link(path: Path, title: str) -> str:
    return f"[{escape(title)}]({path.name}/README.md)"


def _board(facts: dict[str, Any]) -> list[str]:
    cells = facts["cells"]
    incomplete = "" if cells["done"] == cells["planned"] else f"**{cells['done']} of {cells['planned']}, incomplete**"
    return [
        escape(", ".join(facts["datasets"])),
        escape(", ".join(facts["supervision"])),
        _methods(facts["methods"]),
        incomplete or str(cells["planned"]),
        "; ".join(map(_best, facts["best"])) or NOTHING,
        facts["provenance"]["finished"] or NOTHING,
    ]


def _methods(names: list[str]) -> str:
    return escape(", ".join(names)) if len(names) <= _MOST_NAMES else f"{len(names)}"


def _best(facts: dict[str, Any]) -> str:
    others = f", {facts['tied']} more not told apart" if facts["tied"] else ""
    # of one seed, or few patients, nothing is said
    highest = "highest mean " if facts["tied"] is None else ""
    return escape(f"{highest}{facts['method']} {points(facts['dice'])} at {facts['at']}{others}")


def _title(path: Path) -> str:
    """The first heading of a page."""
    found = re.search(r"^# (.+)$", (path / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    return found[1] if found else path.name


def _study(path: Path) -> list[str]:
    """A tuning study: the cells of its trials and the best parameters; it says nothing of the test cases."""
    try:
        studies: list[dict[str, Any]] = read_json(path / "tuning.json")
        best = "; ".join(f"{study['label']}: {settings(study['best']['params'])}" for study in studies)
        cells = sum(len(row["cells"]) for study in studies for row in study["rows"])
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"{path / 'tuning.json'} is damaged ({error}); publish the study again") from error
    methods = escape(", ".join(str(study["label"]) for study in studies))
    return [*_studied(path / "spec.yaml"), methods, f"{cells} (tuning)", escape(best), NOTHING]


def _studied(path: Path) -> list[str]:
    """Data and supervision of a study, from its spec."""
    if not path.is_file():
        return [NOTHING, NOTHING]
    spec = load(path).spec
    labels = labels_of(spec).replace("`", "")  # within them escapes would show
    return [escape(", ".join(choice.label for choice in spec.datasets)), escape(labels)]


def _fill(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
