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

from scbaseline import RunConfig, fit_network
from scbaseline.cells.space import ScaledCounts
from scbaseline.errors import ConfigError, InputError
from scbaseline.learn.loop import Examples, choose_device, fit_network_on_blocks, logits
from scbaseline.learn.recipes import RECIPES, build_network

CONFIG = RunConfig(device="cpu")
PCA, EARLY = RECIPES["pca"], RECIPES["hvg-earlystop"]


def examples(n: int = 300, *, seed: int = 0, noise: float = 1.0) -> Examples:
    """Return three classes around three corners of a cube."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(3, size=n)
    x = 2 * np.eye(6)[codes] + noise * rng.normal(size=(n, 6))
    return Examples(x.astype(np.float32), codes)


def test_it_learns_what_can_be_learnt() -> None:
    """Three well-separated classes are told apart."""
    fit = fit_network(
        PCA, examples(noise=0.2), examples(seed=1, noise=0.2), n_labels=3, config=CONFIG
    )
    assert fit.history[-1].held_out_accuracy > 0.98


def test_the_curve_is_about_the_kept_weights() -> None:
    """The kept epoch's held-out loss and accuracy are those of the network handed back."""
    held_out = examples(seed=1)
    fit = fit_network(EARLY, examples(), held_out, n_labels=3, config=CONFIG)
    logits_nk = torch.from_numpy(logits(fit.network, held_out.x))
    kept = fit.history[fit.kept_epoch - 1]
    loss = functional.cross_entropy(logits_nk, torch.from_numpy(held_out.codes_n)).item()
    assert loss == pytest.approx(kept.held_out_loss, rel=1e-5)
    assert (logits_nk.argmax(1).numpy() == held_out.codes_n).mean() == pytest.approx(
        kept.held_out_accuracy
    )


def test_early_stopping_keeps_the_best_epoch() -> None:
    """The kept epoch has the least held-out loss, and training went on for the patience."""
    fit = fit_network(EARLY, examples(40), examples(200, seed=1), n_labels=3, config=CONFIG)
    losses = [epoch.held_out_loss for epoch in fit.history]
    assert fit.kept_epoch == int(np.argmin(losses)) + 1
    assert len(losses) in (fit.kept_epoch + EARLY.patience, EARLY.max_epochs)


def test_extra_epochs_are_for_the_curve_alone() -> None:
    """Training past the kept epoch changes no weight of the network handed back."""
    long, short = RECIPES["hvg"], dataclasses.replace(RECIPES["hvg"], extra_epochs=0)
    fits = [
        fit_network(r, examples(), examples(seed=1), n_labels=3, config=CONFIG)
        for r in (long, short)
    ]
    assert len(fits[0].history) == long.max_epochs + long.extra_epochs
    assert fits[0].kept_epoch == fits[1].kept_epoch == long.max_epochs
    for one, two in zip(*(fit.network.state_dict().values() for fit in fits), strict=True):
        assert torch.equal(one, two)


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
    recipe = dataclasses.replace(RECIPES["hvg"], extra_epochs=0)
    losses = []
    for full in (False, True):
        train, held_out = sparse_examples(seed=0), sparse_examples(seed=1)
        if full:
            train, held_out = (Examples(e.x.dense(), e.codes_n) for e in (train, held_out))
        fit = fit_network(recipe, train, held_out, n_labels=3, config=CONFIG)
        losses.append([(epoch.train_loss, epoch.held_out_loss) for epoch in fit.history])
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-3)


def test_two_processes_train_the_same_bytes() -> None:
    """With the same seed, the weights of two processes are equal bit by bit."""
    code = (
        "import hashlib, test_loop as t\n"
        "fit = t.fit_network(t.RECIPES['hvg'], t.sparse_examples(seed=0),\n"
        "    t.sparse_examples(seed=1), n_labels=3, config=t.CONFIG)\n"
        "weights = b''.join(w.numpy().tobytes() for w in fit.network.state_dict().values())\n"
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


def test_torchs_random_state_is_left_alone() -> None:
    """A caller's own random numbers do not depend on whether a network was trained."""
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    fit_network(PCA, examples(50), examples(50), n_labels=3, config=CONFIG)
    assert torch.equal(torch.rand(3), expected)


def test_divergence_is_an_error() -> None:
    """A network that no longer computes numbers is not handed back as the best one."""
    broken = Examples(np.full((20, 6), np.nan, dtype=np.float32), np.arange(20) % 3)
    with pytest.raises(InputError, match="lower --learning-rate"):
        fit_network(PCA, broken, broken, n_labels=3, config=CONFIG)


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_a_missing_gpu_is_said() -> None:
    """Asking for cuda where there is none names the way out."""
    with pytest.raises(ConfigError, match="--device cpu"):
        choose_device("cuda")


@pytest.mark.parametrize("form", ["dense", "sparse"])
def test_blocks_of_cells_train_as_one_matrix_does(form: str) -> None:
    """With the order that a matrix is taken in, blocks give its weights to the last bit."""
    make = examples if form == "dense" else sparse_examples
    train, held_out = make(seed=0), make(seed=1)
    n_inputs = 6 if form == "dense" else 80
    config = dataclasses.replace(CONFIG, batch_size=50)
    whole = fit_network(PCA, train, held_out, n_labels=3, config=config)
    # The order is drawn after the weights, and by nothing but dropout between the passes.
    with torch.random.fork_rng():
        torch.manual_seed(config.seed)
        build_network(PCA, n_inputs=n_inputs, n_labels=3)
        orders = [torch.randperm(300).numpy() for _ in range(PCA.max_epochs)]

    def passes() -> Iterator[Examples]:
        order = orders.pop(0)
        for start in range(0, 300, 100):
            yield train.rows(order[start : start + 100])

    blocked = fit_network_on_blocks(
        PCA, passes, sample=train, held_out=held_out, n_labels=3, config=config
    )
    for ours, theirs in zip(blocked.network.parameters(), whole.network.parameters(), strict=True):
        np.testing.assert_array_equal(ours.detach().numpy(), theirs.detach().numpy())
    assert blocked.history == whole.history
