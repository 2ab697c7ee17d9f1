"""Clusters in; which of them are found again when the cells are clustered anew, out."""

from collections.abc import Mapping, Sequence

from scbaseline.cells.neighbours import NeighbourGraph
from scbaseline.cells.trust import HALVES, STABLE, ClusterTrust
from scbaseline.report.finding import Finding
from scbaseline.report.sections.words import joined, over_draws, percent

STABILITY = "Stability of the clusters"
"""The title of what this file says."""


def cluster_findings(
    trust: ClusterTrust | None,
    *,
    merged: bool,
    graph: NeighbourGraph | None = None,
    title_of: Mapping[str, str] | None = None,
) -> tuple[Finding, ...]:
    """Name the clusters that are not found again, before they are read as labels.

    Parameters
    ----------
    trust
        How far each cluster is found again; ``None`` where labels were given.
    merged
        Whether unstable clusters were merged before.
    graph
        The neighbours that the clusters rest on.
    title_of
        Cluster → its name; by default, its number.
    """
    sentences = []
    if graph is not None and graph.approximate and graph.recall is not None:
        sentences.append(
            f"Neighbours are approximate: {percent(graph.recall)} of the true ones were found, "
            "on a sample of cells."
        )
    if trust is not None:
        sentences += _stability(trust, merged=merged, title_of=title_of or {})
    warns = merged or (trust is not None and not trust.stable_k.all())
    finding = Finding(STABILITY, tuple(sentences), detail=not warns)
    return (finding,) if sentences else ()


def again_with(sources: Sequence[str]) -> list[str]:
    """Return how the cells were clustered anew: ``with other seeds``, ``with thinned halves``."""
    return [f"with {source}" if source == HALVES else f"with other {source}" for source in sources]


def _stability(trust: ClusterTrust, *, merged: bool, title_of: Mapping[str, str]) -> list[str]:
    sentences = []
    lowest_k = trust.stability_ks.min(axis=1)
    worst_k = trust.stability_ks.argmin(axis=1)
    ways = again_with(trust.sources)
    partner_of = {name: partner for name, partner, _ in trust.merge_with}
    unstable = [
        f"{title_of.get(name, name)} ({lowest_k[k]:.2f} {ways[worst_k[k]]}; its cells mix "
        f"with {title_of.get(partner_of[name], partner_of[name])})"
        for k, name in enumerate(trust.names)
        if not trust.stable_k[k]
    ]
    if unstable:
        sentences += [
            (
                f"{len(unstable)} of {len(trust.names)} clusters are not found again when the "
                f"cells are clustered anew (Jaccard index below {STABLE}): {', '.join(unstable)}."
            ),
            "Two clusters are the fewest, so that they were not merged."
            if merged
            else "Do not take these for cell types; --merge-unstable merges them.",
        ]
    else:
        sentences.append(f"All clusters are found again {joined(ways)}.")
    if merged:
        sentences.append(
            "Unstable clusters were merged. The clusterings that chose the merges also judge the "
            "result, so that they judge it too well."
        )
    if trust.half_agreement:
        sentences.append(
            "Clusterings of the two halves of the counts agree at an adjusted Rand index of "
            f"{over_draws(trust.half_agreement, digits=2)}."
        )
    return sentences
