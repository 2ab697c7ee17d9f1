"""Turns a matrix in memory or on disk into blocks of rows, each canonical CSR."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy import sparse

from scbaseline.data.matrix import canonical_csr
from scbaseline.data.rows import row_reader

_SPARSE_ROWS = 1024
_DENSE_VALUES = 4_000_000


def row_blocks(
    matrix: Any, rows: slice = slice(None)
) -> "Iterator[tuple[int, sparse.csr_matrix[np.float32]]]":
    """Yield blocks of cells with the number of the first, so that a block sets the memory.

    Parameters
    ----------
    matrix
        Cells × genes: dense or sparse, in memory, or as a backed AnnData holds it on disk.
        What is compressed by columns on disk is read whole, since its rows lie apart.
    rows
        Adjacent rows to give; by default all.

    Raises
    ------
    InputError
        ``matrix`` is missing, holds no numbers, or is damaged.
    """
    on_disk = matrix is not None and not (sparse.issparse(matrix) or isinstance(matrix, np.ndarray))
    if on_disk and getattr(matrix, "format", None) == "csc":
        matrix, on_disk = matrix[:], False
    is_sparse = sparse.issparse(matrix) or hasattr(matrix, "format")
    if not on_disk and (is_sparse or matrix is None or matrix.ndim != 2):
        matrix = canonical_csr(matrix)
    n_rows, n_columns = matrix.shape
    step = _SPARSE_ROWS if is_sparse else max(1, _DENSE_VALUES // max(1, n_columns))
    read = row_reader(matrix)
    first, last, _ = rows.indices(n_rows)
    for start in range(first, last, step):
        block = read(start, min(start + step, last))
        yield start, block if is_sparse and not on_disk else canonical_csr(block)


def whole_matrix(matrix: Any) -> Any:
    """Return a matrix in memory that may be on disk."""
    if matrix is None or sparse.issparse(matrix) or isinstance(matrix, np.ndarray):
        return matrix
    return matrix[:]
