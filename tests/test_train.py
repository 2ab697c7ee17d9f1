"""Claims about training."""

import dataclasses

import numpy as np
import pytest
import torch
from torch.nn import functional

from scbaseline import RunConfig, fit_network
from scbaseline.errors import ConfigError, InputError
from scbaseline.networks import RECIPES
from scbaseline.train import Examples, choose_device, logits

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
    logits_nk = torch.from_numpy(logits(fit.network, held_out.x_nf))
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
