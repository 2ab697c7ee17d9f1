"""Claims about principal components, against numpy's decomposition of the dense covariance."""

from unittest import mock

import numpy as np
import pytest
import scipy
from conftest import simulate
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from scbaseline import Counts, RunConfig, fit_feature_space
from scbaseline.cells import pca
from scbaseline.cells.pca import principal_components, search_components, sum_gram
from scbaseline.errors import InputError

CONFIG = RunConfig(min_cells=1, n_top_genes=500, n_comps=10, n_pcs=10)
"""More genes than are decomposed in full."""


def differences(n_cells: int) -> sparse.csr_matrix:
    """Return what non-zero counts add to the constant row, for 500 genes."""
    counts = Counts.from_anndata(simulate(n_cells=n_cells, n_genes=700))
    return fit_feature_space(counts, CONFIG).scale(counts).difference_ng


def assert_are_numpys(components: pca.Components, covariance_gg: np.ndarray) -> None:
    values, vectors = np.linalg.eigh(covariance_gg)
    n_comps = len(components.variance_c)
    np.testing.assert_allclose(components.variance_c, values[: -n_comps - 1 : -1], rtol=1e-9)
    cosines = np.linalg.svd(components.axes_gc.T @ vectors[:, -n_comps:], compute_uv=False)
    assert cosines.min() > 1 - 1e-9
    np.testing.assert_allclose(
        components.axes_gc.T @ components.axes_gc, np.eye(n_comps), atol=1e-12
    )


@pytest.mark.parametrize("n_cells", [200, 900])
def test_components_are_numpys(n_cells: int) -> None:
    """Those from sums over blocks, and those of the search, are numpy's."""
    difference_ng = differences(n_cells)
    covariance_gg = np.cov(difference_ng.toarray(), rowvar=False)
    sums = sum_gram([difference_ng[:150], difference_ng[150:]], n_genes=500)
    assert_are_numpys(principal_components(sums, 10), covariance_gg)
    assert_are_numpys(search_components(difference_ng, 10), covariance_gg)


def test_few_cells_and_many_give_the_same_space(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which way is taken changes the last digits only."""
    counts = Counts.from_anndata(simulate(n_cells=240, n_genes=700))
    searched = fit_feature_space(counts, CONFIG)
    monkeypatch.setattr(pca, "_FEW_VALUES", 0)
    decomposed = fit_feature_space(counts, CONFIG)
    for name in ("center_g", "components_gc", "variance_c"):
        ours, theirs = getattr(searched, name), getattr(decomposed, name)
        np.testing.assert_allclose(ours, theirs, atol=1e-8, err_msg=name)
    ours, theirs = searched.components_gc, decomposed.components_gc
    assert not np.array_equal(ours, theirs), "each went its own way"


def test_sums_are_numpys() -> None:
    """Sums over blocks, an empty one among them, are those of the dense matrix."""
    difference_ng = differences(300)
    blocks = [difference_ng[:100], difference_ng[100:100], difference_ng[100:]]
    sums, dense_ng = sum_gram(blocks, n_genes=500), difference_ng.toarray()
    assert sums.n_cells == 300
    np.testing.assert_allclose(sums.sum_g, dense_ng.sum(axis=0), atol=1e-10)
    np.testing.assert_allclose(sums.gram_gg, dense_ng.T @ dense_ng, atol=1e-10)


@given(st.lists(st.floats(0, 0.3), min_size=1, max_size=4), st.integers(0, 9))
@settings(max_examples=25, deadline=None)
def test_sums_do_not_depend_on_how_many_genes_cells_detect(shares: list[float], seed: int) -> None:
    """Blocks are multiplied densely or sparsely; the sums are numpy's either way."""
    rng = np.random.default_rng(seed)
    blocks = [sparse.random(30, 50, share, "csr", rng=rng) for share in shares]
    sums, dense_ng = sum_gram(blocks, n_genes=50), sparse.vstack(blocks).toarray()
    np.testing.assert_allclose(sums.sum_g, dense_ng.sum(axis=0), atol=1e-12)
    np.testing.assert_allclose(sums.gram_gg, dense_ng.T @ dense_ng, atol=1e-12)


@pytest.mark.parametrize(("share", "is_dense"), [(0.02, False), (0.2, True)])
def test_a_block_is_multiplied_in_the_quicker_way(
    share: float, is_dense: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Few non-zeros sparsely, many densely."""
    products = mock.Mock(side_effect=pca.dsyrk)
    monkeypatch.setattr(pca, "dsyrk", products)
    sum_gram([sparse.random(200, 100, share, "csr", rng=np.random.default_rng(0))], n_genes=100)
    assert products.called == is_dense


def test_a_search_that_does_not_converge_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then the components are those of the full decomposition."""

    def faulty(*_: object, **__: object) -> tuple[np.ndarray, np.ndarray]:
        raise scipy.sparse.linalg.ArpackNoConvergence("", np.zeros(0), np.zeros((0, 0)))

    monkeypatch.setattr(pca, "eigsh", faulty)
    difference_ng = differences(240)
    covariance_gg = np.cov(difference_ng.toarray(), rowvar=False)
    assert_are_numpys(search_components(difference_ng, 10), covariance_gg)


def test_cells_without_variance_are_refused() -> None:
    """Where all cells are equal, nothing tells them apart, and the error says so."""
    counts_ng = sparse.csr_matrix(np.tile(np.arange(1, 601, dtype=np.float32), (20, 1)))
    with pytest.raises(InputError, match="no gene varies among 20 cells"):
        fit_feature_space(Counts(counts_ng, np.full(20, counts_ng[0].sum())), CONFIG)
