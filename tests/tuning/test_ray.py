"""Trials on Ray Tune say what trials in this process say."""

from __future__ import annotations

from pathlib import Path

import pytest

from nsbench.benchmark.store import Store

from .conftest import Spec, tune

pytest.importorskip("ray.tune", reason="ray is not installed")


PLUGIN = '''
from nsbench import LossMethod, param


class Constant(LossMethod):
    """Calls every pixel foreground, or none."""

    name = "constant"
    citation = "nobody"

    class Params(LossMethod.Params):
        side: float = param(1.0, low=-1.0, high=1.0)

    def loss(self, logits, batch):
        return logits.square().mean()

    def predict(self, image):
        scores = 0 * super().predict(image)
        scores[:, int(self.params.side > 0)] = 1
        return scores
'''


def test_ray_and_inline_agree(spec: Spec, tmp_path: Path) -> None:
    """Values and records are equal bit for bit; a bad trial is pruned, and its actor runs the next one."""
    (tmp_path / "constant.py").write_text(PLUGIN)
    section = {"params": ["side=1,-1,0.5"], "sampler": "grid", "pruner": "asha"}
    more = {"methods": "constant", "plugins": [str(tmp_path / "constant.py")]}
    found = []
    for executor, workers in (("inline", None), ("ray", 1)):
        loaded = spec(section, executor=executor, workers=workers, out=tmp_path / executor, **more)
        tuned, interrupted = tune(loaded)
        assert (interrupted, tuned.failed) == (False, 0)
        trials = tuned.study.study.get_trials()
        found.append([(t.params, t.state, t.values, t.intermediate_values, t.user_attrs.get("cells")) for t in trials])
    assert found[0] == found[1]
    assert [state.name for _, state, *_ in found[0]] == ["COMPLETE", "PRUNED", "COMPLETE"]
    for _, state, _, _, cells in found[0]:
        if state.name == "COMPLETE":
            one, other = (Store(tmp_path / name).read(cells[0]) for name in ("inline", "ray"))
            assert one == other
    assert not list((tmp_path / "ray" / "tuning").glob(".*"))
