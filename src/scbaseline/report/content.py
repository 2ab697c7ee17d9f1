"""Evidence in; the dictionaries that ``metrics.json``, ``audit.json`` and ``timings.json`` hold."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from scbaseline.cells.trust import ClusterTrust
from scbaseline.data.info import DataInfo
from scbaseline.study.evidence import Evidence
from scbaseline.study.results import Timings


def evidence_content(
    data: DataInfo,
    evidence: Evidence,
    *,
    trust: ClusterTrust | None,
    title_of: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return all scores and what follows from them; the same evidence gives the same content.

    Parameters
    ----------
    data
        What the counts are.
    evidence
        What the fits show.
    trust
        How far each cluster is found again; ``None`` where labels were given.
    title_of
        Cluster → its name; by default, its number.
    """
    structure = evidence.structure
    return {
        "dataset": asdict(data),
        "results": [asdict(row) for row in evidence.rows],
        "inflation": [asdict(entry) for entry in evidence.inflation],
        "structure": (
            None if structure is None else {"is_there": structure.is_there, **asdict(structure)}
        ),
        "against_reference": [
            {"protocol": name, **asdict(difference)}
            for name, of_protocol in evidence.protocols.items()
            for difference in of_protocol.differences.values()
        ],
        "by_group": [
            {"recipe": recipe, **asdict(score)}
            for recipe, scores in evidence.by_group.items()
            for score in scores
        ],
        "clusters": None if trust is None else cluster_content(trust, title_of or {}),
        "half_agreement_ari": None if trust is None else trust.half_agreement,
        "not_applicable": evidence.not_applicable,
        "notes": {name: p.notes for name, p in evidence.protocols.items() if p.notes},
    }


def cluster_content(trust: ClusterTrust, title_of: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return each cluster's name, size and stability."""
    return [
        {
            "cluster": name,
            "name": title_of.get(name, name),
            "n_cells": int(trust.n_cells_k[k]),
            "stable": bool(trust.stable_k[k]),
            "stability": dict(zip(trust.sources, trust.stability_ks[k].tolist(), strict=True)),
        }
        for k, name in enumerate(trust.names)
    ]


def timings_content(data: DataInfo, timings: Timings) -> dict[str, Any]:
    """Return the wall time, and what each process spent in each stage.

    Processes work at the same time, so that only the stages of one of them add up.
    """
    return {
        "dataset": {"name": data.name, "notice": data.notice},
        "wall_seconds": timings.wall_seconds,
        "stages": [asdict(entry) for entry in timings.stages],
    }
