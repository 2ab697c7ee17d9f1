"""Claims about the feature space as sums over blocks: where they come from does not matter."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
import scipy
from anndata import AnnData
from conftest import SMALL, simulate
from hypothesis import given, settings
from hypothesis import strategies as st
from made_forms import write_zarr
from scipy import sparse

from scbaseline import RunConfig, fit_feature_space, keys
from scbaseline.cells.space import (
    CountsInMemory,
    FeatureSpace,
    RowsOf,
    components,
    fit_feature_space_from,
    source,
)
from scbaseline.data.read import open_counts
from scbaseline.data.stream import stream_counts

MANY_GENES = RunConfig(min_cells=1, n_top_genes=500, n_comps=10, n_pcs=10)
"""More genes than are decomposed in full."""

CELLS = simulate()
COUNTS, TOTALS = CELLS.X, CELLS.obs[keys.TOTAL_COUNTS].to_numpy()


@dataclass(frozen=True)
class Chopped:
    """Counts in memory that arrive in pieces of the sizes given, over and over."""

    sizes: tuple[int, ...]

    @property
    def shape(self) -> tuple[int, int]:
        """The number of cells and of genes."""
        return COUNTS.shape

    def blocks(self) -> Iterator[tuple[slice, sparse.csr_matrix, np.ndarray]]:
        """Yield the pieces."""
        start = 0
        while start < COUNTS.shape[0]:
            for size in self.sizes:
                rows = slice(start, start + size)
                yield rows, COUNTS[rows], TOTALS[rows]
                start += size


def assert_same_bits(ours: FeatureSpace, theirs: FeatureSpace) -> None:
    for name in ("genes_g", "mean_g", "sd_g", "center_g", "components_gc", "variance_c"):
        np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name), err_msg=name)


def spans(cells: AnnData, config: RunConfig) -> tuple[FeatureSpace, np.ndarray, np.ndarray]:
    """Return a space, and what numpy says of the covariance of its dense scaled values."""
    total_n = cells.obs[keys.TOTAL_COUNTS].to_numpy()
    space = fit_feature_space(cells.X, total_n, config)
    scaled = space.scale(cells.X, total_n)
    dense = scaled.difference_ng.toarray() + scaled.zero_g
    values, vectors = np.linalg.eigh(np.cov(dense, rowvar=False))
    n_comps = space.components_gc.shape[1]
    return space, values[::-1][:n_comps], vectors[:, ::-1][:, :n_comps]


@settings(deadline=None, max_examples=25)
@given(st.lists(st.integers(1, 300), min_size=1, max_size=5), st.integers(1, 300))
def test_the_pieces_in_which_cells_arrive_do_not_matter(sizes: list[int], step: int) -> None:
    """Whatever the pieces are, the space is that of one matrix, bit for bit."""
    with mock.patch.object(source, "BLOCK_ROWS", step):
        whole = fit_feature_space(COUNTS, TOTALS, SMALL)
        assert_same_bits(fit_feature_space_from(Chopped(tuple(sizes)), SMALL), whole)


@settings(deadline=None, max_examples=10)
@given(st.integers(1, 300))
def test_the_size_of_a_sum_matters_in_last_digits_only(step: int) -> None:
    """Sums over blocks of another size give the same genes, and values within 1e-10."""
    whole = fit_feature_space(COUNTS, TOTALS, SMALL)
    with mock.patch.object(source, "BLOCK_ROWS", step):
        blocked = fit_feature_space(COUNTS, TOTALS, SMALL)
    np.testing.assert_array_equal(whole.genes_g, blocked.genes_g)
    for name in ("mean_g", "sd_g", "center_g", "variance_c"):
        np.testing.assert_allclose(getattr(blocked, name), getattr(whole, name), atol=1e-10)
    np.testing.assert_allclose(blocked.components_gc, whole.components_gc, atol=1e-10)


@settings(deadline=None, max_examples=10)
@given(st.integers(0, 2**32 - 1), st.integers(1, 100))
def test_some_rows_are_a_matrix_of_these_rows(seed: int, size: int) -> None:
    """The space of a mask over a source is that of the rows taken out of the matrix."""
    is_row_n = np.random.default_rng(seed).random(len(TOTALS)) < 0.5
    chosen = fit_feature_space(COUNTS[is_row_n], TOTALS[is_row_n], SMALL)
    rows = RowsOf(Chopped((size,)), is_row_n)
    assert rows.shape == (is_row_n.sum(), COUNTS.shape[1])
    assert [r.stop - r.start for r, _, _ in rows.blocks()] == [
        block.shape[0] for _, block, _ in rows.blocks()
    ]
    assert_same_bits(fit_feature_space_from(rows, SMALL), chosen)


@pytest.mark.parametrize("ending", ["h5ad", "zarr"])
def test_the_disk_gives_what_memory_gives(ending: str, tmp_path: Path) -> None:
    """A file's stream, whole or by a mask, gives the space of its matrix bit for bit."""
    path = tmp_path / f"cells.{ending}"
    plain = AnnData(COUNTS, obs=CELLS.obs[[]], var=CELLS.var[[]])
    write_zarr(plain, path) if ending == "zarr" else plain.write_h5ad(path)
    is_row_n = np.arange(len(TOTALS)) % 3 > 0
    with open_counts(path) as adata, mock.patch.object(source, "BLOCK_ROWS", 100):
        stream = stream_counts(adata)
        assert stream.shape == COUNTS.shape
        assert_same_bits(
            fit_feature_space_from(stream, SMALL), fit_feature_space(COUNTS, TOTALS, SMALL)
        )
        assert_same_bits(
            fit_feature_space_from(RowsOf(stream, is_row_n), SMALL),
            fit_feature_space_from(RowsOf(CountsInMemory(COUNTS, TOTALS), is_row_n), SMALL),
        )


