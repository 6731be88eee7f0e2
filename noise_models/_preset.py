"""Base of noise models that offer the settings of published simulators by name."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from pydantic.functional_validators import model_validator

from ..benchmark.plugin import NoiseModel, param


class PresetModel(NoiseModel):
    """A noise model whose parameter `preset` fixes some of the others.

    A subclass narrows `preset` to a `Literal` of the names and lists their values in `presets`. A value
    that contradicts the chosen preset is refused.
    """

    class Params(NoiseModel.Params):
        """A preset and the values it fixes."""

        preset: str = param("none", help="settings of a published simulator; none: as given")
        presets: ClassVar[dict[str, dict[str, Any]]] = {}

        @model_validator(mode="before")
        @classmethod
        def _fill_in(cls, values: Any) -> Any:
            if not isinstance(values, dict):
                return values
            return {**cls.presets.get(str(values.get("preset")), {}), **values}

        @model_validator(mode="after")
        def _agree(self) -> Self:
            for name, fixed in self.presets.get(self.preset, {}).items():
                if getattr(self, name) != fixed:
                    raise ValueError(f"preset {self.preset} fixes {name} = {fixed}: leave out {name}, or the preset")
            return self
