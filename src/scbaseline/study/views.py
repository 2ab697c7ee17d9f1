"""Counts and settings in; the clusterings and the labels that protocols are judged on, out."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from scbaseline.cells.explore import NeighbourGraph, leiden_clusters, neighbour_graph
from scbaseline.cells.space import FeatureSpace, fit_feature_space
from scbaseline.cells.thinning import Counts, structureless_counts, thin_counts
from scbaseline.cells.trust import HALVES, merge_unstable
from scbaseline.config import RunConfig
from scbaseline.errors import InputError
from scbaseline.study.labels import Labels, labels_from_clusters
from scbaseline.study.protocols import CountsName

SEEDS, RESOLUTIONS = "seeds", "resolutions"
"""What a cluster is held against, to see whether it is found again."""

_N_SEEDS = 3
_FACTORS = (0.8, 1.25)  # of the resolution
_THINNING, _NULL, _QUARTER = 1, 2, 3  # streams of random numbers that share no draw


@dataclass(frozen=True)
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


@dataclass(frozen=True)
class Clustering(Neighbourhood):
    """The same, and the Leiden cluster of each cell."""

    clusters_n: NDArray[np.str_]


@dataclass(frozen=True)
class View:
    """The counts of one draw, and the labels that were made from them.

    Attributes
    ----------
    draw
        Its number, from 0.
    counts
        Name → counts.
    labels
        Name of the counts that they were made from → labels.
    unlabelled
        Name → why no labels could be made.
    clusters
        Name → Leiden cluster of each cell, before any is merged.
    whole
        The feature space of all cells and all counts, where it is known.
    """

    draw: int
    counts: dict[CountsName, Counts]
    labels: dict[CountsName, Labels]
    unlabelled: dict[CountsName, str]
    clusters: dict[CountsName, NDArray[np.str_]]
    whole: FeatureSpace | None = None


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
    space = fit_feature_space(counts.counts_ng, counts.total_n, config)
    pcs_nc = space.project(space.scale(counts.counts_ng, counts.total_n))
    return Neighbourhood(space, pcs_nc, neighbour_graph(pcs_nc, config))


def cluster(found: Neighbourhood, config: RunConfig) -> Clustering:
    """Cluster the cells of a neighbourhood with Leiden."""
    clusters_n = leiden_clusters(found.graph, resolution=config.resolution, seed=config.seed)
    return Clustering(found.space, found.pcs_nc, found.graph, clusters_n)


def alternatives(
    clustering: Clustering, config: RunConfig, *, views: Sequence[View] = ()
) -> dict[str, list[NDArray[np.str_]]]:
    """Cluster the same cells with other seeds and resolutions; add those of thinned halves.

    Parameters
    ----------
    clustering
        The one to be compared with.
    config
        ``resolution``, ``seed``.
    views
        Views of thinned halves, with the clusters of both.
    """
    found: dict[str, list[NDArray[np.str_]]] = {
        SEEDS: [
            leiden_clusters(
                clustering.graph, resolution=config.resolution, seed=config.seed + 1 + further
            )
            for further in range(_N_SEEDS)
        ],
        RESOLUTIONS: [
            leiden_clusters(
                clustering.graph, resolution=config.resolution * factor, seed=config.seed
            )
            for factor in _FACTORS
        ],
    }
    if views:
        found[HALVES] = [view.clusters[half] for view in views for half in ("half A", "half B")]
    return found


def halves_view(
    counts: Counts, config: RunConfig, *, draw: int, both: bool = True, stream: int = _THINNING
) -> View:
    """Thin the counts into two halves and make labels from the first.

    Parameters
    ----------
    counts
        Whole numbers of counts.
    config
        The settings; with ``merge_unstable``, the clusters of the half are merged by what
        the half itself shows, so that the other one stays unseen.
    draw
        Each draw thins anew.
    both
        Whether the second half is clustered, too.
    """
    rng = np.random.default_rng([config.seed, stream, draw])
    a, b = thin_counts(counts, rng, fraction=config.thin_fraction)
    clustering = cluster_counts(a, config)
    clusters: dict[CountsName, NDArray[np.str_]] = {"half A": clustering.clusters_n}
    if both:
        clusters["half B"] = cluster_counts(b, config).clusters_n
    labelled = clustering.clusters_n
    if config.merge_unstable:
        plain = replace(config, merge_unstable=False)
        quarters = halves_view(a, plain, draw=draw, stream=_QUARTER)
        labelled = _merged(clustering, config, [quarters])
    labels, unlabelled = _labels("half A", labelled, config)
    return View(draw, {"half A": a, "half B": b}, labels, unlabelled, clusters)


def structureless_view(counts: Counts, config: RunConfig, *, draw: int, names: set[str]) -> View:
    """Draw structureless counts like the given ones, and label them as the real ones are.

    Unstable clusters are merged where those of the real counts are: merging leaves few
    clusters, which differ by depth, and depth alone then earns more.

    Parameters
    ----------
    counts
        The counts whose depths and gene frequencies are kept.
    config
        The settings.
    draw
        Each draw is another one.
    names
        The counts that labels are wanted of: ``"all"``, ``"half A"`` or both.
    """
    null = structureless_counts(counts, np.random.default_rng([config.seed, _NULL, draw]))
    view = View(draw, {"all": null}, {}, {}, {})
    if "all" in names:
        clustering = cluster_counts(null, config)
        labelled = clustering.clusters_n
        if config.merge_unstable:
            plain = replace(config, merge_unstable=False)
            thinned = [halves_view(null, plain, draw=one) for one in range(config.draws)]
            labelled = _merged(clustering, config, thinned)
        labels, unlabelled = _labels("all", labelled, config)
        clusters: dict[CountsName, NDArray[np.str_]] = {"all": clustering.clusters_n}
        view = View(draw, view.counts, labels, unlabelled, clusters, clustering.space)
    if "half A" not in names:
        return view
    halves = halves_view(null, config, draw=draw, both=False)
    return View(
        draw,
        counts={**view.counts, **halves.counts},
        labels={**view.labels, **halves.labels},
        unlabelled={**view.unlabelled, **halves.unlabelled},
        clusters={**view.clusters, **halves.clusters},
        whole=view.whole,
    )


def _merged(clustering: Clustering, config: RunConfig, views: Sequence[View]) -> NDArray[np.str_]:
    """Merge the clusters that other clusterings of the same cells do not find again."""
    others = alternatives(clustering, config, views=views)
    return merge_unstable(clustering.clusters_n, others).clusters_n


def _labels(
    name: CountsName, clusters_n: NDArray[np.str_], config: RunConfig
) -> tuple[dict[CountsName, Labels], dict[CountsName, str]]:
    """Take clusters as labels; one cluster is nothing to predict, which is a finding."""
    try:
        return {name: labels_from_clusters(clusters_n, config)}, {}
    except InputError as error:
        return {}, {name: f"clusters of {name}: {error}"}


def whole_view(counts: Counts, labels: Labels, whole: FeatureSpace | None = None) -> View:
    """Return the view of all counts as they are, with labels that are known.

    Parameters
    ----------
    counts, labels
        Of the kept cells.
    whole
        The feature space of all cells, where it is known.
    """
    return View(0, {"all": counts}, {"all": labels}, {}, {}, whole)
