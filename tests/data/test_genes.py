"""Genes of two files meet by Ensembl id first, by symbol second."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from scbaseline.data.genes import align_genes, aligned_counts
from scbaseline.data.naming import name_genes
from scbaseline.data.renamed import TODAY
from scbaseline.errors import InputError

LYZ, CD3D, MS4A1 = "ENSG00000090382", "ENSG00000167286", "ENSG00000156738"


def _query(names: list[str], ids: list[str] | None = None) -> pd.DataFrame:
    var = pd.DataFrame(index=names)
    if ids is not None:
        var["gene_ids"] = ids
    return var


def test_finds_by_id_whatever_the_symbol() -> None:
    """A renamed gene is found by its id."""
    alignment = align_genes(["LYZ"], [LYZ], _query(["CD3D", "LYZ-RENAMED"], [CD3D, LYZ]))
    assert alignment.columns.tolist() == [1]


@pytest.mark.parametrize(("model", "query"), [(f"{LYZ}.3", LYZ), (LYZ, f"{LYZ}.12")])
def test_ignores_versions(model: str, query: str) -> None:
    """An id with a version and one without are the same gene."""
    assert align_genes(["a"], [model], _query(["b"], [query])).n_by_id == 1


def test_takes_ensembl_ids_from_names() -> None:
    """A query whose names are ids needs no column of ids."""
    assert align_genes(["LYZ"], [LYZ], _query([CD3D, LYZ])).columns.tolist() == [1]


def test_prefers_the_id_to_the_symbol() -> None:
    """Where id and symbol point to two columns, the id wins."""
    alignment = align_genes(["LYZ"], [LYZ], _query(["LYZ", "other"], [CD3D, LYZ]))
    assert alignment.columns.tolist() == [1]


def test_falls_back_to_the_symbol() -> None:
    """Without a common id, the symbol decides, and it is counted so."""
    alignment = align_genes(["LYZ", "CD3D"], ["", CD3D], _query(["LYZ", "x"], ["", CD3D]))
    assert alignment.columns.tolist() == [0, 1]
    assert (alignment.n_by_id, alignment.n_by_symbol) == (1, 1)


def test_gives_no_column_away_twice() -> None:
    """A column that is one gene by its id is not another gene by its symbol."""
    alignment = align_genes(["A", "B"], [LYZ, CD3D], _query(["B"], [LYZ]))
    assert alignment.columns.tolist() == [0, -1]


def test_names_what_is_missing() -> None:
    """Missing genes are named in the model's order, and counted out of n_found."""
    alignment = align_genes(["C", "A", "B"], ["", "", ""], _query(["A"]))
    assert alignment.missing == ("C", "B")
    assert alignment.n_found == 1


def test_counts_second_columns_of_a_gene() -> None:
    """The first of two columns of a gene is taken, the other is counted."""
    alignment = align_genes(["LYZ"], [LYZ], _query(["a", "b"], [f"{LYZ}.1", f"{LYZ}.2"]))
    assert alignment.columns.tolist() == [0]
    assert alignment.n_duplicates == 1


def test_refuses_two_lists_without_a_common_gene() -> None:
    """The error shows genes of both sides."""
    with pytest.raises(InputError, match=r"model has LYZ \(ENSG.*data have Lyz2, Cd3d"):
        align_genes(["LYZ"], [LYZ], _query(["Lyz2", "Cd3d"]))


@given(
    st.lists(st.sampled_from(["A", "B", "C", "D", LYZ, CD3D]), min_size=1, unique=True), st.data()
)
def test_data_align_with_themselves(names: list[str], data: st.DataObject) -> None:
    """Every gene of a file is found at its own place, even where ids occur twice."""
    ids = data.draw(
        st.lists(
            st.sampled_from(["", LYZ, f"{LYZ}.2", CD3D, MS4A1]),
            min_size=len(names),
            max_size=len(names),
        )
    )
    alignment = align_genes(names, ids, _query(names, ids))
    assert alignment.columns.tolist() == list(range(len(names)))


