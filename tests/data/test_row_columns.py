"""What describes the rows of a table is no count: it is told by its names and what it holds."""

import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_forms import simulated

from scbaseline.data.check import check_counts
from scbaseline.data.columns_of_cells import between_about_cells
from scbaseline.data.known import HUMAN
from scbaseline.data.options import ReadOptions
from scbaseline.data.read import read_counts
from scbaseline.errors import InputError, ScbaselineWarning

WHOLE = simulated()[:30, :40].copy()
COUNTS = WHOLE.X.toarray()
CELLS, GENES, IDS = list(WHOLE.obs_names), list(WHOLE.var_names), list(WHOLE.var["gene_ids"])
GENE_ROWS = pd.DataFrame(COUNTS.T.astype(int), index=GENES, columns=CELLS)
CELL_ROWS = GENE_ROWS.T


def _with(table: pd.DataFrame, first: str, **columns: object) -> pd.DataFrame:
    """Return a table with columns before its counts; ``first`` names the first field."""
    table = table.copy()
    for name, values in reversed(columns.items()):
        table.insert(0, name, values)
    return table.rename_axis(first)


PLACES = {"Chr": "chr1", "Start": 11869, "End": 14409, "Strand": "+", "Length": 1735}
EXONS = {"Chr": "1;1", "Start": "11;30", "End": "20;40", "Strand": "+;+", "Length": 20}


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (_with(GENE_ROWS, "Geneid", **PLACES), "'Chr', 'Start', 'End', 'Strand', 'Length'"),
        (_with(GENE_ROWS, "Geneid", **EXONS), "'Chr', 'Start', 'End', 'Strand', 'Length'"),
        (_with(GENE_ROWS.set_axis(IDS), "gene_id", gene_name=GENES), "'gene_name'"),
        (_with(GENE_ROWS, "gene_name", gene_id=IDS), "'gene_id'"),
        (_with(GENE_ROWS.set_axis(IDS), "", Symbol=GENES, Biotype="x"), "'Symbol', 'Biotype'"),
        (_with(GENE_ROWS.set_axis(range(1, 41)), "", gene=GENES), "'gene'"),
        (_with(GENE_ROWS, "gene", description="a gene, of B cells"), "'description'"),
        (_with(GENE_ROWS, "GENE", length=1000), "'length'"),
        (_with(GENE_ROWS, "symbol", entrezgene=range(40), length=1), "'entrezgene', 'length'"),
    ],
    ids=["featureCounts", "exons", "id-name", "name-id", "no-corner", "numbered", "description",
         "length", "entrez"],
)  # fmt: skip
@pytest.mark.parametrize("separator", [",", "\t"])
def test_columns_of_genes_are_told_from_counts(
    tmp_path: Path, table: pd.DataFrame, said: str, separator: str
) -> None:
    """The counts are those of the table without them; which they are is said."""
    path = tmp_path / "x.txt"
    path.write_text("# Program:featureCounts v2.0.1\n" + table.to_csv(sep=separator))
    with pytest.raises(InputError, match=r"pass --transpose"), pytest.warns(ScbaselineWarning):
        check_counts(read_counts(path))
    with pytest.warns(ScbaselineWarning, match=f"not taken for counts: {said}"):
        read = check_counts(read_counts(path, ReadOptions(transpose=True)))
    assert read.obs_names.tolist() == CELLS
    assert read.var_names.tolist() == GENES
    np.testing.assert_array_equal(read.X.toarray(), COUNTS)


@pytest.mark.parametrize(
    "table",
    [
        _with(CELL_ROWS, "cell", cell_type="B cell", sample="s1"),
        _with(CELL_ROWS.set_axis(range(30)), "", barcode=CELLS, cell_type="B"),
    ],
    ids=["labels", "numbered"],
)
def test_columns_of_cells_become_columns_of_obs(tmp_path: Path, table: pd.DataFrame) -> None:
    """Where the other columns are genes that are known; row numbers give way to barcodes."""
    table.to_csv(tmp_path / "x.csv")
    with pytest.warns(ScbaselineWarning, match="columns that describe the rows"):
        read = read_counts(tmp_path / "x.csv")
    assert read.obs_names.tolist() == CELLS
    assert set(read.obs["cell_type"]) <= {"B cell", "B"}
    np.testing.assert_array_equal(read.X.toarray(), COUNTS)


def test_measures_of_cells_become_columns_of_obs(tmp_path: Path) -> None:
    """As Seurat's users write them; fractions among them are no counts with fractions."""
    table = _with(CELL_ROWS, "", nCount_RNA=9000, UMAP_1=-1.5)
    table["percent.mt"] = 0.25
    table.to_csv(tmp_path / "x.csv")
    with pytest.warns(ScbaselineWarning, match=r"'nCount_RNA', 'UMAP_1', 'percent\.mt'"):
        read = read_counts(tmp_path / "x.csv")
    assert read.obs.mean().to_dict() == {"nCount_RNA": 9000, "UMAP_1": -1.5, "percent.mt": 0.25}
    np.testing.assert_array_equal(check_counts(read).X.toarray(), COUNTS)


