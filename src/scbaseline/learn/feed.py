"""Cells as features in, batches that a network takes out.

On a CPU they are dense, or sparse where that is faster. A GPU holds all cells as they are and
makes each batch dense by itself, so that nothing is copied to it in between.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor

from scbaseline.learn.device import require_room, send
from scbaseline.learn.sparse import DENSE_FROM, SparseRows, WeightedSums

if TYPE_CHECKING:
    from scbaseline.scale import ScaledCounts

_BLOCK = 4096  # rows taken at a time: many batches, so that what each block costs is shared
_RAW_BLOCK = 1024  # rows that are made dense at a time to predict


@dataclass(frozen=True, eq=False)
class DenseCells:
    """Cells × features in full, on the device."""

    x_nf: Tensor

    def __len__(self) -> int:
        return len(self.x_nf)

    @property
    def n_inputs(self) -> int:
        """The number of features."""
        return self.x_nf.shape[1]

    def batches(self, order_n: Tensor, size: int) -> Iterator[Tensor]:
        """Yield batches of the cells in an order."""
        for rows in torch.split(order_n.to(self.x_nf.device), size):
            yield self.x_nf[rows]

    def blocks(self) -> Iterator[Tensor]:
        """Yield all cells as they come, to predict."""
        yield from torch.split(self.x_nf, _BLOCK)


@dataclass(frozen=True, eq=False)
class SparseCells:
    """One constant row plus a sparse difference, on the CPU."""

    constant_g: NDArray[np.floating[Any]]
    difference_ng: "sparse.csr_matrix"

    def __len__(self) -> int:
        return int(self.difference_ng.shape[0])

    @property
    def n_inputs(self) -> int:
        """The number of genes."""
        return int(self.difference_ng.shape[1])

    def batches(self, order_n: Tensor, size: int) -> Iterator[SparseRows]:
        """Yield batches of the cells in an order."""
        constant_g = torch.from_numpy(np.asarray(self.constant_g, dtype=np.float32))
        n_genes = self.n_inputs
        for rows in torch.split(order_n, max(1, _BLOCK // size) * size):
            by_cell = self.difference_ng[rows.numpy()]
            n_cells = by_cell.shape[0]
            n_batches = -(-n_cells // size)
            # With columns of its own for each batch, one conversion turns all batches over.
            batch = np.repeat(np.arange(n_cells) // size, np.diff(by_cell.indptr))
            apart = (by_cell.data, by_cell.indices + batch * n_genes, by_cell.indptr)
            by_gene = sparse.csr_matrix(apart, shape=(n_cells, n_batches * n_genes)).tocsc()
            for k, start in enumerate(range(0, n_cells, size)):
                genes = slice(k * n_genes, (k + 1) * n_genes)
                yield SparseRows(
                    constant_g,
                    _part(by_cell, slice(start, min(start + size, n_cells)), 0),
                    _part(by_gene, genes, start),
                )

    def blocks(self) -> Iterator[SparseRows]:
        """Yield all cells as they come, to predict."""
        for start in range(0, len(self), _BLOCK):
            block = self.difference_ng[start : start + _BLOCK]
            yield SparseRows.from_csr(self.constant_g, block)


@dataclass(frozen=True, eq=False)
class RawCells:
    """Raw counts on the CPU, which stay sparse; a batch at a time is made dense."""

    counts_ng: "sparse.csr_matrix"

    def __len__(self) -> int:
        return int(self.counts_ng.shape[0])

    @property
    def n_inputs(self) -> int:
        """The number of genes."""
        return int(self.counts_ng.shape[1])

    def batches(self, order_n: Tensor, size: int) -> Iterator[Tensor]:
        """Yield batches of the cells in an order."""
        for rows in torch.split(order_n, size):
            yield self._dense(self.counts_ng[rows.numpy()])

    def blocks(self) -> Iterator[Tensor]:
        """Yield all cells as they come, to predict."""
        for start in range(0, len(self), _RAW_BLOCK):
            yield self._dense(self.counts_ng[start : start + _RAW_BLOCK])

    def _dense(self, counts_ng: "sparse.csr_matrix") -> Tensor:
        dense_ng = counts_ng.toarray().astype(np.float32, copy=False)
        return torch.from_numpy(dense_ng)


@dataclass(frozen=True, eq=False)
class ResidentCells:
    """One constant row plus a sparse difference, all of it on the device.

    Attributes
    ----------
    constant_g
        The constant row; zeros for raw counts.
    offsets_n
        Where each cell's entries begin, and last their number; on the CPU, so that the size of
        a batch is known without asking the device.
    genes, values
        The entries, on the device.
    """

    constant_g: Tensor
    offsets_n: Tensor
    genes: Tensor
    values: Tensor

    @classmethod
    def sent(
        cls,
        constant_g: NDArray[np.floating[Any]],
        difference_ng: "sparse.csr_matrix",
        device: torch.device,
    ) -> Self:
        """Put cells on a device.

        Raises
        ------
        InputError
            A GPU has no room for them.
        """
        require_room(8 * difference_ng.nnz, device)
        return cls(
            torch.from_numpy(np.asarray(constant_g, dtype=np.float32)).to(device),
            torch.from_numpy(difference_ng.indptr.astype(np.int64)),
            torch.from_numpy(difference_ng.indices.astype(np.int32, copy=False)).to(device),
            torch.from_numpy(difference_ng.data.astype(np.float32, copy=False)).to(device),
        )

    def __len__(self) -> int:
        return len(self.offsets_n) - 1

    @property
    def n_inputs(self) -> int:
        """The number of genes."""
        return len(self.constant_g)

    def batches(self, order_n: Tensor, size: int) -> Iterator[Tensor]:
        """Yield batches of the cells in an order."""
        for rows in torch.split(order_n, size):
            yield self._dense(rows)

    def blocks(self) -> Iterator[Tensor]:
        """Yield all cells as they come, to predict."""
        for rows in torch.split(torch.arange(len(self)), _BLOCK):
            yield self._dense(rows)

    def _dense(self, rows: Tensor) -> Tensor:
        device, n_rows = self.values.device, len(rows)
        begin = self.offsets_n[rows]
        n_entries = self.offsets_n[rows + 1] - begin
        n_all = int(n_entries.sum())
        # An entry of the batch stands so many places behind its place among all cells.
        shift = begin - (n_entries.cumsum(0) - n_entries)
        row, shift = (
            send(x, device).repeat_interleave(send(n_entries, device), output_size=n_all)
            for x in (torch.arange(n_rows), shift)
        )
        entries = torch.arange(n_all, device=device) + shift
        x_ng = self.constant_g.repeat(n_rows, 1)
        x_ng[row, self.genes[entries]] += self.values[entries]
        return x_ng


Cells = DenseCells | SparseCells | RawCells | ResidentCells


def feed(
    x: "NDArray[np.float32] | ScaledCounts | sparse.csr_matrix", device: torch.device
) -> Cells:
    """Prepare features for a network on a device.

    Parameters
    ----------
    x
        Features, cells × features, scaled counts, or raw counts in CSR.

    Raises
    ------
    InputError
        A GPU has no room for them.
    """
    if sparse.issparse(x):
        if device.type == "cuda":
            return ResidentCells.sent(np.zeros(x.shape[1]), x, device)
        return RawCells(x)
    if not isinstance(x, np.ndarray):
        difference_ng = x.difference_ng
        if device.type == "cuda":
            return ResidentCells.sent(x.zero_g, difference_ng, device)
        n_cells, n_genes = difference_ng.shape
        if difference_ng.nnz < DENSE_FROM * n_cells * n_genes:
            return SparseCells(x.zero_g, difference_ng.astype(np.float32))
        x = x.dense()
    require_room(x.nbytes, device)
    return DenseCells(torch.from_numpy(np.ascontiguousarray(x)).to(device))


def _part(
    matrix: "sparse.csr_matrix | sparse.csc_matrix", lines: slice, first: int
) -> WeightedSums:
    """Cut adjacent rows of a CSR matrix (columns of a CSC matrix), whose index starts at first."""
    indptr = matrix.indptr[lines.start : lines.stop + 1]
    entries = slice(indptr[0], indptr[-1])
    return WeightedSums(
        torch.from_numpy((indptr - indptr[0]).astype(np.int32, copy=False)),
        torch.from_numpy((matrix.indices[entries] - first).astype(np.int32, copy=False)),
        torch.from_numpy(matrix.data[entries]),
    )
