"""Turns counts and gene ids into a short text that is equal only for equal content."""

import hashlib

import numpy as np
from anndata import AnnData

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
    genes = adata.var.get(keys.GENE_IDS, adata.var_names)
    # The total is in the values; a sum of its own would bring the order of summation in.
    digest = hashlib.sha256(f"{counts_ng.shape} {counts_ng.nnz}\n".encode())
    for array, dtype in (
        (counts_ng.indptr, "<i8"),
        (counts_ng.indices, "<i4"),
        (counts_ng.data, "<f4"),
    ):
        digest.update(np.ascontiguousarray(array, dtype=dtype).data)
    digest.update("\0".join(map(str, genes)).encode())
    return digest.hexdigest()[:32]
