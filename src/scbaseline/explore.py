"""Exploration: principal components in; neighbour graph, Leiden clusters and UMAP out."""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from scbaseline import keys
from scbaseline.config import RunConfig
from scbaseline.errors import InputError


@dataclass(frozen=True)
class Exploration:
    """A look at all cells: for the eye, and as a source of labels.

    Attributes
    ----------
    pcs_nc
        The principal components that the graph was built on, cells × components.
    clusters_n
        Leiden cluster of each cell, "0" the largest.
    umap_n2
        Coordinates of each cell in the plane.
    obsp, uns
        The neighbour graph as scanpy stores it, so that one can go on in scanpy.
    """

    pcs_nc: NDArray[np.float32]
    clusters_n: NDArray[np.str_]
    umap_n2: NDArray[np.float32]
    obsp: dict[str, sparse.csr_matrix]
    uns: dict[str, Any]

    @property
    def n_clusters(self) -> int:
        """The number of Leiden clusters."""
        return len(np.unique(self.clusters_n))


def explore_cells(pcs_nc: NDArray[np.float32], config: RunConfig) -> Exploration:
    """Build the neighbour graph of scanpy, cluster it with Leiden, lay it out with UMAP.

    Parameters
    ----------
    pcs_nc
        Principal components, cells × components, of all cells.
    config
        ``n_neighbors``, ``n_pcs``, ``resolution``, ``seed``.

    Raises
    ------
    InputError
        Too few cells for a neighbourhood.

    References
    ----------
    Traag, Waltman & van Eck, From Louvain to Leiden, Scientific Reports 2019;
    McInnes, Healy & Melville, UMAP, arXiv 1802.03426.
    """
    n_cells, n_comps = pcs_nc.shape
    if n_cells <= config.n_neighbors:
        raise InputError(
            f"exploration: {n_cells} cells; more than n_neighbors ({config.n_neighbors}) are "
            "needed; lower --n-neighbors, or --min-genes to keep more cells"
        )
    import anndata
    import scanpy as sc

    adata = anndata.AnnData(
        obs=pd.DataFrame(index=pd.RangeIndex(n_cells).astype(str)), obsm={keys.X_PCA: pcs_nc}
    )
    with warnings.catch_warnings():
        # umap-learn warns that a seed makes it use one thread, which is what a seed is for;
        # with few cells its spectral start falls back to a random one.
        warnings.filterwarnings("ignore", message="n_jobs value", category=UserWarning)
        warnings.filterwarnings("ignore", message="Spectral initialisation", category=UserWarning)
        sc.pp.neighbors(
            adata,
            n_neighbors=config.n_neighbors,
            n_pcs=min(config.n_pcs, n_comps),
            use_rep=keys.X_PCA,
            random_state=config.seed,
        )
        sc.tl.leiden(
            adata,
            resolution=config.resolution,
            random_state=config.seed,
            flavor="igraph",
            n_iterations=2,
            directed=False,
            key_added=keys.LEIDEN,
        )
        sc.tl.umap(adata, random_state=config.seed)
    return Exploration(
        pcs_nc=pcs_nc,
        clusters_n=_by_size(adata.obs[keys.LEIDEN].to_numpy(dtype=str)),
        umap_n2=np.asarray(adata.obsm[keys.X_UMAP], dtype=np.float32),
        obsp={name: sparse.csr_matrix(graph) for name, graph in adata.obsp.items()},
        uns={key: adata.uns[key] for key in ("neighbors", keys.LEIDEN, "umap")},
    )


def _by_size(clusters_n: NDArray[np.str_]) -> NDArray[np.str_]:
    """Rename clusters so that "0" is the largest; ties keep their order."""
    names, inverse, n_cells = np.unique(clusters_n, return_inverse=True, return_counts=True)
    rank = np.empty(len(names), dtype=np.int64)
    rank[np.lexsort((names.astype(np.int64), -n_cells))] = np.arange(len(names))
    return rank[inverse].astype(str)
