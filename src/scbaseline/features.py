"""The feature space: raw counts in; genes, scale and principal components out.

Every statistic is a sum over cells, taken over blocks of rows in two passes: the first
chooses the genes and their mean and standard deviation, the second sums the products of
the scaled values, from which the principal components follow. Counts stay sparse: after
clipped scaling a zero count is the same constant for every cell, so a scaled matrix is one
constant row plus a sparse difference (:class:`ScaledCounts`), exactly.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import eigsh
from threadpoolctl import threadpool_limits

from scbaseline.config import RunConfig
from scbaseline.errors import InputError

_BLOCK = 16_384  # rows taken at a time
_N_BINS = 20  # of mean expression, as in Seurat and scanpy


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
        x = log_normalise(counts_ng[:, self.genes_g], total_n, target_sum=self.target_sum)
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


def fit_feature_space(
    counts_ng: sparse.csr_matrix, total_n: NDArray[np.float64], config: RunConfig
) -> FeatureSpace:
    """Choose the genes and fit scale and PCA on the cells given, and on no others.

    Genes are ranked by their dispersion, normalised within bins of mean expression
    (flavour ``seurat`` of scanpy's ``highly_variable_genes``), among the genes detected in
    at least ``min_cells`` of these cells.

    Parameters
    ----------
    counts_ng
        Raw counts, cells × all genes.
    total_n
        Each cell's total count, over all genes.
    config
        ``min_cells``, ``target_sum``, ``n_top_genes``, ``max_value``, ``n_comps``.

    Raises
    ------
    InputError
        Fewer than three cells, or fewer than two genes to choose from.

    References
    ----------
    Satija et al., Spatial reconstruction of single-cell gene expression data,
    Nature Biotechnology 2015 (the dispersion); Wolf et al., SCANPY, Genome Biology 2018.
    """
    n_cells, n_genes = counts_ng.shape
    if n_cells < 3:
        raise InputError(f"features: {n_cells} cells to fit on; at least 3 are needed")
    moments = _moments(counts_ng, total_n, config.target_sum)
    candidates = np.flatnonzero(moments.n_detected >= max(config.min_cells, 1))
    if len(candidates) < 2:
        raise InputError(
            f"features: {len(candidates)} of {n_genes:,} genes are detected in at least "
            f"{config.min_cells} of {n_cells:,} cells; at least 2 are needed; lower --min-cells"
        )
    notes = []
    n_top = min(config.n_top_genes, len(candidates))
    if n_top < config.n_top_genes:
        notes.append(
            f"all {n_top:,} genes detected in at least {config.min_cells} cells are used; "
            f"{config.n_top_genes:,} highly variable ones were asked for"
        )
    score = _normalised_dispersion(moments, candidates, n_cells)
    # Ties go to the gene that comes first, so that exactly n_top are chosen.
    genes_g = np.sort(candidates[np.argsort(-score, kind="stable")[:n_top]])

    mean_g = moments.log_sum[genes_g] / n_cells
    variance_g = (moments.log_squares[genes_g] - n_cells * mean_g**2) / (n_cells - 1)
    sd_g = np.sqrt(np.maximum(variance_g, 0))
    sd_g[sd_g < 1e-12] = 1.0  # a constant gene is centred, not divided by nothing
    n_comps = min(config.n_comps, n_cells - 1, n_top - 1)
    if n_comps < config.n_comps:
        notes.append(
            f"{n_comps} principal components are used; {config.n_comps} were asked for, "
            f"but there are {n_cells:,} cells and {n_top:,} genes"
        )
    unrotated = FeatureSpace(
        genes_g=genes_g,
        mean_g=mean_g,
        sd_g=sd_g,
        center_g=np.zeros(n_top),
        components_gc=np.zeros((n_top, 0)),
        variance_c=np.zeros(0),
        target_sum=config.target_sum,
        max_value=config.max_value,
        notes=tuple(notes),
    )
    return _with_components(unrotated, counts_ng, total_n, n_comps)


def log_normalise(
    counts_ng: sparse.csr_matrix, total_n: NDArray[np.float64], *, target_sum: float
) -> sparse.csr_matrix:
    """Return log1p of the counts per ``target_sum`` of each cell's total, as new CSR float64."""
    x = counts_ng.astype(np.float64)
    x.data *= np.repeat(target_sum / np.maximum(total_n, 1e-300), np.diff(x.indptr))
    np.log1p(x.data, out=x.data)
    return x


@dataclass(frozen=True)
class _Moments:
    """Sums over cells, per gene: of detection, of log values, of normalised values."""

    n_detected: NDArray[np.int64]
    log_sum: NDArray[np.float64]
    log_squares: NDArray[np.float64]
    linear_sum: NDArray[np.float64]
    linear_squares: NDArray[np.float64]


def _blocks(
    counts_ng: sparse.csr_matrix, total_n: NDArray[np.float64]
) -> Iterator[tuple[sparse.csr_matrix, NDArray[np.float64]]]:
    for start in range(0, counts_ng.shape[0], _BLOCK):
        rows = slice(start, start + _BLOCK)
        yield counts_ng[rows], total_n[rows]


def _moments(
    counts_ng: sparse.csr_matrix, total_n: NDArray[np.float64], target_sum: float
) -> _Moments:
    n_genes = counts_ng.shape[1]
    sums = np.zeros((5, n_genes))
    for block, total in _blocks(counts_ng, total_n):
        log = log_normalise(block, total, target_sum=target_sum)
        linear = np.expm1(log.data)
        for k, weights in enumerate((None, log.data, log.data**2, linear, linear**2)):
            sums[k] += np.bincount(log.indices, weights=weights, minlength=n_genes)
    return _Moments(sums[0].astype(np.int64), *sums[1:])


def _normalised_dispersion(
    moments: _Moments, candidates: NDArray[np.int64], n_cells: int
) -> NDArray[np.float64]:
    mean = moments.linear_sum[candidates] / n_cells
    variance = (moments.linear_squares[candidates] - n_cells * mean**2) / (n_cells - 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        dispersion = np.log(np.where(variance > 0, variance, np.nan) / mean)
    log_mean = np.log1p(mean)
    if np.ptp(log_mean) == 0:
        bins = pd.Series(np.zeros(len(log_mean), dtype=int))
    else:
        bins = pd.Series(pd.cut(log_mean, bins=_N_BINS, labels=False))
    by_bin = pd.Series(dispersion).groupby(bins.to_numpy())
    center = by_bin.transform("mean").to_numpy().copy()
    spread = by_bin.transform("std").to_numpy().copy()
    # A bin with one gene has no spread: its gene scores 1, as in scanpy.
    alone = np.isnan(spread) & ~np.isnan(center)
    spread[alone], center[alone] = center[alone], 0.0
    with np.errstate(divide="ignore", invalid="ignore"):
        score = (dispersion - center) / spread
    ranked: NDArray[np.float64] = np.nan_to_num(score, nan=-np.inf, neginf=-np.inf)
    return ranked


def _with_components(
    space: FeatureSpace,
    counts_ng: sparse.csr_matrix,
    total_n: NDArray[np.float64],
    n_comps: int,
) -> FeatureSpace:
    """Return ``space`` with the leading eigenvectors of the scaled values' covariance."""
    n_cells, n_top = counts_ng.shape[0], len(space.genes_g)
    gram = np.zeros((n_top, n_top))
    difference_sum = np.zeros(n_top)
    for block, total in _blocks(counts_ng, total_n):
        difference = space.scale(block, total).difference_ng
        gram += (difference.T @ difference).toarray()
        difference_sum += np.asarray(difference.sum(axis=0)).ravel()
    # The constant row cancels in a covariance, so that of the differences is that of the values.
    difference_mean = difference_sum / n_cells
    covariance = (gram - n_cells * np.outer(difference_mean, difference_mean)) / (n_cells - 1)
    # On two busy cores, two BLAS threads made this many times slower than one.
    with threadpool_limits(1, user_api="blas"):
        start = np.ones(n_top) / np.sqrt(n_top)  # ARPACK draws its own otherwise
        variance_c, components_gc = eigsh(covariance, k=n_comps, which="LA", v0=start)
    order = np.argsort(-variance_c)
    components_gc = components_gc[:, order]
    largest = np.abs(components_gc).argmax(axis=0)
    components_gc *= np.sign(components_gc[largest, np.arange(n_comps)])
    return replace(
        space,
        center_g=space.zero_g + difference_mean,
        components_gc=components_gc,
        variance_c=variance_c[order],
    )
