"""Claims about folders of .h5ad and .zarr files that are one data set."""

from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from conftest import SMALL, simulate
from made_forms import write_zarr

from scbaseline.data.memory import n_bytes, too_large_for_memory
from scbaseline.data.options import ReadOptions
from scbaseline.data.read import open_counts, read_counts
from scbaseline.data.stream import stream_counts
from scbaseline.errors import InputError, ScbaselineWarning
from scbaseline.stages import Stages
from scbaseline.study.prepare import prepare

CELLS = simulate(n_cells=300)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with the simulated cells in three files."""
    folder = tmp_path / "atlas"
    folder.mkdir()
    cells = AnnData(CELLS.X, obs=CELLS.obs[["cell_type"]], var=CELLS.var[[]])
    cells[:100].copy().write_h5ad(folder / "a.h5ad")
    write_zarr(cells[100:101].copy(), folder / "b.zarr")
    cells[101:].copy().write_h5ad(folder / "c.h5ad")
    return folder


def test_shards_are_one_data_set(folder: Path) -> None:
    """Cells, labels and counts in the order of the files' names, from disk and in memory."""
    with open_counts(folder) as adata:
        stream = stream_counts(adata)
        counts = stream.counts()
        assert counts.shape == CELLS.shape
        np.testing.assert_array_equal(counts.counts_ng.toarray(), CELLS.X.toarray())
        some = np.array([0, 99, 100, 101, 299])
        np.testing.assert_array_equal(
            counts.rows(some).counts_ng.toarray(), CELLS.X[some].toarray()
        )
        assert list(stream.cell_ids) == list(CELLS.obs_names)
        assert list(stream.obs["cell_type"]) == list(CELLS.obs["cell_type"])
        assert n_bytes(adata.X) == 8 * CELLS.X.nnz
    whole = read_counts(folder)
    np.testing.assert_array_equal(whole.X.toarray(), CELLS.X.toarray())
    assert not too_large_for_memory(folder, ReadOptions())


def test_labels_are_joined_to_all_shards(folder: Path, tmp_path: Path) -> None:
    """A table names cells of any of them."""
    table = tmp_path / "labels.csv"
    pd.DataFrame({"mine": np.arange(300)}, index=CELLS.obs_names).to_csv(table)
    with open_counts(folder, ReadOptions(obs=table)) as adata:
        assert list(adata.obs["mine"]) == list(range(300))
        assert adata.X.shape == CELLS.shape


@pytest.mark.parametrize("read", [open_counts, lambda *given: nullcontext(read_counts(*given))])
def test_a_shard_without_the_label_column_is_named(read: Any, folder: Path, tmp_path: Path) -> None:
    """With its number of cells; not where a table gives the labels of all cells."""
    AnnData(CELLS.X[:100], obs=CELLS.obs[[]][:100], var=CELLS.var[[]]).write_h5ad(folder / "a.h5ad")
    config = replace(SMALL, label_key="cell_type")
    said = (
        r"--label-key cell_type: no such column in a.h5ad \(100 cells\); these cells have no label"
    )
    with read(folder) as adata, pytest.warns(ScbaselineWarning, match=said):
        labels = prepare(adata, config, Stages()).labels
    assert labels is not None
    assert labels.n_unlabelled == 100
    with read(folder) as adata, pytest.raises(InputError, match="obs has no such column"):
        prepare(adata, replace(config, label_key="other"), Stages())
    table = tmp_path / "labels.csv"
    CELLS.obs[["cell_type"]].to_csv(table)
    with read(folder, ReadOptions(obs=table)) as adata:  # a warning would be an error
        labels = prepare(adata, config, Stages()).labels
    assert labels is not None
    assert labels.n_unlabelled == 0


@pytest.mark.parametrize(
    ("genes", "said"),
    [
        (slice(1, None), "c.h5ad lacks 1 genes .the first: "),
        (slice(None, None, -1), "c.h5ad has gene .* in another order than a.h5ad"),
    ],
)
def test_a_shard_of_other_genes_is_named(genes: slice, said: str, folder: Path) -> None:
    """With the first difference."""
    AnnData(CELLS.X[:5, genes], var=CELLS.var[[]].iloc[genes]).write_h5ad(folder / "c.h5ad")
    with pytest.raises(InputError, match=said), open_counts(folder):
        pass
