"""Archives that somebody has tampered with are refused, and leave nothing behind."""

from __future__ import annotations

import io
import json
import pickle
import stat
import struct
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from nsbench.benchmark.errors import UserError
from nsbench.benchmark.registry import Registries
from nsbench.benchmark.share import export_run, import_run

from .conftest import read_all, write_run

CELL = "cells/0123456789abcdef"


class Payload:
    """Makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


@dataclass
class Forgery:
    """An archive's members, to be changed and written again with a manifest that fits."""

    members: dict[str, bytes]
    entries: list[tuple[zipfile.ZipInfo, bytes]] = field(default_factory=list)
    compression: int = zipfile.ZIP_DEFLATED
    marker: Path = Path()

    def one(self, ending: str) -> str:
        """The first member of that ending; of a cell's, of one that is done."""
        done = next(name for name in self.members if name.endswith("cases.parquet")).rpartition("/")[0]
        return next(name for name in self.members if name.startswith((done, ending)) and name.endswith(ending))

    def edit(self, name: str, change: Callable[[Any], None]) -> None:
        """Change a JSON member."""
        document = json.loads(self.members[name])
        change(document)
        self.members[name] = json.dumps(document).encode()

    def add(self, name: str, content: bytes = b"{}", mode: int = 0o100644) -> None:
        """Add an entry as it is, whatever its name; the manifest lists it."""
        entry = zipfile.ZipInfo("x")
        entry.filename = name
        entry.external_attr = mode << 16
        self.entries.append((entry, content))

    def write(self, path: Path) -> None:
        listed = self.members | {entry.filename: content for entry, content in self.entries}
        manifest = json.loads(listed.pop("manifest.json"))
        known = {name: {"sha256": sha256(c).hexdigest(), "bytes": len(c)} for name, c in listed.items()}
        manifest["members"] = known | manifest.get("lies", {})
        manifest.pop("lies", None)
        with zipfile.ZipFile(path, "w", self.compression) as archive:
            archive.writestr("manifest.json", json.dumps(manifest))
            for name, content in self.members.items():
                if name != "manifest.json":
                    archive.writestr(name, content)
            for entry, content in self.entries:
                archive.writestr(entry, content)


def parquet(**columns: Any) -> bytes:
    stream = io.BytesIO()
    pq.write_table(pa.table(columns), stream)
    return stream.getvalue()


def saved(save: Callable[..., None], value: Any, **options: Any) -> bytes:
    stream = io.BytesIO()
    save(*((value, stream) if save is torch.save else (stream, value)), **options)
    return stream.getvalue()


