"""A table of a paper as a benchmark: the spec of each of its grids, and the rows that are only quoted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import Field, ValidationError, field_validator, model_validator

from ..errors import UserError
from ..spec.where import FieldError, Loc, Origin
from ..spec.yaml_file import read_yaml
from .mapping import Reported, Strict


class Part(Strict):
    """One grid: an ordinary spec."""

    name: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", description="unique within the table")
    spec: dict[str, Any] = Field(default={}, description="fields of a spec")
    stand_in: dict[str, Any] = Field(default={}, description="fields instead, where another dataset stands in")
    unavailable: str | None = Field(default=None, description="why nobody else can have the data; unset: one can")


class Quoted(Strict):
    """Rows that the paper took from elsewhere, or that cannot be run here."""

    methods: tuple[str, ...] = Field(min_length=1, description="as printed")
    reason: str = Field(min_length=10, description="why they are not run")


class PaperTable(Strict):
    """One table or figure of a paper.

    The fields of a part are those of `common`, of `stand_in` where another dataset stands in for the paper's, of its
    own `spec` and of its own `stand_in`; what comes later replaces what came before.
    """

    paper: str = Field(description="name of the paper, see nsbench reported")
    table: str = Field(pattern=r"^(Table (\d+|[IVX]+)|Fig\. \d+)$", description="as printed")
    title: str = Field(min_length=10, description="what it compares, on what")
    common: dict[str, Any] = Field(default={}, description="fields of every part's spec")
    stand_in: dict[str, Any] = Field(default={}, description="fields of every part's spec on a stand-in dataset")
    parts: tuple[Part, ...] = Field(min_length=1)
    reported: Reported = Field(description="which of its rows are which of the paper's numbers")
    quoted: tuple[Quoted, ...] = ()

    @property
    def heading(self) -> str:
        """`PINT, Table 1`."""
        return f"{self.paper.upper()}, {self.table}"

    @property
    def slug(self) -> str:
        """`pint-table-1`, the name of its folder."""
        return f"{self.paper}-{self.table}".lower().replace(". ", "-").replace(" ", "-")

    @field_validator("parts")
    @classmethod
    def _told_apart(cls, value: tuple[Part, ...]) -> tuple[Part, ...]:
        if len({part.name for part in value}) < len(value):
            raise ValueError("each part a name of its own")
        return value

    @model_validator(mode="after")
    def _of_the_paper(self) -> PaperTable:
        if (self.reported.paper, self.table in self.reported.tables) != (self.paper, True):
            raise ValueError(f"reported: the numbers of {self.paper}, {self.table} among them")
        for part in self.parts:
            if ("datasets" in self.common | part.spec) == bool(part.unavailable):
                raise ValueError(f"part {part.name}: either datasets, or why they are unavailable")
        return self


@dataclass(frozen=True)
class Declared:
    """A table with the file that declares it."""

    table: PaperTable
    path: Path
    node: yaml.Node | None

    def origin(self, part: Part) -> Origin:
        """Where the fields of a part's spec were written."""
        nodes = _child(_child(self.node, "parts"), self.table.parts.index(part))
        # pages that show it are published
        return Origin(f"{self.path.parent.name}/{self.path.name}", _child(nodes, "spec"))

    def fields(self, part: Part, stands_in: bool) -> Mapping[str, Any]:
        """The fields of a part's spec."""
        common = self.table.common | (self.table.stand_in if stands_in else {})
        return common | part.spec | (part.stand_in if stands_in else {})


def read_table(path: Path) -> Declared:
    """Read and validate the file of one table.

    Raises
    ------
    UserError
        Names the file, the line and the field that is wrong.
    """
    data, node = read_yaml(path)
    try:
        table = PaperTable.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        loc: Loc = first["loc"]
        message = first["msg"].removeprefix("Value error, ")
        raise Origin(str(path), node).explain(FieldError(message, loc)) from None
    if path.parent.name != table.slug:
        raise UserError(f"{path}: {table.heading} belongs into a folder {table.slug}/")
    return Declared(table, path, node)


def _child(node: yaml.Node | None, part: str | int) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if key.value == part), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        found: yaml.Node = node.value[part]
        return found
    return None
