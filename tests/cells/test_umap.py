"""Claims about the layout, against scikit-learn's trustworthiness and scanpy's own."""

import warnings

import numpy as np
import pytest
import scanpy as sc
from anndata import AnnData
from conftest import SMALL
from sklearn.manifold import trustworthiness
from sklearn.metrics import silhouette_score

from scbaseline import keys
from scbaseline.cells import umap
from scbaseline.cells.explore import explore_cells
from scbaseline.cells.neighbours import neighbour_graph
from scbaseline.cells.umap import umap_layout

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it would like tensorflow
    from umap.umap_ import find_ab_params


def ring(n_cells: int, *, seed: int = 0) -> np.ndarray:
    """Return cells around a circle, in five dimensions: continuous, in one piece."""
    rng = np.random.default_rng(seed)
    angle_n = rng.uniform(0, 2 * np.pi, n_cells)
    pcs_nc = rng.normal(scale=0.3, size=(n_cells, 5))
    pcs_nc[:, 0] += 5 * np.cos(angle_n)
    pcs_nc[:, 1] += 5 * np.sin(angle_n)
    return pcs_nc.astype(np.float32)


@pytest.mark.filterwarnings("ignore")
def test_keeps_neighbours_as_well_as_scanpys() -> None:
    """Trustworthiness on a ring is at most .01 below that of scanpy's own layout."""
    pcs_nc = ring(400)
    exploration = explore_cells(pcs_nc, SMALL)
    theirs = AnnData(obsm={keys.X_PCA: pcs_nc}, obsp=exploration.obsp, uns=exploration.uns)
    sc.tl.umap(theirs, random_state=0)
    ours, scanpys = (
        trustworthiness(pcs_nc, xy_n2, n_neighbors=10)
        for xy_n2 in (exploration.umap_n2, theirs.obsm[keys.X_UMAP])
    )
    assert ours > scanpys - 0.01


def test_pieces_of_a_graph_stay_apart() -> None:
    """Four blobs without an edge between them are four islands, none torn."""
    rng = np.random.default_rng(0)
    blob_n = np.arange(400) % 4
    pcs_nc = (20 * np.eye(5)[blob_n] + rng.normal(size=(400, 5))).astype(np.float32)
    assert silhouette_score(explore_cells(pcs_nc, SMALL).umap_n2, blob_n) > 0.7


def test_the_curve_is_umap_learns() -> None:
    """The constants are what umap-learn fits to spread 1 and scanpy's min_dist .5."""
    assert pytest.approx(find_ab_params(1.0, 0.5)) == (umap._A, umap._B)


def test_epochs_fall_with_the_number_of_cells() -> None:
    """Up to 100,000 cells they are umap-learn's; beyond, fewer."""
    assert [umap.epochs_of(n) for n in (100, 10_000, 10_001, 100_000)] == [500, 500, 200, 200]
    assert umap.epochs_of(100_001) == 100


def test_without_scranpy_umap_learn_makes_the_layout(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where scranpy has no wheels, the layout still keeps neighbours, and the seed fixes it."""
    monkeypatch.setattr(umap, "has_scranpy", lambda: False)
    pcs_nc = ring(120)
    graph = neighbour_graph(pcs_nc, SMALL)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        first, second = (umap_layout(graph, pcs_nc, SMALL) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert trustworthiness(pcs_nc, first, n_neighbors=10) > 0.9
