"""Looking at an archive's members before anything is unpacked."""

from __future__ import annotations

import json
import re
import stat
import zipfile
from collections.abc import Mapping, Sequence

from pydantic import ValidationError

from .archive import FORMAT, MANIFEST, PLAN, Manifest, kind_of, largest
from .refused import Refused

_COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 0x1


def check_entries(entries: Sequence[zipfile.ZipInfo], archive_bytes: int) -> dict[str, zipfile.ZipInfo]:
    """Entries by name; Refused for any that is not a plain file of a known name and a sensible size."""
    found: dict[str, zipfile.ZipInfo] = {}
    taken: set[str] = set()
    for entry in entries:
        _check_name(entry)
        _check_storage(entry)
        if entry.filename.casefold() in taken:
            raise Refused(f"it holds {entry.filename!r} twice")
        taken.add(entry.filename.casefold())
        found[entry.filename] = entry
    for name in (MANIFEST, PLAN):
        if name not in found:
            raise Refused(f"it holds no {name}: not an archive that nsbench export wrote")
    if sum(entry.compress_size for entry in entries) > archive_bytes:
        raise Refused("its members overlap")
    return found


def _check_name(entry: zipfile.ZipInfo) -> None:
    name = entry.orig_filename
    if re.match(r"[/\\]|[A-Za-z]:", name):
        raise Refused(f"the name {name!r} is an absolute path")
    if ".." in re.split(r"[/\\]", name):
        raise Refused(f"the name {name!r} leads out of the folder")
    file_type = stat.S_IFMT(entry.external_attr >> 16)
    if file_type == stat.S_IFLNK:
        raise Refused(f"{name!r} is a symbolic link")
    if file_type not in (0, stat.S_IFREG):
        raise Refused(f"{name!r} is not a plain file")
    if kind_of(name) is None or name != entry.filename:
        raise Refused(f"{name!r} is not a file of a run")


def _check_storage(entry: zipfile.ZipInfo) -> None:
    if entry.flag_bits & _ENCRYPTED:
        raise Refused(f"{entry.filename!r} is encrypted")
    if entry.compress_type not in _COMPRESSIONS:
        raise Refused(f"{entry.filename!r} is compressed in a way that nsbench export does not use")
    kind = kind_of(entry.filename)
    if kind is not None and entry.file_size > largest(kind):
        raise Refused(f"{entry.filename!r} unpacks to {entry.file_size} bytes, more than any {kind} needs")


def parse_manifest(text: bytes) -> Manifest:
    """The manifest; Refused when it is damaged or of another format version."""
    try:
        document = json.loads(text)
        if not isinstance(document, dict) or type(document.get("format")) is not int:
            raise Refused(f"{MANIFEST} is damaged: it names no format version")
        if document["format"] != FORMAT:
            raise Refused(
                f"it has format {document['format']}, this nsbench reads {FORMAT}; "
                "use the nsbench that wrote it, or a newer one"
            )
        return Manifest.model_validate(document)
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        raise Refused(f"{MANIFEST} is damaged: {'.'.join(map(str, problem['loc']))}: {problem['msg']}") from error
    except (ValueError, RecursionError) as error:
        raise Refused(f"{MANIFEST} is damaged: {error}") from error


def check_manifest(manifest: Manifest, entries: Mapping[str, zipfile.ZipInfo]) -> None:
    """Refused unless manifest and archive name the same members with the same sizes."""
    held = entries.keys() - {MANIFEST}
    for name in sorted(held - manifest.members.keys()):
        raise Refused(f"{name!r} is not in its manifest")
    for name in sorted(manifest.members.keys() - held):
        raise Refused(f"{name!r} is in its manifest and missing")
    for name, member in manifest.members.items():
        if entries[name].file_size != member.bytes:
            raise Refused(f"{name!r} has {entries[name].file_size} bytes, its manifest says {member.bytes}")
