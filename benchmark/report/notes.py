"""What every column means, and what stands where a number cannot."""

from __future__ import annotations

from collections.abc import Collection

NOTES = """\
- **Rank and bold.** Methods are ranked by mean Dice, within one table only: same data, same corrupted labels, same
  network, view, budget and checkpoint selection, same knowledge of the noise. Bold: not told apart from the best,
  that is, the interval of the paired difference to the best row holds 0. These intervals are simultaneous: of all
  methods that are equal, some is told apart in at most about one of twenty tables. The more methods and the fewer
  seeds, the wider they are, so much bold print says that little is known, not that methods are equal. Nothing is bold
  where there are fewer than 6 patients or a single seed.
- **Dice, SD, Drop** are in points (0 to 100), higher is better; distances are in the unit given, lower is better. Per
  case, scores are averaged over the foreground classes; the mean is over all test cases and seeds.
- **95 % interval** of the mean, **Ranks** (95 % intervals of all ranks together), **P(best)** (chance of the best mean
  Dice) and the bold print are for other patients and other seeds, from 6 patients on: a bootstrap of both that allows
  for their number. Two or three seeds tell little of the next, so intervals are wide; they end where a score does.
  With one seed (or fold) the interval is for other patients alone, says nothing of another training run, and no ranks
  are given. `nsbench stats` has the tests of all pairs.
- **SD cases**: over the cases, each averaged over the seeds. **SD seeds**: over the seeds, each averaged over the
  cases; - with one seed.
- **HD95** is the 95th percentile of the distances in both directions, pooled; **ASD** the mean distance from the
  predicted to the true surface.
- **Undefined.** Distances do not exist where prediction or truth is empty, nor Dice where both are. Such values are
  left out of the mean and counted in brackets, per case, class and seed: compare distances only between rows with
  equal counts.
- **Cells**: finished of planned cells (seeds x folds). A row with an unfinished or failed cell has no scores and no
  rank: nothing is averaged over whatever happened to survive.
- **Cost**: optimiser steps; network passes forward and backward; mean wall-clock time of training; largest resident
  memory of a worker process; parameters of all networks of the method. Cells may have shared the machine."""

NOISY = """\
- **Drop**: Dice less that of the same method trained on clean labels, where those cells were run and are complete.
- **Wrong / right**: on voxels of training cases whose label is wrong, how often the final model agrees with the wrong
  and with the right label. Training that has not begun to memorise wrong labels says nothing about robustness to
  them.
- **Weights of voxels** of methods that weigh or select: AUROC of the weights against the true corruption (0.5: chance)
  and the share kept, which is the mean weight, over the second half of a stage. `reweighting` and `pick-and-learn`
  normalise their weights to mean 1: 100 % by construction, in a class also above it. The weight of a case or a slice
  is that of all its voxels, of which only the wrong ones count as corrupted. Where a share r of the cases is
  corrupted, and of those a share f of the voxels, even a perfect judge of cases has an AUROC of
  1 - r (1 - f) / (2 (1 - r f)): with f = 3 %, 0.75 at r = 50 % and 0.63 at 75 %. AUROCs of case weights and of voxel
  weights are not to be compared.
- **Realised noise**: what the noise model did to the training labels, mean ± SD over the corrupted cases."""

SCARCE = """\
- **Lower bound**: trained on the labeled cases alone. **Upper bound**: the same with every training case labeled. All
  methods of a table have the same labels; those that are no bound also see images without label.
- **Drop**: Dice less that of the same method with all cases labeled."""

TRANSFERRED = """\
- **Lower bound**: trained on the other dataset's labels alone. An **upper bound** is not beside it: what the target's
  own labels would give is a run of its own, `--labeled 1.0` without `--source`, at the target's own spacing."""

GENERATIONS = """\
- **@R**: Dice of a stage's pseudo-labels, or predictions, against the hidden labels of the unlabeled training cases;
  **@E**: of its weights on the test cases; **Similarity**: Dice of these predictions with those of the first stage's
  weights; **Number**: how often labels of a model were learned from. Measured by the harness when training is over; no
  method sees them."""

_OF_SUPERVISION = {"noisy": NOISY, "scarce": SCARCE, "transfer": TRANSFERRED}


def notes(supervisions: Collection[str], generations: bool) -> str:
    """The notes for leaderboards of such supervisions, with or without tables of generations."""
    own = [text for name, text in _OF_SUPERVISION.items() if name in supervisions]
    return "\n".join([NOTES, *own, *([GENERATIONS] if generations else [])])
