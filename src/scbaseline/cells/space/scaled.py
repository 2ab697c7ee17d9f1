"""The feature space itself: raw counts of any cells in; scaled values and components out."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import sparse


@dataclass(frozen=True)
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


@dataclass(frozen=True)
class FeatureSpace:
    """All that was learnt from the cells that the features were fitted on.

    Attributes
    ----------
    genes_g
        Columns of the chosen genes among the input's genes, in the input's order.
    mean_g, sd_g
        Mean and standard deviation (n − 1) of log1p(counts per ``target_sum``), per gene.
    center_g
        Mean of the scaled, clipped values.
    components_gc
        Principal axes, genes × components, orthonormal, the largest loading positive.
    variance_c
        Variance along each axis.
    target_sum, max_value
        The settings that the transformation needs.
    notes
        What had to differ from the settings, for the reader of the results.
    """

    genes_g: NDArray[np.int64]
    mean_g: NDArray[np.float64]
    sd_g: NDArray[np.float64]
    center_g: NDArray[np.float64]
    components_gc: NDArray[np.float64]
    variance_c: NDArray[np.float64]
    target_sum: float
    max_value: float
    notes: tuple[str, ...] = ()

    @cached_property
    def zero_g(self) -> NDArray[np.float64]:
        """What a zero count becomes after scaling and clipping, per gene."""
        return np.clip(-self.mean_g / self.sd_g, -self.max_value, self.max_value)

    def scale(self, counts_ng: sparse.csr_matrix, total_n: NDArray[np.float64]) -> ScaledCounts:
        """Normalise, log, scale and clip the chosen genes of cells × all genes.

        Parameters
        ----------
        counts_ng
            Raw counts over all of the input's genes.
        total_n
            Each cell's total count, over all genes.
        """
        return self.scale_chosen(counts_ng[:, self.genes_g], total_n)

    def scale_chosen(
        self, counts_ng: sparse.csr_matrix, total_n: NDArray[np.float64]
    ) -> ScaledCounts:
        """Do what :meth:`scale` does with raw counts of the chosen genes alone."""
        x = log_normalise(counts_ng, total_n, target_sum=self.target_sum)
        x.data -= self.mean_g[x.indices]
        x.data /= self.sd_g[x.indices]
        np.clip(x.data, -self.max_value, self.max_value, out=x.data)
        x.data -= self.zero_g[x.indices]
        return ScaledCounts(self.zero_g, x)

    def project(self, scaled: ScaledCounts) -> NDArray[np.float32]:
        """Return the principal components of scaled cells, cells × components."""
        offset_c = (scaled.zero_g - self.center_g) @ self.components_gc
        pcs_nc = scaled.difference_ng @ self.components_gc
        pcs_nc += offset_c
        return np.asarray(pcs_nc, dtype=np.float32)


def log_normalise(
    counts_ng: sparse.csr_matrix, total_n: NDArray[np.float64], *, target_sum: float
) -> sparse.csr_matrix:
    """Return log1p of the counts per ``target_sum`` of each cell's total, as new CSR float64."""
    x = counts_ng.astype(np.float64)
    x.data *= np.repeat(target_sum / np.maximum(total_n, 1e-300), np.diff(x.indptr))
    np.log1p(x.data, out=x.data)
    return x
