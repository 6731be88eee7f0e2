"""Which rows of a run stand for which reported numbers: declared in the spec of a reproduction.

reported:
  paper: pint
  tables: [Table 1, text (Sec. 3.2)]
  dataset: LA                        # as the paper calls it
  datasets: [la]                     # ours with the paper's data; on any other no number is comparable
  methods: {ce: V-net, pint: PINT}   # label of a row: method as printed
  at:                                # which of a method's rows have which setting in the paper
    - {rows: {ratio: 0.25}, setting: {ratio: 25%}}
  differences: ["budget: 2,000 updates for 6,000"]
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

About = Literal["data", "network", "view", "budget", "seeds", "metric", "selection", "noise", "method"]
"""What a protocol difference is about: the first word of its text."""

Selector = float | str | tuple[float | str, ...]
"""A value of a row, several of which one must match, or `>0`, `<0.5` for a number."""

Margins = dict[str, float]


class Strict(BaseModel):
    """Base: frozen, no unknown fields; YAML's numbers are read as text where text is wanted."""

    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True)


class Rows(Strict):
    """Rows of a run, and what of them is scored.

    `rows` maps facts of a leaderboard row to values: `ratio`, `dataset`, `noise`, `supervision`, `network`, `view`,
    `budget`, `selection`, `plugin`, `knows`, `labeled`, `params.NAME` (of the method), `network_params.NAME`.
    """

    rows: dict[str, Selector] = Field(default={}, description="facts of the rows that are meant; empty: all")
    only: str | None = Field(default=None, description="this class alone; unset: the mean over the foreground classes")
    group: tuple[float | None, float | None] | None = Field(
        default=None, description="only test cases with this much foreground, from and below, in ml; null: no bound"
    )
    setting: dict[str, str] = Field(default={}, description="key=value pairs of the reported number")


class Printed(Rows):
    """A method as printed, with what else sets its rows apart."""

    method: str = Field(description="as printed, see nsbench reported")

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: object) -> object:
        return {"method": value} if isinstance(value, str) else value


class Reported(Strict):
    """What a run has to do with one paper's numbers on one dataset."""

    paper: str = Field(description="name of the paper, see nsbench reported")
    tables: tuple[str, ...] = Field(min_length=1, description="as printed: Table 1, Table I, text (Sec. 3.2)")
    dataset: str = Field(description="the dataset as the paper calls it")
    datasets: tuple[str, ...] = Field(default=(), description="labels of our datasets that hold the paper's data")
    same_cases: bool = Field(
        default=False, description="our test cases are the very ones of the paper: both means vary with them alike"
    )
    test_cases: int | None = Field(
        default=None, ge=1, description="how many patients the paper's means are over; unset: as many as ours"
    )
    network: str | None = Field(default=None, description="the paper's network, by our name; unset: not compared")
    view: Literal["2d", "3d"] | None = Field(default=None, description="the paper's view; unset: not compared")
    selection: str | None = Field(default=None, description="the paper's checkpoint selection; unset: not compared")
    methods: dict[str, tuple[Printed, ...]] = Field(
        default={}, description="label of a row: the method as printed, or a list of such"
    )
    methods_are: Literal["labels", "plugins"] = Field(default="labels", description="what the keys of methods are")
    at: tuple[Rows, ...] = Field(default=(Rows(),), min_length=1, description="crossed with the methods")
    metrics: dict[str, str] = Field(default={}, description="metric as printed: ours; unset: those of the paper")
    margins: Margins = Field(default={}, description="metric as printed: what counts as equal, in the printed unit")
    differences: tuple[str, ...] = Field(
        default=(), description=f"protocol differences, each WORD: TEXT with WORD in {', '.join(get_args(About))}"
    )
    not_comparable: dict[str, str] = Field(
        default={}, description="metric as printed, or all: why its numbers cannot be compared at all"
    )

    def differences_but(self, about: Collection[str]) -> Iterator[str]:
        """The declared differences that are about something else: they speak of the declared protocol."""
        return (text for text in self.differences if text.partition(": ")[0] not in about)

    @field_validator("methods", mode="before")
    @classmethod
    def _one_or_several(cls, value: object) -> object:
        if not isinstance(value, dict):
            return value
        return {label: named if isinstance(named, list | tuple) else (named,) for label, named in value.items()}

    @field_validator("differences")
    @classmethod
    def _about(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for text in value:
            if text.partition(": ")[0] not in get_args(About):
                raise ValueError(f"{text!r} begins with none of {', '.join(f'{word}: ' for word in get_args(About))}")
        return value

    @field_validator("margins")
    @classmethod
    def _positive(cls, value: Margins) -> Margins:
        if any(margin <= 0 for margin in value.values()):
            raise ValueError("a margin is greater than 0")
        return value
