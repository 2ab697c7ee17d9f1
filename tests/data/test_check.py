"""check_counts lets raw counts through, whole, and says of anything else what it is."""

import warnings

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy
from scipy import sparse

from scbaseline.data.check import check_counts
from scbaseline.data.provenance import provenance_of
from scbaseline.data.read import read_counts
from scbaseline.errors import InputError, ScbaselineWarning

COUNTS = np.array([[0, 3, 0, 1], [2, 0, 0, 0], [0, 0, 5, 1]])

NOT_COUNTS = np.log1p(np.where(COUNTS == 5, 5.3, COUNTS))  # one of them is no whole number

matrices = st_numpy.arrays(
    np.float64, st.tuples(st.integers(1, 5), st.integers(1, 5)), elements=st.integers(0, 300)
)
kinds = st.sampled_from([np.asarray, sparse.csr_matrix, sparse.csc_matrix, sparse.csr_array])


def _adata(matrix: object, **obs: object) -> AnnData:
    n_cells, n_genes = matrix.shape
    return AnnData(
        matrix,
        obs=pd.DataFrame(obs, index=[f"cell{i}" for i in range(n_cells)]),
        var=pd.DataFrame(index=[f"gene{i}" for i in range(n_genes)]),
    )


@given(matrices.filter(lambda matrix: matrix.any()), kinds)
def test_accepts_counts_of_any_form(matrix: np.ndarray, kind: object) -> None:
    """Whole numbers from 0 on come back as they are, in canonical CSR float32."""
    checked = check_counts(_adata(kind(matrix)))
    assert isinstance(checked.X, sparse.csr_matrix)
    assert checked.X.dtype == np.float32
    assert checked.X.has_canonical_format
    assert (checked.X.data != 0).all()
    np.testing.assert_array_equal(checked.X.toarray(), matrix)


@given(
    matrices,
    kinds,
    st.sampled_from([0.5, 1.0001, 299.9, -1.0, np.nan, np.inf, -np.inf]),
    st.data(),
)
def test_refuses_one_bad_value_wherever_it_is(
    matrix: np.ndarray, kind: object, bad: float, data: st.DataObject
) -> None:
    """One value that is no count, in any cell and gene, is found and named."""
    cell = data.draw(st.integers(0, matrix.shape[0] - 1))
    gene = data.draw(st.integers(0, matrix.shape[1] - 1))
    matrix[cell, gene] = bad
    with pytest.raises(InputError, match=rf"first: .* at cell cell{cell}, gene gene{gene}\)"):
        check_counts(_adata(kind(matrix)))


@given(matrices.filter(lambda matrix: matrix.any()))
def test_totals_are_the_sums_over_all_genes(matrix: np.ndarray) -> None:
    """Without a total_key, total_counts is what numpy sums, as float64."""
    totals = check_counts(_adata(matrix)).obs["total_counts"]
    assert totals.dtype == np.float64
    np.testing.assert_array_equal(totals, matrix.sum(axis=1))


def test_sums_duplicates_and_drops_zeros() -> None:
    """Two stored values of one place are one count; a stored zero is none."""
    stored = sparse.csr_matrix(
        (np.array([1.0, 0.0, 2.0]), np.array([1, 0, 1]), np.array([0, 3])), shape=(1, 2)
    )
    checked = check_counts(_adata(stored))
    assert checked.X.data.tolist() == [3.0]
    assert checked.X.indices.tolist() == [1]


def test_leaves_its_input_as_it_is() -> None:
    """Neither the slots of the input nor their memory are touched, then or later."""
    adata = _adata(sparse.csr_matrix(COUNTS, dtype=np.float32), batch=["a", "b", "a"])
    adata.uns["nested"] = {"list": [1]}
    before = adata.copy()
    checked = check_counts(adata)
    checked.X.data[:] = 7
    checked.obs["batch"] = "z"
    checked.uns["nested"]["list"].append(2)
    np.testing.assert_array_equal(adata.X.toarray(), before.X.toarray())
    pd.testing.assert_frame_equal(adata.obs, before.obs)
    assert adata.uns == before.uns


