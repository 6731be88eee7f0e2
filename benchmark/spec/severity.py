"""Noise of a chosen severity: its parameters, multiplied."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from ..cell import Chosen
from ..errors import UserError
from ..plugin.params import NoiseParams
from ..plugin.severity import scaled
from ..registry import Registries
from .fields import wanted_dice
from .opened import OpenDataset
from .where import FieldError

if TYPE_CHECKING:
    from ..data.severity import Calibration


@dataclass(frozen=True)
class Scaled:
    """A noise model of a severity; `note` tells what a calibration reached, empty for a factor."""

    noise: Chosen
    note: str = ""


def at_severity(noise: Chosen, severity: float | str, data: OpenDataset, folds: int, registries: Registries) -> Scaled:
    """The noise model with the parameters that a severity amounts to on a dataset.

    `dice=...` is calibrated on the training cases of fold 0 and seed 0, and so is the same for all folds and seeds.

    Parameters
    ----------
    folds
        Number of folds where the dataset has no published split.

    Raises
    ------
    FieldError
        The noise model has no severity, or cannot come to the wanted Dice.
    """
    plugin = registries.noise.get(noise.name)
    names = plugin.attributes.get("severity_params", ())
    if not names:
        raise FieldError(f"noise model {noise.name} has no severity; leave out severity, or that model", ("severity",))
    params = cast(NoiseParams, plugin.validate(noise.params, f"noise model {noise.name}"))
    dice, note = wanted_dice(severity), ""
    try:
        if dice is None:
            factor = float(severity)
        else:
            found = _calibrated(dice, noise, params, data, folds, registries)
            factor = found.severity
            note = f"{noise.name} on {data.label}: severity {factor:g} gives a mean Dice of {found.dice:.3f} ({dice:g})"
    except UserError as error:
        raise FieldError(f"noise model {noise.name} on {data.label}: {error}", ("severity",)) from None
    return Scaled(noise.model_copy(update={"params": scaled(params, names, factor).model_dump(mode="json")}), note)


def severity_text(severity: float | str) -> str:
    """Words for tables: `severity 0.5`, `Dice 0.75`."""
    dice = wanted_dice(severity)
    return f"severity {severity:g}" if dice is None else f"Dice {dice:g}"


def _calibrated(
    dice: float, noise: Chosen, params: NoiseParams, data: OpenDataset, folds: int, registries: Registries
) -> Calibration:
    # only here images are read: a plan without severity does not wait for these imports
    from ..data.prepare import dataset_key
    from ..data.severity import severity_for, training_sample

    plugin = registries.noise.get(noise.name)
    key = dataset_key(data.adapter, data.chosen.fingerprint, data.chosen.code)
    sample = training_sample(data.adapter, data.refs, data.split(0, folds, 0).train, key)
    return severity_for(dice, plugin.load(), params, noise.code, sample)
