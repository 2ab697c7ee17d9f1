"""Raw counts in; standardised values, of which a network makes logits, out.

A classifier is a front, a network and a temperature. This front serves recipes on highly
variable genes and their components; recipes on counts learn their own, with the same methods
(:class:`scbaseline.learn.profile.CentredProfile`).
"""

from dataclasses import replace
from typing import Protocol, Self

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor, nn

from scbaseline.cells.space import FeatureSpace
from scbaseline.learn.profile import CountsNetwork
from scbaseline.learn.sparse import SparseRows, affine, of_each_value
from scbaseline.scale import Scale


class Front(Protocol):
    """What turns raw counts into the values that a network sees; a torch module."""

    def __call__(self, counts_ng: Tensor, total_n: Tensor) -> Tensor:
        """Return values, cells × genes, for raw counts with NaN where a gene is missing."""

    def sparse(
        self, counts_ng: sparse.csr_matrix, total_n: Tensor, *, missing_g: NDArray[np.bool_]
    ) -> Tensor | SparseRows:
        """Return the same values for raw counts in CSR."""


class StandardisedCounts(nn.Module):
    """Counts per ``target_sum`` of the cell's total → log1p → standardise, clipped.

    Parameters
    ----------
    n_genes
        The number of genes; :meth:`from_space` makes one that has learnt from cells.

    Attributes
    ----------
    mean_g, sd_g
        Mean and standard deviation of the log values over the training cells.
    center_g
        Mean of the scaled, clipped values: what a gene that was not measured becomes.
    target_sum, max_value
        The settings: what totals are scaled to, and where values are clipped.
    """

    mean_g: Tensor
    sd_g: Tensor
    center_g: Tensor
    target_sum: Tensor
    max_value: Tensor

    def __init__(self, n_genes: int) -> None:
        super().__init__()
        for name in ("mean_g", "sd_g", "center_g"):
            self.register_buffer(name, torch.ones(n_genes))
        for name in ("target_sum", "max_value"):
            self.register_buffer(name, torch.ones(()))

    @classmethod
    def from_space(cls, space: FeatureSpace) -> Self:
        """Take what a feature space learnt from the training cells."""
        front = cls(len(space.genes_g))
        for name, buffer in front.named_buffers():
            buffer.copy_(torch.as_tensor(getattr(space, name)))
        return front

    def forward(self, counts_ng: Tensor, total_n: Tensor) -> Tensor:
        """Return the values in full, cells × genes.

        Parameters
        ----------
        counts_ng
            Raw counts of the model's genes, cells × genes; NaN, where a gene was not
            measured, becomes its mean over the training cells.
        total_n
            Each cell's total count over all of its genes.
        """
        scale = self._scale
        x_ng = scale.values(counts_ng, scale.factor(total_n).unsqueeze(1))
        return torch.where(torch.isnan(counts_ng), self.center_g, x_ng)

    def sparse(
        self, counts_ng: "sparse.csr_matrix", total_n: Tensor, *, missing_g: NDArray[np.bool_]
    ) -> Tensor | SparseRows:
        """Return the same values, at the cost of the non-zeros where these are few.

        Parameters
        ----------
        counts_ng
            Raw counts as there, in CSR, with zeros where a gene was not measured.
        total_n
            As there.
        missing_g
            The genes that were not measured.
        """
        # A number clips five times as fast as a tensor, which an exported module needs.
        scale = replace(self._scale, max_value=float(self.max_value))
        difference = scale.differences(
            torch.from_numpy(counts_ng.data),
            of_each_value(scale.factor(total_n), counts_ng.indptr),
            torch.from_numpy(counts_ng.indices),
        )
        constant_g = torch.where(torch.from_numpy(missing_g), self.center_g, scale.zero_g)
        parts = (difference.numpy(), counts_ng.indices, counts_ng.indptr)
        return SparseRows.from_csr(
            constant_g.numpy(), sparse.csr_matrix(parts, shape=counts_ng.shape)
        ).faster()

    @property
    def _scale(self) -> Scale:
        return Scale(self.mean_g, self.sd_g, self.target_sum, self.max_value)


class OnComponents(nn.Module):
    """A network on principal components, as a module on standardised values.

    Parameters
    ----------
    network
        Components → logits.
    n_genes, n_comps
        The shape; :meth:`from_space` makes one that has learnt from cells.

    Attributes
    ----------
    components_gc
        The principal axes, genes × components.
    offset_c
        What the axes make of the mean cell, with its sign turned: components are centred.
    """

    components_gc: Tensor
    offset_c: Tensor

    def __init__(self, network: nn.Module, *, n_genes: int, n_comps: int) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("components_gc", torch.ones(n_genes, n_comps))
        self.register_buffer("offset_c", torch.ones(n_comps))

    @classmethod
    def from_space(cls, network: nn.Module, space: FeatureSpace) -> Self:
        """Join a network and the components that it was trained on."""
        n_genes, n_comps = space.components_gc.shape
        module = cls(network, n_genes=n_genes, n_comps=n_comps)
        module.components_gc.copy_(torch.as_tensor(space.components_gc))
        module.offset_c.copy_(torch.as_tensor(-(space.center_g @ space.components_gc)))
        return module

    def forward(self, x_ng: Tensor | SparseRows) -> Tensor:
        """Return logits, cells × labels."""
        logits_nk: Tensor = self.network(affine(x_ng, self.components_gc, self.offset_c))
        return logits_nk


def front_and_network(
    module: nn.Module, space: FeatureSpace, *, on_components: bool
) -> tuple[nn.Module, nn.Module]:
    """Return what turns raw counts into values, and values into logits, of a fitted recipe.

    The first is a :class:`Front`.

    Parameters
    ----------
    module
        What the recipe learnt: features → logits, or raw counts → logits.
    space
        The feature space that it was trained in, unless it was trained on raw counts.
    on_components
        Whether its features are principal components.
    """
    if isinstance(module, CountsNetwork):
        return module.front, module.network
    network = OnComponents.from_space(module, space) if on_components else module
    return StandardisedCounts.from_space(space), network
