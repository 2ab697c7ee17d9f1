"""Turns the counts of the cells to learn from into their feature space, in two passes."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from scbaseline.cells.space.components import fit_components
from scbaseline.cells.space.moments import normalised_dispersion, sum_moments
from scbaseline.cells.space.scaled import FeatureSpace
from scbaseline.cells.space.source import CountBlocks, CountsInMemory, equal_blocks
from scbaseline.config import RunConfig
from scbaseline.errors import InputError


def fit_feature_space(
    counts_ng: sparse.csr_matrix, total_n: NDArray[np.float64], config: RunConfig
) -> FeatureSpace:
    """Choose the genes and fit scale and PCA on the cells given, and on no others.

    Parameters
    ----------
    counts_ng
        Raw counts, cells × all genes.
    total_n
        Each cell's total count, over all genes.
    config
        As for :func:`fit_feature_space_from`, which does the work.
    """
    return fit_feature_space_from(CountsInMemory(counts_ng, total_n), config)


def fit_feature_space_from(source: CountBlocks, config: RunConfig) -> FeatureSpace:
    """Choose the genes and fit scale and PCA on all cells of a source, in two passes over it.

    Genes are ranked by their dispersion, normalised within bins of mean expression
    (flavour ``seurat`` of scanpy's ``highly_variable_genes``), among the genes detected in
    at least ``min_cells`` of these cells. Memory is set by a block of cells and by the
    number of chosen genes squared, not by the number of cells.

    Parameters
    ----------
    source
        Raw counts, cells × all genes, in memory or on disk, and each cell's total.
    config
        ``min_cells``, ``target_sum``, ``n_top_genes``, ``max_value``, ``n_comps``.

    Raises
    ------
    InputError
        Fewer than three cells, or fewer than two genes to choose from.
    """
    n_cells, n_genes = source.shape
    if n_cells < 3:
        raise InputError(f"features: {n_cells} cells to fit on; at least 3 are needed")
    moments = sum_moments(source, target_sum=config.target_sum)
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
    score = normalised_dispersion(moments, candidates, n_cells)
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
    space = FeatureSpace(
        genes_g=genes_g,
        mean_g=mean_g,
        sd_g=sd_g,
        center_g=np.zeros(n_top),
        components_gc=np.zeros((n_top, 0)),
        variance_c=np.zeros(0),
        target_sum=config.target_sum,
        max_value=config.max_value,
    )
    differences = (space.scale(*block).difference_ng for block in equal_blocks(source))
    found = fit_components(differences, n_genes=n_top, n_comps=n_comps)
    return replace(
        space,
        center_g=space.zero_g + found.mean_g,
        components_gc=found.axes_gc,
        variance_c=found.variance_c,
        notes=(*notes, found.note) if found.note else tuple(notes),
    )
