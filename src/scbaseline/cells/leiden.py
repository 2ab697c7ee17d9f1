"""Turns a neighbour graph into clusters of cells, with the Leiden algorithm."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scbaseline.cells.neighbours import NeighbourGraph
from scbaseline.config import RunConfig

_N_ITERATIONS = 2  # as scanpy advises with igraph


def leiden_clusters(graph: NeighbourGraph, *, resolution: float, seed: int) -> NDArray[np.str_]:
    """Find the communities of the neighbour graph, those of largest modularity.

    They are those of ``scanpy.tl.leiden(flavor="igraph", n_iterations=2, directed=False)``
    on the same graph with the same seed, renamed by size.

    Parameters
    ----------
    graph
        The neighbour graph, whose connectivities are the weights of its edges.
    resolution
        Higher gives more clusters.
    seed
        Of the order in which cells are moved.

    Returns
    -------
    The name of each cell's cluster, "0" the largest.

    References
    ----------
    Traag, Waltman & van Eck, From Louvain to Leiden, Scientific Reports 2019.
    """
    import igraph

    edges = graph.connectivities.tocoo()
    # Both directions of an edge, as scanpy gives them to igraph: modularity is the same
    # with one, but the order of moves, and with it the partition, is not.
    pairs = list(zip(edges.row.tolist(), edges.col.tolist(), strict=True))  # quicker than arrays
    network = igraph.Graph(n=edges.shape[0], edges=pairs, directed=False)
    with _seeded_igraph(seed):
        partition = network.community_leiden(
            objective_function="modularity",
            weights=edges.data.astype(np.float64),
            resolution=resolution,
            n_iterations=_N_ITERATIONS,
        )
    return _by_size(np.asarray(partition.membership))


def leiden_uns(config: RunConfig) -> dict[str, Any]:
    """Return what scanpy notes of a clustering in ``uns["leiden"]``."""
    return {
        "params": {
            "resolution": config.resolution,
            "random_state": config.seed,
            "n_iterations": _N_ITERATIONS,
        }
    }


@contextmanager
def _seeded_igraph(seed: int) -> Iterator[None]:
    """Let igraph draw from a generator of its own, and from Python's again after."""
    import igraph

    igraph.set_random_number_generator(_Random(seed))
    try:
        yield
    finally:
        igraph.set_random_number_generator(random)  # what igraph itself begins with


class _Random:
    """The methods that igraph wants, on the generator that scanpy seeds for it."""

    def __init__(self, seed: int) -> None:
        self._rng = np.random.RandomState(seed)  # the old kind, for scanpy's very partition

    def getrandbits(self, k: int) -> int:
        return self._rng.tomaxint() & ((1 << k) - 1)

    def randint(self, low: int, high: int) -> int:
        return self._rng.randint(low, high + 1)

    def random(self) -> float:
        return self._rng.random()

    def gauss(self, mean: float, sd: float) -> float:
        return self._rng.normal(mean, sd)


def _by_size(clusters_n: NDArray[np.int64]) -> NDArray[np.str_]:
    """Rename clusters so that "0" is the largest; ties keep their order."""
    names, inverse, n_cells = np.unique(clusters_n, return_inverse=True, return_counts=True)
    rank = np.empty(len(names), dtype=np.int64)
    rank[np.lexsort((names, -n_cells))] = np.arange(len(names))
    return rank[inverse].astype(str)