@pytest.mark.parametrize("n_cells", [200, 900])
@pytest.mark.parametrize("path", ["full", "products of the differences", "sum of products"])
def test_components_are_numpys(path: str, n_cells: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each way to the components spans what a dense eigen-decomposition spans."""
    cells = simulate(n_cells=n_cells, n_genes=700)
    monkeypatch.setattr(components, "_SMALL", 700 if path == "full" else 0)
    monkeypatch.setattr(components, "_KEPT", 0.0 if path == "sum of products" else 1.0)
    space, values, vectors = spans(cells, MANY_GENES)
    np.testing.assert_allclose(space.variance_c, values, rtol=1e-9)
    assert np.linalg.svd(space.components_gc.T @ vectors, compute_uv=False).min() > 1 - 1e-9
    assert space.notes == ()


@pytest.mark.parametrize("fault", ["wrong vectors", "no convergence"])
def test_a_search_that_fails_is_replaced_and_said(
    fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Vectors that are no eigenvectors are not used; those of the full decomposition are."""
    sound = scipy.sparse.linalg.eigsh

    def faulty(operator: object, **given: object) -> tuple[np.ndarray, np.ndarray]:
        if fault == "no convergence":
            raise scipy.sparse.linalg.ArpackNoConvergence("", np.zeros(0), np.zeros((0, 0)))
        values, vectors = sound(operator, **given)
        return values, np.roll(vectors, 1, axis=0)

    monkeypatch.setattr(components, "eigsh", faulty)
    space, values, vectors = spans(simulate(n_genes=700), MANY_GENES)
    np.testing.assert_allclose(space.variance_c, values, rtol=1e-9)
    assert np.linalg.svd(space.components_gc.T @ vectors, compute_uv=False).min() > 1 - 1e-9
    assert any("full decomposition" in note for note in space.notes)


def test_cells_without_variance_have_components_without_variance() -> None:
    """Where all cells are equal, the covariance is zero, and that is what is found."""
    counts = sparse.csr_matrix(np.tile(np.arange(1, 601, dtype=np.float32), (20, 1)))
    space = fit_feature_space(counts, np.full(20, counts[0].sum()), MANY_GENES)
    np.testing.assert_allclose(space.variance_c, 0, atol=1e-9)
