"""Raw counts in; normalised, logged, scaled and clipped values out, in full or sparse."""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor

from scbaseline.learn.sparse import SparseRows


class Scale(NamedTuple):
    """What scaling learnt from the training cells, as tensors.

    Attributes
    ----------
    mean_g, sd_g
        Of log1p(counts per ``target_sum``).
    center_g
        Of the scaled, clipped values.
    target_sum, max_value
        The settings that the transformation needs.
    """

    mean_g: Tensor
    sd_g: Tensor
    center_g: Tensor
    target_sum: Tensor
    max_value: Tensor

    def dense(self, counts_ng: Tensor, total_n: Tensor) -> Tensor:
        """Return the values in full.

        Parameters
        ----------
        counts_ng
            Raw counts of the model's genes, cells × genes; NaN, where a gene was not
            measured, becomes its mean over the training cells.
        total_n
            Each cell's total count over all of its genes.
        """
        x_ng = self._scaled(counts_ng, self._factor(total_n).unsqueeze(1), slice(None))
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
        zero_g = self._scaled(torch.zeros_like(self.mean_g), torch.ones(()), slice(None))
        genes = torch.from_numpy(counts_ng.indices)
        n_genes_n = torch.from_numpy(np.diff(counts_ng.indptr))
        factor = self._factor(total_n).repeat_interleave(n_genes_n)
        scaled = self._scaled(torch.from_numpy(counts_ng.data), factor, genes)
        difference = (scaled.sub_(zero_g[genes]).numpy(), counts_ng.indices, counts_ng.indptr)
        constant_g = torch.where(torch.from_numpy(missing_g), self.center_g, zero_g)
        return SparseRows.from_csr(
            constant_g.numpy(), sparse.csr_matrix(difference, shape=counts_ng.shape)
        ).faster()

    def _factor(self, total_n: Tensor) -> Tensor:
        # A cell without a count has only zeros to normalise; any total will do for it.
        return self.target_sum / total_n.clamp(min=1)

    def _scaled(self, counts: Tensor, factor: Tensor, genes: Tensor | slice) -> Tensor:
        x = (torch.log1p(counts * factor) - self.mean_g[genes]) / self.sd_g[genes]
        return torch.maximum(torch.minimum(x, self.max_value), -self.max_value)
