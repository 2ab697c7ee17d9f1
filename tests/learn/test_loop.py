"""Claims about training."""

import dataclasses
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy import sparse
from torch.nn import functional

from scbaseline import RunConfig
from scbaseline.errors import ConfigError, InputError
from scbaseline.learn.curve import Epoch
from scbaseline.learn.device import choose_device
from scbaseline.learn.examples import Examples, Learnt, TrainingCells
from scbaseline.learn.loop import logits
from scbaseline.learn.recipes import RECIPES, Recipe
from scbaseline.learn.recipes.mlp import build
from scbaseline.scale import ScaledCounts

CONFIG = RunConfig(device="cpu")
PCA, HVG, EARLY = RECIPES["pca"], RECIPES["hvg"], RECIPES["hvg-earlystop"]


def examples(n: int = 300, *, seed: int = 0, noise: float = 1.0) -> Examples:
    """Return three classes around three corners of a cube."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(3, size=n)
    x = 2 * np.eye(6)[codes] + noise * rng.normal(size=(n, 6))
    return Examples(x.astype(np.float32), codes)


def train(
    recipe: Recipe, training: Examples, held_out: Examples, config: RunConfig = CONFIG
) -> Learnt:
    return recipe.fit(TrainingCells(training), held_out, n_labels=3, config=config, seed=0)


def curve_of(learnt: Learnt) -> tuple[tuple[Epoch, ...], int]:
    assert learnt.curve is not None
    return learnt.curve.history, learnt.curve.kept_epoch


def test_it_learns_what_can_be_learnt() -> None:
    """Three well-separated classes are told apart."""
    history, _ = curve_of(train(PCA, examples(noise=0.2), examples(seed=1, noise=0.2)))
    assert history[-1].held_out_accuracy > 0.98


def test_the_curve_is_about_the_kept_weights() -> None:
    """The kept epoch's held-out loss and accuracy are those of the network handed back."""
    held_out = examples(seed=1)
    learnt = train(EARLY, examples(), held_out)
    history, kept_epoch = curve_of(learnt)
    logits_nk = torch.from_numpy(logits(learnt.module, held_out.x))
    kept = history[kept_epoch - 1]
    loss = functional.cross_entropy(logits_nk, torch.from_numpy(held_out.codes_n)).item()
    assert loss == pytest.approx(kept.held_out_loss, rel=1e-5)
    assert (logits_nk.argmax(1).numpy() == held_out.codes_n).mean() == pytest.approx(
        kept.held_out_accuracy
    )


def test_early_stopping_keeps_the_best_epoch() -> None:
    """The kept epoch has the least held-out loss, and training went on for the patience."""
    history, kept_epoch = curve_of(train(EARLY, examples(40), examples(200, seed=1)))
    losses = [epoch.held_out_loss for epoch in history]
    assert kept_epoch == int(np.argmin(losses)) + 1
    longest, patience = EARLY.settings["max_epochs"], EARLY.settings["patience"]
    assert len(losses) == min(kept_epoch + patience, longest)


def test_without_patience_the_last_epoch_is_kept() -> None:
    """As many epochs as the recipe says, whatever the held-out cells say of them."""
    history, kept_epoch = curve_of(train(HVG, examples(40), examples(200, seed=1)))
    assert len(history) == kept_epoch == HVG.settings["max_epochs"]


