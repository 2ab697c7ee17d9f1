"""Turns any matrix that an AnnData can hold into one canonical CSR matrix."""

from typing import Any

import numpy as np
from scipy import sparse

from scbaseline.errors import InputError


def canonical_csr(matrix: Any, *, copy: bool = False) -> "sparse.csr_matrix[np.float32]":
    """Return a matrix as CSR float32: sorted indices, no duplicates, no stored zeros.

    Parameters
    ----------
    matrix
        Cells × genes, dense or sparse of any format and number type; left as it is.
    copy
        Share no memory with ``matrix``. Without it a matrix that is canonical already is
        shared, so that the result is to be read, not written.

    Raises
    ------
    InputError
        ``matrix``, called X, is missing, holds no numbers, or is damaged.
    """
    if matrix is None:
        raise InputError("X is missing; pass raw counts, cells × genes, in X")
    if not sparse.issparse(matrix):
        matrix = np.asarray(matrix)
    if matrix.ndim != 2 or matrix.dtype.kind not in "biuf":
        raise InputError(
            f"X holds {matrix.dtype} in {matrix.ndim} dimension(s); "
            "pass raw counts, cells × genes, as numbers"
        )
    if getattr(matrix, "format", None) in ("csr", "csc"):
        matrix = _intact(matrix)
    # What float32 cannot hold becomes infinite here, and is refused as such.
    with np.errstate(over="ignore"):
        csr: sparse.csr_matrix[np.float32] = sparse.csr_matrix(matrix, dtype=np.float32)
    if csr.has_canonical_format and np.all(csr.data):
        return csr.copy() if copy else csr
    csr = csr.copy()
    csr.sum_duplicates()
    csr.eliminate_zeros()
    return csr


def _intact(matrix: Any) -> Any:
    """Wrap the same memory anew; scipy's conversions crash on indices that point outside.

    The new matrix has no flags yet, which somebody may have set wrongly.
    """
    kind = sparse.csr_matrix if matrix.format == "csr" else sparse.csc_matrix
    try:
        wrapped = kind((matrix.data, matrix.indices, matrix.indptr), shape=matrix.shape)
        wrapped.check_format(full_check=True)
    except ValueError as error:
        raise InputError(f"X is a damaged sparse matrix ({error}); write the file anew") from error
    return wrapped
