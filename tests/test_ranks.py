"""Claims about sums over ranks: two threads stand for two processes."""

import dataclasses
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from anndata import AnnData
from conftest import SMALL, simulate
from thread_ranks import Threads, on_ranks

from scbaseline.cells.label_genes import label_genes
from scbaseline.cells.qc import filter_cells
from scbaseline.cells.space import fit_feature_space
from scbaseline.counts import Counts
from scbaseline.data.read import open_counts
from scbaseline.data.stream import stream_counts
from scbaseline.errors import ConfigError, InputError
from scbaseline.ranks import ALONE, Ranks, exchanged, gathered_csr, own_share, share_of, summed
from scbaseline.stages import Stages
from scbaseline.study.labels import labels_from_column
from scbaseline.study.prepare import prepare
from scbaseline.study.train import train

CONFIG = dataclasses.replace(SMALL, label_key="cell_type", device="cpu", recipe=("hvg-earlystop",))
CELLS = simulate(n_cells=601)
COUNTS = Counts(CELLS.X, np.asarray(CELLS.X.sum(axis=1)).ravel())


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return the simulated cells as a file."""
    path = tmp_path / "cells.h5ad"
    AnnData(CELLS.X, obs=CELLS.obs[["cell_type"]], var=CELLS.var[[]]).write_h5ad(path)
    return path


def test_shares_make_up_all_cells() -> None:
    """Each cell is in one share, also where there are fewer cells than ranks."""
    for n in (0, 2, 601):
        shares = on_ranks(lambda ranks, n=n: np.arange(n)[share_of(n, ranks)])
        np.testing.assert_array_equal(np.concatenate(shares), np.arange(n))


def test_what_ranks_give_arrives_in_their_order() -> None:
    """Matrices row after row; anything else as a list."""
    for matrix in on_ranks(lambda r: gathered_csr(own_share(COUNTS, r).counts_ng, r)):
        assert (matrix != CELLS.X).nnz == 0
    assert on_ranks(lambda r: exchanged({"rank": r.rank}, r))[1] == [{"rank": k} for k in range(3)]


def test_the_feature_space_is_that_of_one_rank() -> None:
    """Genes are the same; scale and components agree within 1e-6."""
    alone = fit_feature_space(COUNTS, CONFIG)
    for space in on_ranks(lambda r: fit_feature_space(own_share(COUNTS, r), CONFIG, ranks=r)):
        np.testing.assert_array_equal(space.genes_g, alone.genes_g)
        for name in ("mean_g", "sd_g", "center_g", "components_gc", "variance_c"):
            np.testing.assert_allclose(
                getattr(space, name), getattr(alone, name), atol=1e-6, err_msg=name
            )
        assert space.notes == alone.notes


def test_genes_that_tell_labels_apart_are_those_of_one_rank() -> None:
    """Also where a rank has no cell of some label."""
    codes_n = np.sort(labels_from_column(CELLS.obs, CONFIG).codes_n)
    alone = label_genes(COUNTS, codes_n, CONFIG)

    def work(ranks: Ranks) -> np.ndarray:
        own_n = codes_n[share_of(len(codes_n), ranks)]
        return label_genes(own_share(COUNTS, ranks), own_n, CONFIG, ranks=ranks)

    for genes_g in on_ranks(work):
        np.testing.assert_array_equal(genes_g, alone)


def test_quality_control_is_that_of_one_rank() -> None:
    """Each rank measures its cells and knows all."""
    config = dataclasses.replace(CONFIG, min_genes=40)
    tables = {"obs": CELLS.obs, "var": CELLS.var}
    alone = filter_cells(COUNTS, config, **tables)
    for cells in on_ranks(lambda r: filter_cells(COUNTS, config, **tables, ranks=r)):
        assert cells.metrics.equals(alone.metrics)
        assert cells.dropped == alone.dropped
        assert cells.n_silent_genes == alone.n_silent_genes


def test_the_file_is_known_as_by_one_rank(file: Path) -> None:
    """What the data are, down to the fingerprint."""

    def work(ranks: Ranks) -> Any:
        with open_counts(file) as adata:
            return prepare(adata, CONFIG, Stages(), ranks=ranks)

    alone = work(ALONE)
    for cells in on_ranks(work):
        assert cells.data == alone.data
        np.testing.assert_array_equal(cells.counts.total_n, alone.counts.total_n)


def test_all_ranks_refuse_what_one_of_them_sees(file: Path) -> None:
    """A fraction in the last cell is named by each, with the cell."""
    counts_ng = CELLS.X.copy()
    counts_ng.data[-1] = 0.5
    AnnData(counts_ng, obs=CELLS.obs[["cell_type"]], var=CELLS.var[[]]).write_h5ad(file)

    def work(ranks: Ranks) -> str:
        with open_counts(file) as adata, pytest.raises(InputError) as error:
            stream_counts(adata, ranks=ranks)
        return str(error.value)

    said = on_ranks(work)
    assert said == [said[0]] * 3
    assert "0.5" in said[0]
    assert CELLS.obs_names[-1] in said[0]


def test_sums_of_one_rank_are_its_own() -> None:
    """Nothing is copied where there is nobody to add to."""
    alone = fit_feature_space(COUNTS, CONFIG)
    assert summed(alone, ALONE) is alone
    assert own_share(COUNTS, ALONE) is COUNTS


def test_counts_in_memory_are_refused_where_ranks_share() -> None:
    """They would train the same model several times."""
    ranks = Threads(0, [None, None], threading.Barrier(2))
    with pytest.raises(ConfigError, match="2 ranks"):
        train(CELLS, CONFIG, ranks=ranks)
