"""The sixteen-layer network of VGG, and reading its published weights."""

from __future__ import annotations

import hashlib
from pathlib import Path

import torch
from monai.networks.layers.factories import Conv, Norm, Pool
from torch import Tensor, nn

from ...benchmark.plugin import UserError

CONVOLUTIONS = (2, 2, 3, 3, 3)
"""Of each block; a pooling follows."""


def vgg_blocks(ndim: int, channels: int, width: int, norm: str) -> nn.ModuleList:
    """The five blocks: widths `width` times 1, 2, 4, 8, 8, each at half the resolution of the one before."""
    blocks = nn.ModuleList()
    for level, count in enumerate(CONVOLUTIONS):
        wide, layers = width * min(2**level, 8), list[nn.Module]()
        for _ in range(count):
            layers.append(Conv["conv", ndim](channels, wide, 3, padding=1))
            nn.init.kaiming_normal_(layers[-1].weight, nonlinearity="relu")  # type: ignore[arg-type]
            nn.init.zeros_(layers[-1].bias)  # type: ignore[arg-type]
            layers += [Norm["batch", ndim](wide)] if norm == "batch" else []
            layers.append(nn.ReLU(inplace=True))
            channels = wide
        blocks.append(nn.Sequential(*layers, Pool["max", ndim](2)))
    return blocks


def published_weights(name: str) -> dict[str, Tensor]:
    """The state of torchvision's VGG-16 in a file of torch's hub folder, checked against the hash in its name.

    Parameters
    ----------
    name
        As published: `vgg16-397923af.pth`, the end being how the SHA-256 of the file begins.

    Raises
    ------
    UserError
        The file is not there, or it is not what its name says.
    """
    path = Path(torch.hub.get_dir()) / "checkpoints" / name
    stem, _, digest = name.removesuffix(".pth").rpartition("-")
    if not stem or Path(name).name != name or len(digest) < 8:
        raise UserError(f"weights {name}: name a file as it is published, like vgg16-397923af.pth")
    if not path.is_file():
        raise UserError(f"weights {name}: not in {path.parent}; put the file there (TORCH_HOME moves the folder)")
    with path.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    if not found.startswith(digest):
        raise UserError(f"weights {name}: the file's SHA-256 begins with {found[: len(digest)]}; copy it again")
    state: dict[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    return state


def fill_from(layers: dict[str, nn.Module], state: dict[str, Tensor], name: str) -> None:
    """Give each layer the published tensors of its key; for images without three channels colours are added up.

    Raises
    ------
    UserError
        A tensor is missing, or of another shape.
    """
    for prefix, layer in layers.items():
        # older files do not count batches
        for key, mine in ((key, mine) for key, mine in layer.state_dict().items() if mine.is_floating_point()):
            theirs = state.get(f"{prefix}.{key}")
            if theirs is None:
                raise UserError(f"weights {name}: no tensor {prefix}.{key}; give the file that fits the network's norm")
            mine.copy_(_fitted(theirs, mine, f"{name}: {prefix}.{key}"))


def _fitted(theirs: Tensor, mine: Tensor, where: str) -> Tensor:
    if len(theirs) == len(mine) and theirs.numel() == mine.numel():
        return theirs.view_as(mine)
    if theirs.ndim == 4 and theirs.shape[1] == 3 and (len(theirs), theirs.shape[2:]) == (len(mine), mine.shape[2:]):
        # an image of equal channels gives what the colour image of these values would
        return theirs.sum(1, keepdim=True).expand_as(mine) / mine.shape[1]
    raise UserError(f"weights {where}: shape {tuple(theirs.shape)}, the network has {tuple(mine.shape)}; width 64, 2-D")
