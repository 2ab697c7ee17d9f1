"""Log-normalised counts and groups of cells in; which genes set each group apart out."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from scbaseline.config import RunConfig
from scbaseline.counts import Counts
from scbaseline.errors import InputError
from scbaseline.scale import log_normalise

MOST_ELSEWHERE = 0.5
"""A gene that more than this share of the other cells show is not called a marker."""

_MOST = 2**16  # groups: one is 16 bits of a number
_GENES = 2**12  # sorted at a time: a block that stays in a processor's cache, and below 16 bits


@dataclass(frozen=True, eq=False)
class Markers:
    """Each group of cells against all other cells, gene by gene.

    Attributes
    ----------
    n_k
        Cells of each group.
    auc_kg
        Chance that a cell of the group shows more of the gene than another cell, ties counted
        half: .5 where the gene says nothing, 1 where it tells all of them apart.
    log2_fold_kg
        Log2 of the ratio of the mean normalised counts, one count per ``target_sum`` added to
        both.
    share_kg, share_rest_kg
        Share of the cells in which the gene is detected: of the group, and of the others.
    z_kg
        The rank-sum statistic in standard deviations. Chance alone moves it from 0 by about 1
        where the groups were not made from these counts and do not differ in depth.
    """

    n_k: NDArray[np.int64]
    auc_kg: NDArray[np.float32]
    log2_fold_kg: NDArray[np.float32]
    share_kg: NDArray[np.float32]
    share_rest_kg: NDArray[np.float32]
    z_kg: NDArray[np.float32]

    def top(self, k: int, n_genes: int) -> NDArray[np.int64]:
        """Return the genes that set group ``k`` apart from the others best, by AUC, the best first.

        A gene that most other cells show, too, is no marker to look for: it is left out.

        Parameters
        ----------
        n_genes
            How many at most; genes that the group shows no more than the others do not count.
        """
        auc_g = np.where(self.share_rest_kg[k] > MOST_ELSEWHERE, 0.0, self.auc_kg[k])
        best_g = np.argsort(-auc_g, kind="stable")[:n_genes]
        return best_g[auc_g[best_g] > 0.5]

    def p_values(self, k: int, chosen: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return one-sided p-values (higher in group ``k``) of some genes.

        They are adjusted after Benjamini and Hochberg within these genes. They mean something
        only where neither the groups nor the choice of genes was made from these counts, and
        where the groups do not differ in depth.

        Parameters
        ----------
        chosen
            The genes, by column.
        """
        from scipy.stats import false_discovery_control, norm

        z = self.z_kg[k, chosen].astype(np.float64)
        adjusted: NDArray[np.float64] = false_discovery_control(norm.sf(z))
        return adjusted


def one_versus_rest(counts: Counts, codes_n: NDArray[np.int64], config: RunConfig) -> Markers:
    """Compare each group of cells with all others by Wilcoxon's rank-sum test, gene by gene.

    Ranks are of log1p(counts per ``target_sum``), in single precision. Only the non-zeros are
    sorted, since the zeros of a gene share one rank.

    Parameters
    ----------
    counts
        Raw counts, cells × genes; counts on disk are read into memory.
    codes_n
        Group of each cell, from 0; every cell has one.
    config
        ``target_sum``.

    Raises
    ------
    InputError
        More than 65,536 groups.

    References
    ----------
    Mann & Whitney, On a test of whether one of two random variables is stochastically larger
    than the other, Annals of Mathematical Statistics 1947.
    """
    n_k = np.bincount(codes_n)
    if len(n_k) > _MOST:
        raise InputError(f"markers: {len(n_k):,} groups of cells; at most {_MOST:,} are compared")
    log_ng = log_normalise(counts.counts_ng, counts.total_n, target_sum=config.target_sum)
    by_gene_ng = log_ng.astype(np.float32).tocsc()
    parts = [
        _of_genes(by_gene_ng[:, start : start + _GENES], codes_n, n_k)
        for start in range(0, max(log_ng.shape[1], 1), _GENES)
    ]
    return Markers(n_k, *(np.concatenate(of_all, axis=1) for of_all in zip(*parts, strict=True)))


