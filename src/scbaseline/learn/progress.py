"""A training, epoch after epoch, in; the weights to keep, and when it is over, out."""

import copy
from dataclasses import asdict
from typing import Any

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
        state = None if training.checkpoint is None else training.checkpoint.load()
        if state is not None:
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
        training = self._training
        if training.checkpoint is None:
            return
        # Each rank draws its own numbers.
        order = None if training.order is None else training.order.bit_generator.state
        orders = exchanged(order, training.ranks)
        torch_rn = training.ranks.gather(torch.get_rng_state().numpy()[None])
        if training.ranks.rank:
            return
        facts = {
            "history": [asdict(epoch) for epoch in self.history],
            "kept_epoch": self.kept_epoch,
            "orders": orders,
        }
        tensors: dict[str, Tensor] = {
            **tensors_of("network", self._network.state_dict()),
            **tensors_of("kept", self.kept),
            **tensors_of("adam", self._adam.state()),
            "random": torch.from_numpy(torch_rn),
        }
        training.checkpoint.save(State(tensors, facts))

    def _restore(self, state: State) -> None:
        facts: Any = state.facts
        self.history = [Epoch(**epoch) for epoch in facts["history"]]
        self.kept_epoch = facts["kept_epoch"]
        self._network.load_state_dict(tensors_under("network", state.tensors))
        self.kept = tensors_under("kept", state.tensors)
        self._adam.restore(tensors_under("adam", state.tensors))
        rank = self._training.ranks.rank
        if self._training.order is not None:
            self._training.order.bit_generator.state = facts["orders"][rank]
        torch.set_rng_state(state.tensors["random"][rank].clone())
