"""Claims about the genes that tell labels apart."""

import dataclasses

import numpy as np
import pytest
from conftest import SMALL, simulate
from scipy import sparse
from sklearn.feature_selection import f_classif

from scbaseline.cells.label_genes import f_statistic, label_genes, sum_by_label
from scbaseline.counts import Counts
from scbaseline.errors import InputError
from scbaseline.scale import log_normalise

CELLS = simulate()
COUNTS = Counts.from_anndata(CELLS)
CODES = CELLS.obs["cell_type"].astype("category").cat.codes.to_numpy(np.int64)


def test_f_is_scikit_learns() -> None:
    """Sums over cells give the F statistic of scikit-learn's ``f_classif``."""
    ours = f_statistic(sum_by_label(COUNTS, CODES, target_sum=1e4))
    log_ng = log_normalise(COUNTS.counts_ng, COUNTS.total_n, target_sum=1e4).toarray()
    varies = log_ng.std(axis=0) > 0
    theirs, _ = f_classif(log_ng[:, varies], CODES)
    np.testing.assert_allclose(ours[varies], theirs, rtol=1e-6)


def test_sums_of_parts_add_up() -> None:
    """Two halves of the cells, summed apart and added, are all cells."""
    first = np.arange(len(CODES)) < 100
    parts = [
        sum_by_label(COUNTS.rows(rows), CODES[rows], target_sum=1e4) for rows in (first, ~first)
    ]
    total, whole = parts[0] + parts[1], sum_by_label(COUNTS, CODES, target_sum=1e4)
    for field in dataclasses.fields(whole):
        np.testing.assert_allclose(getattr(total, field.name), getattr(whole, field.name))


def test_marker_genes_are_chosen() -> None:
    """The best ten are markers of the simulated types, in the input's order."""
    chosen = label_genes(COUNTS, CODES, dataclasses.replace(SMALL, n_top_genes=10))
    assert len(chosen) == 10
    assert (np.diff(chosen) > 0).all()
    assert chosen.max() < 30


def test_genes_without_a_name_are_not_chosen() -> None:
    """Markers that no other file could be asked for are left out, as if they were not there."""
    named_g = np.arange(CELLS.n_vars) % 2 == 0
    counts = dataclasses.replace(COUNTS, named_g=named_g)
    chosen = label_genes(counts, CODES, dataclasses.replace(SMALL, n_top_genes=10))
    only = Counts(CELLS.X[:, named_g], COUNTS.total_n)
    expected = label_genes(only, CODES, dataclasses.replace(SMALL, n_top_genes=10))
    np.testing.assert_array_equal(chosen, np.flatnonzero(named_g)[expected])


def test_a_gene_that_every_label_shows_is_left_out() -> None:
    """However well it separates labels, what most cells of each label show is not chosen."""
    dense = COUNTS.counts_ng.toarray()
    dense[:, 0] = 5 + 50 * CODES
    counts = Counts(sparse.csr_matrix(dense), dense.sum(axis=1))
    assert 0 not in label_genes(counts, CODES, SMALL)


def test_genes_that_tell_nothing_are_an_error() -> None:
    """Where no gene can be chosen, the message counts genes and cells."""
    counts = Counts(sparse.csr_matrix(np.ones((20, 5), dtype=np.float32)), np.full(20, 5.0))
    with pytest.raises(InputError, match=r"0 of 5 genes .* 20 training cells"):
        label_genes(counts, np.arange(20) % 2, SMALL)
