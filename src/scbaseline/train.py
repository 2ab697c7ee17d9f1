"""Training: features and label codes in; the kept weights and the training curve out."""

import copy
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from scbaseline.config import RunConfig
from scbaseline.errors import ConfigError, InputError
from scbaseline.networks import Recipe, build_network
from scbaseline.threads import limit_threads


@dataclass(frozen=True)
class Examples:
    """Cells to learn from or to judge by.

    Attributes
    ----------
    x_nf
        Features, cells × features.
    codes_n
        Label code per cell, 0 … k − 1.
    """

    x_nf: NDArray[np.float32]
    codes_n: NDArray[np.int64]


@dataclass(frozen=True)
class Epoch:
    """How the network stood after one pass over the training cells, dropout off."""

    number: int
    train_loss: float
    train_accuracy: float
    held_out_loss: float
    held_out_accuracy: float


@dataclass(frozen=True)
class Fit:
    """A trained network and how it got there.

    Attributes
    ----------
    network
        The network with the kept weights, on the CPU, in evaluation mode.
    history
        One entry per epoch, in order; those past ``kept_epoch`` are for the curve alone.
    kept_epoch
        The epoch whose weights were kept, counted from 1.
    """

    network: nn.Module
    history: tuple[Epoch, ...]
    kept_epoch: int


def fit_network(
    recipe: Recipe, train: Examples, held_out: Examples, *, n_labels: int, config: RunConfig
) -> Fit:
    """Train one network with Adam on the cross-entropy of shuffled batches.

    With patience, training stops when the held-out loss has not improved for that many
    epochs, and the best weights are kept; without, the weights of the last epoch are.
    The held-out cells are never trained on. Torch's global random state is left as it was.

    Parameters
    ----------
    recipe
        The network and how long it is trained.
    train, held_out
        Cells to learn from, and cells to watch.
    n_labels
        The number of labels, k.
    config
        ``learning_rate``, ``batch_size``, ``seed``, ``device``.

    Raises
    ------
    InputError
        The loss is no longer a number.

    References
    ----------
    Kingma & Ba, Adam, ICLR 2015; Srivastava et al., Dropout, JMLR 2014.
    """
    device = choose_device(config.device)
    x_nf, codes_n = _on(device, train)
    held_out_x_nf, held_out_codes_n = _on(device, held_out)
    devices = [device] if device.type == "cuda" else []
    # A step on a small batch is so short that a second thread costs more than it brings: on a
    # busy two-core machine, training with two was much slower than with one.
    with torch.random.fork_rng(devices=devices), limit_threads(config.threads or 1):
        torch.manual_seed(config.seed)
        network = build_network(recipe, n_inputs=x_nf.shape[1], n_labels=n_labels).to(device)
        adam = torch.optim.Adam(network.parameters(), lr=config.learning_rate, fused=True)
        history: list[Epoch] = []
        best, kept_epoch, kept = float("inf"), 0, network.state_dict()
        for number in range(1, recipe.max_epochs + recipe.extra_epochs + 1):
            network.train()
            for rows in torch.split(torch.randperm(len(x_nf)).to(device), config.batch_size):
                adam.zero_grad(set_to_none=True)
                functional.cross_entropy(network(x_nf[rows]), codes_n[rows]).backward()  # type: ignore[no-untyped-call]
                adam.step()
            network.eval()
            train_loss, train_accuracy = _loss_and_accuracy(network, x_nf, codes_n)
            loss, accuracy = _loss_and_accuracy(network, held_out_x_nf, held_out_codes_n)
            if not np.isfinite(loss):
                raise InputError(
                    f"{recipe.name}: training diverged in epoch {number} (held-out loss {loss}); "
                    "lower --learning-rate"
                )
            history.append(Epoch(number, train_loss, train_accuracy, loss, accuracy))

            improved = loss < best
            if number <= recipe.max_epochs and (improved or recipe.patience is None):
                best, kept_epoch, kept = loss, number, copy.deepcopy(network.state_dict())
            elif recipe.patience is not None and number - kept_epoch >= recipe.patience:
                break
        network.load_state_dict(kept)
    return Fit(network.cpu().eval(), tuple(history), kept_epoch)


def logits(network: nn.Module, x_nf: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the network's logits, cells × labels, computed on the CPU."""
    with torch.inference_mode():
        logits_nk: NDArray[np.float32] = network(torch.from_numpy(x_nf)).numpy()
    return logits_nk


def choose_device(name: str) -> torch.device:
    """Return the device that ``auto``, ``cpu`` or ``cuda`` stands for on this machine.

    Raises
    ------
    ConfigError
        ``cuda`` was asked for, and torch finds no GPU.
    """
    available = torch.cuda.is_available()
    if name == "cuda" and not available:
        raise ConfigError(
            f"device: cuda was given, but torch {torch.__version__} finds no GPU; "
            "use --device cpu or auto"
        )
    return torch.device("cuda" if available and name != "cpu" else "cpu")


def _on(device: torch.device, examples: Examples) -> tuple[Tensor, Tensor]:
    return (
        torch.from_numpy(np.ascontiguousarray(examples.x_nf)).to(device),
        torch.from_numpy(examples.codes_n).to(device),
    )


def _loss_and_accuracy(network: nn.Module, x_nf: Tensor, codes_n: Tensor) -> tuple[float, float]:
    with torch.inference_mode():
        logits_nk = network(x_nf)
        loss = functional.cross_entropy(logits_nk, codes_n).item()
        accuracy = (logits_nk.argmax(dim=1) == codes_n).double().mean().item()
    return loss, accuracy
