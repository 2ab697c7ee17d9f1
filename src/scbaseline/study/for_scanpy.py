"""What was explored in; the slots that scanpy's plots and ``ingest`` read, out."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from scbaseline.cells.hvg import mean_and_sd, normalised_dispersion, sum_moments
from scbaseline.cells.space import FeatureSpace, feature_candidates
from scbaseline.config import RunConfig
from scbaseline.counts import Counts


def gene_columns(counts: Counts, space: FeatureSpace, config: RunConfig) -> pd.DataFrame:
    """Return how variable each gene is, in the columns of ``scanpy.pp.highly_variable_genes``.

    Parameters
    ----------
    counts
        Of the kept cells.
    space
        The features that were fitted on them.
    config
        ``min_cells``, ``target_sum``.
    """
    moments = sum_moments(counts, target_sum=config.target_sum)
    mean_g, sd_g = mean_and_sd(moments.linear_sum_g, moments.linear_squares_g, moments.n_cells)
    with np.errstate(divide="ignore", invalid="ignore"):
        dispersion_g = np.log(np.where(sd_g > 0, sd_g**2, np.nan) / mean_g)
    candidates_g = feature_candidates(counts, moments, config)
    normalised_g = np.full(len(mean_g), np.nan)
    normalised_g[candidates_g] = normalised_dispersion(moments, candidates_g)
    normalised_g[np.isinf(normalised_g)] = np.nan
    is_chosen = np.zeros(len(mean_g), dtype=bool)
    is_chosen[space.genes_g] = True
    return pd.DataFrame(
        {
            "highly_variable": is_chosen,
            "means": np.log1p(mean_g),
            "dispersions": dispersion_g,
            "dispersions_norm": normalised_g.astype(np.float32),
        }
    )


def loadings(space: FeatureSpace, *, n_genes: int) -> NDArray[np.float32]:
    """Return what takes ``X``, log-normalised and centred, to ``X_pca``: ``varm["PCs"]``.

    The principal axes are those of the scaled values; each gene's loading is divided by its
    standard deviation here, since ``X`` is not scaled. Only the clipping of scaled values is
    not in it.

    Parameters
    ----------
    space
        The features.
    n_genes
        The number of all genes.
    """
    loading_gc = np.zeros((n_genes, space.components_gc.shape[1]), dtype=np.float32)
    loading_gc[space.genes_g] = space.components_gc / space.sd_g[:, None]
    return loading_gc


def scanpy_notes(counts: Counts, space: FeatureSpace) -> dict[str, Any]:
    """Return what scanpy notes in ``uns`` of genes and components.

    Parameters
    ----------
    counts
        Of the kept cells.
    space
        The features.
    """
    difference_ng = space.scale(counts).difference_ng
    n_cells = difference_ng.shape[0]
    sum_g = np.asarray(difference_ng.sum(axis=0)).ravel()
    squares_g = np.asarray(difference_ng.power(2).sum(axis=0)).ravel()
    total = float((squares_g - sum_g**2 / n_cells).sum() / (n_cells - 1))
    return {
        "hvg": {"flavor": "seurat"},
        "pca": {
            "params": {
                "zero_center": True, "use_highly_variable": True, "mask_var": "highly_variable",
            },
            "variance": space.variance_c,
            "variance_ratio": space.variance_c / total,
        },
    }  # fmt: skip
