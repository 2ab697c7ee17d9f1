"""Two halves of the counts and clusters of one in; genes tested on the other half, out."""

import numpy as np
from numpy.typing import NDArray

from scbaseline.cells.markers import one_versus_rest
from scbaseline.cells.thinning import equal_depth
from scbaseline.config import RunConfig
from scbaseline.counts import Counts
from scbaseline.randomness import Stream, generator

LEAST_DEPTH = 50
"""Half B is not thinned to fewer counts a cell than this; cells with fewer are left out."""

LEAST_CELLS = 20
"""A cluster with fewer cells left is not tested: the rank sum of so few is not normal."""

DEPTH_SHARE = 0.1
"""The share of half B's cells that may be too shallow for the common depth."""


def judged_on_half_b(
    a: Counts,
    b: Counts,
    clusters_a: NDArray[np.int64],
    wanted: NDArray[np.int64],
    config: RunConfig,
    *,
    n_genes: int,
) -> dict[int, tuple[NDArray[np.int64], NDArray[np.float64]]]:
    """Choose each cluster's markers on half A, and test on half B whether they are higher there.

    Half B chooses neither the clusters nor the genes. Its cells are thinned to one depth first,
    since a cluster of shallow cells has more zeros in every gene. Cells too shallow for this
    are left out. The p-values are one-sided (higher in the cluster), by Wilcoxon's rank-sum
    test, adjusted after Benjamini and Hochberg within the tested genes of the cluster. They hold
    where counts are Poisson given a cell's depth; real counts vary more, and the halves then
    share some of that.

    Parameters
    ----------
    a, b
        The halves, the same cells × genes.
    clusters_a
        Cluster of each cell, from 0, made from half A alone.
    wanted
        The clusters to test.
    config
        ``target_sum`` and ``seed``.
    n_genes
        How many genes to test for each cluster, at most.

    Returns
    -------
    Cluster → tested genes, by column, and their p-values. A cluster is missing where half A
    shows no marker, or where it or the rest has fewer than ``LEAST_CELLS`` cells left.
    """
    depth = max(float(np.quantile(b.total_n, DEPTH_SHARE)), LEAST_DEPTH)
    kept_n = b.total_n >= depth
    codes_n = clusters_a[kept_n]
    n_k = np.bincount(codes_n, minlength=int(clusters_a.max()) + 1)
    enough = np.minimum(n_k, len(codes_n) - n_k) >= LEAST_CELLS
    testable = [int(k) for k in wanted if enough[k]]
    if not testable:
        return {}
    thinned = equal_depth(b.rows(kept_n), depth, generator(config.seed, Stream.EQUAL_DEPTH))
    on_a = one_versus_rest(a, clusters_a, config)
    on_b = one_versus_rest(thinned, codes_n, config)
    chosen = {k: on_a.top(k, n_genes) for k in testable}
    return {k: (genes, on_b.p_values(k, genes)) for k, genes in chosen.items() if len(genes)}
