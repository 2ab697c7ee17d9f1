"""One place says which rows of a file are genes, and what each of them is called."""

from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_files import written
from made_forms import simulated, write_table

from scbaseline.cli import main
from scbaseline.data.check import check_counts
from scbaseline.data.dates import dates_among
from scbaseline.data.genes import align_genes
from scbaseline.data.identifiers import id_inside, names_nothing
from scbaseline.data.naming import name_genes
from scbaseline.data.provenance import provenance_of
from scbaseline.data.read import open_counts, read_counts
from scbaseline.data.stream import stream_counts
from scbaseline.errors import InputError

SYMBOLS = ["CD3D", "LYZ", "MS4A1", "NKG7", "B2M"]
IDS = [f"ENSG{i:011d}" for i in range(5)]
NUMBERS = ["0", "1", "2", "3", "4"]


@pytest.mark.parametrize(
    "index", [NUMBERS, ["0.0", "1.0", "2.0", "3.0", "4.0"], ["X1", "X2", "X3", "X4", "X5"],
              ["nan", "nan", "nan", "nan", "nan"], ["0-1", "1-1", "2-1", "3-1", "4-1"],
              ["probe_a", "probe_b", "probe_c", "probe_d", "probe_e"]],
    ids=["numbers", "floats", "of-R", "placeholders", "joined", "probes"],
)  # fmt: skip
@pytest.mark.parametrize(
    "column",
    ["gene_name", "gene_symbols", "gene_symbol", "feature_name", "gene_short_name", "SYMBOL",
     "Gene name", "gene.name", "hgnc_symbol", "names", "gene_name-0"],
)  # fmt: skip
def test_symbols_are_taken_from_a_column_where_names_are_none(
    index: list[str], column: str
) -> None:
    """Row numbers and the like give way to the column of symbols, whatever it is called."""
    naming = name_genes(pd.DataFrame({"n_cells": range(5), column: SYMBOLS}, index=index))
    assert naming.var.index.tolist() == SYMBOLS
    assert (naming.column, naming.problem) == (column, "")


def test_a_column_of_any_name_is_known_by_well_known_genes() -> None:
    """Where no column has a name that is known, what it holds tells."""
    var = pd.DataFrame({"kind": ["lincRNA"] * 5, "mine": SYMBOLS}, index=NUMBERS)
    assert name_genes(var).column == "mine"


def test_ids_are_names_where_there_are_no_symbols() -> None:
    """Row numbers with a column of Ensembl ids: the ids are both."""
    naming = name_genes(pd.DataFrame({"gene_ids": IDS}, index=NUMBERS))
    assert naming.var.index.tolist() == naming.var["gene_ids"].tolist() == IDS


@pytest.mark.parametrize(
    "columns", [{}, {"gene_ids": NUMBERS}, {"gene_name": NUMBERS}, {"chr": ["chr1"] * 5},
                {"gene_name": ["nan"] * 5}],
    ids=["none", "ids", "numbers-again", "chromosomes", "placeholders"],
)  # fmt: skip
def test_row_numbers_without_names_are_refused(columns: dict[str, list[str]]) -> None:
    """Numbers name no gene, in whatever column they stand; the error says what to do."""
    adata = anndata.AnnData(
        np.array([[0, 3, 0, 1, 2]]), obs=pd.DataFrame(index=["c"]),
        var=pd.DataFrame(columns, index=NUMBERS),
    )  # fmt: skip
    for use in (check_counts, stream_counts):
        with pytest.raises(InputError, match=r"5 of 5 genes are named by row numbers .*var_names"):
            use(adata)


def test_ids_that_are_row_numbers_match_nothing() -> None:
    """Entrez ids and row numbers look alike: genes are then found by their symbols."""
    query = name_genes(pd.DataFrame({"gene_ids": NUMBERS}, index=SYMBOLS[::-1])).var
    assert align_genes(SYMBOLS, NUMBERS, query).columns.tolist() == [4, 3, 2, 1, 0]


@pytest.mark.parametrize(
    "name", ["", "nan", "NaN", "NA", "None", "<NA>", "null", "#N/A", ".", "-", "unknown",
             "Unnamed: 7", "nan-1", "NA-12", "None-2", "NA.1", "-1", "17", "17.0", "X17"],
)  # fmt: skip
def test_what_names_nothing_is_told(name: str) -> None:
    """Placeholders, their copies and row numbers are no names."""
    assert names_nothing(name)


@pytest.mark.parametrize(
    "name", ["NAT1", "NANOG", "NONO", "XIST", "VIM", "NA1", "7SK", "NKX2-1", "AL627309.1",
             "RP11-34P13.7", "HLA-A", "XK", "UNK", "5S_rRNA", "1700001C02Rik", "Nanos1"],
)  # fmt: skip
def test_names_that_resemble_placeholders_are_names(name: str) -> None:
    """Real genes with letters of a placeholder or digits in front stay names."""
    assert not names_nothing(name)


