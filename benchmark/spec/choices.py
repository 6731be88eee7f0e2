"""The items of a spec: which dataset, method, noise model, network, budget."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from .text import one, parse_choices, parse_datasets

Values = dict[str, Any]


class SpecModel(BaseModel):
    """Base of the spec's models: frozen, no unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class DatasetChoice(SpecModel):
    """A dataset: `ID[:TASK][@FOLDER][,PARAM=VALUE...]` or these fields."""

    dataset: str = Field(description="id of the dataset, see nsbench list datasets")
    task: str | None = Field(default=None, description="task of the dataset; unset: its first")
    folder: str | None = Field(default=None, description="folder under NSBENCH_DATA; unset: the id")
    root: str | None = Field(default=None, description="the data folder itself, relative to the spec file")
    params: Values = Field(default={}, description="parameters of the dataset")

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:
        return one(parse_datasets(value), value) if isinstance(value, str) else _mapping(value, "ID:TASK@FOLDER")

    @property
    def label(self) -> str:
        """The choice in its short form, without the root."""
        task = f":{self.task}" if self.task else ""
        folder = f"@{self.folder}" if self.folder else ""
        return f"{self.dataset}{task}{folder}{_params_text(self.params)}"


class Choice(SpecModel):
    """A plugin: `NAME[,PARAM=VALUE...]` or these fields."""

    name: str = Field(description="name of the plugin, see nsbench list")
    params: Values = Field(default={}, description="its parameters, see nsbench show")

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:
        return one(parse_choices(value), value) if isinstance(value, str) else _mapping(value, "NAME")

    @property
    def text(self) -> str:
        """The choice in its short form."""
        return self.name + _params_text(self.params)


class MethodChoice(Choice):
    """A method; `label` tells apart two rows of one method (short form: `ce,label=mine`)."""

    label: str | None = Field(default=None, min_length=1, description="name of the row; unset: the method's name")

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:
        values = one(parse_choices(value), value) if isinstance(value, str) else _mapping(value, "NAME")
        params = values.get("params") if isinstance(values, dict) else None
        if not isinstance(params, dict) or "label" not in params:
            return values
        rest = {name: value for name, value in params.items() if name != "label"}
        return {"label": str(params["label"]), **values, "params": rest}

    @property
    def row(self) -> str:
        """Name of the row."""
        return self.label or self.name


class BudgetChoice(BaseModel):
    """A named budget with any of its fields overridden."""

    model_config = ConfigDict(frozen=True, extra="allow")

    base: str = Field(default="quick", description="name of the budget to start from")

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:
        return {"base": value} if isinstance(value, str) else _mapping(value, "the name of a budget")

    @property
    def overrides(self) -> Values:
        """The overridden fields."""
        return dict(self.model_extra or {})


def _mapping(value: Any, text_form: str) -> Any:
    if isinstance(value, dict | BaseModel):
        return value
    raise ValueError(f"{text_form}, or a mapping")


def _params_text(params: Values) -> str:
    return "".join(f",{name}={_value_text(value)}" for name, value in params.items())


def _value_text(value: Any) -> str:
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value_text, value))}]"
    return str(value).lower() if isinstance(value, bool) else str(value)
