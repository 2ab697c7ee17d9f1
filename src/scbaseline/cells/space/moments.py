"""Highly variable genes: blocks of counts in; sums per gene, and each gene's score, out."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from scbaseline.cells.space.source import CountBlocks, equal_blocks

_N_BINS = 20  # of mean expression, as in Seurat and scanpy


@dataclass(frozen=True)
class Moments:
    """Sums over cells, per gene: of detection, of log values, of normalised values."""

    n_detected: NDArray[np.int64]
    log_sum: NDArray[np.float64]
    log_squares: NDArray[np.float64]
    linear_sum: NDArray[np.float64]
    linear_squares: NDArray[np.float64]


def sum_moments(source: CountBlocks, *, target_sum: float) -> Moments:
    """Sum over all cells of ``source``, in one pass.

    Parameters
    ----------
    source
        Raw counts and each cell's total.
    target_sum
        Total count that each cell is scaled to, before log1p.
    """
    n_genes = source.shape[1]
    n_detected = np.zeros(n_genes, dtype=np.int64)
    sums = np.zeros((4, n_genes))
    for counts_ng, total_n in equal_blocks(source):
        columns = counts_ng.indices.astype(np.intp)  # once: bincount would at each call
        n_detected += np.bincount(columns, minlength=n_genes)
        linear = counts_ng.data.astype(np.float64)
        linear *= np.repeat(target_sum / np.maximum(total_n, 1e-300), np.diff(counts_ng.indptr))
        log = np.log1p(linear)
        for k, values in enumerate((log, log**2, linear, linear**2)):
            sums[k] += np.bincount(columns, weights=values, minlength=n_genes)
    return Moments(n_detected, *sums)


def normalised_dispersion(
    moments: Moments, candidates: NDArray[np.int64], n_cells: int
) -> NDArray[np.float64]:
    """Return each candidate's log dispersion, standardised among genes of similar mean.

    Parameters
    ----------
    moments
        Sums over ``n_cells`` cells.
    candidates
        Columns of the genes that can be chosen.

    References
    ----------
    Satija et al., Spatial reconstruction of single-cell gene expression data,
    Nature Biotechnology 2015 (the dispersion); Wolf et al., SCANPY, Genome Biology 2018.
    """
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
