"""Claims about the neighbour graph, against scikit-learn's exact search and umap-learn."""

import warnings
from dataclasses import replace

import numpy as np
import pytest
import scanpy as sc
from anndata import AnnData
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import sparse
from sklearn.neighbors import NearestNeighbors

from scbaseline import RunConfig
from scbaseline.cells import neighbours
from scbaseline.cells.neighbours import neighbour_graph

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it would like tensorflow
    from umap.umap_ import fuzzy_simplicial_set

FIVE = RunConfig(n_neighbors=5, n_comps=5, n_pcs=5)


def cells(n_cells: int, *, n_comps: int = 5, seed: int = 0) -> np.ndarray:
    """Return a cloud that is longer in some directions than in others."""
    rng = np.random.default_rng(seed)
    return (rng.normal(size=(n_cells, n_comps)) / np.arange(1, n_comps + 1)).astype(np.float32)


def umap_learns(indices_nk: np.ndarray, distances_nk: np.ndarray) -> sparse.csr_matrix:
    """Return umap-learn's connectivities of the same neighbours; it wants each cell's self."""
    n_cells, k = indices_nk.shape
    graph, _, _ = fuzzy_simplicial_set(
        np.empty((n_cells, 1)),
        n_neighbors=k + 1,
        random_state=np.random.RandomState(0),
        metric="euclidean",
        knn_indices=np.column_stack([np.arange(n_cells), indices_nk]),
        knn_dists=np.column_stack([np.zeros(n_cells, np.float32), distances_nk]),
    )
    return graph.tocsr()


def test_graph_equals_scanpys() -> None:
    """Distances and connectivities are those of ``scanpy.pp.neighbors``."""
    pcs_nc = cells(300)
    ours = neighbour_graph(pcs_nc, FIVE)
    theirs = AnnData(np.zeros((300, 51)), obsm={"X_pca": pcs_nc})  # of 50 it would take X
    sc.pp.neighbors(theirs, n_neighbors=5, n_pcs=5, random_state=0)
    for name, tolerance in (("distances", 1e-3), ("connectivities", 1e-4)):
        difference = getattr(ours, name) - theirs.obsp[name]
        assert abs(difference).max() < tolerance
        assert getattr(ours, name).nnz == theirs.obsp[name].nnz
    assert ours.uns == theirs.uns["neighbors"]


@settings(deadline=None, max_examples=50)  # umap-learn compiles at its first call
@given(
    arrays(np.float32, (20, 4), elements=st.floats(0, 1e4, width=32)),
    st.integers(0, 3),
)
def test_connectivities_equal_umap_learns(distances_nk: np.ndarray, n_copies: int) -> None:
    """On any distances, with copies of a cell among them, to 1e-4."""
    distances_nk = np.sort(distances_nk, axis=1)
    distances_nk[:5, :n_copies] = 0
    indices_nk = (np.arange(20)[:, None] + [1, 2, 3, 5]) % 20
    ours = neighbours.connectivities_of(indices_nk.astype(np.int32), distances_nk)
    assert abs(ours - umap_learns(indices_nk, distances_nk)).max() < 1e-4


def test_distances_name_the_nearest_other_cells() -> None:
    """Each row holds the four nearest, none of them the cell itself, nearest first."""
    pcs_nc = cells(200)
    graph = neighbour_graph(pcs_nc, FIVE)
    true_nk, index_nk = (
        NearestNeighbors(n_neighbors=5, algorithm="kd_tree").fit(pcs_nc).kneighbors()
    )
    np.testing.assert_array_equal(graph.indices_nk, index_nk[:, :4])
    np.testing.assert_allclose(graph.distances_nk, true_nk[:, :4], rtol=1e-4)
    assert not graph.approximate
    assert graph.recall is None


def test_copies_of_a_cell_are_neighbours_at_no_distance() -> None:
    """Thirty equal cells: every stored distance is a zero, every connectivity a one."""
    graph = neighbour_graph(np.ones((30, 5), np.float32), FIVE)
    assert graph.distances.nnz == 30 * 4
    assert (graph.distances.data == 0).all()
    assert (graph.connectivities.data == 1).all()
    assert (graph.indices_nk != np.arange(30)[:, None]).all()


def test_approximate_neighbours_are_checked() -> None:
    """The recall that is stated is that of all cells against scikit-learn, to .02."""
    pytest.importorskip("knncolle")
    pcs_nc = cells(600)
    graph = neighbour_graph(pcs_nc, FIVE, exact_up_to=500)
    true_nk = NearestNeighbors(n_neighbors=4).fit(pcs_nc).kneighbors(return_distance=False)
    hits = [len(set(a) & set(b)) for a, b in zip(graph.indices_nk, true_nk, strict=True)]
    assert graph.approximate
    assert graph.recall == pytest.approx(np.sum(hits) / (600 * 4), abs=0.02)


def test_a_poor_search_is_made_again() -> None:
    """Where an effort misses too many neighbours the next is made, and at last all pairs."""
    pytest.importorskip("knncolle")
    poor = {"ef_construction": 2, "ef_search": 1, "num_links": 2}
    good = {"ef_construction": 200, "ef_search": 200, "num_links": 16}
    graph = neighbour_graph(cells(600), FIVE, exact_up_to=500, efforts=(poor, good))
    assert graph.approximate
    assert graph.recall is not None
    assert graph.recall >= 0.95
    graph = neighbour_graph(cells(600), FIVE, exact_up_to=500, efforts=(poor,))
    assert not graph.approximate
    assert graph.recall is None


def test_threads_find_the_same_neighbours() -> None:
    """Two threads give the graph that one gives, to the last digit."""
    one, two = (
        neighbour_graph(cells(600), replace(FIVE, threads=n), exact_up_to=500) for n in (1, 2)
    )
    np.testing.assert_array_equal(one.indices_nk, two.indices_nk)
    np.testing.assert_array_equal(one.distances_nk, two.distances_nk)


def test_without_knncolle_neighbours_are_exact(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the library has no wheels, every pair of cells is compared at any size."""
    monkeypatch.setattr(neighbours, "has_scranpy", lambda: False)
    assert not neighbour_graph(cells(600), FIVE, exact_up_to=500).approximate
