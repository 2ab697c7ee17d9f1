"""Turns counts of the cells to learn from into a feature space: genes, scale, components.

Every statistic is a sum over cells. The first pass over blocks of cells sums the moments,
which give the genes, their means and standard deviations; the second sums the Gram matrix of
the scaled values, which gives the principal components.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from scbaseline.cells.hvg import Moments, mean_and_sd, normalised_dispersion, sum_moments
from scbaseline.cells.pca import is_few, principal_components, search_components, sum_gram
from scbaseline.config import RunConfig
from scbaseline.counts import Counts
from scbaseline.errors import InputError
from scbaseline.ranks import ALONE, Ranks, summed
from scbaseline.scale import Scale, ScaledCounts


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
    def _scale(self) -> Scale:
        return Scale(self.mean_g, self.sd_g, self.target_sum, self.max_value)

    @cached_property
    def zero_g(self) -> NDArray[np.float64]:
        """What a zero count becomes after scaling and clipping, per gene."""
        zero_g: NDArray[np.float64] = self._scale.zero_g
        return zero_g

    def scale(self, counts: Counts) -> ScaledCounts:
        """Normalise, log, scale and clip the chosen genes of all cells.

        Parameters
        ----------
        counts
            Raw counts over all of the input's genes, in memory or on disk; the result is in
            memory.
        """
        blocks = [self.scale_chosen(*block).difference_ng for block in counts.blocks(self.genes_g)]
        difference_ng = sparse.vstack(blocks, format="csr") if len(blocks) > 1 else blocks[0]
        return ScaledCounts(self.zero_g, difference_ng)

    def scale_chosen(
        self, counts_ng: sparse.csr_matrix, total_n: NDArray[np.float64]
    ) -> ScaledCounts:
        """Do what :meth:`scale` does with a block of counts of the chosen genes alone.

        Parameters
        ----------
        counts_ng
            Raw counts, cells × chosen genes.
        total_n
            Each cell's total count, over all genes.
        """
        return self._scale.sparse(counts_ng, total_n)

    def project(self, scaled: ScaledCounts) -> NDArray[np.float32]:
        """Return the principal components of scaled cells, cells × components."""
        offset_c = (scaled.zero_g - self.center_g) @ self.components_gc
        pcs_nc = scaled.difference_ng @ self.components_gc
        pcs_nc += offset_c
        return np.asarray(pcs_nc, dtype=np.float32)


Kept = Callable[[NDArray[np.int64]], Counts | None]
"""Takes the chosen genes; returns their counts in a form quicker to read, if there is one."""


def fit_feature_space(
    counts: Counts, config: RunConfig, *, keep: Kept | None = None, ranks: Ranks = ALONE
) -> FeatureSpace:
    """Choose the genes and fit scale and PCA on the cells given, and on no others.

    Genes are ranked by their dispersion, normalised within bins of mean expression
    (flavour ``seurat`` of scanpy's ``highly_variable_genes``), among the genes detected in
    at least ``min_cells`` of these cells. Memory is set by a block of cells and by the
    number of chosen genes squared, not by the number of cells.

    Parameters
    ----------
    counts
        Raw counts, cells × all genes, in memory or on disk, and each cell's total. Two
        passes are made.
    config
        ``min_cells``, ``target_sum``, ``n_top_genes``, ``max_value``, ``n_comps``.
    keep
        Called once the genes are chosen; the second pass reads what it returns.
    ranks
        Those that share the cells; ``counts`` are then the own share.

    Raises
    ------
    InputError
        Fewer than three cells, fewer than two genes to choose from, or none that varies.

    Examples
    --------
    >>> import scbaseline as sb
    >>> adata = sb.check_counts(sb.read_counts("pbmc68k_reduced"))
    >>> counts = sb.Counts.from_anndata(adata)
    >>> space = sb.fit_feature_space(counts, sb.RunConfig(n_top_genes=200, n_comps=20))
    >>> space.components_gc.shape
    (200, 20)
    """
    moments = summed(sum_moments(counts, target_sum=config.target_sum), ranks)
    n_cells = moments.n_cells
    if n_cells < 3:
        raise InputError(f"features: {n_cells} cells to fit on; at least 3 are needed")
    candidates_g = feature_candidates(counts, moments, config)
    genes_g = _highly_variable(moments, candidates_g, config)
    mean_g, sd_g = mean_and_sd(
        moments.log_sum_g[genes_g], moments.log_squares_g[genes_g], moments.n_cells
    )
    if np.all(sd_g <= 1e-6 * np.abs(mean_g)):
        raise InputError(
            f"features: no gene varies among {n_cells:,} cells, so nothing tells them apart; "
            "pass counts of different cells"
        )
    sd_g[sd_g < 1e-12] = 1.0  # a constant gene is centred, not divided by nothing
    scale = Scale(mean_g, sd_g, config.target_sum, config.max_value)
    kept = None if keep is None else keep(genes_g)
    blocks = counts.blocks(genes_g) if kept is None else kept.blocks()
    differences = (scale.sparse(*block).difference_ng for block in blocks)
    n_genes = len(genes_g)
    n_comps = min(config.n_comps, n_cells - 1, n_genes - 1)
    if ranks.size == 1 and is_few(int(moments.n_detected_g[genes_g].sum()), n_genes):
        components = search_components(sparse.vstack(list(differences), format="csr"), n_comps)
    else:
        sums = summed(sum_gram(differences, n_genes=n_genes), ranks)
        components = principal_components(sums, n_comps)
    return FeatureSpace(
        genes_g=genes_g,
        mean_g=mean_g,
        sd_g=sd_g,
        center_g=scale.zero_g + components.mean_g,
        components_gc=components.axes_gc,
        variance_c=components.variance_c,
        target_sum=config.target_sum,
        max_value=config.max_value,
        notes=_notes(config, n_cells=n_cells, n_genes=n_genes, n_comps=n_comps),
    )


def feature_candidates(counts: Counts, moments: Moments, config: RunConfig) -> NDArray[np.int64]:
    """Return the columns of the genes that can be chosen: detected in enough cells, and named."""
    is_detected_g = moments.n_detected_g >= max(config.min_cells, 1)
    return np.flatnonzero(counts.can_be_features(is_detected_g))


def _highly_variable(
    moments: Moments, candidates_g: NDArray[np.int64], config: RunConfig
) -> NDArray[np.int64]:
    """Return the columns of the genes of largest dispersion, in the input's order."""
    if len(candidates_g) < 2:
        raise InputError(
            f"features: {len(candidates_g)} of {len(moments.n_detected_g):,} genes are detected "
            f"in at least {config.min_cells} of {moments.n_cells:,} cells; at least 2 are "
            "needed; lower --min-cells"
        )
    score = normalised_dispersion(moments, candidates_g)
    # Ties go to the gene that comes first, so that exactly as many as wanted are chosen.
    return np.sort(candidates_g[np.argsort(-score, kind="stable")[: config.n_top_genes]])


def _notes(config: RunConfig, *, n_cells: int, n_genes: int, n_comps: int) -> tuple[str, ...]:
    notes = []
    if n_genes < config.n_top_genes:
        notes.append(
            f"all {n_genes:,} genes detected in at least {config.min_cells} cells are used; "
            f"{config.n_top_genes:,} highly variable ones were asked for"
        )
    if n_comps < config.n_comps:
        notes.append(
            f"{n_comps} principal components are used; {config.n_comps} were asked for, "
            f"but there are {n_cells:,} cells and {n_genes:,} genes"
        )
    return tuple(notes)
