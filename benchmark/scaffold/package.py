"""A new plugin's package: rendered from templates, written whole or not at all."""

from __future__ import annotations

import keyword
import re
from importlib.metadata import version
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from string import Template
from tempfile import TemporaryDirectory

from ..errors import UserError
from ..registered import WORDS
from ..registry import Registries, Registry
from .kinds import SORTS, PluginKind

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_RESERVED = {"all"}


def write_package(kind: PluginKind, name: str, into: Path, registries: Registries) -> list[Path]:
    """Write the package of a new plugin to the folder `into/name`.

    Returns
    -------
    The files, the plugin's own first.

    Raises
    ------
    UserError
        The name cannot be a plugin's, is taken, or the folder exists or cannot be written; then nothing is left.
    """
    _check_name(kind, name, registries)
    target = into / name
    if target.exists() or target.is_symlink():
        raise UserError(f"{target} exists; choose another name, or another folder with --into")
    if not into.is_dir():
        raise UserError(f"--into {into}: no such folder; make it first")
    contents = render(kind, name)
    try:
        with TemporaryDirectory(prefix=".nsbench-new-", dir=into) as scratch:
            folder = Path(scratch) / name
            for path, text in contents.items():
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / path).write_text(text, encoding="utf-8")
            folder.rename(target)
    except OSError as error:
        raise UserError(f"--into {into}: cannot be written: {error.strerror}; choose another folder") from None
    return [target / path for path in contents]


def render(kind: PluginKind, name: str) -> dict[str, str]:
    """Text of every file by its path in the package."""
    sort, identifier = SORTS[kind], name.replace("-", "_")
    package = module_of(name)
    fields = sort.fields | {
        "name": name,
        "identifier": identifier,
        "class_name": _class_name(name, _template(f"{sort.module}.py")),
        "package": package,
        "distribution": f"nsbench-{name}",
        "nsbench_version": version("nsbench"),
        "command": Template(sort.command).substitute(name=name),
    }
    templates = {
        f"{package}/{sort.module}.py": f"{sort.module}.py",
        f"{package}/__init__.py": "package.py",
        "pyproject.toml": "pyproject.toml",
        f"tests/test_{identifier}.py": f"{sort.test}.py",
        "README.md": "README.md",
    }
    return {path: Template(_template(template)).substitute(fields) for path, template in templates.items()}


def module_of(name: str) -> str:
    """Import name of the package of a plugin."""
    return f"nsbench_{name.replace('-', '_')}"


def _template(name: str) -> str:
    folder = files(__package__) / "templates"
    return (folder / f"{name}.template").read_text(encoding="utf-8")


def _class_name(name: str, template: str) -> str:
    """`MyLoss` of `my-loss`; where that is a word of Python or of the file, `MyLossPlugin`."""
    words = "".join(part.capitalize() for part in name.split("-"))
    taken = keyword.iskeyword(words) or words in re.findall(r"\w+", template)
    return f"{words}Plugin" if taken else words


def _check_name(kind: PluginKind, name: str, registries: Registries) -> None:
    word = WORDS[kind.registered]
    if not _NAME.fullmatch(name):
        raise UserError(f"name {name!r}: write small letters and digits joined by hyphens, as in my-{kind}")
    if name in _RESERVED:
        raise UserError(f"name {name!r} has a meaning of its own on the command line; choose another")
    registry: Registry[object] = getattr(registries, SORTS[kind].listed)
    for plugin in [*registry.plugins.values(), *registry.broken]:
        if plugin.name == name:
            raise UserError(f"the {word} {name} exists already ({plugin.origin}); choose another name")
    if find_spec(module_of(name)):
        raise UserError(f"a package {module_of(name)} is installed already; choose another name")
