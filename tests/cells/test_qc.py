"""Claims about quality control."""

import numpy as np
import pytest
import scanpy as sc
from anndata import AnnData
from conftest import SMALL

from scbaseline import RunConfig, filter_cells, keys
from scbaseline.errors import InputError


def test_metrics_equal_scanpys(pbmc3k: AnnData) -> None:
    """Genes, counts and % mitochondrial are those of scanpy's calculate_qc_metrics."""
    theirs = AnnData(pbmc3k.X.copy(), var=pbmc3k.var.copy(), obs=pbmc3k.obs[[]].copy())
    theirs.var["mt"] = theirs.var_names.str.startswith("MT-")
    sc.pp.calculate_qc_metrics(theirs, qc_vars=["mt"], percent_top=None, inplace=True)
    ours = filter_cells(pbmc3k, RunConfig()).metrics
    for name in (keys.N_GENES, keys.TOTAL_COUNTS, keys.PCT_MT):
        np.testing.assert_allclose(ours[name], theirs.obs[name], rtol=1e-5)


def test_mitochondrial_genes_are_known_by_ensembl_id(pbmc3k: AnnData) -> None:
    """Without symbols, the ids tell the same 13 genes."""
    unnamed = pbmc3k.copy()
    unnamed.var_names = unnamed.var[keys.GENE_IDS].astype(str) + ".7"
    del unnamed.var[keys.GENE_IDS]
    by_id = filter_cells(unnamed, RunConfig())
    by_name = filter_cells(pbmc3k, RunConfig())
    assert by_id.n_mt_genes == 13
    np.testing.assert_array_equal(by_id.metrics[keys.PCT_MT], by_name.metrics[keys.PCT_MT])


def test_each_dropped_cell_is_counted_once(pbmc3k: AnnData) -> None:
    """The rules' counts and the kept cells add up to all cells."""
    cells = filter_cells(pbmc3k, RunConfig(min_genes=500, max_pct_counts_mt=5))
    assert sum(cells.dropped.values()) + cells.adata.n_obs == pbmc3k.n_obs
    assert cells.adata.obs[keys.PCT_MT].max() <= 5
    assert cells.adata.obs[keys.N_GENES].min() >= 500


def test_the_input_is_not_changed(cells: AnnData) -> None:
    """Filtering hands back new cells and leaves counts and obs as they were."""
    before, columns = cells.X.copy(), list(cells.obs.columns)
    filter_cells(cells, SMALL)
    assert (before != cells.X).nnz == 0
    assert list(cells.obs.columns) == columns


def test_a_mitochondrial_threshold_without_such_genes_is_refused(cells: AnnData) -> None:
    """A rule that cannot be applied is not silently passed over."""
    with pytest.raises(InputError, match="no gene is named MT-"):
        filter_cells(cells, RunConfig(min_genes=1, max_pct_counts_mt=5))


def test_nothing_left_says_how_far_off(cells: AnnData) -> None:
    """The error gives the median cell, so that a threshold can be chosen."""
    with pytest.raises(InputError, match=r"no cell of 240 passes.*median cell"):
        filter_cells(cells, RunConfig(min_genes=10_000))
