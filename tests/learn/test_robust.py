"""Claims about the recipe robust: blocks of any size are learnt from, and absent labels are not."""

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from scipy import sparse

from scbaseline import RunConfig
from scbaseline.learn.augment import Augmentation
from scbaseline.learn.examples import Examples, TrainingCells
from scbaseline.learn.loop import logits
from scbaseline.learn.recipes.robust import _batches, fit, label_weights

SETTINGS = {
    "hidden": (16, 8), "members": 1, "dropout": 0.0, "label_smoothing": 0.05, "weight_power": 0.5,
    "rate_factor": 2.0, "weight_decay": 1e-4, "epochs": 1, "min_steps": 60, "warm_up": 0.1,
}  # fmt: skip


def cells(n_cells: int, seed: int = 0) -> Examples:
    """Return counts of three types that are far apart."""
    rng = np.random.default_rng(seed)
    codes_n = rng.integers(3, size=n_cells)
    mean = np.where(np.arange(30)[None] % 3 == codes_n[:, None], 8.0, 1.0)
    return Examples(sparse.csr_matrix(rng.poisson(mean).astype(np.float32)), codes_n)


def in_blocks(whole: Examples, size: int) -> TrainingCells:
    """Return cells that are passed over in blocks of a few."""

    def passes() -> Iterator[Examples]:
        for start in range(0, len(whole.codes_n), size):
            rows = slice(start, start + size)
            yield Examples(whole.x[rows], whole.codes_n[rows])

    return TrainingCells(whole, passes)


@pytest.mark.parametrize("block", [1, 7, 63, 64, 65, 200])
def test_no_batch_is_empty_and_no_step_is_lost(block: int) -> None:
    """Whatever the blocks: so many steps as asked for, each of at least a cell."""
    batches = list(_batches(in_blocks(cells(200), block), size=64, n_steps=25))
    assert len(batches) == 25
    assert all(len(codes_n) == len(counts_ng) > 0 for counts_ng, codes_n in batches)


@pytest.mark.parametrize("block", [40, 200])
def test_blocks_below_a_batch_are_learnt_from(block: int) -> None:
    """Blocks of fewer cells than a batch teach as whole ones do."""
    learnt = fit(
        in_blocks(cells(200), block), cells(1), n_labels=3, config=RunConfig(device="cpu"), seed=0,
        augmentation=Augmentation(groups=2, panel_share=0.0), **SETTINGS,
    )  # fmt: skip
    query = cells(300, seed=1)
    assert (logits(learnt.module, query.x).argmax(axis=1) == query.codes_n).mean() > 0.8


def test_a_label_without_cells_has_no_weight() -> None:
    """The others are 1 in the mean over cells."""
    n_k = torch.tensor([100.0, 25.0, 0.0])
    weight_k = label_weights(n_k, 0.5)
    assert weight_k[2] == 0
    assert float((weight_k * n_k).sum() / n_k.sum()) == pytest.approx(1)
    assert float(weight_k[1] / weight_k[0]) == pytest.approx(2)
