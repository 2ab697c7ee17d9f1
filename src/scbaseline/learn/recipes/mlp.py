"""A multilayer perceptron: features of a cell in, one logit per label out."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from torch import Tensor, nn

from scbaseline.config import RunConfig
from scbaseline.learn.dropout import Dropout
from scbaseline.learn.examples import Examples, Learnt, TrainingCells
from scbaseline.learn.loop import train_network
from scbaseline.learn.sparse import InputLayer, SparseRows


def build(
    n_inputs: int, n_labels: int, *, hidden: Sequence[int], dropout: float, **_: Any
) -> "MLP":
    """Build the network with fresh weights, drawn from torch's current generator."""
    return MLP(n_inputs, hidden, n_labels, dropout=dropout)


def fit(
    training: TrainingCells,
    held_out: Examples,
    *,
    n_labels: int,
    config: RunConfig,
    seed: int,
    hidden: Sequence[int],
    dropout: float,
    max_epochs: int,
    patience: int | None = None,
) -> Learnt:
    """Train the network; see :func:`~scbaseline.learn.loop.train_network`.

    Parameters
    ----------
    hidden
        The sizes of the hidden layers.
    dropout
        The share of hidden units that is silenced at each training step.
    max_epochs, patience
        How long it is trained.
    """
    return train_network(
        lambda n_inputs: build(n_inputs, n_labels, hidden=hidden, dropout=dropout),
        training,
        held_out,
        max_epochs=max_epochs,
        patience=patience,
        config=config,
        seed=seed,
    )


class MLP(nn.Module):
    """Linear layers with ReLU and dropout between them.

    Parameters
    ----------
    n_inputs
        The number of features of a cell.
    hidden
        The sizes of the hidden layers, the first one first.
    n_labels
        The number of labels, k.
    dropout
        The share of hidden units that is silenced at each training step.
    """

    def __init__(
        self, n_inputs: int, hidden: Sequence[int], n_labels: int, *, dropout: float
    ) -> None:
        super().__init__()
        first, *rest = [*hidden, n_labels]
        layers: list[nn.Module] = [InputLayer(n_inputs, first)]
        for n_in, n_out in pairwise([first, *rest]):
            layers.append(nn.ReLU())
            if dropout > 0:
                layers.append(Dropout(dropout))
            layers.append(nn.Linear(n_in, n_out))
        self.layers = nn.Sequential(*layers)

    def forward(self, x: Tensor | SparseRows) -> Tensor:
        """Return logits, cells × labels."""
        logits_nk: Tensor = self.layers(x)
        return logits_nk
