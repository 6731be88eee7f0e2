"""The two public PNG forms of JSRT: which files belong together, and which cases train."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path

from ..benchmark.plugin import CaseRef, Split, UserError
from ._files import layout_error, pair, reading, some, visible
from ._splits import published_split

_NOISY = "label_noise*"


class Form(ABC):
    """A folder in one of the forms, for one organ."""

    description: str

    def __init__(self, base: Path, task: str) -> None:
        self.base, self.task = base, task

    @staticmethod
    @abstractmethod
    def bases(root: Path) -> list[Path]:
        """Folders below `root` where this form may begin."""

    @abstractmethod
    def fits(self) -> bool:
        """Whether the folder has this form."""

    @abstractmethod
    def cases(self) -> list[CaseRef]:
        """One patient an image; files: the image, the mask, further masks of the same image."""

    @abstractmethod
    def split(self, fold: int) -> Split | None:
        """As published."""


class PartFolders(Form):
    """`{training,validation}/{images,lung,heart,clavicle}/*.png` (Zhang et al. 2020)."""

    description = "{{training,validation}}/{{images,{task}}}/*.png, also below clean-data/"

    @staticmethod
    def bases(root: Path) -> list[Path]:
        return [root, root / "clean-data"]

    def fits(self) -> bool:
        return all((self.base / part / name).is_dir() for part in self._parts for name in ("images", self.task))

    def cases(self) -> list[CaseRef]:
        found = []
        for part in self._parts:
            images, masks = (pngs(self.base / part / name) for name in ("images", self.task))
            for name, image, mask in pair("jsrt", images, masks):
                found.append(CaseRef(name, name, {"part": part}, (image, mask)))
        return found

    def split(self, fold: int) -> Split:
        by_part = {part: [ref.id for ref in self.cases() if ref.groups["part"] == part] for part in self._parts}
        return published_split("jsrt", fold, by_part["training"], by_part["validation"])

    _parts = ("training", "validation")


class ListedFolders(Form):
    """`image/*.png` and `label/*.png` of the lungs, noisy labels in `label_noise1/` ..., split by csv (PyMIC)."""

    description = "image/*.png and label/*.png (lung only), label_noise1/, jsrt_train.csv and jsrt_test.csv"

    @staticmethod
    def bases(root: Path) -> list[Path]:
        return [root, root / "JSRT"]

    def fits(self) -> bool:
        return self.task == "lung" and all((self.base / name).is_dir() for name in ("image", "label"))

    def cases(self) -> list[CaseRef]:
        found = []
        noisy = [folder for folder in sorted(self.base.glob(_NOISY)) if folder.is_dir()]
        for name, image, mask in pair("jsrt", pngs(self.base / "image"), pngs(self.base / "label")):
            others = tuple(folder / mask.name for folder in noisy if (folder / mask.name).is_file())
            found.append(CaseRef(name, name, {}, (image, mask, *others)))
        return found

    def split(self, fold: int) -> Split | None:
        """The lists `jsrt_train.csv` (or `jsrt_train_mix.csv`) and `jsrt_test.csv`, if they are there."""
        folders = (self.base, self.base / "config" / "data", self.base / "data")
        lists = next((f for f in folders if (f / "jsrt_test.csv").is_file()), None)
        if lists is None:
            return None
        train = next((lists / name for name in _TRAIN_LISTS if (lists / name).is_file()), None)
        if train is None:
            raise UserError(f"dataset jsrt: {lists} holds jsrt_test.csv but none of {some(_TRAIN_LISTS)}; add one")
        return published_split("jsrt", fold, listed_ids(train), listed_ids(lists / "jsrt_test.csv"))


_TRAIN_LISTS = ("jsrt_train.csv", "jsrt_train_mix.csv")
_FORMS: tuple[type[Form], ...] = (PartFolders, ListedFolders)


def find_form(root: Path, task: str) -> Form:
    """The form that the data folder has; UserError with what was looked for and the nearest match."""
    for form in _FORMS:
        for base in form.bases(root):
            if (found := form(base, task)).fits():
                return found
    wanted = [form.description.format(task=task) for form in _FORMS]
    raise layout_error("jsrt", root, wanted, ["training/images", "images", "image", "All247images"])


def pngs(folder: Path) -> dict[str, Path]:
    """PNG files by stem."""
    return {path.stem: path for path in visible(folder, ".png")}


def listed_ids(path: Path) -> list[str]:
    """Ids of a csv list with the columns `image,label`: the stems of the images.

    Raises
    ------
    UserError
        When the file cannot be read, has no column `image`, or names an image twice.
    """
    import csv

    with reading(path, "csv"), path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    if not rows or not rows[0].get("image"):
        raise UserError(f"{path}: no column image, or no row; fetch it again")
    ids = [Path(row["image"]).stem for row in rows]
    if len(set(ids)) < len(ids):
        raise UserError(f"{path}: {some({i for i in ids if ids.count(i) > 1})} listed twice; remove the repetition")
    return ids
