"""Files and folders as they lie on a user's disk: what is there, what is missing, what is broken."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ..benchmark.plugin import UserError

_CLUTTER = {"desktop.ini", "Thumbs.db", "__MACOSX"}
_LFS_POINTER = b"version https://git-lfs"
_APPLE_DOUBLE = b"\x00\x05\x16\x07"


def visible(folder: Path, suffix: str = "") -> list[Path]:
    """Entries of a folder sorted by name, without hidden files, AppleDouble twins and thumbnails.

    Parameters
    ----------
    suffix
        Only names that end so (`.png`, in any case); "" for all.
    """
    names = (p for p in folder.iterdir() if not p.name.startswith(".") and p.name not in _CLUTTER)
    return sorted(p for p in names if p.name.lower().endswith(suffix))


def some(names: Iterable[object], limit: int = 8) -> str:
    """The first names of a list and how many more there are: `a, b and 3 more`."""
    texts = [str(name) for name in names]
    more = f" and {len(texts) - limit} more" if len(texts) > limit else ""
    return ", ".join(texts[:limit]) + more


def require_root(dataset: str, root: Path | None) -> Path:
    """The data folder, if it is one.

    Raises
    ------
    UserError
        When no folder was given or it does not exist; names what lies beside it.
    """
    remedy = f"give it with --data-root {dataset}=DIR, or put {dataset}/ into the folder named by NSBENCH_DATA"
    if root is None:
        raise UserError(f"dataset {dataset}: no data folder; {remedy}")
    if not root.is_dir():
        beside = some(p.name for p in visible(root.parent)) if root.parent.is_dir() else ""
        hint = f"; {root.parent} holds {beside}" if beside else ""
        raise UserError(f"dataset {dataset}: data folder {root} does not exist{hint}; {remedy}")
    return root


def layout_error(dataset: str, root: Path, layouts: Sequence[str], landmarks: Sequence[str]) -> UserError:
    """The error for a folder in which none of the known layouts was found.

    Parameters
    ----------
    layouts
        What was looked for, one line each.
    landmarks
        Relative paths that give a layout away; the first one found up to three folders deeper is
        named as the nearest match.
    """
    match = _nearest_match(root, landmarks)
    found = (
        f"nearest match: {match}" if match else f"the folder holds {some(p.name for p in visible(root)) or 'nothing'}"
    )
    wanted = "".join(f"\n  - {layout}" for layout in layouts)
    return UserError(f"dataset {dataset}: no known layout in {root}. Looked for:{wanted}\n{found}; correct --data-root")


def _nearest_match(root: Path, landmarks: Sequence[str]) -> Path | None:
    for depth in range(4):
        for landmark in landmarks:
            match = next(root.glob("*/" * depth + landmark), None)
            if match is not None:
                return match
    return None


def check_file(path: Path) -> None:
    """Refuse a file that cannot hold data, whatever its format.

    Raises
    ------
    UserError
        When it is missing, empty, a pointer of Git LFS or git-annex, or an AppleDouble twin.
    """
    if path.is_symlink() and not path.exists():
        raise UserError(f"{path}: a link to a file that is not here; fetch it (git-annex: `git annex get`)")
    if not path.is_file():
        raise UserError(f"{path}: no such file; complete the data folder")
    with path.open("rb") as stream:
        head = stream.read(64)
    if not head:
        raise UserError(f"{path}: the file is empty; fetch it again")
    if head.startswith(_LFS_POINTER):
        raise UserError(f"{path}: a Git LFS pointer, not the data; run `git lfs pull`")
    if b"/annex/objects/" in head:
        raise UserError(f"{path}: a git-annex pointer, not the data; run `git annex get`")
    if head.startswith(_APPLE_DOUBLE):
        raise UserError(f"{path}: an AppleDouble file made by macOS, not the data; delete it and fetch the data again")


@contextmanager
def reading(path: Path, kind: str) -> Iterator[None]:
    """Turn what a reader raises on a damaged file into one message that names the file.

    Raises
    ------
    UserError
        For every failure inside the block; those of `check_file` come first.
    """
    try:
        check_file(path)
        yield
    except PermissionError as error:
        raise UserError(f"{path}: no permission to read it; change its mode") from error
    except (UserError, MemoryError):
        raise
    except Exception as error:  # readers raise anything from OSError to zlib.error
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UserError(f"{path}: damaged or not a {kind} file ({reason}); fetch it again") from error


def pair(dataset: str, images: dict[str, Path], labels: dict[str, Path]) -> list[tuple[str, Path, Path]]:
    """Images and labels of equal id, in the order of the images.

    Raises
    ------
    UserError
        Naming the images without label and the labels without image.
    """
    problems = []
    if bare := [str(images[key]) for key in images if key not in labels]:
        problems.append(f"no label for {some(bare)}")
    if orphans := [str(labels[key]) for key in labels if key not in images]:
        problems.append(f"no image for {some(orphans)}")
    if problems:
        raise UserError(f"dataset {dataset}: {'; '.join(problems)}; complete the data folder or remove these files")
    return [(key, path, labels[key]) for key, path in images.items()]