def test_keeps_annotations_and_drops_what_was_computed() -> None:
    """obs, var and uns stay; layers, obsm, obsp, varm and raw are of another matrix."""
    adata = _adata(COUNTS, batch=["a", "b", "a"])
    adata.var["gene_ids"] = ["i0", "i1", "i2", "i3"]
    adata.uns["title"] = "mine"
    adata.raw = adata.copy()
    adata.layers["log"] = np.log1p(COUNTS)
    adata.obsm["X_pca"] = np.zeros((3, 2))
    adata.obsp["distances"] = sparse.csr_matrix((3, 3))
    adata.varm["PCs"] = np.zeros((4, 2))
    checked = check_counts(adata)
    assert checked.obs["batch"].tolist() == ["a", "b", "a"]
    assert checked.var["gene_ids"].tolist() == ["i0", "i1", "i2", "i3"]
    assert checked.uns["title"] == "mine"
    slots = (checked.layers, checked.obsm, checked.obsp, checked.varm)
    assert not any(len(slot) for slot in slots)
    assert checked.raw is None


def test_checking_twice_changes_nothing() -> None:
    """A checked object passes again, with the totals that were given the first time."""
    once = check_counts(_adata(COUNTS, depth=[10, 20, 30]), total_key="depth")
    twice = check_counts(once)
    pd.testing.assert_frame_equal(once.obs, twice.obs)
    assert once.uns == twice.uns


@pytest.mark.parametrize(
    ("matrix", "words"),
    [
        (NOT_COUNTS, r"non-integers \(first: 1\.3862944 .*look like log1p.*; pass raw counts$"),
        (COUNTS * 100.5, r"first: 301\.5 at cell cell0, gene gene1\); they look like counts with"),
        (COUNTS - 1.5, r"negative values .*look scaled or centred"),
        (np.where(COUNTS, COUNTS, np.nan), r"X holds NaN"),
        (np.where(COUNTS, 1e300, 0), r"X holds infinite values"),
        (np.zeros((3, 4)), r"X holds only zeros"),
        (np.zeros((0, 4)), r"X has no cells \(0 cells × 4 genes\)"),
        (np.zeros((3, 0)), r"X has no genes"),
    ],
    ids=["log1p", "fractions", "centred", "nan", "too-large", "zeros", "no-cells", "no-genes"],
)
def test_says_what_is_wrong(matrix: np.ndarray, words: str) -> None:
    """Each kind of bad matrix is called by its name."""
    with pytest.raises(InputError, match=words):
        check_counts(_adata(matrix))


def test_names_the_file() -> None:
    """An error begins with the name that was read."""
    adata = _adata(NOT_COUNTS)
    adata.uns["scbaseline"] = {"name": "pbmc.h5ad"}
    with pytest.raises(InputError, match=r"^pbmc\.h5ad: X holds non-integers"):
        check_counts(adata)


def test_says_which_layer_holds_counts() -> None:
    """Where counts lie in a layer, the error says how to move them."""
    adata = _adata(NOT_COUNTS)
    adata.layers["aligned"] = COUNTS
    adata.layers["counts"] = COUNTS
    adata.layers["scaled"] = COUNTS - 0.5
    with pytest.raises(InputError, match=r"adata\.X = adata\.layers\['counts'\]"):
        check_counts(adata)


def test_says_that_raw_holds_counts() -> None:
    """Where counts lie in raw, the error says how to take them."""
    adata = _adata(COUNTS)
    adata.raw = adata.copy()
    adata.X = NOT_COUNTS
    with pytest.raises(InputError, match=r"adata = adata\.raw\.to_adata\(\)"):
        check_counts(adata)


def test_refuses_missing_x() -> None:
    """An AnnData without X is refused in plain words."""
    with pytest.raises(InputError, match="X is missing"):
        check_counts(AnnData(obs=pd.DataFrame(index=["a"]), var=pd.DataFrame(index=["g"])))


