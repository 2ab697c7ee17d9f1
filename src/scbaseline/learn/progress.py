"""A training, epoch after epoch, in; the weights to keep, and when it is over, out."""

import copy
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from scbaseline.learn.adam import Adam
from scbaseline.learn.checkpoint import State, tensors_of, tensors_under
from scbaseline.learn.curve import Epoch
from scbaseline.learn.examples import TrainingCells
from scbaseline.ranks import exchanged


class Progress:
    """How far a training has come; it goes on from its checkpoint, where there is one.

    Parameters
    ----------
    network, adam
        What is trained, and its optimiser: both are set back to where the checkpoint left.
    training
        Its ``checkpoint``, ``order`` and ``ranks``.

    Attributes
    ----------
    history
        The epochs so far.
    kept, kept_epoch
        The weights to keep, and the epoch that they are of.
    """

    def __init__(self, network: nn.Module, adam: Adam, training: TrainingCells) -> None:
        self._network, self._adam, self._training = network, adam, training
        self.history: list[Epoch] = []
        self.kept, self.kept_epoch = network.state_dict(), 0
        if (state := restore(training, network, adam)) is not None:
            self._restore(state)

    def is_over(self, max_epochs: int, patience: int | None) -> bool:
        """Return whether there are epochs enough, or too many without getting better."""
        n_epochs = len(self.history)
        waited = n_epochs - self.kept_epoch
        return n_epochs >= max_epochs or (patience is not None and waited >= patience)

    def add(self, epoch: Epoch, *, keep: bool) -> None:
        """Note an epoch; keep the weights where they are better, or in any case.

        Parameters
        ----------
        keep
            Whether the last weights are kept, not the best.
        """
        best = min((seen.held_out_loss for seen in self.history), default=float("inf"))
        self.history.append(epoch)
        if epoch.held_out_loss < best or keep:
            self.kept_epoch = epoch.number
            self.kept = copy.deepcopy(self._network.state_dict())
        self._save()

    def _save(self) -> None:
        facts = {
            "history": [asdict(epoch) for epoch in self.history],
            "kept_epoch": self.kept_epoch,
        }
        save(self._training, self._network, self._adam, facts, kept=self.kept)

    def _restore(self, state: State) -> None:
        self.history = [Epoch(**epoch) for epoch in state.facts["history"]]
        self.kept_epoch = state.facts["kept_epoch"]
        self.kept = tensors_under("kept", state.tensors)


def save(
    training: TrainingCells,
    network: nn.Module,
    adam: Adam,
    facts: Mapping[str, Any],
    *,
    kept: Mapping[str, Tensor] | None = None,
    rng: np.random.Generator | None = None,
) -> None:
    """Write where a training stands, where its cells name a checkpoint; rank 0 writes for all.

    Parameters
    ----------
    training
        Its ``checkpoint``, ``ranks`` and ``order``.
    network, adam
        What is trained, and its optimiser.
    facts, kept
        What else the training is to know, and weights to keep.
    rng
        A generator beside torch's own and that of the order.
    """
    if training.checkpoint is None:
        return
    # Each rank draws its own numbers.
    states = [None if g is None else g.bit_generator.state for g in (training.order, rng)]
    states_of_ranks = exchanged(states, training.ranks)
    torch_states = training.ranks.gather(torch.get_rng_state().numpy()[None])
    if training.ranks.rank:
        return
    tensors = {
        **tensors_of("network", network.state_dict()),
        **tensors_of("kept", kept or {}),
        **tensors_of("adam", adam.state()),
        "random": torch.from_numpy(torch_states),
    }
    training.checkpoint.save(State(tensors, {**facts, "generators": states_of_ranks}))


def restore(
    training: TrainingCells,
    network: nn.Module,
    adam: Adam,
    *,
    rng: np.random.Generator | None = None,
) -> State | None:
    """Set all back to where :func:`save` left it; ``None`` where there is nothing."""
    state = None if training.checkpoint is None else training.checkpoint.load()
    if state is None:
        return None
    network.load_state_dict(tensors_under("network", state.tensors))
    adam.restore(tensors_under("adam", state.tensors))
    rank = training.ranks.rank
    for g, left in zip((training.order, rng), state.facts["generators"][rank], strict=True):
        if g is not None:
            g.bit_generator.state = left
    torch.set_rng_state(state.tensors["random"][rank].clone())
    return state
