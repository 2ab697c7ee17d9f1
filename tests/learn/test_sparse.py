"""Claims about the first layer's sparse product."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import sparse

from scbaseline.learn.feed import DenseCells, SparseCells, feed
from scbaseline.learn.sparse import DENSE_FROM, InputLayer, SparseRows
from scbaseline.scale import ScaledCounts

CPU = torch.device("cpu")


def drawn(
    seed: int, *, n_cells: int, n_genes: int, density: float
) -> tuple[NDArray[np.float64], sparse.csr_matrix]:
    """Return a constant row and differences, with empty cells and genes where they fall."""
    rng = np.random.default_rng(seed)
    shape = (n_cells, n_genes)
    difference_ng = np.where(rng.random(shape) < density, rng.normal(size=shape), 0.0)
    return rng.normal(size=n_genes), sparse.csr_matrix(difference_ng)


SHAPES = {
    "seed": st.integers(0, 2**32 - 1),
    "n_cells": st.integers(1, 40),
    "n_genes": st.integers(1, 60),
    "density": st.floats(0.0, 1.0),
}


@given(n_outputs=st.integers(1, 40), **SHAPES)
def test_the_sparse_product_is_that_of_a_linear_layer(
    seed: int, n_cells: int, n_genes: int, density: float, n_outputs: int
) -> None:
    """Value and both gradients equal those of ``nn.Linear`` on the dense rows, to 1e-5."""
    constant_g, difference_ng = drawn(seed, n_cells=n_cells, n_genes=n_genes, density=density)
    torch.manual_seed(seed)
    layer = InputLayer(n_genes, n_outputs)
    linear = torch.nn.Linear(n_genes, n_outputs)
    linear.load_state_dict({"weight": layer.weight_gh.detach().t(), "bias": layer.bias_h})
    upstream = torch.randn(n_cells, n_outputs)
    seen = layer(SparseRows.from_csr(constant_g, difference_ng, trainable=True))
    wanted = linear(torch.from_numpy((difference_ng.toarray() + constant_g).astype(np.float32)))
    seen.backward(upstream)
    wanted.backward(upstream)
    close = {"atol": 1e-5, "rtol": 1e-5}
    torch.testing.assert_close(seen, wanted, **close)
    torch.testing.assert_close(layer.weight_gh.grad, linear.weight.grad.t(), **close)
    torch.testing.assert_close(layer.bias_h.grad, linear.bias.grad, **close)


@given(size=st.integers(1, 50), **SHAPES)
def test_every_cell_is_in_one_batch_in_the_order_given(
    seed: int, n_cells: int, n_genes: int, density: float, size: int
) -> None:
    """Batches side by side are the dense rows in that order, by cells and by genes."""
    constant_g, difference_ng = drawn(seed, n_cells=n_cells, n_genes=n_genes, density=density)
    order_n = np.random.default_rng(seed).permutation(n_cells)
    cells = SparseCells(constant_g, difference_ng.astype(np.float32))
    batches = list(cells.batches(torch.from_numpy(order_n), size))
    assert [len(batch) for batch in batches[:-1]] == [size] * (len(batches) - 1)
    x_ng = (difference_ng.toarray() + constant_g)[order_n].astype(np.float32)
    torch.testing.assert_close(torch.cat([batch.dense() for batch in batches]), torch.tensor(x_ng))
    turned = torch.cat([batch.by_gene.of(torch.eye(len(batch))) for batch in batches], dim=1)
    np.testing.assert_allclose(turned.T.numpy() + constant_g, x_ng, atol=1e-6)


def test_more_cells_than_a_block_are_cut_into_the_same_batches() -> None:
    """The last batch of a block is as long as the others."""
    constant_g, difference_ng = drawn(0, n_cells=9000, n_genes=5, density=0.3)
    cells = SparseCells(constant_g, difference_ng.astype(np.float32))
    lengths = [len(batch) for batch in cells.batches(torch.arange(9000), 100)]
    assert lengths == [100] * 90
    blocks = torch.cat([block.dense() for block in cells.blocks()])
    np.testing.assert_allclose(blocks, difference_ng.toarray() + constant_g, atol=1e-6)


def test_the_first_layer_starts_as_a_linear_layer_does() -> None:
    """With the same seed, weights and bias are those of ``nn.Linear``."""
    torch.manual_seed(3)
    layer = InputLayer(7, 4)
    torch.manual_seed(3)
    linear = torch.nn.Linear(7, 4)
    assert torch.equal(layer.weight_gh.t(), linear.weight)
    assert torch.equal(layer.bias_h, linear.bias)


@pytest.mark.parametrize(("density", "kind"), [(0.05, SparseCells), (0.9, DenseCells)])
def test_dense_counts_are_fed_densely(density: float, kind: type) -> None:
    """Counts with few non-zeros stay sparse, others do not; both give the same rows."""
    constant_g, difference_ng = drawn(1, n_cells=30, n_genes=40, density=density)
    assert abs(density - DENSE_FROM) > 0.1
    cells = feed(ScaledCounts(constant_g, difference_ng), CPU)
    assert isinstance(cells, kind)
    (block,) = cells.blocks()
    x_ng = block.dense() if isinstance(block, SparseRows) else block
    np.testing.assert_allclose(x_ng, difference_ng.toarray() + constant_g, atol=1e-6)
