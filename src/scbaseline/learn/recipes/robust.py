"""An ensemble on centred profiles, trained on augmented counts: raw counts in, a module out.

It is made for cells of other studies. Its input ignores what moves all genes of a cell alike,
and in training each batch is measured anew: with fewer counts, with other strengths of genes,
with a panel of genes only. What each part brings stands in ``docs/accuracy.md``.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from scbaseline.config import RunConfig
from scbaseline.errors import InputError
from scbaseline.learn.adam import Adam
from scbaseline.learn.augment import Augmentation, augment
from scbaseline.learn.device import choose_device, send, training_precision
from scbaseline.learn.ensemble import Ensemble
from scbaseline.learn.examples import Examples, Learnt, TrainingCells
from scbaseline.learn.feed import feed
from scbaseline.learn.profile import CentredProfile, CountsNetwork
from scbaseline.learn.progress import restore, save
from scbaseline.learn.ranks import average_gradients
from scbaseline.randomness import Stream, library_seed
from scbaseline.stages import limit_threads

_CPU = torch.device("cpu")


def build(
    n_inputs: int, n_labels: int, *, hidden: Sequence[int], members: int, dropout: float, **_: Any
) -> CountsNetwork:
    """Build the module with fresh weights, drawn from torch's current generator."""
    ensemble = Ensemble(n_inputs, n_labels, hidden=hidden, members=members, dropout=dropout)
    return CountsNetwork(CentredProfile(n_inputs), ensemble)


