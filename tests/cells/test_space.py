"""Claims about the feature space, against scanpy's own calls on the same cells."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import scanpy as sc
from anndata import AnnData
from conftest import SMALL, simulate
from hypothesis import given, settings
from hypothesis import strategies as st
from made_forms import write_zarr

from scbaseline import Counts, RunConfig, fit_feature_space
from scbaseline.cells.space import FeatureSpace
from scbaseline.data.read import open_counts
from scbaseline.data.stream import stream_counts
from scbaseline.errors import InputError

pytestmark = pytest.mark.xdist_group("features")  # its module fixtures are costly


@pytest.fixture(scope="module")
def space(pbmc3k: AnnData) -> FeatureSpace:
    return fit_feature_space(Counts.from_anndata(pbmc3k), RunConfig())


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
    ours = space.scale(Counts.from_anndata(pbmc3k)).dense()
    np.testing.assert_allclose(ours, theirs.X, atol=1e-5)


def test_components_span_scanpys_subspace(space: FeatureSpace, theirs: AnnData) -> None:
    """All 50 principal angles between the two subspaces are under 0.01 rad."""
    cosines = np.linalg.svd(space.components_gc.T @ theirs.varm["PCs"], compute_uv=False)
    assert cosines.min() > np.cos(0.01)
    np.testing.assert_allclose(space.variance_c, theirs.uns["pca"]["variance"], rtol=1e-4)


def test_projection_is_that_of_the_dense_matrix(cells: AnnData) -> None:
    """The sparse product gives what centring and multiplying the dense matrix gives."""
    counts = Counts.from_anndata(cells)
    space = fit_feature_space(counts, SMALL)
    scaled = space.scale(counts)
    expected = (scaled.dense() - space.center_g) @ space.components_gc
    np.testing.assert_allclose(space.project(scaled), expected, atol=1e-4)
    np.testing.assert_allclose(expected.mean(axis=0), 0, atol=1e-5)


def test_the_clip_bites_below(cells: AnnData) -> None:
    """With a low bound, zero counts of abundant genes are clipped, as dense scaling does."""
    counts = Counts.from_anndata(cells)
    space = fit_feature_space(counts, RunConfig(n_top_genes=60, n_comps=5, n_pcs=5, max_value=0.5))
    assert (space.zero_g == -0.5).any()
    dense = space.scale(counts).dense()
    assert dense.min() == -0.5
    assert dense.max() == 0.5


def test_fewer_genes_than_asked_for_are_noted() -> None:
    """Where 2,000 genes are not to be had, all are taken, and the result says so."""
    cells = simulate(n_genes=80)
    space = fit_feature_space(Counts.from_anndata(cells), RunConfig(n_comps=60, n_pcs=10))
    assert len(space.genes_g) <= 80
    assert any("2,000 highly variable ones were asked for" in note for note in space.notes)


def test_too_few_genes_are_an_error(cells: AnnData) -> None:
    """One gene is no feature space."""
    with pytest.raises(InputError, match="lower --min-cells"):
        fit_feature_space(Counts.from_anndata(cells[:, :1]), RunConfig())


def test_genes_without_a_name_are_not_chosen(cells: AnnData) -> None:
    """However variable: the others, and their order, are those of the named genes alone."""
    counts = Counts.from_anndata(cells)
    named_g = np.arange(cells.n_vars) % 3 > 0
    space = fit_feature_space(replace(counts, named_g=named_g), SMALL)
    only = fit_feature_space(Counts(cells.X[:, named_g], counts.total_n), SMALL)
    np.testing.assert_array_equal(space.genes_g, np.flatnonzero(named_g)[only.genes_g])


CELLS = simulate(n_cells=5000)
COUNTS = Counts.from_anndata(CELLS)
"""More cells than a block holds."""


def assert_close(ours: FeatureSpace, theirs: FeatureSpace) -> None:
    np.testing.assert_array_equal(ours.genes_g, theirs.genes_g)
    for name in ("mean_g", "sd_g", "center_g", "components_gc", "variance_c"):
        np.testing.assert_allclose(
            getattr(ours, name), getattr(theirs, name), atol=1e-10, err_msg=name
        )


@pytest.mark.parametrize("ending", ["h5ad", "zarr"])
def test_the_disk_gives_what_memory_gives(ending: str, tmp_path: Path) -> None:
    """A file, whole or by a mask, gives the space of its matrix."""
    path = tmp_path / f"cells.{ending}"
    plain = AnnData(CELLS.X, obs=CELLS.obs[[]], var=CELLS.var[[]])
    write_zarr(plain, path) if ending == "zarr" else plain.write_h5ad(path)
    is_wanted_n = np.arange(5000) % 3 > 0
    with open_counts(path) as adata:
        counts = stream_counts(adata).counts()
        assert not counts.in_memory
        assert_close(fit_feature_space(counts, SMALL), fit_feature_space(COUNTS, SMALL))
        assert_close(
            fit_feature_space(counts.rows(is_wanted_n), SMALL),
            fit_feature_space(COUNTS.rows(is_wanted_n), SMALL),
        )


@settings(deadline=None, max_examples=10)
@given(st.integers(0, 2**32 - 1))
def test_the_order_of_cells_matters_in_last_digits_only(seed: int) -> None:
    """Every statistic is a sum over cells: in another order it is equal within 1e-10."""
    order = np.random.default_rng(seed).permutation(5000)
    shuffled = Counts(CELLS.X[order], COUNTS.total_n[order])
    assert_close(fit_feature_space(shuffled, SMALL), fit_feature_space(COUNTS, SMALL))


@pytest.mark.parametrize("n_cells", [0, 1, 4500])
def test_scaling_takes_any_number_of_cells(n_cells: int) -> None:
    """The scaled rows are those of the whole, none and more than a block alike."""
    space = fit_feature_space(COUNTS, SMALL)
    scaled = space.scale(COUNTS.rows(np.arange(n_cells))).dense()
    np.testing.assert_array_equal(scaled, space.scale(COUNTS).dense()[:n_cells])
