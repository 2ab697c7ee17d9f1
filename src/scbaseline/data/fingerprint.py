"""Turns counts and gene ids into a short text that is equal only for equal content."""

import hashlib
from collections.abc import Callable, Iterable

import numpy as np
import pandas as pd
from anndata import AnnData
from numpy.typing import NDArray
from scipy import sparse

from scbaseline import keys
from scbaseline.data.matrix import canonical_csr


def fingerprint(adata: AnnData) -> str:
    """Return 32 hexadecimal digits that stand for the counts and the genes of ``adata``.

    They do not depend on the file format, on the types of values and indices, or on how
    the matrix is stored, and not on cell names and annotations. Counts above 2^24 are
    told apart only as far as float32 does.

    Parameters
    ----------
    adata
        Cells × genes. Genes are known by ``var["gene_ids"]`` where that is there, else by
        ``var_names``.

    Raises
    ------
    InputError
        ``X`` is missing or does not hold numbers.
    """
    counts_ng = canonical_csr(adata.X)
    return fingerprint_of_blocks(lambda: [counts_ng], np.diff(counts_ng.indptr), adata.var)


def fingerprint_of_blocks(
    blocks: "Callable[[], Iterable[sparse.csr_matrix]]",
    n_genes_n: NDArray[np.integer],
    var: pd.DataFrame,
) -> str:
    """Return the fingerprint of counts that are passed over twice, block by block.

    Parameters
    ----------
    blocks
        Starts a pass over all cells in order: cells × genes, canonical CSR.
    n_genes_n
        The number of values that are not 0, of each cell.
    var
        The genes.
    """
    genes = var.get(keys.GENE_IDS, var.index)
    indptr = np.concatenate([[0], np.cumsum(n_genes_n, dtype="<i8")]).astype("<i8")
    # The total is in the values; a sum of its own would bring the order of summation in.
    digest = hashlib.sha256(f"{(len(n_genes_n), len(var))} {indptr[-1]}\n".encode())
    digest.update(indptr.data)
    for name, dtype in (("indices", "<i4"), ("data", "<f4")):
        for block in blocks():
            digest.update(np.ascontiguousarray(getattr(block, name), dtype=dtype).data)
    digest.update("\0".join(map(str, genes)).encode())
    return digest.hexdigest()[:32]
