"""Turns blocks of labelled counts into sums per label, then into the genes that separate labels."""

from dataclasses import dataclass, fields
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from scbaseline.config import RunConfig
from scbaseline.counts import Counts
from scbaseline.errors import InputError
from scbaseline.ranks import ALONE, Ranks, summed
from scbaseline.scale import log_normalise

MIN_CELLS = 10
"""A gene is detected in at least this many training cells, or in 2 % of them if that is fewer."""

MOST_EVERYWHERE = 0.5
"""A gene that more than this share of the cells of every label shows is left out."""


@dataclass(frozen=True, eq=False)
class LabelSums:
    """Sums over the cells of each label; those of parts of the cells add up to those of all.

    Attributes
    ----------
    n_k
        Cells of each label.
    sum_kg, squares_kg
        Of log1p of the normalised counts: sum and sum of squares, labels × genes.
    n_detected_kg
        In how many cells each gene is detected, labels × genes.
    """

    n_k: NDArray[np.float64]
    sum_kg: NDArray[np.float64]
    squares_kg: NDArray[np.float64]
    n_detected_kg: NDArray[np.float64]

    def __add__(self, other: Self) -> Self:
        """Return the sums over the cells of both."""
        return type(self)(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))


def label_genes(
    counts: Counts, codes_n: NDArray[np.int64], config: RunConfig, *, ranks: Ranks = ALONE
) -> NDArray[np.int64]:
    """Return the columns of the genes that separate the labels best, in the input's order.

    Genes are ranked by the F statistic of a one-way analysis of variance across labels, of
    log1p(counts per ``target_sum``). A gene that more than half of the cells of *every* label
    show is left out: such housekeeping genes (ribosomal, mitochondrial) differ between
    laboratories more than between cell types, and they take most of a cell's total. The rule
    needs no gene names, so that it works for every species.

    Parameters
    ----------
    counts
        Raw counts of the cells to learn from, cells × all genes, in memory or on disk. One
        pass is made.
    codes_n
        Label code of each of these cells.
    config
        ``target_sum``, and ``n_top_genes`` for how many are chosen at most.
    ranks
        Those that share the cells; ``counts`` and ``codes_n`` are then of the own share.

    Raises
    ------
    InputError
        Fewer than two genes differ between labels.

    References
    ----------
    Fisher, Statistical Methods for Research Workers, 1925 (the F statistic).
    """
    n_labels = int(ranks.gather(codes_n.max(initial=0, keepdims=True)).max()) + 1
    own = sum_by_label(counts, codes_n, target_sum=config.target_sum, n_labels=n_labels)
    sums = summed(own, ranks)
    n_cells = sums.n_k.sum()
    filled = sums.n_k > 0
    everywhere_g = (sums.n_detected_kg[filled] / sums.n_k[filled, None]).min(axis=0)
    enough = min(MIN_CELLS, max(2, int(0.02 * n_cells)))
    can_be_chosen_g = counts.can_be_features(
        (sums.n_detected_kg.sum(axis=0) >= enough) & (everywhere_g <= MOST_EVERYWHERE)
    )
    score_g = np.where(can_be_chosen_g, f_statistic(sums), 0.0)
    # Ties go to the gene that comes first, so that exactly as many as wanted are chosen.
    best_g = np.argsort(-score_g, kind="stable")[: config.n_top_genes]
    best_g = best_g[score_g[best_g] > 0]
    if len(best_g) < 2:
        raise InputError(
            f"genes: {len(best_g)} of {len(score_g):,} genes are detected in at least {enough} of "
            f"{int(n_cells):,} training cells, not in most cells of every label, and differ "
            "between labels; at least 2 are needed: check the label column"
        )
    return np.sort(best_g)


def sum_by_label(
    counts: Counts,
    codes_n: NDArray[np.int64],
    *,
    target_sum: float,
    n_labels: int | None = None,
) -> LabelSums:
    """Sum over the cells of each label, in one pass over blocks.

    Parameters
    ----------
    counts
        Raw counts, cells × genes, and each cell's total.
    codes_n
        Label code of each cell.
    target_sum
        Total count that each cell is scaled to, before log1p.
    n_labels
        The number of labels, k; by default the largest code tells it.
    """
    n_labels = n_labels or int(codes_n.max(initial=0)) + 1
    shape = (n_labels, counts.shape[1])
    sums = LabelSums(np.zeros(n_labels), np.zeros(shape), np.zeros(shape), np.zeros(shape))
    start = 0
    for counts_ng, total_n in counts.blocks():
        codes = codes_n[start : start + len(total_n)]
        start += len(total_n)
        sums += _of_block(log_normalise(counts_ng, total_n, target_sum=target_sum), codes, n_labels)
    return sums


def f_statistic(sums: LabelSums) -> NDArray[np.float64]:
    """Return each gene's F across labels; 0 where it is the same in all cells."""
    n_cells, n_labels = sums.n_k.sum(), np.count_nonzero(sums.n_k)
    mean_g = sums.sum_kg.sum(axis=0) / n_cells
    total_g = sums.squares_kg.sum(axis=0) - n_cells * mean_g**2
    mean_kg = sums.sum_kg / np.maximum(sums.n_k, 1)[:, None]
    between_g = (sums.n_k[:, None] * (mean_kg - mean_g) ** 2).sum(axis=0)
    # A gene that splits the labels without any spread within is as good as can be told.
    within_g = np.maximum(total_g - between_g, 1e-9 * np.maximum(total_g, 1e-9))
    f_g: NDArray[np.float64]
    f_g = (between_g / max(n_labels - 1, 1)) / (within_g / max(n_cells - n_labels, 1))
    return f_g


def _of_block(log_ng: sparse.csr_matrix, codes_n: NDArray[np.int64], n_labels: int) -> LabelSums:
    n_cells = len(codes_n)
    member_kn = sparse.csr_matrix(
        (np.ones(n_cells), (codes_n, np.arange(n_cells))), shape=(n_labels, n_cells)
    )

    def summed(values: NDArray[np.float64]) -> NDArray[np.float64]:
        part_ng = sparse.csr_matrix((values, log_ng.indices, log_ng.indptr), shape=log_ng.shape)
        sum_kg: NDArray[np.float64] = (member_kn @ part_ng).toarray()
        return sum_kg

    n_k = np.bincount(codes_n, minlength=n_labels).astype(np.float64)
    x = log_ng.data
    return LabelSums(n_k, summed(x), summed(x**2), summed((x > 0).astype(np.float64)))