@given(
    nothing=st.sampled_from(["nan", "NA", "None", "", "NaN", "unknown", "0"]),
    model_lost=st.sets(st.integers(0, 19), max_size=8),
    query_lost=st.sets(st.integers(0, 19), max_size=8),
    order=st.permutations(range(20)),
)
def test_a_placeholder_never_matches_a_placeholder(
    nothing: str, model_lost: set[int], query_lost: set[int], order: list[int]
) -> None:
    """Genes are found exactly where both sides name them, in any order of the query."""
    model = [nothing if gene in model_lost else f"GENE{gene}" for gene in range(20)]
    query = [nothing if gene in query_lost else f"GENE{gene}" for gene in order]
    model_var, query_var = (name_genes(pd.DataFrame(index=names)).var for names in (model, query))
    found = align_genes(list(model_var.index), [""] * 20, query_var)
    unnamed = model_lost | query_lost
    expected = [-1 if gene in unnamed else order.index(gene) for gene in range(20)]
    assert found.columns.tolist() == expected


def test_genes_without_a_name_are_counted_and_said() -> None:
    """They stay in the totals, keep no name of their own, and a note counts them."""
    adata = anndata.AnnData(
        np.array([[0, 3, 0, 1, 2]]), obs=pd.DataFrame(index=["c"]),
        var=pd.DataFrame(index=["LYZ", "nan", "CD3D", "NA", "B2M"]),
    )  # fmt: skip
    checked = check_counts(adata)
    assert checked.obs["total_counts"].tolist() == [6]
    assert any("2 genes have no name ('nan')" in note for note in provenance_of(checked).notes)


@pytest.mark.parametrize(
    "row",
    ["__no_feature", "__ambiguous", "__alignment_not_unique", "X__not_aligned", "no_feature",
     "N_unmapped", "N_multimapping", "N_noFeature", "N_ambiguous", "Unassigned_NoFeatures",
     "ERCC-00002", "ERCC_00130", "GRCh38_ERCC-00002", "gene:ERCC-00002", "ercc-00002", "SIRV101",
     "*", "unmapped", "prot_CD3", "CMO301", "CD3-CTCATTGTAACTCCT",
     "HTO_A", "HTO1", "Hashtag3", "CD3_TotalSeqB", "ADT_CD4", "CD4-ADT",
     "CD3:UCHT1|CD3E|AHS0231|pAbO", "SampleTag01_hs", "nCount_RNA", "percent.mt"],
)  # fmt: skip
def test_rows_that_are_no_genes_are_left_out_and_said(row: str) -> None:
    """They add to no cell's total; the note names the first of each kind."""
    adata = anndata.AnnData(
        np.array([[5, 3, 900]]), obs=pd.DataFrame(index=["c"]),
        var=pd.DataFrame(index=["LYZ", "CD3D", row]),
    )  # fmt: skip
    checked = check_counts(adata)
    assert checked.var_names.tolist() == ["LYZ", "CD3D"]
    assert checked.obs["total_counts"].tolist() == [8]
    assert provenance_of(checked).n_other_features == 1
    assert any(row in note for note in provenance_of(checked).notes)
    counts = stream_counts(adata).counts()
    counts_ng, total_n = counts.counts_ng[:1], counts.total_n[:1]
    assert (counts_ng.toarray().tolist(), total_n.tolist()) == ([[5, 3]], [8])


@pytest.mark.parametrize(
    "name", ["ERCC1", "ERCC6L2", "HTR1A", "ADTRP", "ABCD1", "PROTA", "NPROT", "ADT", "CITED2",
             "N6AMT1", "TOTAL", "HTO", "ANTXR1", "PROTOR", "CMO", "ercc6", "GATA3-AS1"],
)  # fmt: skip
def test_genes_that_resemble_other_rows_stay(name: str) -> None:
    """Only names that no gene has are hit."""
    assert name_genes(pd.DataFrame(index=["LYZ", name])).is_gene.all()


@pytest.mark.parametrize("name", ["2-Sep", "1-mar", "2001-09-02 00:00:00", "9/2/2001", "1-Dec-1",
                                  "Sep-01", "Mar-02-1", "2023/09/01"])  # fmt: skip
def test_dates_are_no_genes(name: str) -> None:
    """Excel made them, of one of several genes; that is said."""
    naming = name_genes(pd.DataFrame(index=["LYZ", "CD3D", name]))
    assert naming.n_unnamed == 1
    assert dates_among([name]) == [name]
    assert any("Excel" in note for note in naming.caveats)