POPULATIONS = ["CD4", "CD14", "CD19", "CD34", "PC_1", "Leiden"]


@pytest.mark.parametrize(
    ("rows", "corner"),
    [(IDS, ""), (IDS, "gene_id"), (GENES, "Gene"), ([f"g{i}" for i in range(40)], "gene")],
)
def test_samples_that_are_called_as_genes_are_samples(
    tmp_path: Path, rows: list[str], corner: str
) -> None:
    """Sorted cells are called by their markers, a length is none, and PC_1 and a city are."""
    table = GENE_ROWS.iloc[:, :6].set_axis(POPULATIONS, axis=1).set_axis(rows)
    _with(table, corner, length=range(1000, 1040)).to_csv(tmp_path / "x.csv")
    with pytest.warns(ScbaselineWarning, match="not taken for counts: 'length'$"):
        read = read_counts(tmp_path / "x.csv", ReadOptions(transpose=True))
    assert (read.obs_names.tolist(), read.var_names.tolist()) == (POPULATIONS, rows)
    np.testing.assert_array_equal(read.X.toarray(), COUNTS[:6])


@settings(max_examples=30)
@given(
    about=st.lists(
        st.sampled_from(["cluster", "Age", "batch", "donor", "Sex", "leiden", "a_score", "length"]),
        unique=True, max_size=5,
    ),
    ids=st.booleans(), after=st.booleans(), corner=st.sampled_from(["", "cell", "barcode"]),
    draw=st.integers(0, 99).map(np.random.default_rng),
)  # fmt: skip
def test_numbers_about_cells_are_no_genes(
    about: list[str], ids: bool, after: bool, corner: str, draw: np.random.Generator,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:  # fmt: skip
    """Beside a column of text, on either side of the genes: what is not one goes to obs."""
    table = CELL_ROWS.set_axis(IDS if ids else GENES, axis=1)
    beside = pd.DataFrame(dict.fromkeys(about, 3) | {"cell_type": "B"}, index=table.index)
    path = tmp_path_factory.mktemp("table") / "x.csv"
    beside = beside[draw.permutation(beside.columns)]
    both = pd.concat([table, beside] if after else [beside, table], axis=1)
    both.rename_axis(corner).to_csv(path)
    with pytest.warns(ScbaselineWarning, match="columns that describe the rows"):
        read = read_counts(path)
    assert set(read.obs) == {*about, "cell_type"}
    np.testing.assert_array_equal(read.X.toarray(), COUNTS)


def test_symbols_among_ids_stay_genes() -> None:
    """Where some genes have a symbol and others an id, none is a number about cells."""
    for symbols in (["A1BG", "ACTB"], ["A1BG", IDS[0], "AAAS"]):
        assert between_about_cells(["cell_type", *symbols, *IDS[1:]], {1}) == set()
    assert between_about_cells(["cell_type", "Score", "x", *IDS], {1}) == {2, 3}


@pytest.mark.parametrize("value", ["NULL", "-", "n/a", "1,100", "#N/A"])
def test_counts_that_begin_with_no_number_are_refused_with_their_place(
    tmp_path: Path, value: str
) -> None:
    """Not dropped as text: numbers stand further down."""
    table = GENE_ROWS.astype(object)
    table.iloc[:25, 2] = value
    table.to_csv(tmp_path / "x.tsv", sep="\t")
    with pytest.raises(InputError, match=rf"'{CELLS[2]}' holds '{value}' in row '{GENES[0]}'"):
        read_counts(tmp_path / "x.tsv", ReadOptions(transpose=True))


def test_a_first_column_called_of_genes_beside_genes_is_refused(tmp_path: Path) -> None:
    """With what to call it; and so are many columns between those about cells."""
    names = [*sorted(HUMAN)[:12], *(f"u{i}" for i in range(28))]
    table = CELL_ROWS.set_axis(names, axis=1).set_axis([f"c{n}" for n in range(30)])
    _with(table, "gene", cell_type="B", n=1).to_csv(tmp_path / "x.csv")
    with pytest.raises(InputError, match=r"called 'gene', but .* call the first column 'cell'"):
        read_counts(tmp_path / "x.csv")
    unknown = pd.DataFrame(1, index=table.index, columns=[f"v{i}" for i in range(60)])
    pd.concat([table.assign(cell_type="B"), unknown], axis=1).to_csv(tmp_path / "y.csv")
    with pytest.raises(InputError, match=r"60 columns, 'v0' to 'v59', stand among .* --obs"):
        read_counts(tmp_path / "y.csv")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (",nCount_RNA,percent.mt\nc1,9,0.5\nc2,8,0.1\n", "holds measures of cells .*--obs"),
        ("cell,type,n\nc1,B,1\nc2,T,2\n", r"column 'type' holds 'B' in row 'c1'.*--obs FILE"),
        ("cell,type,x\nc1,B,a\n", r"columns 'type', 'x' hold 'B' in row 'c1'"),
        ("gene,cell,count\nA,c1,1\nA,c2,3\nB,c1,1\n", "a line for each count .*pivot_table"),
        ("i,j,x\n1,1,1\n1,2,3\n2,1,1\n", "a line for each count"),
        ("target_id,length,eff_length,est_counts,tpm\nENST1,1,1,2,3\n", "is kallisto's result"),
        ("Name,Length,EffectiveLength,TPM,NumReads\nENST1,1,1,2,3\n", "is salmon's result"),
        ("LYZ,0,0,3\nCD3D,1,0,0\n", "has no header: its first line is a row of numbers"),
        ("LYZ,CD3D,B2M\n0,3,1\n2,0,0\n1,1,0\n", "has no names of rows: its first column, 'LYZ'"),
        ("x,y,z,w\n0,3,1,4\n0,2,0,2\n1,1,0,0\n", "has no names of rows"),
        ("Status,a.bam\nAssigned,9\nUnassigned_Unmapped,3\n", "is featureCounts' summary"),
        ("AAACCTGAGAAACC-1,4,1,3\nAAACCTGAGTTACC-1,1,0,0\n", "has no header"),
    ],
    ids=["measures", "labels", "all-text", "long", "triplets", "kallisto", "salmon", "no-header",
         "no-rows", "numbers", "summary", "barcode"],
)  # fmt: skip
def test_what_holds_no_cells_by_genes_is_refused(tmp_path: Path, text: str, words: str) -> None:
    """With what it is and what to do."""
    (tmp_path / "x.csv").write_text(text)
    with pytest.raises(InputError, match=words):
        read_counts(tmp_path / "x.csv")