def packed(content: bytes) -> bytes:
    """A ZIP file with compressed members instead of stored ones."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            target.writestr(name, source.read(name))
    return stream.getvalue()


def replace(ending: str, content: Callable[[Forgery], bytes]) -> Callable[[Forgery], None]:
    def change(forgery: Forgery) -> None:
        forgery.members[forgery.one(ending)] = content(forgery)

    return change


def rename_cell(forgery: Forgery) -> None:
    cell = forgery.one("record.json").split("/")[1]
    forgery.members = {name.replace(cell, "f" * 16): content for name, content in forgery.members.items()}


def drop_record(forgery: Forgery) -> None:
    del forgery.members[forgery.one("record.json")]


def lie(ending: str, **about: Any) -> Callable[[Forgery], None]:
    """Let the manifest say something else of a member."""

    def change(forgery: Forgery) -> None:
        name = forgery.one(ending)
        content = forgery.members[name]
        known = {"sha256": sha256(content).hexdigest(), "bytes": len(content)} | about
        forgery.edit("manifest.json", lambda manifest: manifest.update(lies={name: known}))

    return change


def edit(ending: str, change: Callable[[Any], None]) -> Callable[[Forgery], None]:
    return lambda forgery: forgery.edit(forgery.one(ending), change)


def forged_score(forgery: Forgery) -> None:
    name = forgery.one("cases.parquet")
    table = pq.read_table(io.BytesIO(forgery.members[name]))
    place = table.column_names.index("dice")
    forgery.members[name] = parquet(**{n: table[n] for n in table.column_names[:place]}, dice=[1.0] * table.num_rows)


_NAMES = {
    "traversal": ("../evil.json", "leads out"),
    "inner traversal": ("cells/../../evil.json", "leads out"),
    "backslashes": ("cells\\..\\..\\evil.json", "leads out"),
    "absolute": ("/etc/evil.json", "absolute"),
    "drive": ("C:/evil.json", "absolute"),
    "share": ("\\\\host\\evil.json", "absolute"),
    "code": (f"{CELL}/plugin.py", "not a file of a run"),
    "hidden": ("leaderboard/.bashrc", "not a file of a run"),
    "hidden prediction": (f"{CELL}/predictions/.x.npy", "not a file of a run"),
    "deep": ("leaderboard/a/b.md", "not a file of a run"),
    "folder": ("leaderboard/", "not a file of a run"),
    "line break": ("leaderboard/a\nb.md", "not a file of a run"),
    "twice": ("plan.json", "twice"),
    "twice but for case": ("leaderboard/readme.md", "twice"),
}


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory, registries: Registries) -> Path:
    """One archive for all forgeries."""
    folder = tmp_path_factory.mktemp("archive")
    return export_run(
        write_run(folder / "run", registries).out, folder / "run.zip", weights=True, predictions=True
    ).file


@pytest.fixture
def forgery(archive: Path, tmp_path: Path) -> Forgery:
    return Forgery(read_all(archive), marker=tmp_path / "executed")


def assert_refused(forgery: Forgery, tmp_path: Path, message: str, **options: Any) -> None:
    file = tmp_path / "forged.zip"
    forgery.write(file)
    assert_file_refused(file, tmp_path, message, **options)


def assert_file_refused(file: Path, tmp_path: Path, message: str, **options: Any) -> None:
    place = tmp_path / "place"
    with pytest.raises(UserError, match=message):
        import_run(file, place / "theirs", **options)
    assert not place.exists() or not list(place.iterdir())
    assert not (tmp_path / "executed").exists()


def test_an_unchanged_forgery_is_taken(forgery: Forgery, tmp_path: Path) -> None:
    forgery.write(tmp_path / "forged.zip")
    assert import_run(tmp_path / "forged.zip", tmp_path / "theirs").cells == 3


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("name", _NAMES)
def test_names(forgery: Forgery, tmp_path: Path, name: str) -> None:
    member, message = _NAMES[name]
    forgery.add(member)
    assert_refused(forgery, tmp_path, message)


@pytest.mark.parametrize(("mode", "message"), [(stat.S_IFLNK, "symbolic link"), (stat.S_IFIFO, "not a plain file")])
def test_links_and_special_files(forgery: Forgery, tmp_path: Path, mode: int, message: str) -> None:
    forgery.add("leaderboard/x.md", b"/etc/passwd", mode | 0o777)
    assert_refused(forgery, tmp_path, message)


_CHANGES: dict[str, tuple[Callable[[Forgery], None], str]] = {
    "newer format": (edit("manifest.json", lambda m: m.update(format=2)), "format 2, this nsbench reads 1"),
    "format as text": (edit("manifest.json", lambda m: m.update(format="1")), "no format version"),
    "more in the manifest": (edit("manifest.json", lambda m: m.update(run="rm -rf")), "damaged: run"),
    "another checksum": (lie("plan.json", sha256="0" * 64), "does not match its checksum"),
    "another size": (lie("plan.json", bytes=5), "its manifest says 5"),
    "no record": (drop_record, "has no record"),
    "a cell of another plan": (rename_cell, "is not in its plan"),
    "a forged score": (forged_score, "cases.parquet is damaged"),
    "another identity": (edit("record.json", lambda r: r["identity"].update(seed=7)), "belongs to cell"),
    "a file elsewhere": (edit("record.json", lambda r: r["files"].update({"../../../x": "0"})), "no record has"),
    "a folder of data": (edit("plan.json", lambda p: p["cells"][0].update(root="/etc")), "folders of a machine"),
    "a plan of nothing": (edit("plan.json", lambda p: p.update(cells=7)), "holds no plan"),
    "a plan of other cells": (edit("plan.json", lambda p: p.update(cells=[{}])), "damaged or of another version"),
    "a later protocol": (edit("plan.json", lambda p: p["cells"][0]["identity"].update(protocol=99)), "protocol 99"),
    "a terminal's commands": (edit("plan.json", lambda p: p.update(command="\x1b]0;x\x07")), "control characters"),
    "provenance without a host": (edit("provenance.json", lambda p: p.pop("host")), "host: Field required"),
    "half a document": (replace("record.json", lambda f: b'{"cell": '), "cannot be parsed"),
    "a deep document": (replace("record.json", lambda f: b"[" * 100_000), "cannot be parsed"),
    "a list": (replace("provenance.json", lambda f: b"[]"), "no JSON object"),
    "no table": (replace("curves.parquet", lambda f: b"PAR1"), "no readable Parquet"),
    "half a table": (replace("curves.parquet", lambda f: parquet(a=[1, 2])[:-9] + b"PAR1"), "no readable Parquet"),
    "a nested table": (replace("curves.parquet", lambda f: parquet(a=[[1], [2]])), "more than numbers and texts"),
    "a table of bytes": (replace("curves.parquet", lambda f: parquet(a=[b"1"])), "more than numbers and texts"),
    "a huge text": (replace("curves.parquet", lambda f: parquet(a=["x" * 10_000] * 9)), "4096 bytes"),
    "pickled weights": (replace("weights.pt", lambda f: saved(torch.save, Payload(f.marker))), "as weights alone"),
    "a pickle": (replace("weights.pt", lambda f: pickle.dumps(Payload(f.marker))), "as weights alone"),
    "packed weights": (replace("weights.pt", lambda f: packed(f.members[f.one("weights.pt")])), "is compressed"),
    "weights of nobody": (replace("weights.pt", lambda f: saved(torch.save, {"a": 1})), "no method's weights"),
    "pickled prediction": (
        replace(".npy", lambda f: saved(np.save, np.array([Payload(f.marker)], object), allow_pickle=True)),
        "no NumPy array",
    ),
    "a prediction of floats": (replace(".npy", lambda f: saved(np.save, np.ones(3))), "no array of integers"),
}


@pytest.mark.parametrize("name", _CHANGES)
def test_changed_content(forgery: Forgery, tmp_path: Path, name: str) -> None:
    change, message = _CHANGES[name]
    change(forgery)
    assert_refused(forgery, tmp_path, message)


def test_members_and_manifest_must_agree(archive: Path, tmp_path: Path) -> None:
    for name, message in {"leaderboard/x.md": "not in its manifest", "": "is in its manifest and missing"}.items():
        file = tmp_path / "forged.zip"
        with zipfile.ZipFile(file, "w") as forged:
            for member, content in read_all(archive).items():
                if name or member != "leaderboard/README.md":
                    forged.writestr(member, content)
            if name:
                forged.writestr(name, "")
        assert_file_refused(file, tmp_path, message)


def test_bombs(forgery: Forgery, tmp_path: Path) -> None:
    assert_refused(forgery, tmp_path, "raise --max-gib", max_gib=1e-6)
    forgery.members[forgery.one("provenance.json")] = b" " * (2**20 + 1)
    assert_refused(forgery, tmp_path, "more than any provenance needs")


def test_a_size_that_lies_unpacks_no_more_than_it_says(forgery: Forgery, tmp_path: Path) -> None:
    name = forgery.one("provenance.json")
    forgery.members[name] = b" " * 2**20
    lie("provenance.json", bytes=10)(forgery)
    file = tmp_path / "forged.zip"
    forgery.write(file)
    content = bytearray(file.read_bytes())
    for place in (position for position in range(len(content)) if content.startswith(b"PK\x01\x02", position)):
        if content[place + 46 :].startswith(name.encode()):
            content[place + 24 : place + 28] = struct.pack("<I", 10)
    file.write_bytes(content)
    assert_file_refused(file, tmp_path, "is damaged|does not match its checksum")


def test_overlapping_members(forgery: Forgery, tmp_path: Path) -> None:
    file = tmp_path / "forged.zip"
    forgery.write(file)
    content = bytearray(file.read_bytes())
    for place in (position for position in range(len(content)) if content.startswith(b"PK\x01\x02", position)):
        content[place + 20 : place + 24] = struct.pack("<I", len(content) // 2)
    file.write_bytes(content)
    assert_file_refused(file, tmp_path, "overlap")


@pytest.mark.parametrize("compression", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_compressions(forgery: Forgery, tmp_path: Path, compression: int) -> None:
    forgery.compression = compression
    assert_refused(forgery, tmp_path, "does not use")


def test_what_is_no_archive(archive: Path, tmp_path: Path) -> None:
    file = tmp_path / "forged.zip"
    assert_file_refused(file, tmp_path, "no such file")
    file.write_bytes(archive.read_bytes()[:-100])
    assert_file_refused(file, tmp_path, "is refused|cannot be read as an archive")
    file.write_text("no archive")
    assert_file_refused(file, tmp_path, "cannot be read as an archive")
    with zipfile.ZipFile(file, "w") as empty:
        empty.comment = b"nothing"
    assert_file_refused(file, tmp_path, r"no manifest\.json")
    content = bytearray(archive.read_bytes())
    content[len(content) // 2] ^= 0xFF
    file.write_bytes(content)
    assert_file_refused(file, tmp_path, "is refused|cannot be read")
