"""The archive: a ZIP file of known members, with a manifest of their checksums.

manifest.json                        format, version of nsbench, size and SHA-256 of every member
plan.json                            spec and cells, without the folders of the data
cells/ID/record.json                 and provenance.json, cases.parquet, curves.parquet
cells/ID/weights.pt                  where asked for
cells/ID/predictions/CASE.nii.gz     where asked for; or .npy, .nrrd, .png, as the dataset writes labels
leaderboard/                         tables and pictures, for whoever unpacks it by hand
"""

from __future__ import annotations

import re
import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from ..digest import file_digest

FORMAT = 1
MANIFEST = "manifest.json"
PLAN = "plan.json"

Kind = Literal["manifest", "plan", "record", "provenance", "table", "weights", "prediction", "leaderboard"]

_MIB = 2**20
_CELL = r"cells/[0-9a-f]{16}/"
_NAME = r"[^/\\:\x00-\x1f\x7f.][^/\\:\x00-\x1f\x7f]*"
_MEMBERS: dict[Kind, tuple[re.Pattern[str], int]] = {
    "manifest": (re.compile(re.escape(MANIFEST)), 128 * _MIB),
    "plan": (re.compile(re.escape(PLAN)), 512 * _MIB),
    "record": (re.compile(_CELL + r"record\.json"), 16 * _MIB),
    "provenance": (re.compile(_CELL + r"provenance\.json"), _MIB),
    "table": (re.compile(_CELL + r"(cases|curves)\.parquet"), 256 * _MIB),
    "weights": (re.compile(_CELL + r"weights\.pt"), 8192 * _MIB),
    "prediction": (re.compile(rf"{_CELL}predictions/{_NAME}\.(npy|nii\.gz|nrrd|png)"), 2048 * _MIB),
    "leaderboard": (re.compile(rf"leaderboard/{_NAME}\.(md|csv|json|png)"), 256 * _MIB),
}
_DENSE = (".parquet", ".png", ".pt", ".gz")
"""Compressed already, or not to be compressed."""
_DAWN = (1980, 1, 1, 0, 0, 0)
"""The time of every member: the same run gives the same bytes."""


class Member(BaseModel):
    """What the manifest says of a member."""

    model_config = ConfigDict(extra="forbid", strict=True)

    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    bytes: Annotated[int, Field(ge=0)]


class Manifest(BaseModel):
    """The first member of an archive."""

    model_config = ConfigDict(extra="forbid", strict=True)

    format: Literal[1]
    nsbench: str
    members: dict[str, Member]


def kind_of(name: str) -> Kind | None:
    """What a member is, by its name; None for what an archive never holds."""
    return next((kind for kind, (pattern, _) in _MEMBERS.items() if pattern.fullmatch(name)), None)


def largest(kind: Kind) -> int:
    """Bytes that a member of a kind may unpack to."""
    return _MEMBERS[kind][1]


def write_archive(path: Path, members: Mapping[str, Path], nsbench: str) -> None:
    """Write the members and their manifest, in the order of their names.

    Parameters
    ----------
    members
        File by name within the archive.
    nsbench
        The version that the manifest names.
    """
    known = {name: Member(sha256=file_digest(file), bytes=file.stat().st_size) for name, file in members.items()}
    manifest = Manifest(format=1, nsbench=nsbench, members=dict(sorted(known.items())))
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(_entry(MANIFEST), manifest.model_dump_json(indent=1) + "\n")
        for name in sorted(members):
            entry = _entry(name)
            entry.file_size = known[name].bytes
            with archive.open(entry, "w") as target, members[name].open("rb") as source:
                shutil.copyfileobj(source, target, _MIB)


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _DAWN)
    entry.compress_type = zipfile.ZIP_STORED if name.endswith(_DENSE) else zipfile.ZIP_DEFLATED
    entry.create_system = 3
    entry.external_attr = 0o100644 << 16
    return entry
