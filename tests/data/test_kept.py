"""Claims about counts that are kept while a file is checked: they are those of a second look."""

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest
from anndata import AnnData
from conftest import simulate
from scipy import sparse

from scbaseline.data.blocks import row_blocks
from scbaseline.data.kept import KeptGenes
from scbaseline.data.naming import name_genes
from scbaseline.data.stream import CountStream, stream_counts

GENES = (tuple(f"GENE{g}" for g in (7, 3, 140, 999, 20)), ("",) * 5)
"""Of a model: in an order of its own, and one that no file has."""


def with_protein(adata: AnnData) -> None:
    """Add the type of a feature that is no gene."""
    adata.var["feature_types"] = ["Antibody Capture"] + ["Gene Expression"] * (adata.n_vars - 1)


def with_logarithms(adata: AnnData) -> None:
    """Take what counts can be recovered from."""
    adata.X.data = np.log1p(adata.X.data)


def as_they_are(adata: AnnData) -> None:
    """Leave raw counts."""


def all_blocks(stream: CountStream) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[slice]]:
    """Return counts of the model's genes, totals, empty cells and rows of a whole stream."""
    blocks = list(stream.model_blocks(stream.alignment(*GENES)))
    counts_ng = sparse.vstack([block.counts_ng for block in blocks]).toarray()
    total_n = np.concatenate([block.total_n for block in blocks])
    empty_n = np.concatenate([block.empty_n for block in blocks])
    return counts_ng, total_n, empty_n, [block.rows for block in blocks]


@pytest.mark.parametrize("change", [as_they_are, with_protein, with_logarithms])
def test_what_was_kept_is_what_is_read_again(change: Callable[[AnnData], None]) -> None:
    """Counts, totals and empty cells, whether anything could be kept or not."""
    adata = simulate(n_cells=2500)
    adata.X = sparse.vstack([sparse.csr_matrix((1, adata.n_vars)), adata.X[1:]], format="csr")
    change(adata)
    kept = all_blocks(stream_counts(adata, model_genes=GENES))
    for a, b in zip(kept, all_blocks(stream_counts(adata)), strict=True):
        np.testing.assert_array_equal(a, b)
    assert kept[2].tolist() == [True] + [False] * 2499


@pytest.mark.parametrize("most_bytes", [0, 1, 40_000, 2**28])
def test_cells_beyond_what_is_kept_are_read_again(most_bytes: int) -> None:
    """Each cell once, in order."""
    adata = simulate(n_cells=2500)
    kept = KeptGenes(*GENES, most_bytes=most_bytes)
    n_passed = sum(1 for _ in kept.passing(row_blocks(adata.X), name_genes(adata.var)))
    assert n_passed == 3
    assert len(kept.blocks) == {0: 0, 1: 1, 40_000: 2, 2**28: 3}[most_bytes]
    stream = stream_counts(adata)
    for a, b in zip(
        all_blocks(dataclasses.replace(stream, _kept=kept)), all_blocks(stream), strict=True
    ):
        np.testing.assert_array_equal(a, b)


def test_another_model_is_not_served_with_kept_counts() -> None:
    """Genes are looked for anew, and read again."""
    stream = stream_counts(simulate(), model_genes=(("GENE1",), ("",)))
    counts_ng, *_ = all_blocks(stream)
    assert counts_ng.shape[1] == len(GENES[0])
