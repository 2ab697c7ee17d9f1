"""Training: features and label codes in; the kept weights and the training curve out."""

import copy
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from scbaseline.config import RunConfig
from scbaseline.errors import ConfigError, InputError
from scbaseline.learn.adam import Adam
from scbaseline.learn.curve import Epoch, TrainingCurve
from scbaseline.learn.feed import DenseCells, SparseCells, feed
from scbaseline.learn.recipes import Recipe, build_network
from scbaseline.threads import limit_threads

if TYPE_CHECKING:
    from scbaseline.cells.space import ScaledCounts

_CPU = torch.device("cpu")


@dataclass(frozen=True)
class Examples:
    """Cells to learn from or to judge by.

    Attributes
    ----------
    x
        Features, cells × features, or scaled counts.
    codes_n
        Label code per cell, 0 … k − 1.
    """

    x: "NDArray[np.float32] | ScaledCounts"
    codes_n: NDArray[np.int64]

    def rows(self, rows: NDArray[np.int64]) -> "Examples":
        """Return some of the cells."""
        if isinstance(self.x, np.ndarray):
            return Examples(self.x[rows], self.codes_n[rows])
        x = replace(self.x, difference_ng=self.x.difference_ng[rows])
        return Examples(x, self.codes_n[rows])


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

    @property
    def curve(self) -> TrainingCurve:
        """The training without the network."""
        return TrainingCurve(self.history, self.kept_epoch)


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
    cells, codes_n = feed(train.x, device), torch.from_numpy(train.codes_n)

    def passes() -> Iterator[_Pass]:
        yield cells, codes_n, torch.randperm(len(cells))

    return _fit(
        recipe, passes, (cells, codes_n), held_out=held_out, n_labels=n_labels, config=config
    )


def fit_network_on_blocks(
    recipe: Recipe,
    blocks: Callable[[], Iterable[Examples]],
    *,
    sample: Examples,
    held_out: Examples,
    n_labels: int,
    config: RunConfig,
) -> Fit:
    """Do what :func:`fit_network` does with training cells that never are in memory together.

    Parameters
    ----------
    recipe
        The network and how long it is trained.
    blocks
        Starts a pass over all training cells: blocks of them, in an order that is random
        already and is another one each time. Batches are cut from each block.
    sample
        Training cells on which the training curve is drawn.
    held_out
        Cells to watch.
    n_labels, config
        As for :func:`fit_network`.

    Raises
    ------
    InputError
        The loss is no longer a number.
    """
    device = choose_device(config.device)

    def passes() -> Iterator[_Pass]:
        for block in blocks():
            codes_n = torch.from_numpy(block.codes_n)
            yield feed(block.x, device), codes_n, torch.arange(len(codes_n))

    curve = feed(sample.x, device), torch.from_numpy(sample.codes_n)
    return _fit(recipe, passes, curve, held_out=held_out, n_labels=n_labels, config=config)


_Pass = tuple[DenseCells | SparseCells, Tensor, Tensor]
"""Cells, their label codes, and the order in which they are taken."""


def _fit(
    recipe: Recipe,
    passes: Callable[[], Iterator[_Pass]],
    sample: tuple[DenseCells | SparseCells, Tensor],
    *,
    held_out: Examples,
    n_labels: int,
    config: RunConfig,
) -> Fit:
    device, n_inputs = choose_device(config.device), sample[0].n_inputs
    curve = sample[0], sample[1].to(device)
    watched = feed(held_out.x, device), torch.from_numpy(held_out.codes_n).to(device)
    devices = [device] if device.type == "cuda" else []
    # A step on a small batch is so short that a second thread costs more than it brings: on a
    # busy two-core machine, training with two was much slower than with one.
    with torch.random.fork_rng(devices=devices), limit_threads(config.threads or 1):
        torch.manual_seed(config.seed)
        network = build_network(recipe, n_inputs=n_inputs, n_labels=n_labels).to(device)
        adam = Adam(network.parameters(), learning_rate=config.learning_rate)
        history: list[Epoch] = []
        best, kept_epoch, kept = float("inf"), 0, network.state_dict()
        for number in range(1, recipe.max_epochs + recipe.extra_epochs + 1):
            network.train()
            for cells, codes_n, order_n in passes():
                targets = torch.split(codes_n[order_n].to(device), config.batch_size)
                batches = cells.batches(order_n, config.batch_size)
                for batch, batch_codes_n in zip(batches, targets, strict=True):
                    adam.step(functional.cross_entropy(network(batch), batch_codes_n))
            network.eval()
            train_loss, train_accuracy = _loss_and_accuracy(network, *curve)
            loss, accuracy = _loss_and_accuracy(network, *watched)
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


def logits(network: nn.Module, x: "NDArray[np.float32] | ScaledCounts") -> NDArray[np.float32]:
    """Return the network's logits, cells × labels, computed on the CPU."""
    logits_nk: NDArray[np.float32] = _logits(network, feed(x, _CPU)).numpy()
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


def _logits(network: nn.Module, cells: DenseCells | SparseCells) -> Tensor:
    with torch.inference_mode():
        return torch.cat([network(block) for block in cells.blocks()])


def _loss_and_accuracy(
    network: nn.Module, cells: DenseCells | SparseCells, codes_n: Tensor
) -> tuple[float, float]:
    logits_nk = _logits(network, cells)
    loss = functional.cross_entropy(logits_nk, codes_n).item()
    accuracy = (logits_nk.argmax(dim=1) == codes_n).double().mean().item()
    return loss, accuracy
