"""Trust in clusters: clusters and other clusterings of the same cells in; which hold out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from scbaseline.errors import InputError

STABLE = 0.6
"""A cluster whose stability in any source is below this is unstable: Hennig's reading of a mean
Jaccard index, in the manual of his clusterboot, is that below .6 a cluster should not be trusted,
that up to .75 it is a pattern with doubtful edges, and that from .75 on it is stable. His index is
with the nearest single cluster; the one here, with unions too, is never lower."""

HALVES = "thinned halves"
"""The source whose clusterings come in pairs: both halves of one thinning, a0, b0, a1, b1, …"""


@dataclass(frozen=True)
class ClusterTrust:
    """Which clusters come back when the clustering is made again.

    Attributes
    ----------
    names
        The k clusters, largest first.
    n_cells_k
        Their numbers of cells.
    sources
        What the other clusterings differ in, in the order given.
    stability_ks
        From 0 to 1, clusters × sources: the mean over the source's clusterings of the
        Jaccard similarity between the cluster and what stands for it there.
    chance_ks
        The same for clusterings of the same sizes that know nothing of the clusters.
    stable_k
        Whether no source's stability is below ``STABLE``.
    merge_with
        Per unstable cluster: itself, the cluster that its cells are put together with most,
        and how often: over sources, the mean share of pairs of cells, one of either
        cluster, that lie in one cluster.
    ari_s
        Adjusted Rand index of the clusters with each source's clusterings, the mean.
    half_agreement
        Adjusted Rand index between the two halves, per thinning; empty without halves.
    """

    names: tuple[str, ...]
    n_cells_k: NDArray[np.int64]
    sources: tuple[str, ...]
    stability_ks: NDArray[np.float64]
    chance_ks: NDArray[np.float64]
    stable_k: NDArray[np.bool_]
    merge_with: tuple[tuple[str, str, float], ...]
    ari_s: NDArray[np.float64]
    half_agreement: tuple[float, ...]


@dataclass(frozen=True)
class MergedClusters:
    """Clusters of which the unstable ones were merged.

    Attributes
    ----------
    clusters_n
        The cluster of each cell; "0" is the largest.
    members
        Per new cluster, in the order of their names, the clusters that it was made of.
    merges
        What was merged, in order: the unstable cluster, the cluster it went into (which
        keeps its name until the end), and how often the two were put together.
    settled
        Whether all clusters are stable now; if not, two are left and one is still unstable.
    trust
        The trust in the result, under the new names.
    """

    clusters_n: NDArray[np.str_]
    members: tuple[tuple[str, ...], ...]
    merges: tuple[tuple[str, str, float], ...]
    settled: bool
    trust: ClusterTrust


def cluster_trust(
    clusters_n: NDArray[np.str_], alternatives: Mapping[str, Sequence[NDArray[np.str_]]]
) -> ClusterTrust:
    """Ask of each cluster whether other clusterings of the same cells find it again.

    What stands for a cluster in another clustering is the union of all clusters there of
    which more than half lies in it, or the best single one where that is nearer. Hennig's
    measure takes the single one alone, and calls a cluster dissolved that a finer clustering
    merely splits; here that costs nothing, since two halves of a label are still that label.
    Being merged does cost: a clustering that puts a cluster together with another one says
    that the two could be one label, and the smaller of them gets at most one half. No
    union of such clusters is less similar than any part of it, so the measure never falls
    below Hennig's.

    Hennig reads a mean of .75 or more as stable, and of less than .5 as dissolved. By chance
    a small cluster gets about its share of all cells (or less); one that holds more than
    half of all cells gets exactly that, so .75 says little of it: see ``chance_ks``. A
    clustering into handfuls of cells would find everything again, and ``chance_ks``, made
    of expected counts, does not show that: give clusterings of about the same resolution.

    Parameters
    ----------
    clusters_n
        The cluster of each of the n cells.
    alternatives
        Source → other clusterings of the same n cells, such as ``"seeds"``,
        ``"resolutions"`` and ``"thinned halves"``. Those of one source count alike, and so
        do the sources.

    Raises
    ------
    InputError
        No source, a source without clusterings, one of another length, halves without pair.

    References
    ----------
    Hennig, Cluster-wise assessment of cluster stability, Computational Statistics & Data
    Analysis 2007; Hubert & Arabie, Comparing partitions, Journal of Classification 1985.
    """
    from sklearn.metrics import adjusted_rand_score

    codes_n, names = _by_size(clusters_n)
    codes_of = _codes(alternatives, n_cells=len(codes_n))
    tables = {s: [_contingency(codes_n, other) for other in of] for s, of in codes_of.items()}
    n_cells_k = np.bincount(codes_n)
    stability_ks = _stability(tables)
    expected = {
        s: [np.outer(n_cells_k, table.sum(axis=0)) / len(codes_n) for table in of]
        for s, of in tables.items()
    }
    together_kk = _together(tables)
    stable_k = stability_ks.min(axis=1) >= STABLE
    partner_k = together_kk.argmax(axis=1)
    halves = codes_of.get(HALVES, [])
    return ClusterTrust(
        names=names,
        n_cells_k=n_cells_k,
        sources=tuple(tables),
        stability_ks=stability_ks,
        chance_ks=_stability(expected),
        stable_k=stable_k,
        merge_with=tuple(
            (names[k], names[partner_k[k]], float(together_kk[k, partner_k[k]]))
            for k in np.flatnonzero(~stable_k)
        ),
        ari_s=np.array(
            [np.mean([adjusted_rand_score(codes_n, c) for c in of]) for of in codes_of.values()]
        ),
        half_agreement=tuple(
            float(adjusted_rand_score(a, b)) for a, b in zip(halves[::2], halves[1::2], strict=True)
        ),
    )


def merge_unstable(
    clusters_n: NDArray[np.str_], alternatives: Mapping[str, Sequence[NDArray[np.str_]]]
) -> MergedClusters:
    """Merge unstable clusters until all are stable, or two are left.

    Each time the least stable cluster (by its worst source; of equals, the smallest) goes
    into the one that its cells are put together with most, and all is measured again. The
    trust in the result comes from the clusterings that chose the merges, so it flatters.

    Parameters
    ----------
    clusters_n, alternatives
        As for ``cluster_trust``.

    Raises
    ------
    InputError
        As for ``cluster_trust``.
    """
    codes_n, names = _by_size(clusters_n)
    codes_of = _codes(alternatives, n_cells=len(codes_n))
    # A merged cluster's counts are the sum of two rows: the cells are counted only once.
    tables = {s: [_contingency(codes_n, other) for other in of] for s, of in codes_of.items()}
    members = {name: [name] for name in names}
    merges: list[tuple[str, str, float]] = []
    while len(members) > 2:
        left = tuple(members)
        lowest_k = _stability(tables).min(axis=1)
        if lowest_k.min() >= STABLE:
            break
        n_cells_k = next(iter(tables.values()))[0].sum(axis=1)
        gone = int(np.lexsort((n_cells_k, lowest_k))[0])
        together_k = _together(tables)[gone]
        into = int(together_k.argmax())
        merges.append((left[gone], left[into], float(together_k[into])))
        for of in tables.values():
            for i, table in enumerate(of):
                table[into] += table[gone]
                of[i] = np.delete(table, gone, axis=0)
        members[left[into]] += members.pop(left[gone])
    kept_of = {name: kept for kept, group in members.items() for name in group}
    codes_n, kept = _by_size(np.array([kept_of[name] for name in names])[codes_n])
    merged_n = codes_n.astype(str)
    trust = cluster_trust(merged_n, alternatives)
    return MergedClusters(
        clusters_n=merged_n,
        members=tuple(tuple(members[name]) for name in kept),
        merges=tuple(merges),
        settled=bool(trust.stable_k.all()),
        trust=trust,
    )


def _by_size(clusters_n: NDArray[np.str_]) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Return a code per cell, 0 for the largest cluster, and the clusters' names."""
    codes_n, names = pd.factorize(np.asarray(clusters_n, dtype=str).astype(object))
    # Of equals, 9 stands before 10: the shorter name first.
    length_k = np.array([len(name) for name in names])
    order = np.lexsort((names.astype(str), length_k, -np.bincount(codes_n)))
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    return rank[codes_n], tuple(str(names[k]) for k in order)


