"""Cells that differ from one constant row in few genes, and their product with a weight matrix.

After clipped scaling a zero count is one constant per gene, so the scaled values x of a cell
are a constant row c plus a difference d that is sparse, and ``x @ W + b`` is
``(c @ W + b) + d @ W``: the first sum is taken once a batch, the second follows the non-zeros.
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
    """

    constant_g: Tensor
    by_cell: WeightedSums
    by_gene: WeightedSums | None = None

    @classmethod
    def from_csr(
        cls,
        constant_g: NDArray[np.floating[Any]],
        difference_ng: "sparse.csr_matrix",
        *,
        trainable: bool = False,
    ) -> "SparseRows":
        """Wrap a constant row and a CSR matrix of what cells add to it.

        Parameters
        ----------
        trainable
            Whether a gradient will be wanted.
        """
        return cls(
            torch.from_numpy(np.asarray(constant_g, dtype=np.float32)),
            WeightedSums.from_compressed(difference_ng),
            WeightedSums.from_compressed(difference_ng.tocsc()) if trainable else None,
        )

    def __len__(self) -> int:
        return len(self.by_cell.offsets) - 1

    def dense(self) -> Tensor:
        """Return the cells in full."""
        offsets, genes, values = self.by_cell
        x_ng = self.constant_g.repeat(len(self), 1)
        x_ng[torch.arange(len(self)).repeat_interleave(offsets.diff()), genes] += values
        return x_ng

    def faster(self) -> "Tensor | SparseRows":
        """Return the form in which a product costs less."""
        share = len(self.by_cell.weights) / max(1, len(self) * len(self.constant_g))
        return self if share < DENSE_FROM else self.dense()


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
        return _product(x, weight_gh) + bias_h
    product_nh: Tensor = _Product.apply(weight_gh, x)  # type: ignore[no-untyped-call]
    return product_nh + bias_h


def _product(x: SparseRows, weight_gh: Tensor) -> Tensor:
    return x.by_cell.of(weight_gh).add_(x.constant_g @ weight_gh)


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
        return gradient_gh.addr_(x.constant_g, gradient_nh.sum(dim=0)), None
