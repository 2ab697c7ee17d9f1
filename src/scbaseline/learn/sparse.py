"""Cells that differ from one constant row in few genes, and their product with a weight matrix.

After clipped scaling a zero count is one constant per gene, so the scaled values x of a cell
are a constant row c plus a difference d that is sparse, and ``x @ W + b`` is
``(c @ W + b) + d @ W``: the first sum is taken once a batch, the second follows the non-zeros.
Where each cell is centred, a number of its own, s, stands beside: ``s (a @ W)``, where a row a
says which genes it is added to.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor, nn
from torch.nn import functional

DENSE_FROM = 0.3
"""The share of non-zeros from which a dense product is the faster one.

``python benchmarks/training.py --crossover`` measures it.
"""

_STRIP = 64  # columns of a table that a processor keeps near while it sums rows of them
_NEAR = 2**19  # values of a table that it keeps near as a whole


class WeightedSums(NamedTuple):
    """A sparse matrix: each row says which rows of a table to sum, and with which weights.

    Attributes
    ----------
    offsets
        Where each row begins in the other two, and last their length; int32.
    lines
        Rows of the table, int32.
    weights
        Their weights, float32.
    """

    offsets: Tensor
    lines: Tensor
    weights: Tensor

    @classmethod
    def from_compressed(cls, matrix: "sparse.csr_matrix | sparse.csc_matrix") -> "WeightedSums":
        """Take the rows of a CSR matrix, or the columns of a CSC matrix."""
        return cls(
            torch.from_numpy(matrix.indptr.astype(np.int32, copy=False)),
            torch.from_numpy(matrix.indices.astype(np.int32, copy=False)),
            torch.from_numpy(matrix.data.astype(np.float32, copy=False)),
        )

    def of(self, table: Tensor) -> Tensor:
        """Return the sums, rows × the table's columns.

        Of torch's kernels for this, that of ``embedding_bag`` is by far the fastest on a CPU; its
        own gradient is slow, and is not used.
        """
        return functional.embedding_bag(
            self.lines,
            table.detach(),
            self.offsets,
            mode="sum",
            per_sample_weights=self.weights,
            include_last_offset=True,
        )


@dataclass(frozen=True, eq=False)
class SparseRows:
    """Cells × genes: one constant row plus a sparse difference, as tensors.

    Attributes
    ----------
    constant_g
        The constant row, float32.
    by_cell
        The differences, a row per cell.
    by_gene
        The same by genes, which only a gradient needs.
    own_n, along_g
        What each cell adds to all genes of which ``along_g`` is 1, where cells are centred.
    """

    constant_g: Tensor
    by_cell: WeightedSums
    by_gene: WeightedSums | None = None
    own_n: Tensor | None = None
    along_g: Tensor | None = None

    @classmethod
    def from_csr(
        cls,
        constant_g: NDArray[np.floating[Any]],
        difference_ng: "sparse.csr_matrix",
        *,
        trainable: bool = False,
        own_n: Tensor | None = None,
        along_g: Tensor | None = None,
    ) -> "SparseRows":
        """Wrap a constant row and a CSR matrix of what cells add to it.

        Parameters
        ----------
        trainable
            Whether a gradient will be wanted.
        own_n, along_g
            What each cell adds to some genes, and 1 for these genes.
        """
        return cls(
            torch.from_numpy(np.asarray(constant_g, dtype=np.float32)),
            WeightedSums.from_compressed(difference_ng),
            WeightedSums.from_compressed(difference_ng.tocsc()) if trainable else None,
            own_n,
            along_g,
        )

    def __len__(self) -> int:
        return len(self.by_cell.offsets) - 1

    def dense(self) -> Tensor:
        """Return the cells in full."""
        offsets, genes, values = self.by_cell
        x_ng = self.constant_g.repeat(len(self), 1)
        if self.own_n is not None and self.along_g is not None:
            x_ng.addr_(self.own_n, self.along_g)
        x_ng[torch.arange(len(self)).repeat_interleave(offsets.diff()), genes] += values
        return x_ng

    def faster(self) -> "Tensor | SparseRows":
        """Return the form in which a product costs less."""
        share = len(self.by_cell.weights) / max(1, len(self) * len(self.constant_g))
        return self if share < DENSE_FROM else self.dense()


def row_sums(values: Tensor, indptr: NDArray[np.integer[Any]]) -> Tensor:
    """Return the sum of each row of a compressed matrix, in float64.

    Parameters
    ----------
    values
        The non-zeros.
    indptr
        Where each row begins in them, and last their number.
    """
    summed = np.zeros(len(indptr) - 1)
    filled = np.flatnonzero(np.diff(indptr))
    if len(filled):
        summed[filled] = np.add.reduceat(values.numpy().astype(np.float64), indptr[filled])
    return torch.from_numpy(summed)


def of_each_value(of_each_row: Tensor, indptr: NDArray[np.integer[Any]]) -> Tensor:
    """Return for each non-zero of a compressed matrix what belongs to its row; no gradient.

    numpy's own takes a sixth of the time of ``repeat_interleave`` on a CPU.
    """
    return torch.from_numpy(np.repeat(of_each_row.numpy(), np.diff(indptr)))


class InputLayer(nn.Module):
    """A linear layer on dense rows or on :class:`SparseRows`, with the start of ``nn.Linear``.

    Attributes
    ----------
    weight_gh
        Inputs × outputs: a gene's weights lie together, since a non-zero asks for all of them.
    bias_h
        One per output.
    """

    def __init__(self, n_inputs: int, n_outputs: int) -> None:
        super().__init__()
        linear = nn.Linear(n_inputs, n_outputs)
        self.weight_gh = nn.Parameter(linear.weight.detach().t().contiguous())
        self.bias_h = linear.bias

    def forward(self, x: Tensor | SparseRows) -> Tensor:
        """Return cells × outputs."""
        return affine(x, self.weight_gh, self.bias_h)


def affine(x: Tensor | SparseRows, weight_gh: Tensor, bias_h: Tensor) -> Tensor:
    """Return ``x @ weight_gh + bias_h``, differentiable in the weight and the bias."""
    if isinstance(x, Tensor):
        return torch.addmm(bias_h, x, weight_gh)
    if not torch.is_grad_enabled():
        return _served(x, weight_gh).add_(bias_h)
    product_nh: Tensor = _Product.apply(weight_gh, x)  # type: ignore[no-untyped-call]
    return product_nh + bias_h


def _product(x: SparseRows, weight_gh: Tensor) -> Tensor:
    return _with_rows(x, weight_gh, x.by_cell.of(weight_gh))


def _served(x: SparseRows, weight_gh: Tensor) -> Tensor:
    """Return the same of many cells at once: strip by strip, if the weights are many."""
    if weight_gh.numel() <= _NEAR or weight_gh.device.type != "cpu":
        return _product(x, weight_gh)
    strips = torch.split(weight_gh, _STRIP, dim=1)
    products = [x.by_cell.of(strip.contiguous()) for strip in strips]
    return _with_rows(x, weight_gh, torch.cat(products, dim=1))


def _with_rows(x: SparseRows, weight_gh: Tensor, product_nh: Tensor) -> Tensor:
    """Add what the constant row, and what is a cell's own, make of the weights."""
    if x.own_n is None or x.along_g is None:
        return product_nh.add_(x.constant_g @ weight_gh)
    constant_h, along_h = torch.stack([x.constant_g, x.along_g]) @ weight_gh
    return product_nh.add_(constant_h).addr_(x.own_n, along_h)


class _Product(torch.autograd.Function):
    """``x @ weight_gh`` for sparse rows; its gradient by the weight is ``x.T @ gradient_nh``."""

    @staticmethod
    def forward(context: Any, weight_gh: Tensor, x: SparseRows) -> Tensor:
        context.x = x
        return _product(x, weight_gh)

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (gradient_nh,) = gradients
        x: SparseRows = context.x
        if x.by_gene is None:
            raise AssertionError("rows to train on are made with trainable=True")
        gradient_gh = x.by_gene.of(gradient_nh.contiguous())
        if x.own_n is not None and x.along_g is not None:
            gradient_gh.addr_(x.along_g, x.own_n @ gradient_nh)
        return gradient_gh.addr_(x.constant_g, gradient_nh.sum(dim=0)), None