def _codes(
    alternatives: Mapping[str, Sequence[NDArray[np.str_]]], *, n_cells: int
) -> dict[str, list[NDArray[np.int64]]]:
    if not alternatives or not n_cells:
        raise InputError(
            f"trust in clusters: {n_cells:,} cells, {len(alternatives)} sources of other "
            "clusterings; at least one of each is needed"
        )
    codes_of = {s: [_by_size(other)[0] for other in of] for s, of in alternatives.items()}
    for source, of in codes_of.items():
        if not of or (source == HALVES and len(of) % 2):
            wanted = "pairs of halves, a0, b0, a1, b1, …" if source == HALVES else "at least one"
            raise InputError(f"trust in clusters: {source}: {len(of)} clusterings; give {wanted}")
        for i, other in enumerate(of):
            if len(other) != n_cells:
                raise InputError(
                    f"trust in clusters: {source}, number {i}: {len(other):,} cells; the clusters "
                    f"have {n_cells:,}; give clusterings of the same cells in the same order"
                )
    return codes_of


def _contingency(codes_n: NDArray[np.int64], other_n: NDArray[np.int64]) -> NDArray[np.int64]:
    """Count the cells in each cluster and each other cluster, k × a."""
    k, a = codes_n.max() + 1, other_n.max() + 1
    return np.bincount(codes_n * a + other_n, minlength=k * a).reshape(k, a)


def _stability(tables: Mapping[str, Sequence[NDArray[np.number]]]) -> NDArray[np.float64]:
    """Return the mean Jaccard similarity per cluster and source, k × s."""
    return np.stack(
        [np.mean([_jaccard(table) for table in of], axis=0) for of in tables.values()], axis=1
    )


def _jaccard(table_ka: NDArray[np.number]) -> NDArray[np.float64]:
    """Return each cluster's similarity with what stands for it in the other clustering."""
    size_k1 = table_ka.sum(axis=1, keepdims=True)
    size_a = table_ka.sum(axis=0)
    single_ka = table_ka / (size_k1 + size_a - table_ka)
    inside_ka = 2 * table_ka > size_a
    both_k = (table_ka * inside_ka).sum(axis=1)
    union_k = both_k / (size_k1[:, 0] + (size_a * inside_ka).sum(axis=1) - both_k)
    nearest: NDArray[np.float64] = np.maximum(single_ka.max(axis=1), union_k)
    return nearest


def _together(tables: Mapping[str, Sequence[NDArray[np.number]]]) -> NDArray[np.float64]:
    """Return how often cells of two clusters lie in one, k × k; −1 for a cluster with itself."""
    per_source = []
    for of in tables.values():
        shares = [table / table.sum(axis=1, keepdims=True) for table in of]
        per_source.append(np.mean([share_ka @ share_ka.T for share_ka in shares], axis=0))
    together_kk: NDArray[np.float64] = np.mean(per_source, axis=0)
    np.fill_diagonal(together_kk, -1.0)
    return together_kk
