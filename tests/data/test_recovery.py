"""Counts come back from logarithms exactly, up to a factor that a cell's counts share, or not."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scanpy
from anndata import AnnData
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy
from scipy import sparse

from scbaseline.data.blocks import row_blocks
from scbaseline.data.check import check_counts
from scbaseline.data.provenance import provenance_of
from scbaseline.data.read import read_counts
from scbaseline.data.values import Values, examine_values
from scbaseline.errors import InputError

counts = st_numpy.arrays(
    np.int64,
    st.tuples(st.integers(1, 6), st.integers(1, 8)),
    elements=st.integers(0, 3) | st.integers(0, 40_000),
)
targets = st.sampled_from([1e4, 1e6, 2197.0, 37.5])
LOGS = {"log1p": np.log1p, "log2": lambda x: np.log2(x + 1)}


def _normalised(matrix: np.ndarray, target: float, log: str, dtype: type) -> np.ndarray:
    """Normalise in a number type as a user's tool would, rounding at every step."""
    totals = np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    return LOGS[log]((matrix.astype(dtype) * dtype(target)) / totals.astype(dtype)).astype(dtype)


def _values(matrix: np.ndarray) -> Values:
    return examine_values(row_blocks(matrix))


@given(counts, targets, st.sampled_from(list(LOGS)), st.sampled_from([np.float32, np.float64]))
def test_recovery_is_exact_or_refused(
    matrix: np.ndarray, target: float, log: str, dtype: type
) -> None:
    """What comes back is the count divided by what all counts of the cell share, always."""
    values = _values(_normalised(matrix, target, log, dtype))
    if values.recovery is None:
        return
    logs = sparse.csr_matrix(_normalised(matrix, target, log, dtype), dtype=np.float32)
    back = values.recovery.counts(logs).toarray()
    shared = np.maximum(np.gcd.reduce(matrix, axis=1, keepdims=True), 1)
    in_lowest_terms = np.maximum(np.gcd.reduce(back.astype(int), axis=1, keepdims=True), 1)
    np.testing.assert_array_equal(back / in_lowest_terms, matrix / shared)


@given(counts.filter(lambda matrix: (matrix > 0).sum() >= 3 and matrix.max() < 15_000))
def test_log1p_of_counts_is_exact_without_a_doubt(matrix: np.ndarray) -> None:
    """Where nothing was divided, no factor is lost."""
    logs = np.log1p(matrix.astype(np.float32))
    values = _values(logs)
    if values.kind == "counts":  # no value but 0
        return
    assert values.recovery is not None
    back = values.recovery.counts(sparse.csr_matrix(logs)).toarray()
    np.testing.assert_array_equal(back, matrix)


def _usual(*, n_cells: int = 40, n_genes: int = 60) -> np.ndarray:
    return np.random.default_rng(0).poisson(0.8, size=(n_cells, n_genes))


def _named(matrix: object) -> AnnData:
    var = pd.DataFrame(index=[f"GENE{g}" for g in range(matrix.shape[1])])
    return AnnData(matrix, var=var)


@pytest.mark.parametrize("target", [1e4, 1e6, None])
def test_scanpys_normalisation_is_undone(target: float | None) -> None:
    """What scanpy's two steps did to usual counts is undone, and the target is named."""
    adata = _named(sparse.csr_matrix(_usual(), dtype=np.float32))
    median = float(np.median(_usual().sum(axis=1)))
    scanpy.pp.normalize_total(adata, target_sum=target)
    scanpy.pp.log1p(adata)
    values = _values(adata.X)
    assert values.kind == "log1p"
    assert values.target == pytest.approx(target or median)
    np.testing.assert_array_equal(check_counts(adata).X.toarray(), _usual())


def test_real_counts_come_back_and_are_known(test_data: Path) -> None:
    """PBMC3k, normalised by scanpy, is PBMC3k again, and called so."""
    adata = read_counts(test_data / "pbmc3k" / "pbmc3k_raw.h5ad")
    changed = adata.copy()
    del changed.uns["scbaseline"]
    scanpy.pp.normalize_total(changed, target_sum=1e4)
    scanpy.pp.log1p(changed)
    checked = check_counts(changed)
    assert (checked.X != adata.X).nnz == 0
    assert provenance_of(checked).name == "pbmc3k"


def test_what_was_done_is_said() -> None:
    """The provenance keeps a note for the report."""
    adata = _named(_normalised(_usual(), 1e4, "log1p", np.float32))
    notes = provenance_of(check_counts(adata)).notes
    assert notes[0].startswith("X held log1p of counts per 10,000; the counts were recovered")


def test_totals_reveal_the_factor_that_a_cell_shares() -> None:
    """A cell of even counts comes back whole where obs has the totals before normalisation."""
    matrix = _usual()
    matrix[3] *= 2
    adata = _named(_normalised(matrix, 1e4, "log1p", np.float32))
    assert check_counts(adata).X[3].sum() == matrix[3].sum() / 2
    adata.obs["n_counts"] = matrix.sum(axis=1)
    np.testing.assert_array_equal(check_counts(adata).X.toarray(), matrix)


def test_columns_that_are_no_totals_change_nothing() -> None:
    """A column of that name with other numbers does not spoil the counts."""
    adata = _named(_normalised(_usual(), 1e4, "log1p", np.float32))
    adata.obs["n_counts"] = np.random.default_rng(1).integers(50, 900, size=adata.n_obs)
    np.testing.assert_array_equal(check_counts(adata).X.toarray(), _usual())


@pytest.mark.parametrize("spoil", [0.01, 1e-3])
def test_one_value_that_does_not_fit_is_enough_to_refuse(spoil: float) -> None:
    """A single value in the last cell that is no multiple of a count forbids recovery."""
    logs = _normalised(_usual(), 1e4, "log1p", np.float64)
    cell, gene = np.argwhere(_usual() >= 2)[-1]
    logs[cell, gene] += spoil
    with pytest.raises(InputError, match=r"look like log1p .* counts per 10,000, which do not"):
        check_counts(_named(logs))


def test_blocks_are_recovered_as_the_whole() -> None:
    """A streamed recovery gives the same counts."""
    logs = sparse.csr_matrix(_normalised(_usual(), 1e4, "log1p", np.float32))
    recovery = examine_values(row_blocks(logs)).recovery
    assert recovery is not None
    parts = [recovery.counts(logs[start : start + 7], start=start) for start in range(0, 40, 7)]
    np.testing.assert_array_equal(sparse.vstack(parts).toarray(), _usual())
