"""Markers of clusters and a table of cell types in; the type that each cluster may be, out."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scbaseline.cells.marker_table import CellType, MarkerTable
from scbaseline.cells.markers import Markers

# The thresholds are a tuned heuristic, chosen on PBMC3k, PBMC 4k and Zheng 2017. None is the
# critical value of a test.
LEAST_SCORE = 0.15
"""A cluster is named where its cells show the type's markers more than other cells do, by a mean
of 2 · AUC − 1 of at least this: 0 is no difference, 1 a perfect one. Naive CD4 T cells score .17
in PBMC3k, since most cells there are T cells, too."""

LEAST_Z = 3.0
"""… and where that mean lies this many standard deviations above that of as many random genes
which are detected in as many cells. This takes genes for independent; those of one cell type
rise and fall together, so 3 is not a chance of one in a thousand."""

MOST_OF_BEST = 2 / 3
"""… and where no other type scores more than this share of it."""

SHOWN = 0.1
"""From this 2 · AUC − 1 on, a gene counts as shown by a cluster (or, below minus this, as missing
there)."""

_ENOUGH_MARKERS = 10  # of a longer list, no more than half of these must be shown
_LEAST_SHOWN = 2
_N_PEERS = 100


@dataclass(frozen=True)
class Proposal:
    """What a table of markers says of one cluster.

    Attributes
    ----------
    name
        The proposed cell type; empty where the evidence is thin.
    why_not
        Why there is none; else empty.
    best, score, z
        The type that scores best, its score, and how far that is above random genes of equal
        expression (a heuristic, see :func:`propose_names`); empty and 0 where no type has two
        markers among the genes.
    second, second_score
        The next one.
    evidence_for, evidence_against
        Markers of the best type with their AUC: positive ones that the cluster shows; negative
        ones that it shows, and positive ones that it shows less than other cells.
    """

    name: str
    why_not: str
    best: str = ""
    score: float = 0.0
    z: float = 0.0
    second: str = ""
    second_score: float = 0.0
    evidence_for: tuple[tuple[str, float], ...] = ()
    evidence_against: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, eq=False)
class _Scored:
    """How well each of the clusters fits one cell type."""

    cell_type: CellType
    score_k: NDArray[np.float64]
    z_k: NDArray[np.float64]
    n_shown_k: NDArray[np.int64]


def propose_names(
    markers: Markers, genes: Sequence[str], table: MarkerTable
) -> tuple[Proposal, ...]:
    """Propose a cell type for each cluster, or none where the evidence is thin.

    A type's score is the mean of 2 · AUC − 1 over its positive markers, minus that over its
    negative ones where these are shown. A type is proposed if its score is at least
    ``LEAST_SCORE`` and far above that of random genes of equal expression, if the cluster shows
    more than half of its positive markers that were measured (of a long list: more than five),
    and at least two, and if no other type comes near. So neither depth nor noise names a
    cluster, nor does a table of another tissue.

    The thresholds are a tuned heuristic, not a test: they were chosen on PBMC3k, PBMC 4k and
    Zheng 2017. The distance from random genes (``z``) takes genes for independent, which genes
    of one cell type are not. So it has no error rate, and other data may need other thresholds.

    Parameters
    ----------
    markers
        Of the clusters, one group each.
    genes
        The name of each gene, as in the table.
    table
        The cell types.
    """
    effect_kg = 2.0 * markers.auc_kg.astype(np.float64) - 1
    column_of = {gene: g for g, gene in reversed(list(enumerate(genes)))}
    n_detected_g = (markers.n_k[:, None] * markers.share_kg).sum(axis=0)
    mean_kg, variance_kg = _peers(effect_kg, n_detected_g)
    scored = []
    for cell_type in table.types:
        own = [column_of[gene] for gene in cell_type.positive if gene in column_of]
        own = [g for g in own if n_detected_g[g] > 0]
        if len(own) < _LEAST_SHOWN:
            continue
        against = [column_of[gene] for gene in cell_type.negative if gene in column_of]
        effect_k = effect_kg[:, own].mean(axis=1)
        sd_k = np.sqrt(variance_kg[:, own].sum(axis=1)) / len(own)
        z_k = (effect_k - mean_kg[:, own].mean(axis=1)) / np.maximum(sd_k, 1e-9)
        against_k = effect_kg[:, against].mean(axis=1) if against else np.zeros(len(effect_k))
        n_shown_k = (effect_kg[:, own] > SHOWN).sum(axis=1)
        scored.append(_Scored(cell_type, effect_k - np.maximum(against_k, 0), z_k, n_shown_k))
    return tuple(_proposal(k, scored, effect_kg, column_of) for k in range(len(markers.n_k)))


def _peers(
    effect_kg: NDArray[np.float64], n_detected_g: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return mean and variance of the effects of genes that are detected in as many cells."""
    detected = np.flatnonzero(n_detected_g > 0)
    order = detected[np.argsort(n_detected_g[detected], kind="stable")]
    sums_kg = np.zeros((2, effect_kg.shape[0], len(order) + 1))
    np.cumsum([effect_kg[:, order], effect_kg[:, order] ** 2], axis=2, out=sums_kg[:, :, 1:])
    n_peers = min(_N_PEERS + 1, len(order))
    first = np.clip(np.arange(len(order)) - _N_PEERS // 2, 0, len(order) - n_peers)
    means = (sums_kg[:, :, first + n_peers] - sums_kg[:, :, first]) / max(n_peers, 1)
    mean_kg, variance_kg = np.zeros_like(effect_kg), np.zeros_like(effect_kg)
    mean_kg[:, order], variance_kg[:, order] = means[0], means[1] - means[0] ** 2
    return mean_kg, np.maximum(variance_kg, 0)


def _proposal(
    k: int,
    scored: Sequence[_Scored],
    effect_kg: NDArray[np.float64],
    column_of: dict[str, int],
) -> Proposal:
    if not scored:
        return Proposal("", "no cell type of the table has two markers among the genes")
    best, *others = sorted(scored, key=lambda s: -s.score_k[k])
    score, z, n_shown = float(best.score_k[k]), float(best.z_k[k]), int(best.n_shown_k[k])
    second_score = max(float(others[0].score_k[k]), 0.0) if others else 0.0
    name, of = best.cell_type.name, sum(g in column_of for g in best.cell_type.positive)
    n_wanted = min(of, _ENOUGH_MARKERS) // 2 + 1
    if score < LEAST_SCORE:
        why_not = f"no cell type's markers are clearly higher than elsewhere (best: {name})"
    elif n_shown < max(n_wanted, _LEAST_SHOWN):
        why_not = f"shows {n_shown} of {of} markers of {name}, the best type"
    elif z < LEAST_Z:
        why_not = f"markers of {name} are no higher than random genes"
    elif second_score > MOST_OF_BEST * score:
        why_not = f"{name} and {others[0].cell_type.name} fit about equally well"
    else:
        why_not = ""

    def effects(genes: Sequence[str]) -> list[tuple[str, float]]:
        effects = [(gene, float(effect_kg[k, column_of[gene]])) for gene in genes
                   if gene in column_of]  # fmt: skip
        return sorted(effects, key=lambda entry: -abs(entry[1]))

    positive, negative = effects(best.cell_type.positive), effects(best.cell_type.negative)
    against = [entry for entry in positive if entry[1] < -SHOWN]
    against += [entry for entry in negative if entry[1] > SHOWN]
    return Proposal(
        name="" if why_not else name,
        why_not=why_not,
        best=name,
        score=score,
        z=z,
        second=others[0].cell_type.name if others else "",
        second_score=second_score,
        evidence_for=tuple((g, (e + 1) / 2) for g, e in positive if e > SHOWN),
        evidence_against=tuple((g, (e + 1) / 2) for g, e in against),
    )