def fit(
    training: TrainingCells,
    held_out: Examples,  # noqa: ARG001 (nothing is stopped)
    *,
    n_labels: int,
    config: RunConfig,
    seed: int,
    hidden: Sequence[int],
    members: int,
    dropout: float,
    label_smoothing: float,
    weight_power: float,
    rate_factor: float,
    weight_decay: float,
    epochs: int,
    min_steps: int,
    warm_up: float,
    augmentation: Augmentation | None = None,
) -> Learnt:
    """Train the ensemble with AdamW on augmented batches, for a number of steps fixed before.

    Torch's global random state is left as it was.

    Parameters
    ----------
    training
        Raw counts of the recipe's genes, CSR.
    config
        ``learning_rate``, ``batch_size``, ``device``, ``threads``, ``target_sum``,
        ``max_value``.
    hidden, members, dropout
        The shape; see :class:`~scbaseline.learn.ensemble.Ensemble`.
    label_smoothing
        The share of each target that is spread over all labels.
    weight_power
        A label with n cells weighs n to the power of minus this.
    rate_factor
        The largest learning rate, in units of the settings' one.
    weight_decay
        The share of a weight that is taken off per step, in units of the learning rate.
    epochs, min_steps
        It passes so many times over the cells, but takes at least so many steps: a few
        hundred cells are learnt as 200,000 are.
    warm_up
        The share of the steps in which the learning rate rises.
    augmentation
        How counts are moved; ``None``: not at all.

    Raises
    ------
    InputError
        The weights are no longer numbers.

    References
    ----------
    Loshchilov & Hutter, Decoupled weight decay regularization, ICLR 2019; Szegedy et al.,
    Rethinking the Inception architecture, CVPR 2016 (label smoothing).
    """
    device = choose_device(config.device)
    ranks = training.ranks
    front, n_k, n_own = _look(training, config, n_labels)
    n_cells = int(n_k.sum())
    n_steps = max(min_steps, epochs * n_cells // (config.batch_size * ranks.size))
    size = min(config.batch_size, n_own)
    weight_k = label_weights(n_k, weight_power).to(device)
    rng = np.random.default_rng([seed, ranks.rank] if ranks.rank else seed)
    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices), limit_threads(config.threads or 1):
        torch.manual_seed(seed)
        module = build(
            len(front.share_g), n_labels, hidden=hidden, members=members, dropout=dropout
        )
        module.front = front
        module.to(device).train()
        adam = Adam(module.parameters(), learning_rate=0.0, weight_decay=weight_decay)
        if ranks.size > 1:  # the first weights are those of all ranks; what follows is its own
            torch.manual_seed(library_seed(seed, Stream.RANK, ranks.rank))
        state = restore(training, module, adam, rng=rng)
        done = 0 if state is None else int(state.facts["steps"])
        # The same on all ranks, however few cells one has: they save together.
        a_pass = max(1, n_cells // (config.batch_size * ranks.size))
        batches = _batches(training, size, n_steps - done)
        for step, (counts_ng, codes_n) in enumerate(batches, start=done):
            moved_ng = counts_ng if augmentation is None else augment(counts_ng, augmentation, rng)
            values_ng = module.front(send(moved_ng, device))
            with training_precision(device):
                loss = functional.cross_entropy(
                    module.network.of_members(values_ng).flatten(0, 1),
                    send(codes_n, device).repeat_interleave(members),
                    weight=weight_k,
                    label_smoothing=label_smoothing,
                )
            # Times the number of members: each learns as fast as it would alone.
            (loss * members).backward()  # type: ignore[no-untyped-call]
            average_gradients(module.parameters(), len(codes_n), ranks)
            rate = rate_factor * config.learning_rate
            adam.step(learning_rate=rate * schedule(step, n_steps, warm_up=warm_up))
            if (step + 1) % a_pass == 0:
                save(training, module, adam, {"steps": step + 1}, rng=rng)
    return Learnt(_finite(module).cpu().eval())


def label_weights(n_k: Tensor, power: float) -> Tensor:
    """Return weights proportional to n^−power of each label, 1 in the mean over cells.

    A label without cells has none: smoothing would else teach that any cell may carry it.
    """
    weight_k = torch.where(n_k > 0, n_k.clamp(min=1) ** -power, 0.0)
    return weight_k * n_k.sum() / (weight_k * n_k).sum()


def schedule(step: int, n_steps: int, *, warm_up: float) -> float:
    """Return the share of the learning rate: a straight rise, then half a cosine down to 0."""
    begin = max(1, int(warm_up * n_steps))
    if step < begin:
        return (step + 1) / begin
    return 0.5 * (1 + math.cos(math.pi * (step - begin) / max(n_steps - begin, 1)))


def _look(
    training: TrainingCells, config: RunConfig, n_labels: int
) -> tuple[CentredProfile, Tensor, int]:
    """Return the front, the training cells of each label, and the own ones, in one pass."""
    n_k = np.zeros(n_labels)

    def blocks() -> Iterator[Any]:
        for cells in [training.sample] if training.passes is None else training.passes():
            n_k[:] += np.bincount(cells.codes_n, minlength=n_labels)
            yield cells.x

    front = CentredProfile.fitted(
        blocks(),
        target_sum=config.target_sum,
        max_value=config.max_value,
        ranks=training.ranks,
    )
    n_of_all_k = training.ranks.sum(n_k)
    return front, torch.from_numpy(n_of_all_k.astype(np.float32)), int(n_k.sum())


def _batches(training: TrainingCells, size: int, n_steps: int) -> Iterator[tuple[Any, Tensor]]:
    """Yield batches of raw counts and their label codes: pass after pass, each in a new order.

    Cells that are left over at the end of a block are fewer than a batch, and wait for
    another pass; a block of fewer cells is a batch by itself.
    """
    n_left = n_steps
    while True:
        for cells, order_n in _blocks(training):
            whole_n = order_n[: max(len(order_n) // size * size, min(len(order_n), size))]
            if not len(whole_n):
                continue
            codes_n = torch.from_numpy(cells.codes_n)[whole_n]
            batches = feed(cells.x, _CPU).batches(whole_n, size)
            for batch in zip(batches, torch.split(codes_n, size), strict=True):
                if n_left == 0:
                    return
                yield batch
                n_left -= 1


def _blocks(training: TrainingCells) -> Iterator[tuple[Examples, Tensor]]:
    if training.passes is None:
        yield training.sample, torch.randperm(len(training.sample.codes_n))
        return
    for block in training.passes():  # their order is random already
        yield block, torch.arange(len(block.codes_n))


def _finite(module: CountsNetwork) -> CountsNetwork:
    if not all(bool(parameter.isfinite().all()) for parameter in module.parameters()):
        raise InputError("training diverged; lower --learning-rate")
    return module
