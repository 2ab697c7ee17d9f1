"""Several networks as one module: values of a cell in, the log of their mean probability out."""

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from scbaseline.learn.dropout import Dropout
from scbaseline.learn.sparse import SparseRows, affine

if TYPE_CHECKING:
    from collections.abc import Sequence


class Ensemble(nn.Module):
    """Networks side by side, as one set of tensors, so that one product serves all.

    Each network is linear, layer normalisation, ReLU and dropout, twice, then linear. The
    letter ``m`` names the network's axis.

    Parameters
    ----------
    n_inputs
        The number of values of a cell.
    n_labels
        The number of labels, k.
    hidden
        The sizes of the two hidden layers.
    members
        The number of networks, m.
    dropout
        The share of hidden units that is silenced at each training step.

    References
    ----------
    Lakshminarayanan et al., Simple and scalable predictive uncertainty estimation using deep
    ensembles, NeurIPS 2017; Ba et al., Layer normalization, arXiv:1607.06450.
    """

    def __init__(
        self,
        n_inputs: int,
        n_labels: int,
        *,
        hidden: "Sequence[int]",
        members: int,
        dropout: float,
    ) -> None:
        super().__init__()
        first, second = hidden
        self.members = members
        self.dropout = Dropout(dropout)
        self.weight1 = _drawn(n_inputs, members * first, n_in=n_inputs)
        self.weight2 = _drawn(members, first, second, n_in=first)
        self.weight3 = _drawn(members, second, n_labels, n_in=second)
        self.bias1 = nn.Parameter(torch.zeros(members * first))
        self.bias2 = nn.Parameter(torch.zeros(members, second))
        self.bias3 = nn.Parameter(torch.zeros(members, n_labels))
        self.gain1 = nn.Parameter(torch.ones(members, first))
        self.gain2 = nn.Parameter(torch.ones(members, second))
        self.shift1 = nn.Parameter(torch.zeros(members, first))
        self.shift2 = nn.Parameter(torch.zeros(members, second))

    def forward(self, x_ng: Tensor | SparseRows) -> Tensor:
        """Return the log of the mean over networks of the probabilities, cells × labels."""
        log_p_nmk = self.of_members(x_ng).log_softmax(dim=2)
        return log_p_nmk.logsumexp(dim=1) - float(np.log(self.members))

    def of_members(self, x_ng: Tensor | SparseRows) -> Tensor:
        """Return each network's own logits, cells × networks × labels."""
        h = affine(x_ng, self.weight1, self.bias1).view(-1, *self.gain1.shape)
        h = self._activated(h, self.gain1, self.shift1)
        h = torch.einsum("nmh,mhj->nmj", h, self.weight2) + self.bias2
        h = self._activated(h, self.gain2, self.shift2)
        return torch.einsum("nmj,mjk->nmk", h, self.weight3) + self.bias3

    def _activated(self, h: Tensor, gain: Tensor, shift: Tensor) -> Tensor:
        normed: Tensor = functional.layer_norm(h, gain.shape[-1:]) * gain + shift
        silenced: Tensor = self.dropout(normed.relu())
        return silenced


def _drawn(*shape: int, n_in: int) -> nn.Parameter:
    """Draw first weights as ``nn.Linear`` does, from torch's current generator."""
    bound = max(n_in, 1) ** -0.5
    return nn.Parameter(torch.empty(shape).uniform_(-bound, bound))
