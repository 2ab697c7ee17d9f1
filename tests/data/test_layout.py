"""A table is told by its first lines together: it comes out right, or is refused with a cause."""

import csv
import io
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from scbaseline.data.options import ReadOptions
from scbaseline.data.read import read_counts
from scbaseline.data.tables import read_table
from scbaseline.errors import InputError

SEPARATORS = {"tab": "\t", "comma": ",", "semicolon": ";", "bar": "|", "space": " "}
TABLE = pd.DataFrame(
    [[1, 0, 4], [2, 3, 0]], index=["c1", "c2"], columns=["A", "B", "C"], dtype=np.float32
)
ROWS = [["c1", "1", "0", "4"], ["c2", "2", "3", "0"]]
FULL, SHORT = ["cell", "A", "B", "C"], ["A", "B", "C"]


def _read(tmp_path: Path, text: str) -> pd.DataFrame:
    path = tmp_path / "x.csv"
    path.write_text(text, encoding="utf-8")
    return read_table(path).to_df()


def _lines(separator: str, lines: list[list[str]], *, end: str = "") -> str:
    return "".join(f"{separator.join(line)}{end}\n" for line in lines)


@pytest.mark.parametrize("separator", SEPARATORS.values(), ids=SEPARATORS)
@pytest.mark.parametrize("header", [FULL, SHORT, ["", *SHORT], ['"A"', '"B"', '"C"']], ids=str)
@pytest.mark.parametrize(
    "before", ["", "####\n## Pipeline 1.8, with commas\n## a;b c\td\n", '"# quoted"\n', "\n#x\n"]
)
def test_what_stands_before_the_header_makes_no_difference(
    tmp_path: Path, separator: str, header: list[str], before: str
) -> None:
    """Comments and blank lines are left out, with every header and separator."""
    text = before + _lines(separator, [header, *ROWS])
    pd.testing.assert_frame_equal(_read(tmp_path, text), TABLE)


@pytest.mark.parametrize("separator", SEPARATORS.values(), ids=SEPARATORS)
@pytest.mark.parametrize("header", [FULL, SHORT], ids=["full", "short"])
@pytest.mark.parametrize("all_lines", [True, False])
def test_a_separator_at_the_end_of_lines_is_no_column(
    tmp_path: Path, separator: str, header: list[str], all_lines: bool
) -> None:
    """Whether the header ends so, too, or the rows alone."""
    text = _lines(separator, [header], end=separator if all_lines else "")
    text += _lines(separator, ROWS, end=separator)
    pd.testing.assert_frame_equal(_read(tmp_path, text), TABLE)


