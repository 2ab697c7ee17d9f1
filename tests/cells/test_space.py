"""Claims about the feature space, against scanpy's own calls on the same cells."""

import numpy as np
import pytest
import scanpy as sc
from anndata import AnnData
from conftest import SMALL, simulate

from scbaseline import RunConfig, fit_feature_space, keys
from scbaseline.cells.space import FeatureSpace
from scbaseline.errors import InputError

pytestmark = pytest.mark.xdist_group("features")  # its module fixtures are costly


def totals(adata: AnnData) -> np.ndarray:
    return adata.obs[keys.TOTAL_COUNTS].to_numpy()


@pytest.fixture(scope="module")
def space(pbmc3k: AnnData) -> FeatureSpace:
    return fit_feature_space(pbmc3k.X, totals(pbmc3k), RunConfig())


@pytest.fixture(scope="module")
def theirs(pbmc3k: AnnData) -> AnnData:
    """Scanpy's calls, in the tutorials' order."""
    adata = AnnData(pbmc3k.X.copy(), var=pbmc3k.var[[]].copy())
    sc.pp.normalize_total(adata, target_sum=1e4)
    sc.pp.log1p(adata)
    sc.pp.filter_genes(adata, min_cells=3)
    sc.pp.highly_variable_genes(adata, n_top_genes=2000, flavor="seurat")
    adata = adata[:, adata.var["highly_variable"]].copy()
    adata.X = adata.X.toarray()
    sc.pp.scale(adata, max_value=10)
    sc.pp.pca(adata, n_comps=50, svd_solver="full")
    return adata


def test_genes_equal_scanpys(space: FeatureSpace, theirs: AnnData, pbmc3k: AnnData) -> None:
    """The 2,000 highly variable genes are the same set."""
    assert set(pbmc3k.var_names[space.genes_g]) == set(theirs.var_names)


def test_scaled_values_equal_scanpys(space: FeatureSpace, theirs: AnnData, pbmc3k: AnnData) -> None:
    """Constant row plus sparse difference is the dense, clipped matrix."""
    ours = space.scale(pbmc3k.X, totals(pbmc3k)).dense()
    np.testing.assert_allclose(ours, theirs.X, atol=1e-5)


def test_components_span_scanpys_subspace(space: FeatureSpace, theirs: AnnData) -> None:
    """All 50 principal angles between the two subspaces are under 0.01 rad."""
    cosines = np.linalg.svd(space.components_gc.T @ theirs.varm["PCs"], compute_uv=False)
    assert cosines.min() > np.cos(0.01)
    np.testing.assert_allclose(space.variance_c, theirs.uns["pca"]["variance"], rtol=1e-4)


def test_projection_is_that_of_the_dense_matrix(cells: AnnData) -> None:
    """The sparse product gives what centring and multiplying the dense matrix gives."""
    space = fit_feature_space(cells.X, totals(cells), SMALL)
    scaled = space.scale(cells.X, totals(cells))
    expected = (scaled.dense() - space.center_g) @ space.components_gc
    np.testing.assert_allclose(space.project(scaled), expected, atol=1e-4)
    np.testing.assert_allclose(expected.mean(axis=0), 0, atol=1e-5)


def test_the_clip_bites_below(cells: AnnData) -> None:
    """With a low bound, zero counts of abundant genes are clipped, as dense scaling does."""
    space = fit_feature_space(
        cells.X, totals(cells), RunConfig(n_top_genes=60, n_comps=5, n_pcs=5, max_value=0.5)
    )
    assert (space.zero_g == -0.5).any()
    dense = space.scale(cells.X, totals(cells)).dense()
    assert dense.min() == -0.5
    assert dense.max() == 0.5


def test_fewer_genes_than_asked_for_are_noted() -> None:
    """Where 2,000 genes are not to be had, all are taken, and the result says so."""
    cells = simulate(n_genes=80)
    space = fit_feature_space(cells.X, totals(cells), RunConfig(n_comps=60, n_pcs=10))
    assert len(space.genes_g) <= 80
    assert any("2,000 highly variable ones were asked for" in note for note in space.notes)


def test_too_few_genes_are_an_error(cells: AnnData) -> None:
    """One gene is no feature space."""
    with pytest.raises(InputError, match="lower --min-cells"):
        fit_feature_space(cells.X[:, :1], totals(cells), RunConfig())
