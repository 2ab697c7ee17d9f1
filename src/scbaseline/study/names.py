"""Clusters of all cells in; a name for each, with the evidence, out.

Naming reads all cells, but no classifier learns from a name: codes are learnt, and names are
joined to them when every fit is done. So names leak nothing.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from scbaseline.cells.half_test import judged_on_half_b
from scbaseline.cells.marker_table import MarkerTable
from scbaseline.cells.markers import Markers, one_versus_rest
from scbaseline.cells.naming import Proposal, propose_names
from scbaseline.cells.trust import STABLE
from scbaseline.compute import Pool, Task
from scbaseline.config import RunConfig
from scbaseline.counts import Counts
from scbaseline.stages import Stages
from scbaseline.study.draws import Draw
from scbaseline.study.labels import Labels
from scbaseline.study.prepare import Prepared

UNNAMED = "unnamed"
"""What a cluster without a name is called, beside its number."""

LEAST_SHARE = 0.5
"""A given label names a cluster that markers do not where at least this share of its cells
carries it."""

_N_TOP = 10


@dataclass(frozen=True)
class TopMarker:
    """A gene that sets a cluster apart.

    Attributes
    ----------
    gene
        Its name.
    auc, log2_fold, share, share_rest
        As in :class:`~scbaseline.cells.markers.Markers`.
    """

    gene: str
    auc: float
    log2_fold: float
    share: float
    share_rest: float


@dataclass(frozen=True)
class NamedCluster:
    """A cluster and what it may be.

    Attributes
    ----------
    number
        Leiden's.
    title
        What it is called wherever it is shown: its name, with its number where the name is not
        its own alone; the number where no cluster has a name.
    n_cells
        Its cells.
    proposal
        What the table of markers says.
    majority
        The given label that most of its cells carry, and their share; ``None`` without labels.
    top
        Its markers on all counts, the best first: descriptive, since these made the cluster.
    tested
        The markers of the matching cluster of half A, chosen on half A, with their p-values on
        half B: :func:`~scbaseline.cells.half_test.judged_on_half_b`. They are not always those
        of ``top``. Empty where no cluster of half A matches, or where too few cells are left.
    half_jaccard
        Jaccard index with the nearest cluster of half A; ``None`` without halves.
    """

    number: str
    title: str
    n_cells: int
    proposal: Proposal
    majority: tuple[str, float] | None
    top: tuple[TopMarker, ...]
    tested: tuple[tuple[str, float], ...]
    half_jaccard: float | None

    @property
    def name(self) -> str:
        """The name without number: from markers, else from most given labels, else empty."""
        if not self.proposal.name and self.majority and self.majority[1] >= LEAST_SHARE:
            return self.majority[0]
        return self.proposal.name

    @property
    def proof(self) -> str:
        """What the p-values rest on, or that there are none."""
        return "chosen on half A, tested on half B" if self.tested else "descriptive"


@dataclass(frozen=True, eq=False)
class ClusterNames:
    """The clusters of a study, by name.

    Attributes
    ----------
    clusters
        In the order of their numbers.
    table
        The table of markers that they were named after.
    genes
        The name of each gene.
    markers
        Of all genes.
    """

    clusters: tuple[NamedCluster, ...]
    table: str
    genes: tuple[str, ...]
    markers: Markers

    @property
    def title_of(self) -> dict[str, str]:
        """Number → title."""
        return {cluster.number: cluster.title for cluster in self.clusters}

    @property
    def n_named(self) -> int:
        """How many clusters have a name."""
        return sum(bool(cluster.name) for cluster in self.clusters)


def begin_names(
    clusters_n: NDArray[np.str_],
    cells: Prepared,
    table: MarkerTable,
    config: RunConfig,
    pool: Pool,
    *,
    halves: Sequence[Draw] = (),
) -> Task[ClusterNames]:
    """Begin to name clusters, beside the fits.

    Parameters
    ----------
    clusters_n
        Cluster of each cell, a number from "0".
    cells
        The kept cells and their given labels.
    table
        What clusters can be named after.
    config
        ``target_sum``.
    halves
        Thinned counts, whose clusters of half A are tested on half B.
    """
    given = cells.labels
    of_half = [(h.counts["half A"], h.counts["half B"], h.clusters["half A"]) for h in halves[:1]]
    return pool.submit(
        partial(
            name_clusters, cells.counts, clusters_n, tuple(map(str, cells.cells.var.index)), table,
            config, labels=given,
            half=of_half[0] if of_half else None,
        )
    )  # fmt: skip


def name_clusters(
    counts: Counts,
    clusters_n: NDArray[np.str_],
    genes: tuple[str, ...],
    table: MarkerTable,
    config: RunConfig,
    stages: Stages | None = None,
    *,
    labels: Labels | None = None,
    half: tuple[Counts, Counts, NDArray[np.str_]] | None = None,
) -> ClusterNames:
    """Name clusters after a table of markers, and say what supports each name.

    Parameters
    ----------
    counts
        Raw counts of the cells.
    clusters_n
        Cluster of each cell, a number from "0".
    genes
        The name of each gene.
    table
        What clusters can be named after.
    config
        ``target_sum``.
    stages
        Opens a named stage.
    labels
        Given labels, which may name what markers do not.
    half
        Counts of half A and of half B, and the clusters of half A.
    """
    with (stages or Stages(threads=1))("names and markers of clusters"):
        numbers = sorted(set(clusters_n.tolist()), key=int)
        codes_n = np.searchsorted(np.array(numbers, int), clusters_n.astype(int))
        markers = one_versus_rest(counts, codes_n, config)
        tested, jaccard_k = _tested(codes_n, half, genes, config)
        named = [
            NamedCluster(
                number=number,
                title=number,
                n_cells=int(markers.n_k[k]),
                proposal=proposal,
                majority=_majority(codes_n == k, labels),
                top=_top(k, markers, genes),
                tested=tested.get(k, ()),
                half_jaccard=None if jaccard_k is None else float(jaccard_k[k]),
            )
            for k, (number, proposal) in enumerate(
                zip(numbers, propose_names(markers, genes, table), strict=True)
            )
        ]
    return ClusterNames(_titled(named), table.source, genes, markers)


def named_labels(labels: Labels, title_of: Mapping[str, str]) -> Labels:
    """Return the labels of clusters under the clusters' titles; the codes stay."""
    return replace(
        labels,
        names=tuple(title_of[number] for number in labels.names),
        rare={title_of[number]: n for number, n in labels.rare.items()},
    )


