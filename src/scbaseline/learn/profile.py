"""Raw counts in; each cell's profile, centred on its own mean, out.

A recipe on counts learns a :class:`CountsNetwork`: a front that turns raw counts into values,
and a network that turns values into logits.
"""

from collections.abc import Iterable
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor, nn

from scbaseline.learn.ensemble import Ensemble
from scbaseline.learn.sparse import SparseRows, of_each_value, row_sums
from scbaseline.ranks import ALONE, Ranks
from scbaseline.scale import Scale, log_normalise

_LEAST = 1e-6  # of a total or a share that is divided by: of cells or panels without counts


class CentredProfile(nn.Module):
    """Standardised log counts, from which each cell's own mean is subtracted.

    A cell's total is taken over the genes that are present, and divided by their share of the
    mean training profile: a panel of genes and a full matrix land on one scale. The values
    are standardised and clipped. Then each cell's mean over the present genes is subtracted:
    what moves all genes of a cell alike (depth, chemistry) says nothing about its type.

    Parameters
    ----------
    n_genes
        The number of genes; :meth:`fitted` makes one that has learnt from cells.

    Attributes
    ----------
    share_g
        Each gene's share of all counts of the training cells.
    mean_g, sd_g
        Mean and standard deviation of the log values over the training cells.
    target_sum, max_value
        The settings: what totals are scaled to, and where values are clipped.
    """

    share_g: Tensor
    mean_g: Tensor
    sd_g: Tensor
    target_sum: Tensor
    max_value: Tensor

    def __init__(self, n_genes: int) -> None:
        super().__init__()
        for name in ("share_g", "mean_g", "sd_g"):
            self.register_buffer(name, torch.ones(n_genes))
        for name in ("target_sum", "max_value"):
            self.register_buffer(name, torch.ones(()))

    @classmethod
    def fitted(
        cls,
        blocks: "Iterable[sparse.csr_matrix]",
        *,
        target_sum: float,
        max_value: float,
        ranks: Ranks = ALONE,
    ) -> Self:
        """Return a front that has learnt from cells.

        All that it learns are sums over cells, so that blocks can be of any size.

        Parameters
        ----------
        blocks
            Raw counts of the training cells, cells × the recipe's genes.
        target_sum, max_value
            The settings.
        ranks
            Those that share the cells; ``blocks`` are then of the own share.
        """
        n_cells, sums = 0, np.zeros((3, 0))
        for counts_ng in blocks:
            total_n = np.asarray(counts_ng.sum(axis=1), dtype=np.float64).ravel()
            log = log_normalise(counts_ng, total_n.clip(_LEAST), target_sum=target_sum).data
            columns, n_genes = counts_ng.indices.astype(np.intp), counts_ng.shape[1]
            parts = [
                np.bincount(columns, weights=x, minlength=n_genes)
                for x in (counts_ng.data, log, log**2)
            ]
            sums = sums + np.stack(parts) if n_cells else np.stack(parts)
            n_cells += counts_ng.shape[0]
        sums, n_cells = ranks.sum(sums), int(ranks.sum(np.array(n_cells)))
        mean_g = sums[1] / n_cells
        front = cls(sums.shape[1])
        for name, values in (
            ("share_g", sums[0] / max(sums[0].sum(), _LEAST)),
            ("mean_g", mean_g),
            ("sd_g", np.sqrt(np.maximum(sums[2] / n_cells - mean_g**2, 0)).clip(1e-3)),
            ("target_sum", target_sum),
            ("max_value", max_value),
        ):
            front.get_buffer(name).copy_(torch.as_tensor(values))
        return front

    def forward(self, counts_ng: Tensor, total_n: Tensor | None = None) -> Tensor:  # noqa: ARG002
        """Return values, cells × genes; 0 where a gene was not measured.

        Parameters
        ----------
        counts_ng
            Raw counts of the model's genes, cells × genes; NaN where a gene was not measured.
        total_n
            Each cell's total count, as other fronts need it; not used here.
        """
        absent_ng = counts_ng.isnan()
        x_ng = counts_ng.masked_fill(absent_ng, 0.0)
        share_n1 = ((~absent_ng).to(x_ng.dtype) @ self.share_g).unsqueeze(1).clamp(min=_LEAST)
        total_n1 = (x_ng.sum(dim=1, keepdim=True) / share_n1).clamp(min=_LEAST)
        x_ng = (x_ng * (self.target_sum / total_n1)).log1p_()
        x_ng = ((x_ng - self.mean_g) / self.sd_g).clamp_(-self.max_value, self.max_value)
        x_ng = x_ng.masked_fill_(absent_ng, 0.0)
        n_present_n1 = (~absent_ng).sum(dim=1, keepdim=True).clamp(min=1)
        x_ng = x_ng - x_ng.sum(dim=1, keepdim=True) / n_present_n1
        return x_ng.masked_fill_(absent_ng, 0.0)

    def sparse(
        self,
        counts_ng: "sparse.csr_matrix",
        total_n: Tensor,  # noqa: ARG002
        *,
        missing_g: NDArray[np.bool_],
    ) -> Tensor | SparseRows:
        """Return the same values, at the cost of the non-zeros where these are few.

        Before it is centred, a cell differs from one constant row where it has counts. Its
        mean is a number of its own beside that.

        Parameters
        ----------
        counts_ng
            Raw counts as there, with zeros where a gene was not measured.
        total_n
            As there; not used here, either.
        missing_g
            The genes that were not measured.
        """
        along_g, counts = torch.from_numpy(~missing_g).float(), torch.from_numpy(counts_ng.data)
        share = (self.share_g.double() * along_g).sum().float().clamp(min=_LEAST)
        present_n = (row_sums(counts, counts_ng.indptr).float() / share).clamp(min=_LEAST)
        scale = Scale(self.mean_g, self.sd_g, self.target_sum, float(self.max_value))
        difference = scale.differences(
            counts.float(),
            of_each_value(self.target_sum / present_n, counts_ng.indptr),
            torch.from_numpy(counts_ng.indices),
        )
        constant_g = scale.zero_g * along_g
        sum_n = row_sums(difference, counts_ng.indptr) + constant_g.double().sum()
        own_n = -(sum_n / along_g.sum().clamp(min=1)).float()
        parts = (difference.numpy(), counts_ng.indices, counts_ng.indptr)
        difference_ng = sparse.csr_matrix(parts, shape=counts_ng.shape)
        return SparseRows.from_csr(
            constant_g.numpy(), difference_ng, own_n=own_n, along_g=along_g
        ).faster()


class CountsNetwork(nn.Module):
    """A front, raw counts → values, and a network, values → logits.

    Parameters
    ----------
    front, network
        The two.
    """

    def __init__(self, front: CentredProfile, network: Ensemble) -> None:
        super().__init__()
        self.front, self.network = front, network

    def forward(self, counts_ng: Tensor) -> Tensor:
        """Return logits, cells × labels, for raw counts, cells × genes."""
        logits_nk: Tensor = self.network(self.front(counts_ng))
        return logits_nk
