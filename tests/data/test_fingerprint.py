"""A fingerprint stands for content: equal for equal counts, different for different ones."""

import time

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy
from scipy import sparse

from scbaseline.data.fingerprint import fingerprint
from scbaseline.data.read import read_counts

counts = st_numpy.arrays(
    np.int64,
    st.tuples(st.integers(1, 6), st.integers(1, 6)),
    elements=st.integers(0, 1000) | st.just(0),
)


def _adata(matrix: object, ids: list[str] | None = None) -> AnnData:
    n_genes = matrix.shape[1]
    var = pd.DataFrame(index=[f"gene{i}" for i in range(n_genes)])
    if ids is not None:
        var["gene_ids"] = ids
    return AnnData(matrix, var=var)


@given(counts, st.sampled_from([np.int32, np.int64, np.float32, np.float64, np.uint16]))
def test_does_not_depend_on_number_type(matrix: np.ndarray, dtype: type) -> None:
    """Counts of any number type that holds them have one fingerprint."""
    assert fingerprint(_adata(matrix.astype(dtype))) == fingerprint(_adata(matrix))


@given(counts, st.sampled_from(["csr_matrix", "csc_matrix", "csr_array", "csc_array"]))
def test_does_not_depend_on_storage(matrix: np.ndarray, kind: str) -> None:
    """Dense, CSR and CSC have one fingerprint."""
    assert fingerprint(_adata(getattr(sparse, kind)(matrix))) == fingerprint(_adata(matrix))


@given(counts)
def test_does_not_depend_on_order_zeros_and_duplicates(matrix: np.ndarray) -> None:
    """Unsorted indices, stored zeros and split values are the same content."""
    rows, columns = np.indices(matrix.shape)
    # Every value, zeros too, stored twice, the second halves first and backwards.
    halves = np.concatenate([(matrix - matrix // 2).ravel()[::-1], (matrix // 2).ravel()])
    row = np.concatenate([rows.ravel()[::-1], rows.ravel()])
    column = np.concatenate([columns.ravel()[::-1], columns.ravel()])
    order = np.argsort(row, kind="stable")
    indptr = np.searchsorted(row[order], np.arange(len(matrix) + 1))
    stored = sparse.csr_matrix((halves[order], column[order], indptr), shape=matrix.shape)
    assert fingerprint(_adata(stored)) == fingerprint(_adata(matrix))


@given(counts, st.data())
def test_changes_with_any_count(matrix: np.ndarray, data: st.DataObject) -> None:
    """One count that is one larger makes another fingerprint."""
    cell = data.draw(st.integers(0, matrix.shape[0] - 1))
    gene = data.draw(st.integers(0, matrix.shape[1] - 1))
    other = matrix.copy()
    other[cell, gene] += 1
    assert fingerprint(_adata(other)) != fingerprint(_adata(matrix))


def test_changes_with_shape() -> None:
    """Empty cells and empty genes are content."""
    shapes = [(2, 3), (3, 2), (2, 2), (3, 3)]
    seen = {fingerprint(_adata(np.zeros(shape), ["g"] * shape[1])) for shape in shapes}
    assert len(seen) == len(shapes)


def test_knows_genes_by_id_where_there_are_ids() -> None:
    """Renamed symbols are the same data, other ids are not."""
    one = _adata(np.eye(2), ["ENSG1", "ENSG2"])
    renamed = one.copy()
    renamed.var_names = ["LYZ", "CD3D"]
    other = _adata(np.eye(2), ["ENSG1", "ENSG3"])
    assert fingerprint(one) == fingerprint(renamed)
    assert fingerprint(one) != fingerprint(other)


def test_leaves_its_input_as_it_is() -> None:
    """The unsorted matrix that it is given stays unsorted."""
    stored = sparse.csr_matrix(
        (np.array([0.0, 2.0, 1.0]), np.array([2, 1, 0]), np.array([0, 3])), shape=(1, 3)
    )
    adata = _adata(stored)
    fingerprint(adata)
    assert adata.X.indices.tolist() == [2, 1, 0]
    assert adata.X.data.tolist() == [0.0, 2.0, 1.0]


@pytest.mark.parametrize("form", ["pbmc3k_raw.h5ad", "filtered_gene_bc_matrices"])
def test_both_forms_of_pbmc3k_are_pbmc3k(test_data, form: str) -> None:
    """The h5ad file and the 10x folder are known as one data set, each by its content."""
    adata = read_counts(test_data / "pbmc3k" / form)
    assert adata.uns["scbaseline"]["name"] == "pbmc3k"


def test_is_quick(test_data) -> None:
    """PBMC3k takes less than 0.2 s, the best of three."""
    adata = read_counts(test_data / "pbmc3k" / "pbmc3k_raw.h5ad")
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        fingerprint(adata)
        seconds.append(time.perf_counter() - start)
    assert min(seconds) < 0.2
