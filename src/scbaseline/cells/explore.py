"""Turns principal components into a neighbour graph, Leiden clusters and a UMAP layout."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from scbaseline import keys
from scbaseline.cells.clustering import Clustering
from scbaseline.cells.leiden import leiden_clusters, leiden_uns
from scbaseline.cells.neighbours import NeighbourGraph, neighbour_graph
from scbaseline.cells.space import FeatureSpace
from scbaseline.cells.umap import umap_layout, umap_uns
from scbaseline.config import RunConfig


@dataclass(frozen=True, eq=False)
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
    graph
        The neighbour graph, and whether its neighbours are exact.
    uns
        What scanpy notes of the three steps, so that one can go on in scanpy.
    space
        The features that the components were made in, where they are known.
    """

    pcs_nc: NDArray[np.float32]
    clusters_n: NDArray[np.str_]
    umap_n2: NDArray[np.float32]
    graph: NeighbourGraph
    uns: dict[str, Any]
    space: FeatureSpace | None = None

    @property
    def obsp(self) -> dict[str, sparse.csr_matrix]:
        """The neighbour graph as scanpy stores it."""
        return {
            "distances": self.graph.distances,
            "connectivities": self.graph.connectivities,
        }

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
        ``n_neighbors``, ``n_pcs``, ``resolution``, ``seed``, ``threads``.

    Raises
    ------
    InputError
        Too few cells for a neighbourhood.

    References
    ----------
    Traag, Waltman & van Eck, From Louvain to Leiden, Scientific Reports 2019;
    McInnes, Healy & Melville, UMAP, arXiv 1802.03426.

    Examples
    --------
    >>> import scbaseline as sb
    >>> adata = sb.check_counts(sb.read_counts("pbmc68k_reduced"))
    >>> counts = sb.Counts.from_anndata(adata)
    >>> config = sb.RunConfig(seed=1)
    >>> space = sb.fit_feature_space(counts, config)
    >>> sb.explore_cells(space.project(space.scale(counts)), config).umap_n2.shape
    (700, 2)
    """
    graph = neighbour_graph(pcs_nc, config)
    clusters_n = leiden_clusters(graph, resolution=config.resolution, seed=config.seed)
    umap_n2 = umap_layout(graph, pcs_nc, config)
    return Exploration(pcs_nc, clusters_n, umap_n2, graph, scanpy_uns(graph, config))


def scanpy_uns(graph: NeighbourGraph, config: RunConfig) -> dict[str, Any]:
    """Return what scanpy notes of graph, clusters and layout made with these settings."""
    return {"neighbors": graph.uns, keys.LEIDEN: leiden_uns(config), "umap": umap_uns()}


def exploration_of(
    clustering: Clustering, umap_n2: NDArray[np.float32], config: RunConfig
) -> Exploration:
    """Join what was found of the cells step by step.

    Parameters
    ----------
    clustering
        Components, neighbours and clusters.
    umap_n2
        Coordinates of each cell in the plane.
    config
        The settings that they were made with.
    """
    graph = clustering.graph
    return Exploration(
        clustering.pcs_nc,
        clustering.clusters_n,
        umap_n2,
        graph,
        scanpy_uns(graph, config),
        space=clustering.space,
    )