@given(st.permutations([-1, -1, 0, 1, 2, 3]).map(lambda columns: columns[:5]))
def test_aligned_counts_equal_numpy_indexing(columns: list[int]) -> None:
    """Found genes have the query's counts, missing ones zeros, in the model's order."""
    dense = np.arange(12, dtype=np.float32).reshape(3, 4)
    names = [f"g{column}" if column >= 0 else f"missing{i}" for i, column in enumerate(columns)]
    query = _query(["g0", "g1", "g2", "g3"])
    alignment = align_genes(names, [""] * len(names), query)
    padded = np.column_stack([dense, np.zeros(3)])  # column -1 is the zeros
    aligned = aligned_counts(sparse.csr_matrix(dense), alignment)
    assert aligned.has_canonical_format
    assert aligned.dtype == np.float32
    np.testing.assert_array_equal(aligned.toarray(), padded[:, columns])


@pytest.mark.parametrize("rows", [slice(1, 3), np.array([2, 0])], ids=["slice", "indices"])
def test_aligned_counts_of_some_rows(rows: object) -> None:
    """Only the cells asked for come back, in the order asked for."""
    dense = np.arange(12, dtype=np.float32).reshape(3, 4)
    alignment = align_genes(["g3", "g1"], ["", ""], _query(["g0", "g1", "g2", "g3"]))
    aligned = aligned_counts(sparse.csr_matrix(dense), alignment, rows=rows)
    np.testing.assert_array_equal(aligned.toarray(), dense[rows][:, [3, 1]])


@pytest.mark.parametrize("column", ["gene_symbols", "gene_name", "feature_name", "gene_short_name"])
def test_symbols_come_from_the_column_that_has_them(column: str) -> None:
    """Ensembl ids as names move to gene_ids; a gene without a symbol keeps its id."""
    var = pd.DataFrame({column: ["LYZ", None]}, index=[f"{LYZ}.7", CD3D])
    named = name_genes(var).var
    assert named.index.tolist() == ["LYZ", CD3D]
    assert named["gene_ids"].tolist() == [f"{LYZ}.7", CD3D]


def test_ids_stay_names_where_there_are_no_symbols() -> None:
    """Without a column of symbols, the ids are both."""
    named = name_genes(pd.DataFrame(index=[LYZ, CD3D])).var
    assert named.index.tolist() == named["gene_ids"].tolist() == [LYZ, CD3D]


def test_ids_are_found_under_other_names() -> None:
    """A column of Ensembl ids is known by what it holds."""
    named = name_genes(pd.DataFrame({"ensembl_id": [LYZ, None]}, index=["LYZ", "x"])).var
    assert "gene_ids" not in named  # half of them is no majority
    named = name_genes(
        pd.DataFrame({"ensembl_id": [LYZ, CD3D, None]}, index=["LYZ", "CD3D", "x"])
    ).var
    assert named["gene_ids"].tolist() == [LYZ, CD3D, ""]


def test_repeated_symbols_are_named_as_scanpy_does() -> None:
    """The second LYZ is LYZ-1, even beside a gene that is called LYZ-1 already."""
    named = name_genes(pd.DataFrame(index=["LYZ", "LYZ-1", "LYZ", "LYZ"])).var
    assert named.index.tolist() == ["LYZ", "LYZ-1", "LYZ-2", "LYZ-3"]


@pytest.mark.parametrize(("model", "query"), [("GNB2L1", "RACK1"), ("RACK1", "GNB2L1")])
def test_a_renamed_symbol_is_found_either_way(model: str, query: str) -> None:
    """A model of one year meets data of another under the symbol's newer name."""
    assert align_genes([model], [""], _query(["LYZ", query])).columns.tolist() == [1]


def test_a_symbols_own_name_comes_before_its_renamed_one() -> None:
    """Where a query has both names, the gene is the one of the model's name."""
    found = align_genes(["GNB2L1"], [""], _query(["RACK1", "GNB2L1"]))
    assert found.columns.tolist() == [1]


def test_renamed_symbols_lead_to_one_name_in_one_step() -> None:
    """No approved symbol of the table is itself a previous one, and none is named twice."""
    assert not set(TODAY) & set(TODAY.values())
    assert len(set(TODAY.values())) == len(TODAY)
