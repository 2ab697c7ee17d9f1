"""The training loop: cells and label codes in; the kept weights and the training curve out."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from scbaseline.config import RunConfig
from scbaseline.errors import InputError
from scbaseline.learn.adam import Adam
from scbaseline.learn.curve import Epoch, TrainingCurve
from scbaseline.learn.device import choose_device, send, training_precision
from scbaseline.learn.examples import Examples, Learnt, TrainingCells
from scbaseline.learn.feed import Cells, feed
from scbaseline.learn.progress import Progress
from scbaseline.learn.ranks import average_gradients
from scbaseline.randomness import Stream, library_seed
from scbaseline.ranks import Ranks
from scbaseline.stages import limit_threads

if TYPE_CHECKING:
    from scbaseline.learn.examples import Features

_CPU = torch.device("cpu")


def train_network(
    build: Callable[[int], nn.Module],
    training: TrainingCells,
    held_out: Examples,
    *,
    max_epochs: int,
    patience: int | None,
    config: RunConfig,
    seed: int,
) -> Learnt:
    """Train one network with Adam on the cross-entropy of shuffled batches.

    With patience, training stops when the held-out loss has not improved for that many
    epochs, and the best weights are kept; without, the weights of the last epoch are.
    The held-out cells are never trained on. Torch's global random state is left as it was.

    Parameters
    ----------
    build
        Takes the number of features; returns the network with fresh weights.
    training, held_out
        Cells to learn from, and cells to watch. Where ranks share the training, each takes
        batches of its own cells, and a step follows the mean gradient over all of them.
    max_epochs, patience
        How long it is trained.
    config
        ``learning_rate``, ``batch_size``, ``device``, ``threads``.
    seed
        Of the first weights, the batches and dropout.

    Raises
    ------
    InputError
        The loss is no longer a number.

    References
    ----------
    Kingma & Ba, Adam, ICLR 2015; Srivastava et al., Dropout, JMLR 2014.
    """
    device, ranks = choose_device(config.device), training.ranks
    sample = feed(training.sample.x, device), torch.from_numpy(training.sample.codes_n)
    # Each rank looks at its share of the cells that are held in memory.
    curve_cells, watched = (
        (feed(cells.x, device), torch.from_numpy(cells.codes_n).to(device))
        for cells in (training.sample.share(ranks), held_out.share(ranks))
    )
    devices = [device] if device.type == "cuda" else []
    # A step on a small batch is so short that a second thread costs more than it brings: on a
    # busy two-core machine, training with two was much slower than with one.
    with torch.random.fork_rng(devices=devices), limit_threads(config.threads or 1):
        torch.manual_seed(seed)
        network = build(sample[0].n_inputs).to(device)
        adam = Adam(network.parameters(), learning_rate=config.learning_rate)
        if ranks.size > 1:  # the first weights are those of all ranks; what follows is its own
            torch.manual_seed(library_seed(seed, Stream.RANK, ranks.rank))
        so_far = Progress(network, adam, training)
        while not so_far.is_over(max_epochs, patience):
            network.train()
            batches = _batches(training, sample, device, config.batch_size)
            while True:
                n_cells = 0
                if (batch := next(batches, None)) is not None:
                    with training_precision(device):
                        loss = functional.cross_entropy(network(batch[0]), batch[1])
                    loss.backward()  # type: ignore[no-untyped-call]  # torch gives it no types
                    n_cells = len(batch[1])
                if not average_gradients(network.parameters(), n_cells, ranks):
                    break
                adam.step()
            network.eval()
            number = len(so_far.history) + 1
            epoch = _look(number, network, curve_cells, watched, ranks)
            so_far.add(epoch, keep=patience is None)
        network.load_state_dict(so_far.kept)
    return Learnt(network.cpu().eval(), TrainingCurve(tuple(so_far.history), so_far.kept_epoch))


def logits(network: nn.Module, x: "Features") -> NDArray[np.float32]:
    """Return the network's logits, cells × labels, computed on the CPU."""
    logits_nk: NDArray[np.float32] = _logits(network, feed(x, _CPU)).numpy()
    return logits_nk


def _batches(
    training: TrainingCells,
    sample: tuple[Cells, Tensor],
    device: torch.device,
    size: int,
) -> Iterator[tuple[object, Tensor]]:
    """Yield one pass over the training cells: batches and their label codes."""
    for cells, codes_n, order_n in _blocks(training, sample, device):
        targets = torch.split(send(codes_n[order_n], device), size)
        yield from zip(cells.batches(order_n, size), targets, strict=True)


def _blocks(
    training: TrainingCells, sample: tuple[Cells, Tensor], device: torch.device
) -> Iterator[tuple[Cells, Tensor, Tensor]]:
    """Yield cells, their label codes, and the order in which they are taken."""
    if training.passes is None:
        yield *sample, torch.randperm(len(sample[0]))
        return
    for block in training.passes():  # their order is random already
        codes_n = torch.from_numpy(block.codes_n)
        yield feed(block.x, device), codes_n, torch.arange(len(codes_n))


def _look(
    number: int,
    network: nn.Module,
    curve_cells: tuple[Cells, Tensor],
    watched: tuple[Cells, Tensor],
    ranks: Ranks,
) -> Epoch:
    """Measure how the network stands after an epoch."""
    train_loss, train_accuracy = _loss_and_accuracy(network, *curve_cells, ranks)
    loss, accuracy = _loss_and_accuracy(network, *watched, ranks)
    if not np.isfinite(loss):
        raise InputError(
            f"training diverged in epoch {number} (held-out loss {loss}); lower --learning-rate"
        )
    return Epoch(number, train_loss, train_accuracy, loss, accuracy)


def _logits(network: nn.Module, cells: Cells) -> Tensor:
    with torch.inference_mode():
        return torch.cat([network(block) for block in cells.blocks()])


def _loss_and_accuracy(
    network: nn.Module, cells: Cells, codes_n: Tensor, ranks: Ranks
) -> tuple[float, float]:
    n_cells = len(codes_n)
    loss, accuracy = 0.0, 0.0
    if n_cells:  # a rank's share of few cells may be none
        logits_nk = _logits(network, cells)
        loss = functional.cross_entropy(logits_nk, codes_n).item()
        accuracy = (logits_nk.argmax(dim=1) == codes_n).double().mean().item()
    if ranks.size == 1:
        return loss, accuracy
    sums = ranks.sum(np.array([loss * n_cells, accuracy * n_cells, n_cells]))
    return float(sums[0] / sums[2]), float(sums[1] / sums[2])