@pytest.mark.parametrize(
    "text",
    [
        "sep=;\ncell;A;B;C\nc1;1;0;4\nc2;2;3;0\n",
        "#cell,A,B,C\nc1,1,0,4\nc2,2,3,0\n",
        "# made by a tool\n#cell,A,B,C\nc1,1,0,4\nc2,2,3,0\n",
        " A B C\nc1   1  0  4\nc2   2  3  0 \n",
        '"cell","A","B","C"\n"c1","1","0","4"\n"c2","2","3","0"\n',
        "cell,A,B,C\nc1,1,0,4\nc2,2,3,0\n,,,\n,,,\n",
        "\ufeff# x\ncell,A,B,C\r\nc1,1,0,4\r\nc2,2,3,0\r\n",
        "cell , A , B , C \nc1 , 1 , 0 , 4 \nc2 , 2 , 3 , 0 \n",
        "'cell','A','B','C'\n'c1','1','0','4'\n'c2','2','3','0'\n",
        "cell,A,B,C,,\nc1,1,0,4,,\nc2,2,3,0,,\n",
        "#1.2\n2\t3\nName\tA\tB\tC\nc1\t1\t0\t4\nc2\t2\t3\t0\n",
        "cell,A,B,C\n\nc1,1,0,4\n\nc2,2,3,0\n\n",
        "cell\tA\tB\tC\rc1\t1\t0\t4\rc2\t2\t3\t0\r",
    ],
    ids=["excel", "marked", "comment-marked", "aligned", "all-quoted", "blank-rows", "bom",
         "padded", "single-quotes", "two-trailing", "gct", "blank-lines", "mac"],
)  # fmt: skip
def test_other_habits_of_programs_are_known(tmp_path: Path, text: str) -> None:
    """Excel, featureCounts, R's print and others write tables, too."""
    pd.testing.assert_frame_equal(_read(tmp_path, text), TABLE)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("A,B,C,\nc1,1,0,4\nc2,2,3,0\n", "the header ends without a name .'C' is the last"),
        ("cell,A,B,C\nc1,1,0,4\nc2,2,3,0,\n", "line 3 has 5 values, the header names 4; take out"),
        ("cell,A,B,C\nc1,1,0,4\nc2,2,3", "line 3 has 3 values, .*cut short"),
        ("cell,A\n" + "c,1,\n" * 30 + "c2,2,3\n", "line 32 has a value behind the last"),
        ("A report\nof 2020\ncell,A,B\nc1,1,0\nc2,1,0\n", "begins at line 3 only; .* with #"),
        ("cell,A\nc1,1\nc2,2\n# the end\n", "line 4 .* comments may stand before the header only"),
        ("##\tA\n1\t0\n", "line 1 begins with # .*take the # away"),
        ("## a comment\n", "is empty .comments, and nothing below"),
        ("cell,A,B\nc1,1,2\nmade by x\n", "line 3 has 1 values.*no row of the table .'made by x'"),
        ('cell,A,B\nc1,1,2\n"c2,1,2\nc3,4,5\n', "line 3 opens a quote .* not closed"),
        ("a A\tB\nc1 1\t0\nc2 2\t3\n", "separated by tabs, and in the first one .* by spaces"),
        ("cell,A,B\nc1,1,2\ncell,A,B\nc2,3,4\n", "line 3 is the header once more"),
        ("cell,A,B,C\n" + "c1,1,2,3\n" * 9999 + "c2,1\0\0\n", "line 10,001 holds zero bytes"),
        ("cell,A,B\nc1,1,2\n\x1a", "line 3 .* signs that are no text"),
    ],
    ids=[
        "header-ends",
        "row-ends",
        "cut",
        "behind",
        "preamble",
        "footer",
        "two-marks",
        "comment-alone",
        "text-below",
        "open-quote",
        "tabs-and-spaces",
        "joined",
        "zeros",
        "control-Z",
    ],
)
def test_what_may_be_read_in_two_ways_is_refused(tmp_path: Path, text: str, words: str) -> None:
    """The line and the cause are named."""
    with pytest.raises(InputError, match=words):
        _read(tmp_path, text)


names = st.text(st.sampled_from("abcXYZ019 ,;\t\n\"'#.-_|é%"), min_size=1, max_size=6).filter(
    lambda name: name == name.strip()
)


@given(
    genes=st.lists(names, min_size=2, max_size=4, unique=True),
    cells=st.lists(names, min_size=1, max_size=4, unique=True),
    separator=st.sampled_from(list(SEPARATORS.values())),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    corner=st.sampled_from([None, "", "cell", "#cell"]),
    ends=st.sampled_from(["none", "rows", "all"]),
    comments=st.lists(st.text("ab ,;\t#", max_size=8), max_size=2),
    data=st.data(),
)
def test_any_table_is_read_right_or_refused(
    genes: list[str], cells: list[str], separator: str, quoting: int, corner: str | None,
    ends: str, comments: list[str], data: st.DataObject,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:  # fmt: skip
    """Whatever names, quotes, comments and separators are: never another table."""
    # A comment of as many fields may be the header of a row that looks like numbers.
    # What begins with # is a comment line by line, unless it is the last before a row of numbers.
    assume(not (corner == "#cell" and any("\n" in name for name in (*genes, *cells))))
    assume(not (comments and all(gene.replace(".", "").isdigit() for gene in genes)))
    counts = [[data.draw(st.integers(0, 9)) for _ in genes] for _ in cells]
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator, quoting=quoting, lineterminator="\0\n")
    writer.writerow(genes if corner is None else [corner, *genes])
    header, text = text.getvalue(), io.StringIO()
    writer = csv.writer(text, delimiter=separator, quoting=quoting, lineterminator="\0\n")
    writer.writerows([cell, *row] for cell, row in zip(cells, counts, strict=True))
    rows = text.getvalue()
    if ends != "none":
        rows = rows.replace("\0", separator)
    if ends == "all":
        header = header.replace("\0", separator)
    whole = "".join(f"#{comment}\n" for comment in comments) + header + rows
    whole = whole.replace("\0", "")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # AnnData's, on names that are not unique
            read = _read(tmp_path_factory.mktemp("table"), whole)
    except InputError:
        return
    assert read.to_numpy().tolist() == counts
    assert read.columns.tolist() == genes
    assert read.index.tolist() == cells


