"""Turns raw counts into normalised, logged, scaled and clipped values: one formula for all.

Training calls it with numpy arrays, the saved classifier with torch tensors. Counts stay
sparse: after clipped scaling, a zero count is the same constant for every cell, so a scaled
matrix is one constant row plus a sparse difference, exactly.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

_LEAST_TOTAL = 1e-30  # of a cell without counts: it has only zeros, so any total will do


@dataclass(frozen=True, eq=False)
class ScaledCounts:
    """Scaled, clipped log counts of the chosen genes: one constant row plus a sparse difference.

    Attributes
    ----------
    zero_g
        What a zero count becomes, per gene.
    difference_ng
        What every other count adds to that, cells × genes, CSR.
    """

    zero_g: NDArray[np.float64]
    difference_ng: sparse.csr_matrix

    def dense(self) -> NDArray[np.float32]:
        """Return the scaled values, cells × genes."""
        x_ng: NDArray[np.float32] = self.difference_ng.astype(np.float32).toarray()
        x_ng += self.zero_g.astype(np.float32)
        return x_ng


@dataclass(frozen=True, eq=False)
class Scale:
    """The formula with what it learnt: ``log1p(counts · target_sum / total)``, scaled, clipped.

    Attributes
    ----------
    mean_g, sd_g
        Mean and standard deviation of the logged values, per gene; numpy arrays or torch
        tensors, as are the counts and totals that the methods take.
    target_sum
        Total count that each cell is scaled to, before log1p.
    max_value
        Scaled values are clipped to ± this.
    """

    mean_g: Any
    sd_g: Any
    target_sum: Any
    max_value: Any

    def factor(self, total_n: Any) -> Any:
        """Return what normalising multiplies each cell's counts by."""
        return size_factor(total_n, self.target_sum)

    def values(self, counts: Any, factor: Any, genes: Any = slice(None)) -> Any:
        """Return the scaled, clipped values of counts.

        Parameters
        ----------
        counts
            Raw counts: of cells × genes, of one row of genes, or the non-zeros of a matrix.
        factor
            The factor of each count's cell.
        genes
            The gene of each count, where these are the non-zeros of a matrix.
        """
        x = log1p(counts * factor)
        x -= _of_genes(self.mean_g, genes)
        x /= _of_genes(self.sd_g, genes)
        return x.clip(-self.max_value, self.max_value)

    def differences(self, counts: Any, factor: Any, genes: Any) -> Any:
        """Return what the non-zeros of a matrix add to the values of zeros.

        Parameters
        ----------
        counts, factor, genes
            As for :meth:`values`, one entry per non-zero.
        """
        x = self.values(counts, factor, genes)
        x -= _of_genes(self.zero_g, genes)
        return x

    @property
    def zero_g(self) -> Any:
        """What a zero count becomes, per gene."""
        return self.values(self.mean_g * 0, 1.0)

    def sparse(self, counts_ng: sparse.csr_matrix, total_n: NDArray[np.float64]) -> ScaledCounts:
        """Return the values of a CSR matrix at the cost of its non-zeros; numpy only.

        Parameters
        ----------
        counts_ng
            Raw counts of the chosen genes.
        total_n
            Each cell's total count, over all genes.
        """
        factor = np.repeat(self.factor(total_n), np.diff(counts_ng.indptr))
        difference = self.differences(counts_ng.data.astype(np.float64), factor, counts_ng.indices)
        parts = (difference, counts_ng.indices, counts_ng.indptr)
        return ScaledCounts(self.zero_g, sparse.csr_matrix(parts, shape=counts_ng.shape))


def size_factor(total_n: Any, target_sum: Any) -> Any:
    """Return what each cell's counts are multiplied by, so that they sum to ``target_sum``."""
    return target_sum / total_n.clip(_LEAST_TOTAL)


def _of_genes(values_g: Any, genes: Any) -> Any:
    """Return the value of each gene asked for; far quicker of a tensor than square brackets."""
    if isinstance(genes, slice) or isinstance(values_g, np.ndarray):
        return values_g[genes]
    return values_g.index_select(0, genes)


def log1p(x: Any) -> Any:
    """Return log(1 + x) of a numpy array or a torch tensor."""
    return np.log1p(x) if isinstance(x, np.ndarray) else x.log1p()


def log_normalise(
    counts_ng: sparse.csr_matrix, total_n: NDArray[np.float64], *, target_sum: float
) -> sparse.csr_matrix:
    """Return log1p of the counts per ``target_sum`` of each cell's total, as new CSR float64.

    Parameters
    ----------
    counts_ng
        Raw counts, cells × genes.
    total_n
        Each cell's total count, over all genes.
    target_sum
        Total count that each cell is scaled to, before log1p.
    """
    x = counts_ng.astype(np.float64)
    x.data *= np.repeat(size_factor(total_n, target_sum), np.diff(x.indptr))
    np.log1p(x.data, out=x.data)
    return x
