"""Sums per label in; each label's most telling genes, and what a dot plot shows of them, out."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scbaseline.cells.label_genes import LabelSums

_MIN_SHARE = 0.25  # of a label's cells show a gene that stands for it


@dataclass(frozen=True, eq=False)
class Dots:
    """Some genes in each label.

    Attributes
    ----------
    genes_d
        Columns of the genes, in the order of the labels that they stand for.
    mean_kd
        Mean of log1p of the normalised counts, labels × genes.
    share_kd
        Share of a label's cells that show the gene.
    """

    genes_d: NDArray[np.int64]
    mean_kd: NDArray[np.float64]
    share_kd: NDArray[np.float64]


def top_genes(sums: LabelSums, *, n_top: int) -> tuple[NDArray[np.int64], ...]:
    """Return the columns of the genes that stand out most in each label, the best first.

    Genes are ranked by the standardised difference between a label's cells and all others:
    the difference of the means of log1p of the normalised counts, by the standard deviation
    within both. A gene that less than a quarter of the label's cells show is left out. The
    ranking describes; it is no test, since clusters were made from the same counts.

    Parameters
    ----------
    sums
        As :func:`scbaseline.cells.label_genes.sum_by_label` gives them.
    n_top
        Genes per label, at most.

    References
    ----------
    Cohen, Statistical Power Analysis for the Behavioral Sciences, 1988 (the difference).
    """
    n_all, n_k = sums.n_k.sum(), sums.n_k
    sum_g, squares_g = sums.sum_kg.sum(axis=0), sums.squares_kg.sum(axis=0)
    best = []
    for k, n in enumerate(n_k):
        if n < 2 or n_all - n < 2:
            best.append(np.zeros(0, dtype=np.int64))
            continue
        mean_g, other_g = sums.sum_kg[k] / n, (sum_g - sums.sum_kg[k]) / (n_all - n)
        within_g = squares_g - n * mean_g**2 - (n_all - n) * other_g**2
        sd_g = np.sqrt(np.maximum(within_g, 1e-9) / (n_all - 2))
        shown_g = sums.n_detected_kg[k] >= max(_MIN_SHARE * n, 1)
        effect_g = np.where(shown_g, (mean_g - other_g) / sd_g, 0.0)
        order_g = np.argsort(-effect_g, kind="stable")[:n_top]
        best.append(order_g[effect_g[order_g] > 0])
    return tuple(best)


def dots_of(sums: LabelSums, genes_d: NDArray[np.int64]) -> Dots:
    """Return means and shares of some genes in each label; 0 for a label without cells."""
    n_k1 = np.maximum(sums.n_k, 1)[:, None]
    return Dots(genes_d, sums.sum_kg[:, genes_d] / n_k1, sums.n_detected_kg[:, genes_d] / n_k1)
