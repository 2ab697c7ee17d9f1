"""Turns a matrix in memory or on disk into blocks of rows, each canonical CSR."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy import sparse

from scbaseline.counts import BLOCK_CELLS
from scbaseline.data.matrix import canonical_csr
from scbaseline.data.rows import row_reader
from scbaseline.ranks import Ranks, share_of

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
    step, read = _step(matrix), row_reader(matrix)
    first, last, _ = rows.indices(matrix.shape[0])
    for start in range(first, last, step):
        block = read(start, min(start + step, last))
        yield start, block if is_sparse and not on_disk else canonical_csr(block)


def share_of_blocks(matrix: Any, ranks: Ranks) -> slice:
    """Return the own share of a matrix's rows: whole blocks, as one process alone would take them.

    What is computed block by block is then the same to the last digit, whoever computes it. So
    it is where adjacent blocks are joined, but not beyond :func:`rows_together`.

    Parameters
    ----------
    matrix
        As for :func:`row_blocks`.
    ranks
        Those that share its rows. Of few blocks, some have none.
    """
    n_rows, unit = matrix.shape[0], rows_together(matrix)
    own = share_of(-(-n_rows // unit), ranks)
    return slice(min(own.start * unit, n_rows), min(own.stop * unit, n_rows))


def rows_together(matrix: Any) -> int:
    """Return of how many rows a multiple is where shares begin."""
    step = _step(matrix)
    return step * -(-BLOCK_CELLS // step)


def _step(matrix: Any) -> int:
    """Return the rows of a block."""
    if sparse.issparse(matrix) or hasattr(matrix, "format"):
        return _SPARSE_ROWS
    return max(1, _DENSE_VALUES // max(1, int(matrix.shape[1])))


def whole_matrix(matrix: Any) -> Any:
    """Return a matrix in memory that may be on disk."""
    if matrix is None or sparse.issparse(matrix) or isinstance(matrix, np.ndarray):
        return matrix
    return matrix[:]
