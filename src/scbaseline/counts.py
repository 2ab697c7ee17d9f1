"""Counts of cells × genes with each cell's total: in memory or on disk, whole or in blocks."""

from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from scbaseline import keys

if TYPE_CHECKING:
    from anndata import AnnData

BLOCK_CELLS = 4096
"""Cells of a block, and at most of what is read from a disk at once."""

CHUNK_CELLS = 256
"""Neighbouring cells that stay together when a disk's cells are shuffled."""

CHUNKS = 64
"""Chunks from random places that make up a shuffled block."""


class CountSource(Protocol):
    """Counts on disk; :class:`scbaseline.data.stream.CountStream` is one."""

    @property
    def shape(self) -> tuple[int, int]:
        """The number of cells and of genes."""

    def read(self, start: int, stop: int) -> "sparse.csr_matrix":
        """Return the counts of adjacent cells, CSR float32."""


@dataclass(frozen=True, eq=False, repr=False)
class Counts:
    """Raw counts of some cells, and each cell's total. Counts are equal only to themselves.

    ``Counts(counts_ng, total_n)`` holds a CSR matrix in memory; it can be pickled.

    Attributes
    ----------
    source
        Raw counts, cells × all of the input's genes: a CSR matrix or a source on disk.
    total_n
        Each cell's total count, over these genes and those that the input does not hold.
    rows_n
        The cells' row numbers in a source on disk, rising; ``None``: all of its cells.
    named_g
        Which genes have a name, so that another file's can be matched with them: features are
        chosen among these. ``None``: all.

    Examples
    --------
    >>> import scbaseline as sb
    >>> adata = sb.check_counts(sb.read_counts("pbmc68k_reduced"))
    >>> counts = sb.Counts.from_anndata(adata)
    >>> counts
    Counts(700 cells × 765 genes, in memory)
    """

    source: "sparse.csr_matrix | CountSource"
    total_n: NDArray[np.float64]
    rows_n: NDArray[np.int64] | None = None
    named_g: NDArray[np.bool_] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "total_n", np.asarray(self.total_n, dtype=np.float64))
        if sparse.issparse(self.source) and self.source.format == "csr":
            object.__setattr__(self, "source", _of_one_index_type(self.source))
        n_rows = self.source.shape[0] if self.rows_n is None else len(self.rows_n)
        if len(self.total_n) != n_rows:
            raise ValueError(f"{len(self.total_n):,} totals for the counts of {n_rows:,} cells")

    @classmethod
    def on_disk(cls, source: CountSource, total_n: NDArray[np.float64]) -> Self:
        """Return the counts of a source on disk, which are read when they are needed.

        Parameters
        ----------
        source
            Gives its ``shape`` and reads adjacent cells.
        total_n
            Each cell's total count.
        """
        return cls(source, total_n)

    @classmethod
    def from_anndata(cls, adata: "AnnData") -> Self:
        """Return the counts of checked cells; the matrix is shared, not copied.

        Parameters
        ----------
        adata
            As :func:`scbaseline.check_counts` returns it.
        """
        return cls(adata.X, adata.obs[keys.TOTAL_COUNTS].to_numpy(np.float64))

    def __repr__(self) -> str:
        n_cells, n_genes = self.shape
        where = "in memory" if self.in_memory else "on disk"
        return f"Counts({n_cells:,} cells × {n_genes:,} genes, {where})"

    @property
    def shape(self) -> tuple[int, int]:
        """The number of cells and of genes."""
        return len(self.total_n), int(self.source.shape[1])

    @property
    def in_memory(self) -> bool:
        """Whether the counts are in memory."""
        return sparse.issparse(self.source)

    @property
    def n_bytes(self) -> int:
        """The memory that the counts take."""
        if not sparse.issparse(self.source):
            return 0
        return int(self.source.data.nbytes + self.source.indices.nbytes)

    @property
    def counts_ng(self) -> "sparse.csr_matrix":
        """All counts as one CSR matrix; counts on disk are read, so ask this of few cells."""
        return self._taken(np.arange(self.shape[0]))

    def rows(self, wanted: NDArray[np.bool_] | NDArray[np.int64]) -> "Counts":
        """Return the counts of some of the cells; of a disk, nothing is read yet.

        Parameters
        ----------
        wanted
            A mask over the cells, or numbers of cells in rising order.
        """
        rows_n: NDArray[np.int64]
        rows_n = np.flatnonzero(wanted) if wanted.dtype == bool else np.asarray(wanted, np.int64)
        if np.any(np.diff(rows_n) <= 0):
            raise ValueError("the numbers of the wanted cells do not rise")
        if len(rows_n) == self.shape[0]:
            return self
        total_n = self.total_n[rows_n]
        if sparse.issparse(self.source):
            return replace(self, source=self.source[rows_n], total_n=total_n)
        of_source_n = rows_n if self.rows_n is None else self.rows_n[rows_n]
        return replace(self, total_n=total_n, rows_n=of_source_n)

    def can_be_features(self, mask_g: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return which genes of a mask have a name."""
        return mask_g if self.named_g is None else mask_g & self.named_g

    def blocks(
        self, genes_g: NDArray[np.int64] | None = None
    ) -> "Iterator[tuple[sparse.csr_matrix, NDArray[np.float64]]]":
        """Yield counts and totals of all cells in order, ``BLOCK_CELLS`` cells at a time.

        Parameters
        ----------
        genes_g
            The genes whose counts are wanted; by default all.
        """
        # Of no cells, one block without any: whoever joins blocks needs no case for it.
        for start in range(0, max(self.shape[0], 1), BLOCK_CELLS):
            rows_n = np.arange(start, min(start + BLOCK_CELLS, self.shape[0]))
            yield self._taken(rows_n, genes_g), self.total_n[rows_n]

    def shuffled(
        self,
        rng: np.random.Generator,
        genes_g: NDArray[np.int64] | None = None,
        *,
        chunk_cells: int = CHUNK_CELLS,
        chunks: int = CHUNKS,
    ) -> "Iterator[tuple[NDArray[np.int64], sparse.csr_matrix, NDArray[np.float64]]]":
        """Yield numbers of cells, counts and totals: each cell once, in random order.

        A disk reads adjacent cells at once. So chunks of adjacent cells are drawn, and the
        cells of many chunks are shuffled. The order is random up to the size of a block, also
        where a file is sorted by type or donor. In memory the order is the same.

        Parameters
        ----------
        rng
            Draws the order; the next pass has another one.
        genes_g
            The genes whose counts are wanted; by default all.
        chunk_cells, chunks
            Cells per chunk, and chunks per block: together they set the memory.

        References
        ----------
        D'Ascenzo & Cultrera di Montesano, scDataset, PMLR 306, 2026 (block sampling
        with a buffer that is shuffled).
        """
        n_cells = self.shape[0]
        chunk_order = rng.permutation(-(-n_cells // chunk_cells))
        for first in range(0, len(chunk_order), chunks):
            starts = np.sort(chunk_order[first : first + chunks]) * chunk_cells  # forward on disk
            stops = np.minimum(starts + chunk_cells, n_cells)
            rows_n = np.concatenate([np.arange(*run) for run in zip(starts, stops, strict=True)])
            order = rng.permutation(len(rows_n))
            counts_ng = self._taken(rows_n, genes_g)[order]
            yield rows_n[order], counts_ng, self.total_n[rows_n[order]]

    def _taken(
        self, rows_n: NDArray[np.int64], genes_g: NDArray[np.int64] | None = None
    ) -> "sparse.csr_matrix":
        """Return the counts of cells whose numbers rise."""
        if sparse.issparse(self.source):
            is_whole = len(rows_n) == self.shape[0]  # a slice would copy it
            counts_ng = self.source if is_whole else self.source[_run_or_rows(rows_n)]
            return counts_ng if genes_g is None else counts_ng[:, genes_g]
        source_rows_n = rows_n if self.rows_n is None else self.rows_n[rows_n]
        parts = []
        for part_n in _runs(source_rows_n) or [source_rows_n[:0]]:
            first, stop = (int(part_n[0]), int(part_n[-1]) + 1) if len(part_n) else (0, 0)
            part_ng = self.source.read(first, stop)
            # Genes are dropped at once: a block of many parts then takes less memory.
            part_ng = part_ng if genes_g is None else part_ng[:, genes_g]
            is_whole = part_ng.shape[0] == len(part_n)
            parts.append(part_ng if is_whole else part_ng[part_n - first])
        return parts[0] if len(parts) == 1 else _joined(parts)


def _joined(parts: "list[sparse.csr_matrix]") -> "sparse.csr_matrix":
    joined: sparse.csr_matrix = sparse.vstack(parts, format="csr")
    return joined


def _of_one_index_type(counts_ng: "sparse.csr_matrix") -> "sparse.csr_matrix":
    """Give the starts of the rows the type of the columns, where they are larger numbers.

    Files hold two types, and anndata keeps them. scipy then copies all columns at each slice:
    200,000 cells were cut into blocks at .18 s a block, where .006 s are enough.
    """
    small = counts_ng.indices.dtype
    if counts_ng.indptr.dtype.itemsize <= small.itemsize or counts_ng.nnz > np.iinfo(small).max:
        return counts_ng
    same = copy(counts_ng)  # it shares the arrays
    same.indptr = counts_ng.indptr.astype(small)
    return same


def _run_or_rows(rows_n: NDArray[np.int64]) -> slice | NDArray[np.int64]:
    """Return adjacent rows as a slice, which is cheaper to take."""
    is_run = len(rows_n) > 0 and rows_n[-1] - rows_n[0] == len(rows_n) - 1
    return slice(int(rows_n[0]), int(rows_n[-1]) + 1) if is_run else rows_n


def _runs(rows_n: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Cut rising row numbers where a chunk or more is unwanted, or where a run gets too long."""
    if not len(rows_n):
        return []
    far = np.diff(rows_n) > CHUNK_CELLS
    runs: list[NDArray[np.int64]] = []
    for near_n in np.split(rows_n, np.flatnonzero(far) + 1):
        piece_n = (near_n - near_n[0]) // BLOCK_CELLS
        runs += np.split(near_n, np.flatnonzero(np.diff(piece_n)) + 1)
    return runs