def test_refuses_indices_that_point_outside() -> None:
    """A damaged sparse matrix is refused before scipy computes with it."""
    adata = _adata(sparse.csc_matrix(COUNTS))
    adata.X.indices[0] = 10**6
    with pytest.raises(InputError, match="damaged sparse matrix"):
        check_counts(adata)


def test_cells_of_one_name_are_counted_row_by_row_with_a_warning() -> None:
    """Two samples that were joined share barcodes; each row stays a cell, the second is a-1."""
    adata = _adata(COUNTS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # AnnData's own
        adata.obs_names = ["a", "b", "a"]
    with pytest.warns(ScbaselineWarning, match=r"1 cells have the name .*\(the first: 'a'\)"):
        checked = check_counts(adata)
    np.testing.assert_array_equal(checked.X.toarray(), COUNTS)
    assert checked.obs_names.tolist() == ["a", "b", "a-1"]


def test_makes_gene_names_unique_in_silence() -> None:
    """Two genes of one symbol are common, and no reason to refuse."""
    adata = _adata(COUNTS)
    adata.var_names = ["a", "b", "a", "c"]
    assert check_counts(adata).var_names.tolist() == ["a", "b", "a-1", "c"]


def test_totals_are_those_that_the_user_names() -> None:
    """With total_key, total_counts is that column, and the provenance keeps its name."""
    checked = check_counts(_adata(COUNTS, depth=[10, 20, 30]), total_key="depth")
    assert checked.obs["total_counts"].tolist() == [10.0, 20.0, 30.0]
    assert provenance_of(checked).total_key == "depth"


def test_totals_may_be_rounded_to_float32() -> None:
    """A total that float32 has rounded down is still taken for the sum."""
    big = np.array([[16_777_216, 1]])
    checked = check_counts(_adata(big, depth=np.array([16_777_216], np.float32)), total_key="depth")
    assert checked.obs["total_counts"].tolist() == [16_777_216.0]


@pytest.mark.parametrize(
    ("column", "words"),
    [
        ([10, 3, 30], None),
        ([10, 1, 30], r"is 1 at cell cell1, whose counts in X sum to 2"),
        ([10, 0, 30], r"is 0 at cell cell1"),
        ([10, np.nan, 30], r"is nan at cell cell1"),
        (["10", "20", "30"], r"holds (object|str|string)"),
        ([True, True, True], r"holds bool"),
    ],
    ids=["good", "too-small", "zero", "nan", "texts", "booleans"],
)
def test_totals_have_to_fit_the_counts(column: list[object], words: str | None) -> None:
    """A column that cannot be the totals of these cells is refused."""
    adata = _adata(COUNTS, depth=column)
    if words is None:
        check_counts(adata, total_key="depth")
        return
    with pytest.raises(InputError, match=words):
        check_counts(adata, total_key="depth")


def test_names_near_columns() -> None:
    """A total_key that is not there is answered by columns that are near."""
    with pytest.raises(InputError, match=r"no column 'n_count'. Did you mean n_counts"):
        check_counts(_adata(COUNTS, n_counts=[10, 20, 30]), total_key="n_count")


def test_says_that_known_data_were_changed() -> None:
    """A part of a data set does not pass for the whole."""
    whole = check_counts(read_counts("pbmc68k_reduced"))
    part = provenance_of(check_counts(whole[:100].copy()))
    assert part.title.endswith("changed after reading")
    assert part.fingerprint != provenance_of(whole).fingerprint


def test_knows_a_data_set_by_its_content() -> None:
    """Counts of a known data set that came without provenance are known all the same."""
    adata = read_counts("pbmc68k_reduced")
    del adata.uns["scbaseline"]
    assert provenance_of(check_counts(adata)).name == "pbmc68k_reduced"


def test_embedded_sample_has_its_full_depth() -> None:
    """The totals of the embedded sample are n_counts: its 765 genes are 11–28 % of them."""
    checked = check_counts(read_counts("pbmc68k_reduced"))
    np.testing.assert_array_equal(checked.obs["total_counts"], checked.obs["n_counts"])
    share = checked.X.sum(axis=1).A1 / checked.obs["total_counts"]
    assert 0.10 < share.min() < share.max() < 0.30
