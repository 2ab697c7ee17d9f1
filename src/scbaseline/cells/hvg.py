"""Turns blocks of counts into sums per gene, and these into how variable each gene is."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from scbaseline.counts import Counts
from scbaseline.scale import size_factor

_N_BINS = 20  # of mean expression, as in Seurat and scanpy


@dataclass(frozen=True, eq=False)
class Moments:
    """Sums over cells; those of parts of the cells add up to those of all.

    Attributes
    ----------
    n_cells
        The number of cells.
    n_detected_g
        In how many cells each gene is detected.
    log_sum_g, log_squares_g
        Of log1p of the normalised counts: sum and sum of squares, per gene.
    linear_sum_g, linear_squares_g
        The same of the normalised counts.
    """

    n_cells: int
    n_detected_g: NDArray[np.int64]
    log_sum_g: NDArray[np.float64]
    log_squares_g: NDArray[np.float64]
    linear_sum_g: NDArray[np.float64]
    linear_squares_g: NDArray[np.float64]


def sum_moments(counts: Counts, *, target_sum: float) -> Moments:
    """Sum over all cells, in one pass.

    Parameters
    ----------
    counts
        Raw counts and each cell's total.
    target_sum
        Total count that each cell is scaled to, before log1p.
    """
    n_cells, n_genes = counts.shape
    n_detected_g = np.zeros(n_genes, dtype=np.int64)
    sums = np.zeros((4, n_genes))
    for counts_ng, total_n in counts.blocks():
        columns = counts_ng.indices.astype(np.intp)  # once: bincount would at each call
        n_detected_g += np.bincount(columns, minlength=n_genes)
        linear = counts_ng.data.astype(np.float64)
        linear *= np.repeat(size_factor(total_n, target_sum), np.diff(counts_ng.indptr))
        log = np.log1p(linear)
        for k, values in enumerate((log, log**2, linear, linear**2)):
            sums[k] += np.bincount(columns, weights=values, minlength=n_genes)
    return Moments(n_cells, n_detected_g, *sums)


def normalised_dispersion(moments: Moments, candidates_g: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return each candidate's log dispersion, standardised among genes of similar mean.

    Parameters
    ----------
    moments
        Sums over the cells.
    candidates_g
        Columns of the genes that can be chosen.

    References
    ----------
    Satija et al., Spatial reconstruction of single-cell gene expression data,
    Nature Biotechnology 2015 (the dispersion); Wolf et al., SCANPY, Genome Biology 2018.
    """
    mean_g, sd_g = mean_and_sd(
        moments.linear_sum_g[candidates_g],
        moments.linear_squares_g[candidates_g],
        moments.n_cells,
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        dispersion = np.log(np.where(sd_g > 0, sd_g**2, np.nan) / mean_g)
    log_mean = np.log1p(mean_g)
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


def mean_and_sd(
    sum_g: NDArray[np.float64], squares_g: NDArray[np.float64], n_cells: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return mean and standard deviation (n − 1) per gene, from sums over the cells."""
    mean_g = sum_g / n_cells
    variance_g = (squares_g - n_cells * mean_g**2) / (n_cells - 1)
    return mean_g, np.sqrt(np.maximum(variance_g, 0))
