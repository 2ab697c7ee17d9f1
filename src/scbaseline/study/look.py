"""Counts of any number of cells in; some of them in the plane, with clusters, out."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from scbaseline.cells.clustering import cluster, find_neighbours
from scbaseline.cells.neighbours import NeighbourGraph
from scbaseline.cells.space import FeatureSpace
from scbaseline.cells.umap import umap_layout
from scbaseline.config import RunConfig
from scbaseline.counts import Counts
from scbaseline.errors import InputError
from scbaseline.randomness import Stream, generator

MOST_CELLS = 200_000
"""Of more cells, a sample of so many is laid out."""


@dataclass(frozen=True, eq=False)
class Look:
    """Some cells in the plane.

    Attributes
    ----------
    rows_n
        Their numbers among all cells, rising.
    counts
        Their counts.
    xy_n2
        Coordinates of each.
    clusters_n
        Leiden cluster of each, "0" the largest.
    graph
        Their neighbours.
    space, pcs_nc
        The features that neighbours were found in.
    n_all
        The number of all cells.
    own_layout
        Whether the coordinates are those that came with the cells.
    """

    rows_n: NDArray[np.int64]
    counts: Counts
    xy_n2: NDArray[np.float32]
    clusters_n: NDArray[np.str_]
    graph: NeighbourGraph
    space: FeatureSpace
    pcs_nc: NDArray[np.float32]
    n_all: int
    own_layout: bool

    @property
    def note(self) -> str:
        """What the reader must know of the choice of cells and of the layout."""
        shown = len(self.rows_n)
        words = [] if shown == self.n_all else [f"{shown:,} of {self.n_all:,} cells are laid out."]
        return " ".join([*words, *(["The layout is the file's own."] if self.own_layout else [])])


def lay_out(counts: Counts, config: RunConfig, *, xy_n2: NDArray[np.float32] | None = None) -> Look:
    """Lay cells out for the eye: neighbours, Leiden clusters, UMAP.

    Cells without a count are left out, and of more than :data:`MOST_CELLS` a random sample is
    taken.

    Parameters
    ----------
    counts
        Counts of all cells, in memory or on disk.
    config
        The settings of the features, the graph, Leiden and UMAP.
    xy_n2
        Coordinates that came with all the cells; then no new ones are made.

    Raises
    ------
    InputError
        Too few cells or genes for a neighbourhood.
    """
    n_all = counts.shape[0]
    rows_n = np.flatnonzero(counts.total_n > 0)
    if len(rows_n) <= config.n_neighbors:
        raise InputError(
            f"report: more than {config.n_neighbors} cells with counts are needed to lay them out, "
            f"and the data have {len(rows_n)}; leave the report out"
        )
    if len(rows_n) > MOST_CELLS:
        rng = generator(config.seed, Stream.SHOWN)
        rows_n = np.sort(rng.choice(rows_n, MOST_CELLS, replace=False))
    shown = counts.rows(rows_n)
    clustering = cluster(find_neighbours(shown, config), config)
    if xy_n2 is None:
        own_n2 = umap_layout(clustering.graph, clustering.pcs_nc, config)
    else:
        own_n2 = np.asarray(xy_n2, dtype=np.float32)[rows_n, :2]
    return Look(
        rows_n, shown, own_n2, clustering.clusters_n, clustering.graph, clustering.space,
        clustering.pcs_nc, n_all, own_layout=xy_n2 is not None,
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Majority:
    """What most cells of each cluster were predicted to be.

    Attributes
    ----------
    label_n
        The most frequent predicted label of each cell's cluster; ``None`` where no cell of
        the cluster has one.
    share_n
        The share of the cluster's labelled cells that have it.
    """

    label_n: NDArray[np.object_]
    share_n: NDArray[np.float32]


def majority_of(clusters_n: NDArray[np.str_], labels_n: NDArray[np.object_]) -> Majority:
    """Return the majority label of each cell's cluster, and its share.

    It smooths over single cells, and hides rare types that no cluster is made of; so it
    stands beside each cell's own label and never replaces it.

    Parameters
    ----------
    clusters_n
        The cluster of each cell.
    labels_n
        The predicted label of each cell; ``None`` for none.

    References
    ----------
    Domínguez Conde et al., Cross-tissue immune cell analysis reveals tissue-specific features
    in humans, Science 2022 (CellTypist's majority voting).
    """
    label_n = np.full(len(labels_n), None, dtype=object)
    share_n = np.full(len(labels_n), np.nan, dtype=np.float32)
    has_label_n = pd.notna(labels_n)
    for name in np.unique(clusters_n):
        own_n = clusters_n == name
        names, n_cells = np.unique(labels_n[own_n & has_label_n].astype(str), return_counts=True)
        if len(names):
            best = int(n_cells.argmax())  # of equals, the first by name
            label_n[own_n], share_n[own_n] = str(names[best]), n_cells[best] / n_cells.sum()
    return Majority(label_n, share_n)
