"""Claims about quality control."""

from pathlib import Path

import numpy as np
import pytest
import scanpy as sc
from anndata import AnnData
from conftest import SMALL
from pandas.testing import assert_frame_equal

from scbaseline import Counts, RunConfig, keys
from scbaseline.cells.qc import FilteredCells, filter_cells
from scbaseline.data.read import open_counts
from scbaseline.data.stream import stream_counts
from scbaseline.errors import InputError


def filtered(adata: AnnData, config: RunConfig) -> FilteredCells:
    return filter_cells(Counts.from_anndata(adata), config, obs=adata.obs, var=adata.var)


def test_metrics_equal_scanpys(pbmc3k: AnnData) -> None:
    """Genes, counts and % mitochondrial are those of scanpy's calculate_qc_metrics."""
    theirs = AnnData(pbmc3k.X.copy(), var=pbmc3k.var.copy(), obs=pbmc3k.obs[[]].copy())
    theirs.var["mt"] = theirs.var_names.str.startswith("MT-")
    sc.pp.calculate_qc_metrics(theirs, qc_vars=["mt"], percent_top=None, inplace=True)
    ours = filtered(pbmc3k, RunConfig()).metrics
    for name in (keys.N_GENES, keys.TOTAL_COUNTS, keys.PCT_MT):
        np.testing.assert_allclose(ours[name], theirs.obs[name], rtol=1e-5)


def test_mitochondrial_genes_are_known_by_ensembl_id(pbmc3k: AnnData) -> None:
    """Without symbols, the ids tell the same 13 genes."""
    unnamed = pbmc3k.copy()
    unnamed.var_names = unnamed.var[keys.GENE_IDS].astype(str) + ".7"
    del unnamed.var[keys.GENE_IDS]
    by_id = filtered(unnamed, RunConfig())
    by_name = filtered(pbmc3k, RunConfig())
    assert by_id.n_mt_genes == 13
    np.testing.assert_array_equal(by_id.metrics[keys.PCT_MT], by_name.metrics[keys.PCT_MT])


def test_each_dropped_cell_is_counted_once(pbmc3k: AnnData) -> None:
    """The rules' counts and the kept cells add up to all cells."""
    cells = filtered(pbmc3k, RunConfig(min_genes=500, max_pct_counts_mt=5))
    assert sum(cells.dropped.values()) + cells.counts.shape[0] == pbmc3k.n_obs
    assert cells.obs[keys.PCT_MT].max() <= 5
    assert cells.obs[keys.N_GENES].min() >= 500
    np.testing.assert_array_equal(cells.counts.total_n, cells.obs[keys.TOTAL_COUNTS])


def test_the_input_is_not_changed(cells: AnnData) -> None:
    """Filtering hands back new cells and leaves counts and obs as they were."""
    before, columns = cells.X.copy(), list(cells.obs.columns)
    filtered(cells, SMALL)
    assert (before != cells.X).nnz == 0
    assert list(cells.obs.columns) == columns


def test_a_mitochondrial_threshold_without_such_genes_is_refused(cells: AnnData) -> None:
    """A rule that cannot be applied is not silently passed over."""
    with pytest.raises(InputError, match="no gene is named MT-"):
        filtered(cells, RunConfig(min_genes=1, max_pct_counts_mt=5))


def test_nothing_left_says_how_far_off(cells: AnnData) -> None:
    """The error gives the median cell, so that a threshold can be chosen."""
    with pytest.raises(InputError, match=r"no cell of 240 passes.*median cell"):
        filtered(cells, RunConfig(min_genes=10_000))


def test_the_disk_gives_what_memory_gives(cells: AnnData, tmp_path: Path) -> None:
    """The same cells are kept, with the same metrics, and their counts stay on disk."""
    config = RunConfig(min_genes=70, min_cells=20)
    AnnData(cells.X, obs=cells.obs[[]], var=cells.var[[]]).write_h5ad(tmp_path / "cells.h5ad")
    ours = filtered(cells, config)
    with open_counts(tmp_path / "cells.h5ad") as adata:
        stream = stream_counts(adata)
        theirs = filter_cells(stream.counts(), config, obs=adata.obs, var=stream.var)
        assert not theirs.counts.in_memory
        assert 0 < theirs.counts.shape[0] < cells.n_obs
        assert (theirs.counts.counts_ng != ours.counts.counts_ng).nnz == 0
    assert_frame_equal(theirs.metrics, ours.metrics)
    assert theirs.dropped == ours.dropped
    assert theirs.n_rare_genes == ours.n_rare_genes
