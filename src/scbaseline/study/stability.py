"""A clustering in; which of its clusters other clusterings of the same cells find again, out."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from scbaseline.cells.clustering import Clustering
from scbaseline.cells.leiden import leiden_clusters
from scbaseline.cells.trust import HALVES, ClusterTrust, cluster_trust, merge_unstable
from scbaseline.config import RunConfig
from scbaseline.randomness import Stream, library_seed
from scbaseline.study.protocols import CountsName

SEEDS, RESOLUTIONS = "seeds", "resolutions"
"""What another clustering differs in."""

_N_SEEDS = 3
_FACTORS = (0.8, 1.25)  # of the resolution


def trusted(
    clustering: Clustering,
    config: RunConfig,
    *,
    halves: Sequence[Mapping[CountsName, NDArray[np.str_]]],
) -> tuple[Clustering, ClusterTrust]:
    """Say how far each cluster is found again, and merge those that are not, if asked to.

    Parameters
    ----------
    clustering
        Of all cells and all counts.
    config
        ``merge_unstable``, ``resolution``, ``seed``.
    halves
        Per thinning: half → its clusters.
    """
    others = other_clusterings(clustering, config, halves=halves)
    if not config.merge_unstable:
        return clustering, cluster_trust(clustering.clusters_n, others)
    merged = merge_unstable(clustering.clusters_n, others)
    return replace(clustering, clusters_n=merged.clusters_n), merged.trust


def other_clusterings(
    clustering: Clustering,
    config: RunConfig,
    *,
    halves: Sequence[Mapping[CountsName, NDArray[np.str_]]] = (),
) -> dict[str, list[NDArray[np.str_]]]:
    """Cluster the same cells with other seeds and resolutions; add those of thinned halves.

    Parameters
    ----------
    clustering, config, halves
        As for :func:`trusted`.
    """
    others: dict[str, list[NDArray[np.str_]]] = {
        SEEDS: [
            leiden_clusters(
                clustering.graph,
                resolution=config.resolution,
                seed=library_seed(config.seed, Stream.OTHER_CLUSTERS, number),
            )
            for number in range(_N_SEEDS)
        ],
        RESOLUTIONS: [
            leiden_clusters(
                clustering.graph, resolution=config.resolution * factor, seed=config.seed
            )
            for factor in _FACTORS
        ],
    }
    if halves:
        others[HALVES] = [draw[half] for draw in halves for half in ("half A", "half B")]
    return others
