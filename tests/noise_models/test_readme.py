"""The documentation's example works as a plugin file, and its tables match the code."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

import nsbench.noise_models
from nsbench.benchmark.registry import Registry

README = (Path(nsbench.noise_models.__path__[0]) / "README.md").read_text(encoding="utf-8")


def test_the_example_corrupts_a_label(tmp_path: Path) -> None:
    (block,) = re.findall(r"```python\n(.*?)```", README, flags=re.S)
    file = tmp_path / "shift.py"
    file.write_text(block, encoding="utf-8")
    plugin = Registry[Any]("noise", (file,)).get("shift")
    model = plugin.load()(plugin.validate({"distance": 4}))
    label = np.zeros((6, 5), np.uint8)
    label[1, 2] = 1
    result = model.corrupt(label, (2.0, 1.0), np.random.default_rng(0), np.zeros((1, 6, 5), np.float32))
    assert np.argwhere(result.label).tolist() == [[3, 2]]
    assert result.notes == {"voxels": 2}


def test_every_noise_model_and_parameter_is_documented() -> None:
    plugins = Registry[Any]("noise").plugins
    for name, plugin in plugins.items():
        assert f"| `{name}` |" in README
        for field in plugin.declared.params.model_fields:
            assert f"| `{field}` |" in README, f"{name}: {field}"