def test_sums_of_all_others_are_left_out_and_said(tmp_path: Path) -> None:
    """A row and a column that are called so; by their values, since a name may be a gene's."""
    table = GENE_ROWS.assign(Total=GENE_ROWS.sum(axis=1))
    table.loc["Total"] = table.sum()
    table.to_csv(tmp_path / "x.csv")
    with pytest.warns(ScbaselineWarning, match=r"left out (row|column) 'Total'") as said:
        read = read_counts(tmp_path / "x.csv", ReadOptions(transpose=True))
    assert len([one for one in said if "left out" in str(one.message)]) == 2
    np.testing.assert_array_equal(read.X.toarray(), COUNTS)
    table.loc["Total"] += 1
    table.drop(columns="Total").to_csv(tmp_path / "y.csv")
    kept = read_counts(tmp_path / "y.csv", ReadOptions(transpose=True))
    assert kept.var_names.tolist() == [*GENES, "Total"]


def test_genes_that_became_dates_are_counted(tmp_path: Path) -> None:
    """They are never found again, which is said."""
    dates = dict(zip(GENES[20:23], ["1-Mar", "2-Sep", "Sep-01"], strict=True))
    CELL_ROWS.rename(columns=dates).to_csv(tmp_path / "x.csv")
    with pytest.warns(ScbaselineWarning, match=r"3 names are dates .* SEPT2"):
        read_counts(tmp_path / "x.csv")


@settings(max_examples=50)
@given(
    about=st.lists(
        st.sampled_from(["gene_name", "gene_biotype", "Chr", "Start", "End", "Strand", "length"]),
        unique=True, max_size=4,
    ),
    chromosome=st.sampled_from(["1", "chrX", "1;1", "MT"]),
    separator=st.sampled_from([",", "\t", ";", "|"]),
    quoting=st.sampled_from([0, 1, 2]),
    named=st.sampled_from(["ids", "known", "unknown"]),
    barcodes=st.booleans(),
    corner=st.sampled_from(["Geneid", "gene_id", "", "id"]),
)  # fmt: skip
def test_any_columns_beside_genes_leave_the_counts_or_are_refused(
    about: list[str], chromosome: str, separator: str, quoting: int, named: str, barcodes: bool,
    corner: str, tmp_path_factory: pytest.TempPathFactory,
) -> None:  # fmt: skip
    """Never another table: what is not certain is refused with the columns that it is about."""
    genes = GENES if named == "known" else [f"xyz{g}" for g in range(40)]
    cells = CELLS if barcodes else [f"c{n}" for n in range(30)]
    values = {"gene_name": genes, "gene_biotype": "protein_coding", "Chr": chromosome, "Start": 3,
              "End": 90, "Strand": "-", "length": 87}  # fmt: skip
    table = GENE_ROWS.set_axis(IDS if named == "ids" else genes).set_axis(cells, axis=1)
    table = _with(table, corner, **{name: values[name] for name in about})
    path = tmp_path_factory.mktemp("table") / "x.csv"
    table.to_csv(path, sep=separator, quoting=quoting)
    refused = ""
    try:
        with warnings.catch_warnings(record=True):
            read = read_counts(path, ReadOptions(transpose=True))
    except InputError as error:
        refused = str(error)
    if refused:
        assert any(repr(name) in refused for name in about)
        return
    assert read.obs_names.tolist() == cells
    np.testing.assert_array_equal(read.X.toarray(), COUNTS)
