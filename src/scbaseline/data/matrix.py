"""Turns any matrix that an AnnData can hold into one canonical CSR matrix."""

from typing import Any

import numpy as np
from anndata import AnnData
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
        matrix = intact(matrix)
    # What float32 cannot hold becomes infinite here, and is refused as such.
    with np.errstate(over="ignore"):
        csr: sparse.csr_matrix[np.float32] = sparse.csr_matrix(matrix, dtype=np.float32)
    if csr.has_canonical_format and np.all(csr.data):
        return csr.copy() if copy else csr
    csr = csr.copy()
    csr.sum_duplicates()
    csr.eliminate_zeros()
    return csr


def require_intact(adata: AnnData) -> None:
    """Refuse an AnnData in memory of which any sparse matrix is damaged: slicing it may crash.

    Raises
    ------
    InputError
        See :func:`intact`.
    """
    raw = adata.raw
    named = {"X": adata.X, "raw.X": None if raw is None else raw.X}
    for slot in ("layers", "obsm", "varm", "obsp", "varp"):
        parts = getattr(adata, slot)
        named |= {f"{slot}[{name!r}]": parts[name] for name in parts}
    for name, matrix in named.items():
        if getattr(matrix, "format", None) in ("csr", "csc") and sparse.issparse(matrix):
            intact(matrix, name=name)


def intact(matrix: Any, *, name: str = "X") -> Any:
    """Wrap the memory of a CSR or CSC matrix anew, if no index of it points outside.

    scipy's slices and conversions read and write wherever an index points: they crash, or
    give the values of other cells. The new matrix has no flags yet, which somebody may have
    set wrongly.

    Raises
    ------
    InputError
        ``indptr`` does not rise from 0 to the number of values, or an index is beyond the
        rows or columns.
    """
    kind = sparse.csr_matrix if matrix.format == "csr" else sparse.csc_matrix
    try:
        wrapped = kind((matrix.data, matrix.indices, matrix.indptr), shape=matrix.shape)
        wrapped.check_format(full_check=True)
    except ValueError as error:
        raise InputError(
            f"{name} is a damaged sparse matrix ({error}); write the file anew"
        ) from error
    return wrapped
