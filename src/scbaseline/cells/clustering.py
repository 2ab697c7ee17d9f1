"""Counts of all cells in; their features, neighbours and Leiden clusters out."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scbaseline.cells.leiden import leiden_clusters
from scbaseline.cells.neighbours import NeighbourGraph, neighbour_graph
from scbaseline.cells.space import FeatureSpace, fit_feature_space
from scbaseline.config import RunConfig
from scbaseline.counts import Counts


@dataclass(frozen=True, eq=False)
class Neighbourhood:
    """All cells of some counts, and which of them are alike.

    Attributes
    ----------
    space
        The features, fitted on all of the cells.
    pcs_nc
        Their principal components.
    graph
        Their neighbour graph.
    """

    space: FeatureSpace
    pcs_nc: NDArray[np.float32]
    graph: NeighbourGraph


@dataclass(frozen=True, eq=False)
class Clustering(Neighbourhood):
    """The same, and the Leiden cluster of each cell."""

    clusters_n: NDArray[np.str_]


def cluster_counts(counts: Counts, config: RunConfig) -> Clustering:
    """Find the neighbours of all cells, and cluster them.

    Parameters
    ----------
    counts
        Cells × genes.
    config
        The settings of the features, the graph and Leiden.

    Raises
    ------
    InputError
        Too few cells or genes.
    """
    return cluster(find_neighbours(counts, config), config)


def find_neighbours(counts: Counts, config: RunConfig) -> Neighbourhood:
    """Fit features on all cells and build their neighbour graph; as :func:`cluster_counts`."""
    space = fit_feature_space(counts, config)
    pcs_nc = space.project(space.scale(counts))
    return Neighbourhood(space, pcs_nc, neighbour_graph(pcs_nc, config))


def cluster(neighbourhood: Neighbourhood, config: RunConfig) -> Clustering:
    """Cluster the cells of a neighbourhood with Leiden."""
    clusters_n = leiden_clusters(
        neighbourhood.graph, resolution=config.resolution, seed=config.seed
    )
    return Clustering(neighbourhood.space, neighbourhood.pcs_nc, neighbourhood.graph, clusters_n)
