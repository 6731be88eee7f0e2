"""The `tune` section of a spec: which parameters are searched, how, and by what they are judged."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from ..cell import Validation
from .choices import SpecModel
from .text import scalar, split_list

Sampler = Literal["tpe", "cma-es", "qmc", "grid"]
Pruner = Literal["none", "asha", "median", "wilcoxon"]

_FORMS = "write LOW..HIGH, or values as in 0.5,1,2"


class Search(SpecModel):
    """Where one parameter is searched: a range, values, or nothing for the range that the plugin declares."""

    low: float | None = Field(default=None, description="lowest value")
    high: float | None = Field(default=None, description="highest value")
    scale: Literal["linear", "log"] | None = Field(default=None, description="unset: the plugin's")
    values: tuple[bool | int | float | str, ...] | None = Field(default=None, description="the values to try")

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:
        if value is None:
            return {}
        if isinstance(value, str) and ".." in value:
            return _range(value)
        if isinstance(value, str):
            return {"values": [scalar(item) for item in split_list(value)]}
        return {"values": value} if isinstance(value, list | tuple) else value

    @model_validator(mode="after")
    def _makes_sense(self) -> Search:
        if self.values is not None:
            if len(self.values) < 2 or self.low is not None or self.high is not None or self.scale is not None:
                raise ValueError("at least two values, and neither low, high nor scale beside values")
            if len(set(self.values)) < len(self.values):
                raise ValueError("each value once")
        elif (self.low is None) != (self.high is None):
            raise ValueError("low and high, or neither")
        elif self.low is not None and self.high is not None and not self.low < self.high:
            raise ValueError(f"a low end below the high end, not {self.low:g}..{self.high:g}")
        return self


def _range(text: str) -> dict[str, Any]:
    low, _, high = text.partition("..")
    try:
        return {"low": float(low), "high": float(high)}
    except ValueError:
        raise ValueError(_FORMS) from None


def _searches(value: Any) -> Any:
    """`NAME[=LOW..HIGH|=VALUE,...]`, one text or a list of them, as a mapping."""
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, list | tuple):
        return items
    found: dict[str, Any] = {}
    for item in items:
        name, equals, where = str(item).partition("=")
        if not name.strip() or (equals and not where.strip()):
            raise ValueError(f"NAME, NAME=LOW..HIGH or NAME=VALUE,VALUE, not {item!r}")
        if name.strip() in found:
            raise ValueError(f"{name.strip()} once")
        found[name.strip()] = where.strip() if equals else None
    return found


Searches = Annotated[
    dict[str, Search],
    BeforeValidator(_searches, json_schema_input_type=str | list[str] | dict[str, str | list[Any] | Search | None]),
]


class Tune(SpecModel):
    """How the methods of a spec are tuned; each gets a study of its own."""

    params: Searches = Field(
        default={}, description="parameters to search, of every method: NAME, NAME=LOW..HIGH or NAME=A,B,C"
    )
    objective: Validation = Field(
        default="clean-val", description="labels of the validation part that trials are scored with"
    )
    over: Literal["mean", "worst"] = Field(
        default="mean", description="score of a trial from its cells (seeds, ratios, datasets ...)"
    )
    against: Literal["time"] | None = Field(default=None, description="a second objective: seconds of training")
    trials: int = Field(default=20, ge=1, description="trials of a study, those of earlier commands included")
    sampler: Sampler = Field(default="tpe", description="how Optuna chooses parameters; grid: every combination")
    points: int = Field(default=5, ge=2, description="values that the grid takes from a range")
    pruner: Pruner | None = Field(
        default=None, description="which trials end early; unset: median, none for a grid or a second objective"
    )
    seed: int = Field(default=0, ge=0, description="seed of the sampler")
    storage: str | None = Field(default=None, description="Optuna storage URL; unset: study.db in the output folder")
    study: str | None = Field(default=None, min_length=1, description="name of the study; unset: the method's label")
    claims: tuple[str, ...] = Field(default=(), description="claims PAPER/ID of the papers to print beside the result")

    @property
    def early_stop(self) -> Pruner:
        """The pruner in use."""
        return self.pruner or ("none" if self.sampler == "grid" or self.against else "median")

    @model_validator(mode="after")
    def _fits(self) -> Tune:
        if self.against and self.early_stop != "none":
            raise ValueError("no pruner with a second objective: trials cannot be compared before their end")
        if self.against and self.sampler == "cma-es":
            raise ValueError("tpe, qmc or grid with a second objective: CMA-ES knows one")
        return self
