"""A multilayer perceptron: features of a cell in, one logit per label out."""

from collections.abc import Sequence

from torch import Tensor, nn


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
        layers: list[nn.Module] = []
        for n_in, n_out in zip([n_inputs, *hidden], hidden, strict=False):
            layers += [nn.Linear(n_in, n_out), nn.ReLU()]
            if dropout > 0:
                layers.append(nn.Dropout(dropout))
        layers.append(nn.Linear([n_inputs, *hidden][-1], n_labels))
        self.layers = nn.Sequential(*layers)

    def forward(self, x_ng: Tensor) -> Tensor:
        """Return logits, cells × labels."""
        logits_nk: Tensor = self.layers(x_ng)
        return logits_nk