@pytest.mark.parametrize("name", ["sep-1", "apr-1", "oct-1", "MAR-1", "NKX2-1", "dec-205", "SEP15",
                                  "jun-1", "dec-7", "mar-2", "mar-12", "Mar-1"])  # fmt: skip
def test_genes_that_resemble_dates_stay(name: str) -> None:
    """A worm's genes are called so; what names nothing and what is warned of are the same."""
    assert not dates_among([name])
    assert name_genes(pd.DataFrame(index=["LYZ", "CD3D", name])).n_unnamed == 0


def test_a_file_without_any_gene_is_refused() -> None:
    """A matrix of antibodies only, with or without types, is no gene expression."""
    names, x = ["CD3_TotalSeqB", "CD4_TotalSeqB"], np.array([[1, 2]])
    for columns in ({}, {"feature_types": ["Antibody Capture"] * 2}):
        var = pd.DataFrame(columns, index=names)
        with pytest.raises(InputError, match=r"no row is a gene, but .*ntibod"):
            check_counts(anndata.AnnData(x, obs=pd.DataFrame(index=["c"]), var=var))


def test_a_row_without_a_type_is_a_gene() -> None:
    """Where files with and without types were joined, a missing type says nothing."""
    types = ["Gene Expression", None, "Antibody Capture"]
    naming = name_genes(pd.DataFrame({"feature_types": types}, index=["LYZ", "CD3D", "CD4"]))
    assert naming.is_gene.tolist() == [True, True, False]


@pytest.mark.parametrize("types", [["protein_coding"] * 3, ["1", "2", "X"], ["", "", ""]], ids=str)
def test_types_that_nobody_knows_leave_every_row_a_gene(types: list[str]) -> None:
    """A column of the name of feature types may hold biotypes or chromosomes."""
    naming = name_genes(pd.DataFrame({"feature_types": types}, index=SYMBOLS[:3]))
    assert naming.is_gene.all()


@pytest.mark.parametrize(
    "name", [f"CD3D_{IDS[1]}", f"{IDS[1]}|CD3D", f"{IDS[1]}.7_CD3D", f"CD3D ({IDS[1]})",
             f"GRCh38_{IDS[1]}", f"gene:{IDS[1]}", f"CD3D..{IDS[1]}."],
)  # fmt: skip
def test_the_id_within_a_name_is_taken(name: str) -> None:
    """Whatever stands beside it; the name itself is kept."""
    assert id_inside(name) == IDS[1]
    naming = name_genes(pd.DataFrame(index=[name, "LYZ"]))
    assert naming.var.index.tolist() == [name, "LYZ"]
    assert naming.var["gene_ids"].tolist() == [IDS[1], ""]
    assert naming.n_ids_inside == 1


def test_an_id_that_two_names_hold_is_taken_from_neither() -> None:
    """An intron and an exon of a gene are not the gene twice."""
    naming = name_genes(pd.DataFrame(index=[f"{IDS[1]}_intron", f"{IDS[1]}_exon", "LYZ"]))
    assert "gene_ids" not in naming.var


def test_naming_twice_changes_nothing() -> None:
    """What was named keeps its names, so that reading and checking agree."""
    names = ["HLA.DRA", "nan", "nan", "LYZ", "LYZ", "__no_feature", "ERCC-00002"]
    once = name_genes(pd.DataFrame({"n": range(7)}, index=names)).var
    pd.testing.assert_frame_equal(name_genes(once).var, once)


def test_doctor_says_the_column_and_training_uses_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The doctor, the reader and the stream of a prediction take the names from one place."""
    adata = simulated()
    symbols = adata.var_names.tolist()
    adata.var = pd.DataFrame({"gene_name": symbols}, index=[str(g) for g in range(adata.n_vars)])
    path = written(adata, tmp_path / "x.h5ad")
    assert main(["doctor", str(path)]) == 0
    assert "taken from var['gene_name']" in capsys.readouterr().out
    assert read_counts(path).var_names.tolist() == symbols
    with open_counts(path) as opened:
        stream = stream_counts(opened)
    assert stream.var.index.tolist() == symbols
    assert any("var['gene_name']" in note for note in stream.notes)


def test_rows_of_htseq_in_a_table_are_named_by_the_doctor(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """They are counted as rows that are not genes, and the genes without them."""
    adata = simulated()
    adata.var_names = [*adata.var_names[:-1], "__no_feature"]
    path = write_table(adata, tmp_path / "x.csv")
    assert main(["doctor", str(path)]) == 0
    said = capsys.readouterr().out
    assert "500 cells × 119 genes" in said
    assert "1 rows are not genes: reads that HTSeq" in said
    assert read_counts(path).n_vars == 119