def _titled(clusters: Sequence[NamedCluster]) -> tuple[NamedCluster, ...]:
    """Give each cluster the title that no other one has."""
    names = [cluster.name or UNNAMED for cluster in clusters]
    n_of = Counter(names)
    if set(n_of) == {UNNAMED}:
        return tuple(clusters)
    return tuple(
        replace(cluster, title=f"{name} ({cluster.number})")
        if n_of[name] > 1 or name == UNNAMED
        else replace(cluster, title=name)
        for cluster, name in zip(clusters, names, strict=True)
    )


def _tested(
    codes_n: NDArray[np.int64],
    half: tuple[Counts, Counts, NDArray[np.str_]] | None,
    genes: Sequence[str],
    config: RunConfig,
) -> tuple[dict[int, tuple[tuple[str, float], ...]], NDArray[np.float64] | None]:
    """Test clusters of half A on half B.

    Returns
    -------
    Cluster → genes and p-values of the one of half A that matches it, and each cluster's Jaccard
    index with the nearest one.
    """
    if half is None:
        return {}, None
    counts_a, counts_b, clusters_a = half
    codes_a = clusters_a.astype(int)
    shared_ka = np.zeros((codes_n.max() + 1, codes_a.max() + 1))
    np.add.at(shared_ka, (codes_n, codes_a), 1)
    either_ka = shared_ka.sum(axis=1, keepdims=True) + shared_ka.sum(axis=0) - shared_ka
    jaccard_ka = shared_ka / either_ka
    jaccard_k: NDArray[np.float64] = jaccard_ka.max(axis=1)
    nearest_k = jaccard_ka.argmax(axis=1)
    matched = np.flatnonzero(jaccard_k >= STABLE)
    of_a = judged_on_half_b(counts_a, counts_b, codes_a, nearest_k[matched], config, n_genes=_N_TOP)
    return {
        int(k): tuple((genes[g], float(p)) for g, p in zip(*of_a[int(nearest_k[k])], strict=True))
        for k in matched
        if int(nearest_k[k]) in of_a
    }, jaccard_k


def _majority(own_n: NDArray[np.bool_], labels: Labels | None) -> tuple[str, float] | None:
    if labels is None:
        return None
    n_of = np.bincount(labels.codes_n[own_n & (labels.codes_n >= 0)], minlength=len(labels.names))
    return labels.names[int(n_of.argmax())], float(n_of.max() / own_n.sum())


def _top(k: int, markers: Markers, genes: Sequence[str]) -> tuple[TopMarker, ...]:
    return tuple(
        TopMarker(
            genes[g],
            auc=float(markers.auc_kg[k, g]),
            log2_fold=float(markers.log2_fold_kg[k, g]),
            share=float(markers.share_kg[k, g]),
            share_rest=float(markers.share_rest_kg[k, g]),
        )
        for g in markers.top(k, _N_TOP)
    )