def _of_genes(
    log_ng: sparse.csc_matrix, codes_n: NDArray[np.int64], n_k: NDArray[np.int64]
) -> list[NDArray[np.float32]]:
    """Return what :class:`Markers` holds of some genes, after ``n_k``."""
    n_cells, n_genes = log_ng.shape
    code, value, rank, n_ties_g = _sorted(log_ng, codes_n)
    gene = np.repeat(np.arange(n_genes), np.diff(log_ng.indptr))
    places = code * n_genes + gene

    def summed(values: NDArray[np.float64] | None) -> NDArray[np.float64]:
        """Sum over the non-zeros of each group and gene."""
        sum_kg = np.bincount(places, values, minlength=len(n_k) * n_genes)
        return sum_kg.reshape(len(n_k), n_genes).astype(np.float64)

    detected_kg, mean_kg = summed(None), summed(np.expm1(value))
    n_zero_g = (n_cells - np.diff(log_ng.indptr)).astype(np.float64)
    n_k1 = n_k[:, None].astype(np.float64)
    others_k1 = n_cells - n_k1
    # Every zero of a gene has the middle of the lowest ranks; the non-zeros stand above them.
    rank_sum_kg = summed(rank) + detected_kg * n_zero_g
    rank_sum_kg += (n_k1 - detected_kg) * (n_zero_g + 1) / 2
    pairs_k1 = np.maximum(n_k1 * others_k1, 1)
    away_kg = rank_sum_kg - n_k1 * (n_k1 + 1) / 2 - n_k1 * others_k1 / 2
    n_ties_g = n_ties_g + n_zero_g**3 - n_zero_g
    variance_kg = pairs_k1 / 12 * (n_cells + 1 - n_ties_g / (n_cells * max(n_cells - 1, 1)))
    sd_kg = np.sqrt(np.maximum(variance_kg, 0))
    z_kg = np.sign(away_kg) * np.maximum(np.abs(away_kg) - 0.5, 0) / np.maximum(sd_kg, 1e-9)
    rest_kg = (mean_kg.sum(axis=0) - mean_kg) / np.maximum(others_k1, 1)
    values = (
        away_kg / pairs_k1 + 0.5,
        np.log2((mean_kg / np.maximum(n_k1, 1) + 1) / (rest_kg + 1)),
        detected_kg / np.maximum(n_k1, 1),
        (detected_kg.sum(axis=0) - detected_kg) / np.maximum(others_k1, 1),
        np.where(sd_kg > 1e-9, z_kg, 0.0),  # else the gene is the same in all cells
    )
    return [of_genes.astype(np.float32) for of_genes in values]


def _sorted(
    log_ng: sparse.csc_matrix, codes_n: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Sort each gene's non-zeros.

    Returns
    -------
    Group, value and rank of each non-zero among those of its gene; and per gene, the sum of
    t³ − t over groups of t equal values.
    """
    n_genes = log_ng.shape[1]
    gene = np.repeat(np.arange(n_genes, dtype=np.uint64), np.diff(log_ng.indptr))
    # Numbers above 0 sort as their bits do, so that gene, value and group are one number each:
    # sorting these takes a fifth of the time of finding their order.
    bits = log_ng.data.view(np.uint32).astype(np.uint64)
    key = gene << np.uint64(48) | bits << np.uint64(16) | codes_n[log_ng.indices].astype(np.uint64)
    key.sort()
    same = key >> np.uint64(16)
    starts = np.flatnonzero(np.append(True, same[1:] != same[:-1])) if len(key) else key[:0]
    starts = starts.astype(np.int64)
    length = np.diff(np.append(starts, len(key)))
    gene_of_tie = (same[starts] >> np.uint64(32)).astype(np.int64)
    middle = starts - log_ng.indptr[gene_of_tie] + (length + 1) / 2
    value = (same & np.uint64(0xFFFFFFFF)).astype(np.uint32).view(np.float32).astype(np.float64)
    n_ties_g = np.bincount(gene_of_tie, length.astype(np.float64) ** 3 - length, n_genes)
    code = (key & np.uint64(0xFFFF)).astype(np.int64)
    rank: NDArray[np.float64] = np.repeat(middle.astype(np.float64), length)
    return code, value, rank, n_ties_g.astype(np.float64)
