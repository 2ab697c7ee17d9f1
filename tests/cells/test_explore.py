"""Claims about the exploration, against scanpy's own calls."""

import pickle
import random
import subprocess
import sys

import igraph
import numpy as np
import pytest
import scanpy as sc
from anndata import AnnData
from conftest import SMALL
from sklearn.metrics import adjusted_rand_score

from scbaseline import Counts, RunConfig, explore_cells, fit_feature_space, keys
from scbaseline.cells.leiden import leiden_clusters
from scbaseline.cells.neighbours import neighbour_graph
from scbaseline.errors import InputError


def blobs(n_cells: int, *, apart: float = 20, n_comps: int = 5, seed: int = 0) -> np.ndarray:
    """Return cells around four centres, all four of the same size."""
    rng = np.random.default_rng(seed)
    centers = apart * np.eye(n_comps)[:4]
    points = centers[np.arange(n_cells) % 4] + rng.normal(size=(n_cells, n_comps))
    return points.astype(np.float32)


def test_partition_equals_scanpys(pbmc3k: AnnData) -> None:
    """On PBMC3k, the clusters are those of the tutorial's calls (ARI at least .99)."""
    counts = Counts.from_anndata(pbmc3k)
    space = fit_feature_space(counts, RunConfig())
    pcs_nc = space.project(space.scale(counts))
    ours = explore_cells(pcs_nc, RunConfig())

    theirs = AnnData(obsm={"X_pca": pcs_nc})
    sc.pp.neighbors(theirs, n_neighbors=10, n_pcs=30, use_rep="X_pca", random_state=0)
    sc.tl.leiden(theirs, flavor="igraph", n_iterations=2, directed=False, random_state=0)
    assert adjusted_rand_score(theirs.obs["leiden"], ours.clusters_n) > 0.99
    sizes = np.unique(ours.clusters_n.astype(int), return_counts=True)[1]
    assert (np.diff(sizes) <= 0).all(), "cluster 0 is the largest"


@pytest.mark.filterwarnings("ignore")
def test_one_can_go_on_in_scanpy() -> None:
    """The graph is stored as scanpy stores it: its next steps run, and cluster as ours did."""
    exploration = explore_cells(blobs(200, apart=3), SMALL)  # paga wants edges between clusters
    adata = AnnData(
        obsm={keys.X_PCA: exploration.pcs_nc}, obsp=exploration.obsp, uns=exploration.uns
    )
    sc.tl.leiden(adata, flavor="igraph", n_iterations=2, directed=False, random_state=SMALL.seed)
    assert adjusted_rand_score(adata.obs["leiden"], exploration.clusters_n) == 1
    sc.tl.umap(adata)
    assert adata.obsm[keys.X_UMAP].shape == exploration.umap_n2.shape
    sc.tl.paga(adata)
    sc.tl.diffmap(adata)
    assert adata.obsm["X_diffmap"].shape[0] == 200


def test_clustering_leaves_the_random_state_alone() -> None:
    """Python's generator stands where it stood, and igraph draws from Python's."""
    graph = neighbour_graph(blobs(100), SMALL)
    before = random.getstate()
    leiden_clusters(graph, resolution=1.0, seed=3)
    assert random.getstate() == before
    igraph.Graph.Erdos_Renyi(n=10, m=10)
    assert random.getstate() != before


def test_waits_for_no_compilation() -> None:
    """Exploring loads neither numba nor what loads it, nor torch."""
    pytest.importorskip("scranpy")
    code = (
        "import sys, numpy as np; from scbaseline import RunConfig, explore_cells\n"
        "x = np.random.default_rng(0).normal(size=(60, 5)).astype(np.float32)\n"
        "explore_cells(x, RunConfig())\n"
        "print(*{'numba', 'umap', 'scanpy', 'torch'}.intersection(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == ""


def test_the_seed_fixes_the_result() -> None:
    """The same seed gives the same clusters and coordinates."""
    first, second = explore_cells(blobs(100), SMALL), explore_cells(blobs(100), SMALL)
    np.testing.assert_array_equal(first.clusters_n, second.clusters_n)
    np.testing.assert_array_equal(first.umap_n2, second.umap_n2)


def test_an_exploration_can_be_pickled() -> None:
    """It holds arrays alone, so that another process can make it."""
    exploration = explore_cells(blobs(60), SMALL)
    copy = pickle.loads(pickle.dumps(exploration))  # noqa: S301 -- our own bytes
    np.testing.assert_array_equal(copy.umap_n2, exploration.umap_n2)


def test_too_few_cells_are_an_error() -> None:
    """Ten cells have no neighbourhood of ten."""
    with pytest.raises(InputError, match="lower --n-neighbors"):
        explore_cells(blobs(10), SMALL)
