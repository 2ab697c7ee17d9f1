"""Claims about augmented counts."""

import numpy as np
import torch

from scbaseline.learn.augment import Augmentation, augment, thin

COUNTS = torch.from_numpy(np.random.default_rng(0).poisson(5.0, (64, 400)).astype(np.float32))
STILL = Augmentation(min_rate=1.0, max_gain=0.0, panel_share=0.0)


def test_nothing_to_change_changes_nothing() -> None:
    """A rate of 1, no gains and no panels give the counts."""
    assert torch.equal(augment(COUNTS, STILL, np.random.default_rng(0)), COUNTS)


def test_thinning_keeps_the_share_that_it_is_told() -> None:
    """A rate of .3 keeps whole numbers, 30 % of all counts, and leaves the input as it was."""
    before = COUNTS.clone()
    thinned = thin(COUNTS, 0.3, np.random.default_rng(0))
    assert torch.equal(COUNTS, before)
    assert torch.equal(thinned, thinned.round())
    assert bool((thinned <= COUNTS).all())
    assert abs(float(thinned.sum() / COUNTS.sum()) - 0.3) < 0.01


def test_fractions_and_missing_genes_are_survived() -> None:
    """A fraction is multiplied by the rate; NaN stays NaN."""
    counts = torch.tensor([[0.5, torch.nan, 0.0]])
    thinned = thin(counts, 0.4, np.random.default_rng(0))
    torch.testing.assert_close(thinned, torch.tensor([[0.2, torch.nan, 0.0]]), equal_nan=True)


def test_half_of_the_groups_see_a_panel() -> None:
    """Of four groups, two lack the same genes in all of their cells, the others lack none."""
    moved = augment(COUNTS, Augmentation(min_panel=100), np.random.default_rng(0))
    shares = []
    for part in moved.tensor_split(4):
        missing = part.isnan()
        assert bool((missing.all(dim=0) == missing.any(dim=0)).all())
        shares.append(int((~missing[0]).sum()))
    assert sum(n == 400 for n in shares) == 2
    assert all(n >= 100 for n in shares)
