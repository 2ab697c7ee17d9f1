"""A multilayer perceptron: features of a cell in, one logit per label out."""

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn

from scbaseline.learn.dropout import Dropout
from scbaseline.learn.sparse import InputLayer, SparseRows


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