def sparse_examples(*, seed: int) -> Examples:
    """Return scaled counts of three types, 300 cells × 80 genes, a tenth of them not zero."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(3, size=300)
    rate = np.full((3, 80), 0.08)
    for k in range(3):
        rate[k, 10 * k : 10 * k + 10] = 0.3
    difference = rng.random((300, 80)) * (rng.random((300, 80)) < rate[codes])
    return Examples(ScaledCounts(-np.ones(80), sparse.csr_matrix(difference)), codes)


def test_sparse_counts_train_the_network_that_dense_ones_do() -> None:
    """With the same seed, sparse counts and the same values in full give the same curve."""
    losses = []
    for full in (False, True):
        training, held_out = sparse_examples(seed=0), sparse_examples(seed=1)
        if full:
            training, held_out = (Examples(e.x.dense(), e.codes_n) for e in (training, held_out))
        history, _ = curve_of(train(HVG, training, held_out))
        losses.append([(epoch.train_loss, epoch.held_out_loss) for epoch in history])
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-3)


def test_two_processes_train_the_same_bytes() -> None:
    """With the same seed, the weights of two processes are equal bit by bit."""
    code = (
        "import hashlib, test_loop as t\n"
        "learnt = t.train(t.HVG, t.sparse_examples(seed=0), t.sparse_examples(seed=1))\n"
        "weights = b''.join(w.numpy().tobytes() for w in learnt.module.state_dict().values())\n"
        "print(hashlib.sha256(weights).hexdigest())\n"
    )
    here = str(Path(__file__).parent)
    digests = {
        subprocess.run(
            [sys.executable, "-c", code], cwd=here, capture_output=True, text=True, check=True
        ).stdout
        for _ in range(2)
    }
    assert len(digests) == 1


def test_rows_of_examples_are_those_cells() -> None:
    """Chosen rows of dense and of sparse examples are the same cells, in that order."""
    whole, rows = sparse_examples(seed=0), np.array([5, 2, 2])
    chosen = whole.rows(rows)
    np.testing.assert_array_equal(chosen.x.dense(), whole.x.dense()[rows])
    np.testing.assert_array_equal(chosen.codes_n, whole.codes_n[rows])
    np.testing.assert_array_equal(
        Examples(whole.x.dense(), whole.codes_n).rows(rows).x, chosen.x.dense()
    )


def test_divergence_is_an_error() -> None:
    """A network that no longer computes numbers is not handed back as the best one."""
    broken = Examples(np.full((20, 6), np.nan, dtype=np.float32), np.arange(20) % 3)
    with pytest.raises(InputError, match="lower --learning-rate"):
        train(PCA, broken, broken)


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_a_missing_gpu_is_said() -> None:
    """Asking for cuda where there is none names the way out."""
    with pytest.raises(ConfigError, match="--device cpu"):
        choose_device("cuda")


@pytest.mark.parametrize("form", ["dense", "sparse"])
def test_blocks_of_cells_train_as_one_matrix_does(form: str) -> None:
    """With the order that a matrix is taken in, blocks give its weights to the last bit."""
    make = examples if form == "dense" else sparse_examples
    training, held_out = make(seed=0), make(seed=1)
    config = dataclasses.replace(CONFIG, batch_size=50)
    whole = train(PCA, training, held_out, config)
    # The order is drawn after the weights, and by nothing but dropout between the passes.
    with torch.random.fork_rng():
        torch.manual_seed(0)
        build(6 if form == "dense" else 80, 3, **PCA.settings)
        orders = [torch.randperm(300).numpy() for _ in range(PCA.settings["max_epochs"])]

    def passes() -> Iterator[Examples]:
        order = orders.pop(0)
        for start in range(0, 300, 100):
            yield training.rows(order[start : start + 100])

    blocked = PCA.fit(TrainingCells(training, passes), held_out, n_labels=3, config=config, seed=0)
    for ours, theirs in zip(blocked.module.parameters(), whole.module.parameters(), strict=True):
        np.testing.assert_array_equal(ours.detach().numpy(), theirs.detach().numpy())
    assert blocked.curve == whole.curve


def test_all_passes_are_over_all_cells_and_the_curve_is_of_the_sample() -> None:
    """Training follows the passes; the training loss is measured on what memory holds."""
    training, held_out = examples(noise=0.5), examples(seed=1, noise=0.5)
    sample = training.rows(np.arange(20))
    learnt = PCA.fit(
        TrainingCells(sample, lambda: iter([training])), held_out,
        n_labels=3, config=CONFIG, seed=0,
    )  # fmt: skip
    history, _ = curve_of(learnt)
    logits_nk = torch.from_numpy(logits(learnt.module, sample.x))
    loss = functional.cross_entropy(logits_nk, torch.from_numpy(sample.codes_n)).item()
    assert history[-1].train_loss == pytest.approx(loss, rel=1e-5)
    assert history[-1].held_out_accuracy > 0.9


@pytest.mark.parametrize("form", ["dense", "sparse"])
def test_of_no_cells_there_are_no_logits(form: str) -> None:
    """A fit without test cells says nothing of none, in the shape of its labels."""
    make = examples if form == "dense" else sparse_examples
    learnt = train(PCA, make(seed=0), make(seed=1))
    none = make(seed=0).rows(np.arange(0))
    assert logits(learnt.module, none.x).shape == (0, 3)


def test_the_number_of_threads_is_restored() -> None:
    """Training on one thread leaves the caller's setting as it was."""
    before = torch.get_num_threads()
    train(PCA, examples(50), examples(50))
    assert torch.get_num_threads() == before
