"""Thinning: counts in; two halves, counts of one depth, or counts without structure, out."""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from scbaseline.counts import Counts


def thin_counts(
    counts: Counts, rng: np.random.Generator, *, fraction: float = 0.5
) -> tuple[Counts, Counts]:
    """Split every count binomially into two parts that add up to it.

    Where counts are Poisson, the parts are independent: what is noise in one is not noise in
    the other. Real counts vary more than Poisson between cells of one type (then the parts
    keep some of it in common), so what this shows is a diagnostic, not a proof. The counts
    of genes that the input does not hold are thinned with the others, so that both parts
    have totals of their own.

    Parameters
    ----------
    counts
        Whole numbers of counts; counts on disk are read into memory.
    fraction
        The expected share of the first part, between 0 and 1.

    References
    ----------
    Neufeld, Gao, Popp, Battle & Witten, Inference after latent variable estimation for
    single-cell RNA sequencing data, Biostatistics 2024; Neufeld, Dharamshi, Gao & Witten,
    Data thinning for convolution-closed distributions, JMLR 2024.

    Examples
    --------
    >>> import numpy as np
    >>> import scbaseline as sb
    >>> adata = sb.check_counts(sb.read_counts("pbmc68k_reduced"))
    >>> counts = sb.Counts.from_anndata(adata)
    >>> half, other_half = sb.thin_counts(counts, np.random.default_rng(0))
    >>> bool((half.total_n + other_half.total_n == counts.total_n).all())
    True
    """
    counts_ng = counts.counts_ng
    whole = np.rint(counts_ng.data).astype(np.int64)
    part = rng.binomial(whole, fraction)
    unseen_n = _unseen(counts_ng, counts.total_n)
    unseen_part_n = rng.binomial(unseen_n, fraction)
    return (
        _with_data(counts, part, unseen_part_n),
        _with_data(counts, whole - part, unseen_n - unseen_part_n),
    )


def equal_depth(counts: Counts, depth: float, rng: np.random.Generator) -> Counts:
    """Thin each cell's counts binomially to the same expected total.

    Without this, a comparison of shallow with deep cells finds differences in nearly every gene:
    a shallow cell has more zeros. The totals still vary by chance, by about √``depth``.

    Parameters
    ----------
    counts
        Whole numbers of counts; every cell's total is at least ``depth``.
    depth
        The expected total, above 0.

    Raises
    ------
    ValueError
        A cell with fewer counts than that.

    Examples
    --------
    >>> import numpy as np
    >>> import scbaseline as sb
    >>> from scbaseline.cells.thinning import equal_depth
    >>> adata = sb.check_counts(sb.read_counts("pbmc68k_reduced"))
    >>> counts = sb.Counts.from_anndata(adata)
    >>> thinned = equal_depth(counts, counts.total_n.min(), np.random.default_rng(0))
    >>> bool(thinned.total_n.std() < 0.2 * counts.total_n.std())
    True
    """
    if len(counts.total_n) and counts.total_n.min() < depth:
        raise ValueError(f"a cell of {counts.total_n.min():,.0f} counts; wanted: {depth:,.0f}")
    counts_ng = counts.counts_ng
    rate_n = depth / counts.total_n
    part = rng.binomial(np.rint(counts_ng.data).astype(np.int64), rate_n[_rows(counts_ng)])
    unseen_n = rng.binomial(_unseen(counts_ng, counts.total_n), rate_n)
    return _with_data(counts, part, unseen_n)


def structureless_counts(counts: Counts, rng: np.random.Generator) -> Counts:
    """Draw each cell's counts anew from the pooled gene frequencies, at the cell's own depth.

    No two cells differ but by depth and chance, so whatever structure is then found is not
    in the cells. This is the least noise that counts can have (multinomial, as Poisson given
    the depth): real noise is larger, and there is no reason to expect that a clustering of it
    predicts itself less.

    Parameters
    ----------
    counts
        The counts whose depths and gene frequencies are kept.

    Examples
    --------
    >>> import numpy as np
    >>> import scbaseline as sb
    >>> adata = sb.check_counts(sb.read_counts("pbmc68k_reduced"))
    >>> counts = sb.Counts.from_anndata(adata)
    >>> drawn = sb.structureless_counts(counts, np.random.default_rng(0))
    >>> bool((drawn.total_n == counts.total_n).all())
    True
    """
    observed_ng = counts.counts_ng
    n_cells, n_genes = observed_ng.shape
    unseen_n = _unseen(observed_ng, counts.total_n)
    gene_sums = np.bincount(observed_ng.indices, weights=observed_ng.data, minlength=n_genes)
    pooled = np.append(np.rint(gene_sums), unseen_n.sum()).astype(np.float64)
    depth_n = np.rint(np.bincount(_rows(observed_ng), observed_ng.data, n_cells))
    depth_n = depth_n.astype(np.int64) + unseen_n
    # Independent draws, sorted by gene, are a multinomial count per gene; in random order
    # they are the draws again. This costs one shuffle where a multinomial per cell would
    # cost cells × genes.
    drawn = rng.multinomial(depth_n.sum(), pooled / max(pooled.sum(), 1.0))
    genes = np.repeat(np.arange(n_genes + 1, dtype=np.int32), drawn)
    rng.shuffle(genes)
    rows = np.repeat(np.arange(n_cells, dtype=np.int32), depth_n)
    seen = genes < n_genes
    counts_ng = sparse.csr_matrix(
        (np.ones(seen.sum(), dtype=np.float32), (rows[seen], genes[seen])),
        shape=(n_cells, n_genes),
    )
    counts_ng.sum_duplicates()
    return Counts(counts_ng, depth_n.astype(np.float64), named_g=counts.named_g)


def _unseen(counts_ng: sparse.csr_matrix, total_n: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return each cell's counts of genes that the input does not hold."""
    seen_n = np.bincount(_rows(counts_ng), counts_ng.data, counts_ng.shape[0])
    # A column of totals that a user names need not be exact: never below what is seen.
    return np.maximum(np.rint(total_n - seen_n), 0).astype(np.int64)


def _rows(counts_ng: sparse.csr_matrix) -> NDArray[np.int64]:
    return np.repeat(np.arange(counts_ng.shape[0]), np.diff(counts_ng.indptr))


def _with_data(counts: Counts, data: NDArray[np.int64], unseen_n: NDArray[np.int64]) -> Counts:
    """Return counts at the same places with other values, none of them zero."""
    counts_ng = counts.counts_ng
    part_ng = sparse.csr_matrix(
        (data.astype(np.float32), counts_ng.indices.copy(), counts_ng.indptr.copy()),
        shape=counts_ng.shape,
    )
    seen_n = np.bincount(_rows(part_ng), data, counts_ng.shape[0])
    part_ng.eliminate_zeros()
    total_n = (seen_n + unseen_n).astype(np.float64)
    return Counts(part_ng, total_n, named_g=counts.named_g)
