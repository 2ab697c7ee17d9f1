"""Where counts come from: a matrix in memory or a stream from disk, as blocks of rows."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

BLOCK_ROWS = 4096
"""Cells that a sum takes at a time, however they arrive: so every source gives the same bits."""


class CountBlocks(Protocol):
    """Counts that can be passed over more than once, block by block.

    :class:`CountsInMemory` and :class:`scbaseline.data.stream.CountStream` are such.
    """

    @property
    def shape(self) -> tuple[int, int]:
        """The number of cells and of genes."""

    def blocks(self) -> "Iterator[tuple[slice, sparse.csr_matrix, NDArray[np.float64]]]":
        """Yield all cells in order: rows, their counts (cells × genes), their totals."""


@dataclass(frozen=True)
class CountsInMemory:
    """Counts that are in memory already.

    Attributes
    ----------
    counts_ng
        Raw counts, cells × genes, CSR.
    total_n
        Each cell's total count, over all genes.
    """

    counts_ng: sparse.csr_matrix
    total_n: NDArray[np.float64]

    @property
    def shape(self) -> tuple[int, int]:
        """The number of cells and of genes."""
        n_cells, n_genes = self.counts_ng.shape
        return n_cells, n_genes

    def blocks(self) -> Iterator[tuple[slice, sparse.csr_matrix, NDArray[np.float64]]]:
        """Yield all cells in order: rows, their counts (cells × genes), their totals."""
        n_cells = self.shape[0]
        for start in range(0, n_cells, BLOCK_ROWS):
            rows = slice(start, min(start + BLOCK_ROWS, n_cells))
            whole = rows == slice(0, n_cells)  # a slice would copy it
            yield rows, self.counts_ng if whole else self.counts_ng[rows], self.total_n[rows]


@dataclass(frozen=True)
class RowsOf:
    """Some cells of a source, for example the training cells.

    Attributes
    ----------
    source
        All cells.
    is_row_n
        Which of them are wanted.
    """

    source: CountBlocks
    is_row_n: NDArray[np.bool_]

    @property
    def shape(self) -> tuple[int, int]:
        """The number of wanted cells, and of genes."""
        return int(np.count_nonzero(self.is_row_n)), self.source.shape[1]

    def blocks(self) -> Iterator[tuple[slice, sparse.csr_matrix, NDArray[np.float64]]]:
        """Yield the wanted cells in order; rows are counted among them."""
        start = 0
        for rows, counts_ng, total_n in self.source.blocks():
            wanted = np.flatnonzero(self.is_row_n[rows])
            if len(wanted) == 0:
                continue
            all_wanted = len(wanted) == counts_ng.shape[0]
            chosen_ng = counts_ng if all_wanted else counts_ng[wanted]
            yield slice(start, start + len(wanted)), chosen_ng, total_n[wanted]
            start += len(wanted)


def equal_blocks(
    source: CountBlocks,
) -> Iterator[tuple[sparse.csr_matrix, NDArray[np.float64]]]:
    """Yield counts and totals in blocks of ``BLOCK_ROWS`` cells; only the last may be shorter.

    The order in which numbers are added sets the last bits of a sum. With blocks of one size
    it is the same order for every source, and the sums are equal bit for bit.
    """
    waiting: list[tuple[sparse.csr_matrix, NDArray[np.float64]]] = []
    n_waiting = 0
    for _, counts_ng, total_n in source.blocks():
        waiting.append((counts_ng, total_n))
        n_waiting += counts_ng.shape[0]
        if n_waiting < BLOCK_ROWS:
            continue
        joined_ng, joined_n = _joined(waiting)
        full = n_waiting - n_waiting % BLOCK_ROWS
        for start in range(0, full, BLOCK_ROWS):
            rows = slice(start, start + BLOCK_ROWS)
            yield joined_ng if n_waiting == BLOCK_ROWS else joined_ng[rows], joined_n[rows]
        waiting = [(joined_ng[full:], joined_n[full:])] if full < n_waiting else []
        n_waiting -= full
    if waiting:
        yield _joined(waiting)


def _joined(
    parts: list[tuple[sparse.csr_matrix, NDArray[np.float64]]],
) -> tuple[sparse.csr_matrix, NDArray[np.float64]]:
    if len(parts) == 1:
        return parts[0]
    counts_ng = sparse.vstack([counts_ng for counts_ng, _ in parts], format="csr")
    return counts_ng, np.concatenate([total_n for _, total_n in parts])
