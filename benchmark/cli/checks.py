"""What `nsbench doctor` looks at."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ..errors import UserError
from ..registry import PACKAGE, Registries
from .machine import describe_processor

_GIB = 2**30


@dataclass(frozen=True)
class Check:
    """One finding; `remedy` says what to do where it is not `ok`."""

    name: str
    found: str
    ok: bool = True
    remedy: str = ""


def all_checks(registries: Registries) -> list[Check]:
    """Everything, in the order in which it is printed."""
    return [*_packages(), _torch(), _ray(), *_machine(), *_data(registries), *_plugins(registries)]


def _packages() -> Iterator[Check]:
    from packaging.requirements import Requirement

    yield Check("python", platform.python_version())
    tested = _tested_versions()
    for text in requires("nsbench") or []:
        wanted = Requirement(text)
        if wanted.marker is None or wanted.marker.evaluate({"extra": ""}):
            yield _package(wanted, tested.get(wanted.name.lower()))


def _package(wanted: Any, tested: str | None) -> Check:
    remedy = f"pip install '{wanted.name}{wanted.specifier}'"
    try:
        found = version(wanted.name)
    except PackageNotFoundError:
        return Check(wanted.name, "not installed", False, remedy)
    note = f" (tested with {tested})" if tested and tested != found.split("+")[0] else ""
    return Check(wanted.name, found + note, wanted.specifier.contains(found, prereleases=True), remedy)


def _tested_versions() -> dict[str, str]:
    """Pins of `constraints.txt`, in a checkout of the repository."""
    path = PACKAGE / "constraints.txt"
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    pairs = [line.split(";")[0].split("#")[0].strip().partition("==") for line in lines]
    return {name.strip().lower(): pin.strip() for name, equals, pin in pairs if equals}


def _torch() -> Check:
    try:
        import torch
    except (ImportError, OSError) as error:
        return Check("device", f"torch cannot be imported: {error}", False, "install torch again")
    if not torch.cuda.is_available():
        return Check("device", f"CPU, torch uses {torch.get_num_threads()} threads; no GPU")
    gpus = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    return Check("device", ", ".join(gpus))


def _ray() -> Check:
    if find_spec("ray") is None:
        return Check("ray", "not installed: cells run one after the other; pip install 'nsbench[ray]'")
    return Check("ray", version("ray"))


def _machine() -> Iterator[Check]:
    import psutil

    from ..data.cache import cache_folder

    yield Check("processor", describe_processor())
    free = psutil.virtual_memory().available / _GIB
    yield Check("free memory", f"{free:.1f} GiB", free > 1, "close other programs: a cell needs about 1 GiB")
    for name, folder in {"disk here": Path.cwd(), "disk of the cache": _existing(cache_folder())}.items():
        room = shutil.disk_usage(folder).free / _GIB
        writable = os.access(folder, os.W_OK)
        found = f"{room:.1f} GiB free in {folder}{'' if writable else ', not writable'}"
        yield Check(name, found, writable and room > 1, "free some space, or set NSBENCH_CACHE and --out elsewhere")


def _existing(folder: Path) -> Path:
    return next(path for path in [folder, *folder.parents] if path.exists())


def _data(registries: Registries) -> Iterator[Check]:
    from ..spec.roots import data_folders

    base = os.environ.get("NSBENCH_DATA")
    if not base:
        yield Check("NSBENCH_DATA", "not set: only generated datasets, or --data-root")
        return
    exists = Path(base).is_dir()
    yield Check("NSBENCH_DATA", base, exists, "set it to the folder that holds one folder per dataset")
    for folder in data_folders():
        yield _dataset(folder, Path(base) / folder, registries)


def _dataset(folder: str, path: Path, registries: Registries) -> Check:
    """Which dataset a folder holds, by its name (`la`, `la-half`)."""
    found = [
        name for name in registries.datasets.names() if folder == name or folder.startswith((f"{name}-", f"{name}_"))
    ]
    if not found:
        return Check(f"data {folder}", "no dataset of that name; usable as --dataset ID@" + folder)
    name = max(found, key=len)
    plugin = registries.datasets.get(name)
    choice = name if folder == name else f"{name}@{folder}"
    try:
        cases = plugin.load()(path, None, plugin.validate({})).cases()
    except UserError as error:
        return Check(f"data {folder}", f"--dataset {choice} cannot be used", False, str(error))
    return Check(f"data {folder}", f"--dataset {choice}: {len(cases)} cases")


def _plugins(registries: Registries) -> Iterator[Check]:
    told: set[str] = set()  # a file that cannot be read may be of any kind
    for registry in (registries.methods, registries.networks, registries.datasets, registries.noise):
        yield Check(f"{registry.kind} plugins", f"{len(registry.names())} usable")
        for plugin in (each for each in registry.broken if each.error not in told):
            told.add(plugin.error)
            yield Check(f"{registry.kind} {plugin.name}", f"{plugin.origin}: broken", False, plugin.error)