@pytest.mark.parametrize("separator", [",", " "], ids=["comma", "space"])
def test_a_header_may_be_very_long(tmp_path: Path, separator: str) -> None:
    """No other separator is tried on it in vain: 40,000 genes are 300,000 characters."""
    genes = [f"GENE{g}" for g in range(40_000)]
    text = _lines(separator, [["cell", *genes], ["c1", *["1"] * 40_000]])
    assert _read(tmp_path, text).shape == (1, 40_000)


def test_annotations_may_have_comments_and_a_short_header(tmp_path: Path) -> None:
    """Labels are read as tables are."""
    (tmp_path / "x.csv").write_text("cell,A,B\nc1,1,0\nc2,2,3\n")
    (tmp_path / "labels.txt").write_text('# x\n"label"\t"n"\n"c1"\t"CD4 T"\t1\n"c2"\t"B"\t2\n')
    adata = read_counts(tmp_path / "x.csv", ReadOptions(obs=tmp_path / "labels.txt"))
    assert adata.obs["label"].tolist() == ["CD4 T", "B"]


@pytest.mark.parametrize("separator", [",", "\t", ";"])
def test_a_quoted_field_may_hold_line_breaks(tmp_path: Path, separator: str) -> None:
    """In the header and in the first field, as spreadsheets write them."""
    table = TABLE.astype(int).set_axis(["a\ncell", "c2"]).set_axis(["A", "B\r\nb", "C"], axis=1)
    read = _read(tmp_path, table.to_csv(sep=separator))
    assert read.index.tolist() == ["a\ncell", "c2"]
    assert [name.split() for name in read.columns] == [["A"], ["B", "b"], ["C"]]
    assert read.to_numpy().tolist() == TABLE.to_numpy().tolist()


@pytest.mark.parametrize("separator", [";", "\t"])
def test_commas_are_decimal_marks_where_no_other_reading_is(tmp_path: Path, separator: str) -> None:
    """1,5 is one and a half; that is said."""
    table = TABLE + 0.5
    with pytest.warns(UserWarning, match="comma was read as the decimal mark"):
        read = _read(tmp_path, table.to_csv(sep=separator, decimal=","))
    pd.testing.assert_frame_equal(read, table)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("1,234", "may be a decimal mark, or part the number into thousands"),
        ("1,234,567", "without marks between thousands"),
        ("1 234", "without marks between thousands"),
        ("1_234", "is not a number; leave only counts"),
        ("\u00a01", "no-break space"),
        ("TRUE", "is not a number"),
    ],
)
def test_numbers_that_may_be_read_in_two_ways_are_refused(
    tmp_path: Path, value: str, words: str
) -> None:
    """With the column, the row, and what to do."""
    with pytest.raises(InputError, match=f"'A' holds .* in row 'c2', .*{words}"):
        _read(tmp_path, f"cell\tA\tB\nc1\t1\t2\nc2\t{value}\t3\n")


@pytest.mark.parametrize(
    "text",
    [
        "barcode,cell type\nc1,CD4 T cell\nc2,CD8 T cell\n",
        "barcode,cell type\nc1,Cluster 1\nc2,Cluster 2\n",
        "barcode\tcell type, n\nc1\tCD4, 1\nc2\tCD8, 2\n",
        "barcode;cell type\nc1;a,b\nc2;c,d\n",
    ],
    ids=["words", "numbers", "tab", "semicolon"],
)
def test_what_stands_within_labels_does_not_part_them(tmp_path: Path, text: str) -> None:
    """Spaces and commas are in labels as often as between fields."""
    (tmp_path / "x.csv").write_text("cell,A,B\nc1,1,0\nc2,2,3\n")
    (tmp_path / "labels.csv").write_text(text)
    obs = read_counts(tmp_path / "x.csv", ReadOptions(obs=tmp_path / "labels.csv")).obs
    rows = [line.replace("\t", ";").split(";" if ";" in text or "\t" in text else ",", 1)
            for line in text.splitlines()]  # fmt: skip
    assert obs.iloc[:, 0].tolist() == [label for _, label in rows[1:]]
    assert obs.columns.tolist() == [rows[0][1]]
