"""Names of clusters and their stability in; the table ``clusters.csv`` out."""

import pandas as pd

from scbaseline.cells.trust import ClusterTrust
from scbaseline.study.names import UNNAMED, ClusterNames, NamedCluster

FILE = "clusters.csv"


def clusters_table(names: ClusterNames, trust: ClusterTrust | None) -> pd.DataFrame:
    """Return a row for each cluster: cells, name, the evidence for and against it, markers.

    Parameters
    ----------
    names
        The clusters.
    trust
        How far each is found again; ``None`` where labels were given.
    """
    lowest = {} if trust is None else stability_of(trust)
    return pd.DataFrame([_row(cluster, lowest) for cluster in names.clusters])


def stability_of(trust: ClusterTrust) -> dict[str, float]:
    """Return each cluster's stability, the lowest over what the other clusterings differ in."""
    return dict(zip(trust.names, trust.stability_ks.min(axis=1).tolist(), strict=True))


def evidence_text(cluster: NamedCluster) -> str:
    """Say in a few words what a cluster's name rests on, or why it has none."""
    proposal, majority = cluster.proposal, cluster.majority
    if proposal.name:
        markers = proposal.evidence_for
        return f"shows {', '.join(gene for gene, _ in markers[:4])}" + (
            f" and {len(markers) - 4} more markers" if len(markers) > 4 else ""
        )
    if cluster.name and majority:
        return f"{100 * majority[1]:.0f} % of its cells carry this given label"
    return proposal.why_not


def _row(cluster: NamedCluster, lowest: dict[str, float]) -> dict[str, object]:
    proposal = cluster.proposal
    label, share = cluster.majority or ("", None)
    return {
        "cluster": cluster.number,
        "cells": cluster.n_cells,
        "name": cluster.title,
        "cell_type": cluster.name or UNNAMED,
        "evidence": evidence_text(cluster),
        "markers_for": _with_auc(proposal.evidence_for),
        "markers_against": _with_auc(proposal.evidence_against),
        "best_type": proposal.best,
        "score": round(proposal.score, 3),
        "z": round(proposal.z, 2),
        "second_type": proposal.second,
        "second_score": round(proposal.second_score, 3),
        "majority_label": label,
        "majority_share": None if share is None else round(share, 3),
        "top_markers": "; ".join(
            f"{m.gene} (AUC {m.auc:.2f}, in {100 * m.share:.0f} % of its cells, "
            f"{100 * m.share_rest:.0f} % of others)"
            for m in cluster.top
        ),
        "p_values": cluster.proof
        if cluster.proof == "descriptive"
        else f"{cluster.proof} (one-sided, BH within these genes): "
        + "; ".join(f"{gene} {p:.1e}" for gene, p in cluster.tested),
        "stability": None if cluster.number not in lowest else round(lowest[cluster.number], 3),
    }


def _with_auc(markers: tuple[tuple[str, float], ...]) -> str:
    return "; ".join(f"{gene} {auc:.2f}" for gene, auc in markers)
