"""What scanpy's plots and ingest do with the files that we write."""

from collections.abc import Iterator
from dataclasses import replace

import anndata
import matplotlib as mpl
import numpy as np
import pytest
import scanpy as sc
from conftest import SMALL, simulate

from scbaseline import keys, run
from scbaseline.report.save_run import _write_cells as write_cells
from scbaseline.study.to_adata import annotated_cells

pytestmark = [
    pytest.mark.xdist_group("report"),
    pytest.mark.filterwarnings("default"),  # scanpy's and umap's own are not ours
]

CONFIG = replace(SMALL, recipe=("pca",), protocol=("inductive",))


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> anndata.AnnData:
    """Return cells.h5ad of a run, as another program reads it."""
    path = tmp_path_factory.mktemp("cells") / "cells.h5ad"
    write_cells(annotated_cells(run(simulate(n_cells=300), CONFIG)), path)
    return anndata.read_h5ad(path)


@pytest.fixture(autouse=True)
def _no_windows() -> Iterator[None]:
    with mpl.rc_context({"backend": "agg"}):
        yield
    mpl.pyplot.close("all")


def test_scanpy_plots_the_cells(written: anndata.AnnData) -> None:
    """None of the plots that newcomers make raises."""
    genes = list(written.var_names[:4])
    sc.pl.umap(written, color=keys.LEIDEN, show=False)
    sc.pl.dotplot(written, genes, groupby=keys.LEIDEN, show=False)
    sc.pl.pca_variance_ratio(written, show=False)
    sc.pl.highly_variable_genes(written, show=False)
    assert mpl.pyplot.get_fignums()


def test_variance_ratio_is_that_of_the_scaled_values(written: anndata.AnnData) -> None:
    """As scanpy computes it from genes that it scales itself."""
    theirs = written[:, written.var["highly_variable"]].copy()
    sc.pp.scale(theirs, max_value=CONFIG.max_value)
    sc.pp.pca(theirs, n_comps=CONFIG.n_comps)
    np.testing.assert_allclose(
        written.uns["pca"]["variance_ratio"], theirs.uns["pca"]["variance_ratio"], rtol=1e-3
    )


def test_gene_columns_are_scanpys(written: anndata.AnnData) -> None:
    """Means and dispersions agree with scanpy's, where a gene is detected in enough cells."""
    theirs = sc.pp.highly_variable_genes(
        written, n_top_genes=CONFIG.n_top_genes, flavor="seurat", inplace=False
    )
    for name in ("means", "dispersions"):
        np.testing.assert_allclose(written.var[name], theirs[name], rtol=1e-4, atol=1e-6)


@pytest.mark.long  # umap-learn is compiled
def test_ingest_maps_cells_to_where_they_were(written: anndata.AnnData) -> None:
    """Some of the very cells, ingested, get their own components and mostly their own cluster."""
    some = written[::2]
    new = anndata.AnnData(some.X.copy(), var=some.var[[]].copy())
    new.obs_names = some.obs_names
    sc.tl.ingest(new, written, obs=keys.LEIDEN, embedding_method=("pca", "umap"))
    assert (new.obs[keys.LEIDEN].astype(str) == some.obs[keys.LEIDEN].astype(str)).mean() > 0.9
    for theirs, ours in zip(new.obsm[keys.X_PCA].T[:2], some.obsm[keys.X_PCA].T[:2], strict=True):
        assert np.corrcoef(theirs, ours)[0, 1] > 0.99
